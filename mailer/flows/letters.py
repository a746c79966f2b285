"""A frozen edition's message templates: compiled once per variant, for any sender.

Sending, a proof to one address, and ``render --format eml`` all come through here.
"""

from __future__ import annotations

from datetime import datetime

from mailer.delivery.message import (
    Letterhead,
    MessageTemplate,
    compile_message,
    feedback_id,
)
from mailer.edition.model import Variant
from mailer.rendering.model import Frozen


def templates_of(
    frozen: Frozen, *, date: datetime, public_url: str | None, prefix: str = ""
) -> dict[Variant, MessageTemplate]:
    """One compiled template per mail variant; ``prefix`` marks the subject of proofs."""
    head = letterhead(frozen, date=date, public_url=public_url, prefix=prefix)
    return {
        rendering.variant: compile_message(rendering, head)
        for rendering in frozen.renderings
        if rendering.variant.is_mail
    }


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
