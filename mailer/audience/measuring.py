"""Telling readers from machines among those who fetch a measured link.

Scanners open every link of a mail before its reader does. What they fetch is kept apart,
by what they say of themselves, by how soon they come, and by fetching everything at once.
No rule is sure; what is counted is meant for comparing links, not for judging a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

SOON = timedelta(seconds=10)
"""Nobody reads and clicks so soon after a relay has taken the message."""

BURST = timedelta(seconds=10)
_MANY = 3  # different links of one mail within that time

_MACHINES = re.compile(
    r"bot\b|bots\b|crawl|spider|slurp|scan|preview|prefetch|monitor|headless|phantom"
    r"|curl|wget|python|java/|okhttp|go-http|libwww|perl|ruby|node-fetch|axios"
    r"|barracuda|proofpoint|mimecast|fireeye|trendmicro|sophos|symantec|messagelabs"
    r"|safelinks|microsoft office|ms-office|cloudmark|vade|zscaler|forcepoint|ironport"
    r"|facebookexternalhit|whatsapp|telegram|skypeuri|google-safety|googlesafety",
    re.IGNORECASE,
)
_BARE = frozenset({"", "mozilla/5.0", "mozilla/4.0"})  # Apple's prefetch says no more
_AHEAD = ("purpose", "sec-purpose", "x-purpose", "x-moz")


class Kind(StrEnum):
    """What was measured."""

    CLICK = "click"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Somebody, or something, fetched a measured link of one reader's mail.

    ``target`` is where a click leads, and empty for an opened mail.
    """

    kind: Kind
    subscriber: int
    publication: str
    edition: str
    target: str
    at: datetime
    automatic: bool = False


def is_machine(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request says of itself that no reader made it; *headers* in small letters."""
    agent = headers.get("user-agent", "").strip()
    if method != "GET" or agent.casefold() in _BARE or _MACHINES.search(agent):
        return True
    return any("prefetch" in headers.get(name, "").casefold() for name in _AHEAD)


def judged(
    traces: Iterable[Trace], accepted: Mapping[tuple[str, int], datetime]
) -> list[Trace]:
    """*traces* of some seconds, with what a machine left marked as automatic.

    *accepted* says by edition and subscriber when a relay took their message.
    """
    traces = list(traces)
    bursts = _bursts(traces)
    return [
        replace(trace, automatic=True)
        if trace.automatic
        or (trace.edition, trace.subscriber) in bursts
        or _came_too_soon(trace, accepted.get((trace.edition, trace.subscriber)))
        else trace
        for trace in traces
    ]


def _came_too_soon(trace: Trace, accepted: datetime | None) -> bool:
    return accepted is not None and trace.at - accepted < SOON


def _bursts(traces: Sequence[Trace]) -> set[tuple[str, int]]:
    """Whose mail had many of its links fetched within a moment.

    By whoever seems a reader: one who reads while a known scanner works stays one.
    """
    clicks: dict[tuple[str, int], list[Trace]] = {}
    for trace in sorted(traces, key=lambda each: each.at):
        if trace.kind is Kind.CLICK and not trace.automatic:
            clicks.setdefault((trace.edition, trace.subscriber), []).append(trace)
    return {key for key, found in clicks.items() if _is_burst(found)}


def _is_burst(clicks: Sequence[Trace]) -> bool:
    for first, trace in enumerate(clicks):
        near = {c.target for c in clicks[first:] if c.at - trace.at < BURST}
        if len(near) >= _MANY:
            return True
    return False
