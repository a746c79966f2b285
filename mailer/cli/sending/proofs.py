"""``mailer send --test``: the marked proof, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from mailer.cli.editing.checks import accepting
from mailer.cli.editing.editions import assembled_edition
from mailer.cli.invocation import Invocation
from mailer.cli.vocabulary import word
from mailer.phrases import say


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
