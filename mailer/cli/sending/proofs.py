"""``mailer send --test``: the marked proof, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailer.cli.editing.checks import accepting
from mailer.cli.editing.editions import assembled_edition
from mailer.cli.invocation import Invocation
from mailer.cli.vocabulary import word
from mailer.phrases import say

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
    from mailer.audience.address import read_address
    from mailer.delivery.reply import Outcome, judge
    from mailer.flows.editing.assembled import require_clean
    from mailer.flows.sending.proof import send_proof

    assembled = accepting(assembled_edition(call, edition), accept, by=by)
    require_clean(assembled)
    attempts = await send_proof(
        assembled.frozen,
        [read_address(address) for address in addresses],
        call.house.relays()[0],
        call.stationery(),
        now=call.house.clock.now(),
    )
    await noted(call, assembled, attempts)
    accepted = True
    for address, variant, attempt in attempts:
        verdict = judge(attempt)
        accepted = accepted and verdict.outcome is Outcome.ACCEPTED
        told = say(
            "{variant} to {address}: {outcome}",
            variant=word(variant),
            address=address,
            outcome=word(verdict.outcome),
        )
        call.out.tell(
            say("{told} ({reason})", told=told, reason=verdict.reason)
            if verdict.reason
            else told
        )
    return 0 if accepted else 1


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
