"""Single messages outside any run: a proof to an address, the bytes of one reader.

The same compiled templates as a run's, so what is looked at is what is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Attempt
from mailer.edition.model import Variant
from mailer.errors import GuardError, NotFoundError
from mailer.flows.sending.carriage import Message, Relay
from mailer.flows.sending.desk import Stationery
from mailer.flows.sending.faces import Face, Faces
from mailer.flows.sending.letters import Addressee, Letters
from mailer.flows.sending.single import carry_one
from mailer.phrases import say
from mailer.rendering.model import Frozen

_SAMPLE = 0  # no subscriber has this id: a sample's links name nobody
PROOF_MARK = "[BAT]"
"""Bon à tirer: how proofs are told from the edition itself."""


def message_for_face(
    face: Face, frozen: Frozen, stationery: Stationery, *, now: datetime
) -> bytes:
    """The very bytes *face* gets of *frozen* in a run that begins *now*.

    Whether a run would write to them is for the caller to judge. GuardError if it has
    nothing for them.
    """
    if face.variant is None:
        message = say(
            "{name} has nothing for {reader}",
            name=frozen.edition.name,
            reader=face.masked,
        )
        raise GuardError(message, hint=say("they would not get this edition"))
    to = Addressee(
        subscriber=face.subscriber,
        email=face.email,
        name=face.name,
        variant=face.variant,
        text_only=face.text_only,
        measured=face.measured,
    )
    return Letters(frozen, stationery, date=now).write(to)[1]


async def message_for_reader(
    email: str, frozen: Frozen, faces: Faces, stationery: Stationery, *, now: datetime
) -> bytes:
    """The very bytes *email* would get; NotFoundError, or GuardError if they would not.

    Only the Date is that of this moment instead of the run's.
    """
    face = await faces.find(email, frozen, now=now)
    if face is None:
        message = say(
            "{email} does not take {publication}",
            email=email,
            publication=frozen.publication.id,
        )
        raise NotFoundError(message, hint="mailer subscribers list")
    if face.skipped and not face.had_it:
        message = say("{email}: {reason}", email=email, reason=face.reason)
        raise GuardError(message, hint=say("they would not get this edition"))
    return message_for_face(face, frozen, stationery, now=now)


def sample_message(
    frozen: Frozen,
    variant: Variant,
    stationery: Stationery,
    *,
    now: datetime,
    email: str = "lecteur@example.org",
    name: str = "",
    prefix: str = "",
    subscriber: int = _SAMPLE,
) -> bytes:
    """The message a reader of *variant* at *email* would get; its links name nobody."""
    to = Addressee(subscriber=subscriber, email=email, name=name, variant=variant)
    return Letters(frozen, stationery, date=now, prefix=prefix).write(to)[1]


def largest_message(frozen: Frozen, stationery: Stationery, *, now: datetime) -> int:
    """About how many bytes the biggest message of the edition has."""
    return max(
        len(sample_message(frozen, variant, stationery, now=now))
        for variant in frozen.mail_variants
    )


async def send_proof(
    frozen: Frozen,
    addresses: Sequence[str],
    relay: Relay,
    stationery: Stationery,
    *,
    now: datetime,
    variants: Collection[Variant] | None = None,
    name: str = "",
) -> list[tuple[str, Variant, Attempt]]:
    """Send the mail *variants*, or all, to every address, marked as a proof; the replies.

    They greet somebody called *name*. No ledger knows of it, for a proof is not a
    delivery; ``note_proof`` keeps it.
    """
    wanted = [v for v in frozen.mail_variants if variants is None or v in variants]
    attempts = []
    async with relay.session() as session:
        for address in addresses:
            for variant in wanted:
                content = sample_message(
                    frozen,
                    variant,
                    stationery,
                    now=now,
                    email=address,
                    name=name,
                    prefix=PROOF_MARK,
                    # A Message-ID of its own: the second proof of a day must not be
                    # taken for a copy of the first. No subscriber is negative.
                    subscriber=-int(now.timestamp()),
                )
                envelope = Envelope(
                    return_path=frozen.publication.return_path, recipient=address
                )
                message = Message(envelope=envelope, content=content)
                attempt = await carry_one(session, message, relay=relay.name)
                attempts.append((address, variant, attempt))
    return attempts
