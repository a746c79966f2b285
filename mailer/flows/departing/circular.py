"""A letter of ours to several people: signed as mail of the publication is, one each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mailer.delivery.dkim import sign_template, signers_for
from mailer.delivery.mailbox import read_mailbox
from mailer.delivery.message import Envelope, compile_letter
from mailer.delivery.reader import Reader
from mailer.delivery.reply import Attempt, Outcome, judge
from mailer.edition.model import Publication
from mailer.errors import RelayError
from mailer.flows.sending.carriage import Message, Relay
from mailer.flows.sending.single import carry_one
from mailer.rendering.letter import Written

if TYPE_CHECKING:
    from mailer.delivery.signer import Signer


async def send_circular(
    written: Written,
    *,
    publication: Publication,
    to: Sequence[str],
    relays: Sequence[Relay],
    signers: Sequence[Signer],
    key: str,
    now: datetime,
) -> bool:
    """Send *written* to everybody in *to*; whether somebody was reached, or nobody is.

    *key* tells this letter from every other in its Message-ID. Another relay is tried
    where one is not there; RelayError if none is.
    """
    if not to:
        return True
    for relay, is_last in zip(
        relays, [*[False] * (len(relays) - 1), True], strict=True
    ):
        try:
            return await _send(written, publication, to, relay, signers, key, now)
        except RelayError:
            if is_last:
                raise
    return False


async def _send(
    written: Written,
    publication: Publication,
    to: Sequence[str],
    relay: Relay,
    signers: Sequence[Signer],
    key: str,
    now: datetime,
) -> bool:
    sender = read_mailbox(publication.sender, what="the sender")
    template = sign_template(
        compile_letter(written, sender=publication.sender, date=now),
        signers_for(sender.domain, signers),
        now=now,
    )
    taken = False
    async with relay.session() as session:
        for number, mailbox in enumerate(to):
            person = read_mailbox(mailbox, what="proof.to")
            reader = Reader(
                email=person.address,
                name=person.name,
                message_id=f"<{publication.id}.{key}.{number}@{sender.domain}>",
            )
            envelope = Envelope(return_path=sender.address, recipient=person.address)
            message = Message(envelope=envelope, content=template.write(reader))
            attempt = await carry_one(session, message, relay=relay.name)
            taken = is_taken(attempt) or taken
    return taken


def is_taken(attempt: Attempt) -> bool:
    """Whether the relay has the letter."""
    return judge(attempt).outcome is Outcome.ACCEPTED
