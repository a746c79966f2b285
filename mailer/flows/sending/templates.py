"""A frozen edition's message templates: compiled once per variant, for any sender.

Sending, a proof to one address, and ``render --format eml`` all come through here, and
so all of them are signed, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mailer.delivery.dkim import Template, sign_template, signers_for
from mailer.delivery.links import links_of
from mailer.delivery.mailbox import read_mailbox
from mailer.delivery.message import (
    Letterhead,
    compile_message,
    feedback_id,
)
from mailer.edition.model import Variant
from mailer.rendering.model import Frozen

if TYPE_CHECKING:
    from mailer.delivery.signer import Signer
    from mailer.delivery.trail import Trail


def templates_of(
    frozen: Frozen,
    *,
    date: datetime,
    public_url: str | None,
    signers: Sequence[Signer],
    prefix: str = "",
    trail: Trail | None = None,
) -> dict[Variant, Template]:
    """One compiled template per mail variant; ``prefix`` marks the subject of proofs.

    With a *trail* they are for readers who agreed to be measured.
    """
    head = letterhead(frozen, date=date, public_url=public_url, prefix=prefix)
    ours = signers_of(frozen, signers)
    # Signed at the moment that Date says: a message that is written again, after a
    # deferral or a doubt, is the same to the last byte.
    return {
        rendering.variant: sign_template(
            compile_message(
                rendering,
                head,
                links_of(
                    frozen.publication,
                    frozen.edition,
                    rendering.variant,
                    public_url=public_url,
                    trail=trail,
                ),
            ),
            ours,
            now=date,
        )
        for rendering in frozen.renderings
        if rendering.variant.is_mail
    }


def signers_of(frozen: Frozen, signers: Sequence[Signer]) -> Sequence[Signer]:
    """Those of *signers* that sign this edition: of the domain of From, or above it."""
    sender = frozen.edition.sender or frozen.publication.sender
    return signers_for(read_mailbox(sender, what="the sender").domain, signers)


def letterhead(
    frozen: Frozen, *, date: datetime, public_url: str | None, prefix: str = ""
) -> Letterhead:
    """What all readers' headers share for this edition."""
    edition, publication = frozen.edition, frozen.publication
    sender = edition.sender or publication.sender
    is_public = bool(public_url) and edition.archive == "public"
    return Letterhead(
        sender=sender,
        reply_to=edition.reply_to or publication.reply_to,
        return_path=publication.return_path,
        list_id=publication.list_id,
        list_name=publication.name,
        archive_url=f"{public_url}/archive/{publication.id}" if is_public else "",
        feedback_id=feedback_id(
            edition=edition.name, publication=publication.id, sender=sender
        ),
        date=date,
        subject_prefix=prefix,
    )
