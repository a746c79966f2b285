"""A run against providers that have a limit of their own, and say so when it is passed."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count

import pytest

from mailer.delivery.lineup import Lineup
from mailer.delivery.pace import Pace, RelayPace

START = 1_773_468_000.0
RELAY, RETRY = "principal", 900.0


@dataclass
class Provider:
    """Takes *rate* messages a second, *burst* at once; *sulks* when it had to refuse."""

    rate: float
    burst: float
    sulks: float = 0.0
    tokens: float = field(init=False)
    asked_at: float = START
    closed_until: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def takes(self, now: float) -> bool:
        earned = (now - self.asked_at) * self.rate
        self.tokens, self.asked_at = min(self.burst, self.tokens + earned), now
        if now < self.closed_until:
            return False
        if self.tokens < 1:
            self.closed_until = now + self.sulks
            return False
        self.tokens -= 1
        return True


@dataclass
class Story:
    """What became of a run: how often each lane was deferred, when its last one went."""

    deferred: dict[str, int] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)


def carry(readers: dict[str, int], providers: dict[str, Provider]) -> Story:
    """A run over eight connections and a relay without a pace, 50 ms a message."""
    pace, line, story = Pace(relays={RELAY: RelayPace()}), Lineup[str](), Story()
    for n in range(max(readers.values())):
        for lane, many in readers.items():
            if n < many:
                line.add(lane, lane)
    now, order, free = START, count(), 8
    events: list[tuple[float, int, str, bool]] = []  # replies, and second attempts
    while len(line) or events:
        while events and events[0][0] <= now:
            _, _, lane, is_reply = heapq.heappop(events)
            if not is_reply:
                line.add(lane, lane)
                continue
            free += 1
            if lane not in providers or providers[lane].takes(now):
                pace.took(RELAY, lane, now)
                story.ended[lane] = now - START
            else:
                pace.slowed(RELAY, lane, now)
                story.deferred[lane] = story.deferred.get(lane, 0) + 1
                heapq.heappush(events, (now + RETRY, next(order), lane, False))
        while free and (lane_ := line.take(RELAY, pace, now)) is not None:
            free -= 1
            heapq.heappush(events, (now + 0.05, next(order), lane_, True))
        wait = line.wait(RELAY, pace, now) if free else None
        moments = [events[0][0]] if events else []
        if wait is not None:
            moments.append(now + wait + 1e-4)
        now = max(now, min(moments, default=now))
    return story


@pytest.mark.parametrize(
    "provider",
    [
        Provider(rate=5, burst=50),
        Provider(rate=5, burst=50, sulks=30),
        Provider(rate=1, burst=20),
    ],
    ids=["patient", "sulking", "slow"],
)
def test_a_slow_provider_gets_its_mail_and_few_words(provider: Provider) -> None:
    """At most one message in twenty is deferred, and the pace found is a third or more."""
    story = carry({"orange": 1000, "gmail": 3000}, {"orange": provider})
    assert story.deferred["orange"] <= 50
    at_best = (1000 - provider.burst) / provider.rate
    assert story.ended["orange"] <= 3 * at_best + RETRY
    # Who has no limit of their own is not kept waiting: 160/s is what the wire takes.
    assert story.ended["gmail"] < 40


def test_two_slow_providers_do_not_wait_for_each_other() -> None:
    """Each lane finds its own pace."""
    both = carry(
        {"orange": 500, "sfr": 500, "gmail": 1000},
        {"orange": Provider(rate=5, burst=20), "sfr": Provider(rate=2, burst=20)},
    )
    alone = carry({"sfr": 500}, {"sfr": Provider(rate=2, burst=20)})
    assert both.ended["sfr"] < 1.5 * alone.ended["sfr"]
    assert both.ended["gmail"] < 20
