"""What ``mailer relays list`` says of the pace: quotas, warm-up, and slow lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from mailer.cli.words import Words
from mailer.phrases import Phrase, say

if TYPE_CHECKING:
    from mailer.cli.invocation import Invocation
    from mailer.delivery.pace import Pace, Standing
    from mailer.delivery.quota import Usage
    from mailer.delivery.sharing import PaceState


def known_pace(call: Invocation, state: PaceState) -> Pace:
    """The pace as all processes know it; nothing is taken from it."""
    pace = call.house.pace()
    pace.restore(state, call.house.clock.now().timestamp())
    return pace


def pace_tables(call: Invocation, pace: Pace) -> list[Table]:
    """A table of quotas and one of lanes, each where there is something to tell."""
    now = call.house.clock.now().timestamp()
    tables = []
    if used := pace.usage(now):
        tables.append(_quotas(call, used))
    if lanes := _lanes(pace, now):
        tables.append(_slow_lanes(call, lanes))
    return tables


def quotas_json(usage: Usage | None) -> dict[str, object]:
    """The quotas of a relay for programs; all None without any."""
    quotas = usage.quotas if usage else None
    return {
        "last_hour": usage.last_hour if usage else None,
        "hourly": quotas.hourly if quotas else None,
        "last_day": usage.last_day if usage else None,
        "daily": quotas.daily if quotas else None,
        "warm_up_day": usage.warming_day if usage else None,
        "warm_up_sent": usage.today if usage and usage.ceiling else None,
        "warm_up_ceiling": usage.ceiling if usage else None,
    }


def lanes_json(call: Invocation, pace: Pace) -> list[dict[str, object]]:
    """Lanes that have a rate, or were slowed, for programs."""
    now = call.house.clock.now().timestamp()
    return [
        {
            "name": lane.name,
            "rate": lane.configured,
            "slowed_to": lane.rate if lane.rate != lane.configured else None,
            "pause_seconds": round(lane.pause),
        }
        for lane in _lanes(pace, now)
    ]


def _lanes(pace: Pace, now: float) -> list[Standing]:
    from mailer.delivery.pace import Kind

    return [each for each in pace.rates(now) if each.kind is Kind.LANE]


def _quotas(call: Invocation, used: dict[str, Usage]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(call.said(say("Relay")), no_wrap=True)
    for label in (say("Last hour"), say("Last 24 hours"), say("Warm-up")):
        table.add_column(call.said(label), no_wrap=True)
    for name, usage in used.items():
        warm_up = (
            "–"
            if usage.ceiling is None
            else say(
                "day {day}: {sent} of {ceiling}",
                day=usage.warming_day,
                sent=usage.today,
                ceiling=usage.ceiling,
            )
        )
        table.add_row(
            Words(name),
            _of(call, usage.last_hour, usage.quotas.hourly),
            _of(call, usage.last_day, usage.quotas.daily),
            call.said(warm_up),
        )
    return table


def _of(call: Invocation, count: int, limit: int | None) -> str:
    if limit is None:
        return call.speech.number(count)
    return call.said(say("{count} of {limit}", count=count, limit=limit))


def _slow_lanes(call: Invocation, lanes: list[Standing]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(call.said(say("Lane")), no_wrap=True)
    table.add_column(call.said(say("Pace")))
    for lane in lanes:
        style = "" if lane.rate == lane.configured else "yellow"
        table.add_row(Words(lane.name), Words(call.said(_goes(lane)), style=style))
    return table


def _goes(lane: Standing) -> Phrase:
    """How fast a lane goes; a slow rate by the minute, where it is a number."""
    rate = lane.rate or 0.0
    pace = (
        say("{rate}/s", rate=round(rate, 1))
        if rate >= 1
        else say("{rate}/min", rate=round(60 * rate, 1))
    )
    if lane.rate == lane.configured:
        return pace
    if lane.pause >= 1:
        return say(
            "pauses for {seconds}\N{NO-BREAK SPACE}s, then {pace}",
            seconds=round(lane.pause),
            pace=pace,
        )
    if lane.configured is None:
        return say("slowed to {pace}, faster by and by", pace=pace)
    return say(
        "slowed to {pace} of {rate}/s, faster by and by",
        pace=pace,
        rate=round(lane.configured, 1),
    )
