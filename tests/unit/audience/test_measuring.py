"""Readers and machines: what a fetched link says of who fetched it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailer.audience.measuring import Kind, Trace, is_machine, judged

NOW = datetime(2026, 3, 14, 6, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
GMAIL = (
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com"
    " GoogleImageProxy)"
)


def trace(target: str = "a", *, seconds: float = 60, reader: int = 1) -> Trace:
    return Trace(
        kind=Kind.CLICK,
        subscriber=reader,
        publication="p",
        edition="p/1",
        target=target,
        at=NOW + timedelta(seconds=seconds),
    )


@pytest.mark.parametrize(
    ("method", "headers", "machine"),
    [
        ("GET", {"user-agent": FIREFOX}, False),
        ("GET", {"user-agent": GMAIL}, False),
        ("HEAD", {"user-agent": FIREFOX}, True),
        ("GET", {}, True),
        ("GET", {"user-agent": "Mozilla/5.0"}, True),
        ("GET", {"user-agent": "Mozilla/5.0 (compatible; Barracuda Sentinel)"}, True),
        ("GET", {"user-agent": "python-requests/2.32"}, True),
        ("GET", {"user-agent": "Googlebot/2.1"}, True),
        ("GET", {"user-agent": FIREFOX, "sec-purpose": "prefetch;prerender"}, True),
        ("GET", {"user-agent": FIREFOX, "x-moz": "prefetch"}, True),
    ],
)
def test_a_machine_says_that_it_is_one(
    method: str, headers: dict[str, str], machine: bool
) -> None:
    """By its name, by asking for the head alone, or by coming ahead of its reader."""
    assert is_machine(method, headers) is machine


def marks(traces: list[Trace], **accepted: datetime) -> list[bool]:
    moments = {("p/1", int(who[1:])): at for who, at in accepted.items()}
    return [each.automatic for each in judged(traces, moments)]


def test_nobody_clicks_before_they_can_have_read() -> None:
    """Ten seconds after the relay took the message, not earlier."""
    both = [trace(seconds=9.9), trace(seconds=10)]
    assert marks(both, r1=NOW) == [True, False]
    assert marks(both) == [False, False]


def test_who_fetches_everything_at_once_is_no_reader() -> None:
    """Three different links within ten seconds; the same link three times is a reader."""
    assert marks([trace("a"), trace("b"), trace("c", seconds=69)]) == [True] * 3
    assert marks([trace("a"), trace("a"), trace("a")]) == [False] * 3
    apart = [trace("a"), trace("b", seconds=66), trace("c", seconds=71)]
    assert marks(apart) == [False] * 3


def test_a_reader_beside_a_known_scanner_stays_one() -> None:
    """What says of itself that it is a machine makes nobody else one."""
    scanned = [replace(trace(name), automatic=True) for name in "abc"]
    assert marks([*scanned, trace("a")]) == [True, True, True, False]


def test_one_reader_is_not_judged_by_another() -> None:
    """A burst is of one reader's mail."""
    found = marks([trace("a"), trace("b"), trace("c"), trace("c", reader=2)])
    assert found == [True, True, True, False]
