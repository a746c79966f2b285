"""What the ledger amounts to: the tally of a run and its balance sheet."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.errors import BalanceError
from mailer.phrases import Phrase, say, say_many


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Deliveries of one run, counted from their rows.

    ``accepted`` includes those that bounced or complained later; ``waiting`` is every
    row not yet at an end: due, claimed, being handed over. ``deferred`` is the part of
    ``waiting`` that was tried before.
    """

    audience: int
    accepted: int = 0
    refused: int = 0
    in_doubt: int = 0
    withdrawn: int = 0
    expired: int = 0
    waiting: int = 0
    deferred: int = 0

    @property
    def balanced(self) -> bool:
        """Whether everybody of the audience is accounted for."""
        return self.audience == (
            self.accepted
            + self.refused
            + self.in_doubt
            + self.withdrawn
            + self.expired
            + self.waiting
        )


def balance_line(tally: Tally) -> Phrase:
    """The balance sheet on one line; ``=`` becomes ``≠`` where it does not add up."""
    return say(
        "{audience} {sign} {accepted} + {refused} + {doubt} + {withdrawn} + {expired}"
        " + {waiting}",
        audience=tally.audience,
        sign="=" if tally.balanced else "≠",
        accepted=say_many("{count} accepted", "{count} accepted", tally.accepted),
        refused=say_many("{count} refused", "{count} refused", tally.refused),
        doubt=say_many("{count} in doubt", "{count} in doubt", tally.in_doubt),
        withdrawn=say_many("{count} withdrawn", "{count} withdrawn", tally.withdrawn),
        expired=say_many("{count} expired", "{count} expired", tally.expired),
        waiting=say_many("{count} waiting", "{count} waiting", tally.waiting),
    )


def assert_balanced(tally: Tally, run_name: str) -> None:
    """Raise BalanceError, naming the run, if somebody is unaccounted for."""
    if not tally.balanced:
        message = say(
            "run {name} does not add up: {balance}",
            name=run_name,
            balance=balance_line(tally),
        )
        raise BalanceError(message)


def exit_code(tally: Tally) -> int:
    """What a send ends with: 0 done, 1 refusals or doubts, 75 not yet, 70 our defect."""
    if not tally.balanced:
        return BalanceError.exit_code
    if tally.waiting:
        return 75
    return 1 if tally.refused or tally.in_doubt else 0


def as_json(
    tally: Tally, *, run: str, edition: str, state: str, seconds: float
) -> dict[str, object]:
    """The report for programs, schema 1; *seconds* is how long the run took."""
    return {
        "schema": 1,
        "run": run,
        "edition": edition,
        "state": state,
        "audience": tally.audience,
        "accepted": tally.accepted,
        "refused": tally.refused,
        "in_doubt": tally.in_doubt,
        "withdrawn": tally.withdrawn,
        "expired": tally.expired,
        "waiting": tally.waiting,
        "deferred": tally.deferred,
        "balanced": tally.balanced,
        "seconds": seconds,
    }
