"""How long a run takes at best: rates, quotas and warm-up, played ahead.

What the wire and the relay themselves can do is not known here, nor how many readers
stand in a slow lane: a forecast is a lower bound.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailer.delivery.pace import RelayPace
from mailer.delivery.quota import MINUTE, QUARTER, Account, Quotas, at, room, spent

_STEPS = 3000  # then the rest goes on as what was seen


def forecast(
    messages: int,
    relays: Mapping[str, RelayPace],
    accounts: Mapping[str, Account],
    now: float,
) -> float:
    """Seconds that *messages* take over all *relays* together; 0.0: no pace holds them."""
    paths = [
        _Path(relay, accounts.get(name, Account()), now)
        for name, relay in relays.items()
    ]
    left, moment = float(messages), now
    for _ in range(_STEPS):
        for path in paths:
            path.look(moment)
        able = [path for path in paths if path.room > 0]
        if any(path.is_free for path in able) or left < 1 or not paths:
            return moment - now
        if at_once := [path for path in able if path.rate is None]:
            left -= sum(path.send(0.0, moment) for path in at_once)
            continue
        speed = sum(path.rate or 0.0 for path in able)
        # Until one of them has nothing left, or something again, or all has gone.
        ends = [min(path.room / path.rate, path.grain) for path in able if path.rate]
        ends += [path.again_at - moment for path in paths if path.room <= 0]
        span = min([*ends, left / speed] if speed else ends)
        moment += span
        left -= sum(path.send(span, moment) for path in able)
    gone = messages - left
    return (moment - now) * messages / gone if gone else float("inf")


class _Path:
    """One relay, ahead of time."""

    def __init__(self, relay: RelayPace, account: Account, now: float) -> None:
        self.rate = relay.rate.per_second if relay.rate else None
        self.quotas: Quotas = relay.quotas
        self.account = at(account, relay.quotas, now)
        self.room = self.again_at = 0.0

    @property
    def grain(self) -> float:
        """Seconds whose messages the account counts as one."""
        if self.quotas.hourly is not None:
            return MINUTE
        return QUARTER if self.quotas else float("inf")

    @property
    def is_free(self) -> bool:
        """Whether nothing holds it."""
        return self.rate is None and self.room == float("inf")

    def look(self, moment: float) -> None:
        """See what may go at *moment*."""
        self.account = at(self.account, self.quotas, moment)
        left = room(self.account, self.quotas)
        self.room = float("inf") if left is None else left.messages
        self.again_at = max(left.again_at if left else 0.0, moment + 1.0)

    def send(self, span: float, moment: float) -> float:
        """How many went in *span* seconds before *moment*."""
        went = self.room if self.rate is None else min(self.rate * span, self.room)
        self.account = spent(self.account, round(went), moment)
        return went
