"""The last proof of each edition: who got what, and enough of it to tell what changed.

A proof is no delivery, and no ledger knows of it; it is kept for whoever asks what
changed since somebody looked at it, and goes when it is old.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailer.audience.address import mask
from mailer.delivery.reply import Attempt, Outcome, judge
from mailer.edition.model import Variant
from mailer.errors import StoreError
from mailer.flows.editing.assembled import Assembled
from mailer.rendering.changes import Basis, Change, basis_of, changes_since
from mailer.rendering.imprint import Imprint, imprint_of


@dataclass(frozen=True, slots=True)
class Proofed:
    """One message of a proof. ``to`` is masked: who it was is known to whoever asked."""

    to: str
    variant: Variant
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was sent of an edition for somebody to look at."""

    edition: str
    at: datetime
    imprint: Imprint
    basis: Basis
    mails: tuple[Proofed, ...]


class ProofBook(Protocol):
    """The port to proofs that were sent. Durable when it returns; StoreError."""

    async def keep(self, proof: Proof) -> None:
        """Keep *proof* in the place of an earlier one of its edition."""

    async def last(self, edition: str) -> Proof | None:
        """The last proof of *edition*; None if none was sent, or long ago."""


def proof_of(
    assembled: Assembled,
    attempts: Sequence[tuple[str, Variant, Attempt]],
    *,
    now: datetime,
) -> Proof | None:
    """What ``send_proof`` sent of *assembled*; None if no relay took any of it."""
    mails = tuple(
        Proofed(mask(address), variant, judge(attempt).outcome)
        for address, variant, attempt in attempts
    )
    if all(each.outcome is not Outcome.ACCEPTED for each in mails):
        return None
    return Proof(
        edition=assembled.edition.name,
        at=now,
        imprint=imprint_of(assembled.frozen),
        basis=basis_of(assembled.edition, assembled.scene),
        mails=mails,
    )


async def note_proof(
    book: ProofBook,
    assembled: Assembled,
    attempts: Sequence[tuple[str, Variant, Attempt]],
    *,
    now: datetime,
) -> StoreError | None:
    """Keep what ``send_proof`` sent; what a database says that could not.

    Returned and not raised: the mails have left, and whoever tries again for the sake
    of a note would send them twice.
    """
    if (proof := proof_of(assembled, attempts, now=now)) is not None:
        try:
            await book.keep(proof)
        except StoreError as error:
            return error
    return None


def changes_of(proof: Proof, assembled: Assembled) -> tuple[Change, ...]:
    """What *assembled* shows otherwise than *proof* did."""
    now = basis_of(assembled.edition, assembled.scene)
    return changes_since(proof.imprint, proof.basis, assembled.frozen, now)
