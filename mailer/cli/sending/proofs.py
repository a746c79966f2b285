"""``mailer send --test``: the marked proof, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from mailer.cli.editing.checks import accepting
from mailer.cli.editing.editions import assembled_edition
from mailer.cli.invocation import Invocation
from mailer.cli.vocabulary import word
from mailer.phrases import Phrase, say

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
    for address, variant, attempt in await proofs(call, assembled, addresses):
        is_accepted, told = outcome_of(address, variant, attempt)
        all_accepted = all_accepted and is_accepted
        call.out.tell(told)
    return 0 if all_accepted else 1


async def proofs(
    call: Invocation,
    assembled: Assembled,
    addresses: Sequence[str],
    *,
    variants: Collection[Variant] | None = None,
    name: str = "",
) -> list[tuple[str, Variant, Attempt]]:
    """A proof of *assembled* to *addresses*; EditionError if its checks block it."""
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
    await noted(call, assembled, attempts)
    return attempts


async def noted(
    call: Invocation,
    assembled: Assembled,
    attempts: Sequence[tuple[str, Variant, Attempt]],
) -> None:
    """Keep what was sent where there is a database; that it could not be is only said."""
    from mailer.cli.editing.records import Records
    from mailer.flows.departing.proofbook import note_proof

    async with Records(call) as records:
        stores = await records.stores()
        if stores is None:
            return
        now = call.house.clock.now()
        error = await note_proof(stores.proof_book, assembled, attempts, now=now)
    if error is not None:
        message = say("the proof is not kept: {reason}", reason=str(error))
        call.err.tell(message, style="yellow")


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
