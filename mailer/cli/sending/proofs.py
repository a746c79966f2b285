"""``mailer send --test``: the marked proof, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from mailer.cli.editing.checks import accepting
from mailer.cli.editing.editions import assembled_edition
from mailer.cli.invocation import Invocation
from mailer.cli.vocabulary import word
from mailer.phrases import NOTHING, Phrase, say

if TYPE_CHECKING:
    from mailer.delivery.reply import Attempt
    from mailer.edition.model import Variant
    from mailer.flows.editing.assembled import Assembled


async def send_proofs(
    call: Invocation,
    edition: str,
    addresses: Sequence[str],
    *,
    accept: Sequence[str] = (),
    by: str = "",
) -> int:
    """A proof to *addresses*; 1 if any was not accepted."""
    assembled = accepting(assembled_edition(call, edition), accept, by=by)
    all_accepted = True
    attempts, unkept = await proofs(call, assembled, addresses)
    for address, variant, attempt in attempts:
        is_accepted, told = outcome_of(address, variant, attempt)
        all_accepted = all_accepted and is_accepted
        call.out.tell(told)
    if unkept:
        call.err.tell(unkept, style="yellow")
    return 0 if all_accepted else 1


async def proofs(
    call: Invocation,
    assembled: Assembled,
    addresses: Sequence[str],
    *,
    variants: Collection[Variant] | None = None,
    name: str = "",
) -> tuple[list[tuple[str, Variant, Attempt]], Phrase]:
    """A proof of *assembled* to *addresses*, and why none of it is kept, if it is not.

    EditionError if its checks block it.
    """
    from mailer.audience.address import read_address
    from mailer.flows.editing.assembled import require_clean
    from mailer.flows.sending.proof import send_proof

    require_clean(assembled)
    attempts = await send_proof(
        assembled.frozen,
        [read_address(address) for address in addresses],
        call.house.relays(patiently=False)[0],  # somebody waits
        call.stationery(),
        now=call.house.clock.now(),
        variants=variants,
        name=name,
    )
    return attempts, await noted(call, assembled, attempts)


async def noted(
    call: Invocation,
    assembled: Assembled,
    attempts: Sequence[tuple[str, Variant, Attempt]],
) -> Phrase:
    """Keep what was sent, and say why it could not be.

    Nothing is said where there is no database yet, nor is one made for it.
    """
    from mailer.cli.editing.records import NO_DATABASE, Records, unanswered
    from mailer.flows.departing.proofbook import note_proof

    async with Records(call) as records:
        stores = await records.stores()
        if stores is None:
            is_new = records.absence is NO_DATABASE
            return NOTHING if is_new else _unkept(records.absence)
        now = call.house.clock.now()
        error = await note_proof(stores.proof_book, assembled, attempts, now=now)
    return NOTHING if error is None else _unkept(unanswered(error))


def _unkept(reason: Phrase) -> Phrase:
    return say("{reason} The proof is not kept.", reason=reason)


def outcome_of(address: str, variant: Variant, attempt: Attempt) -> tuple[bool, Phrase]:
    """Whether it was accepted; ``free to claire@example.org: accepted (250 2.0.0 kept)``."""
    from mailer.delivery.reply import Outcome, judge

    verdict = judge(attempt)
    told = say(
        "{variant} to {address}: {outcome}",
        variant=word(variant),
        address=address,
        outcome=word(verdict.outcome),
    )
    if verdict.reason:
        told = say("{told} ({reason})", told=told, reason=verdict.reason)
    return verdict.outcome is Outcome.ACCEPTED, told
