"""Single messages outside any run: a proof to an address, the bytes of one reader.

The same compiled templates as a run's, so what is looked at is what is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mailer.audience.subscriber import Standing
from mailer.audience.token import Keyring
from mailer.audience.variants import variant_for
from mailer.delivery.message import Envelope
from mailer.delivery.reader import Reader, address_reader
from mailer.delivery.reply import Attempt
from mailer.edition.model import Variant
from mailer.errors import GuardError, NotFoundError
from mailer.flows.ports import Readers
from mailer.flows.sending.carriage import Message, Relay
from mailer.flows.sending.single import carry_one
from mailer.flows.sending.templates import templates_of
from mailer.phrases import say
from mailer.rendering.model import Frozen

if TYPE_CHECKING:
    from mailer.delivery.signer import Signer

_SAMPLE = 0  # no subscriber has this id: a sample's links name nobody
PROOF_MARK = "[BAT]"
"""Bon à tirer: how proofs are told from the edition itself."""


async def message_for_reader(
    email: str,
    frozen: Frozen,
    readers: Readers,
    *,
    keyring: Keyring,
    signers: Sequence[Signer],
    now: datetime,
    public_url: str | None,
) -> bytes:
    """The very bytes *email* would get; NotFoundError, or GuardError if they would not.

    Only the Date is that of this moment instead of the run's.
    """
    person = await readers.find(email)
    if person is None:
        message = say("no subscriber {email}", email=email)
        raise NotFoundError(message, hint="mailer subscribers list")
    taken = {s.publication: s for s in person.subscriptions}
    subscription = taken.get(frozen.publication.id)
    if person.suppression:
        message = say(
            "{email} is suppressed: {reason}",
            email=email,
            reason=person.suppression.reason,
        )
        raise GuardError(message, hint=say("they would not get this edition"))
    if subscription is None or subscription.standing is not Standing.ACTIVE:
        message = say(
            "{email} does not take {publication}",
            email=email,
            publication=frozen.publication.id,
        )
        raise GuardError(message, hint=say("they would not get this edition"))
    today = now.astimezone(ZoneInfo(frozen.publication.timezone)).date()
    tier = subscription.tier_on(today)
    variant = variant_for(tier, _mail_variants(frozen))
    if variant is None:
        message = say(
            "{name} has nothing for {tier} readers",
            name=frozen.edition.name,
            tier=tier,
        )
        raise GuardError(message, hint=say("they would not get this edition"))
    reader = address_reader(
        subscriber=person.id,
        email=person.email,
        name=person.name,
        publication=frozen.publication,
        edition=frozen.edition,
        variant=variant,
        keyring=keyring,
    )
    return _write(
        frozen, variant, reader, now=now, public_url=public_url, signers=signers
    )


def sample_message(
    frozen: Frozen,
    variant: Variant,
    *,
    keyring: Keyring,
    signers: Sequence[Signer],
    now: datetime,
    public_url: str | None,
    email: str = "lecteur@example.org",
    name: str = "",
    prefix: str = "",
    subscriber: int = _SAMPLE,
) -> bytes:
    """The message a reader of *variant* at *email* would get; its links name nobody."""
    reader = address_reader(
        subscriber=subscriber,
        email=email,
        name=name,
        publication=frozen.publication,
        edition=frozen.edition,
        variant=variant,
        keyring=keyring,
    )
    return _write(
        frozen,
        variant,
        reader,
        now=now,
        public_url=public_url,
        signers=signers,
        prefix=prefix,
    )


def largest_message(
    frozen: Frozen,
    *,
    keyring: Keyring,
    signers: Sequence[Signer],
    now: datetime,
    public_url: str | None,
) -> int:
    """About how many bytes the biggest message of the edition has."""
    return max(
        len(
            sample_message(
                frozen,
                variant,
                keyring=keyring,
                signers=signers,
                now=now,
                public_url=public_url,
            )
        )
        for variant in _mail_variants(frozen)
    )


async def send_proof(
    frozen: Frozen,
    addresses: Sequence[str],
    relay: Relay,
    *,
    keyring: Keyring,
    signers: Sequence[Signer],
    now: datetime,
    public_url: str | None,
) -> list[tuple[str, Variant, Attempt]]:
    """Send every mail variant to every address, marked as a proof; what was replied.

    Nothing is recorded: a proof is not a delivery.
    """
    attempts = []
    async with relay.session() as session:
        for address in addresses:
            for variant in _mail_variants(frozen):
                content = sample_message(
                    frozen,
                    variant,
                    keyring=keyring,
                    signers=signers,
                    now=now,
                    public_url=public_url,
                    email=address,
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


def _mail_variants(frozen: Frozen) -> list[Variant]:
    return [r.variant for r in frozen.renderings if r.variant.is_mail]


def _write(
    frozen: Frozen,
    variant: Variant,
    reader: Reader,
    *,
    now: datetime,
    public_url: str | None,
    signers: Sequence[Signer],
    prefix: str = "",
) -> bytes:
    templates = templates_of(
        frozen, date=now, public_url=public_url, signers=signers, prefix=prefix
    )
    return templates[variant].write(reader)
