"""The way a run goes: over which relays, at what pace, and how long that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.phrases import Phrase, say, say_many, verbatim

if TYPE_CHECKING:
    from mailer.cli.invocation import Invocation
    from mailer.config.relays import RelaySettings
    from mailer.delivery.quota import Usage
    from mailer.delivery.sharing import PaceState
    from mailer.flows.sending.send import SendingDesk


def foreseen(call: Invocation, audience: int, state: PaceState) -> float:
    """Seconds that *audience* takes at best; 0.0: no pace holds it."""
    from mailer.delivery.forecast import forecast

    now = call.house.clock.now().timestamp()
    return forecast(audience, call.house.relay_paces(), state.accounts, now)


def via(call: Invocation, audience: int, state: PaceState) -> Phrase:
    """Relays with their pace, and how long it takes at best."""
    relays = call.house.settings.relays
    now = call.house.clock.now().timestamp()
    pace = call.house.pace()
    pace.restore(state, now)
    usage = pace.usage(now)
    names = ", ".join(
        call.said(_paced(relay, usage.get(relay.name))) for relay in relays
    )
    if relays and relays[0].kind == "maildir":
        return say(
            "{relays}, a folder: nothing leaves this machine, and readers count as"
            " written to",
            relays=names,
        )
    seconds = foreseen(call, audience, state)
    if not seconds:
        return verbatim(names)
    return say("{relays}: about {time}", relays=names, time=roughly(seconds))


def _paced(relay: RelaySettings, usage: Usage | None) -> Phrase:
    """``principal 15/s``, and what is left of its narrowest quota."""
    name = f"{relay.name} {relay.rate}" if relay.rate else relay.name
    if usage is None:
        return verbatim(name)
    if usage.ceiling is not None:
        return say(
            "{relay} (warm-up, day {day}: {sent} of {ceiling})",
            relay=name,
            day=usage.warming_day,
            sent=usage.today,
            ceiling=usage.ceiling,
        )
    hourly, daily = usage.quotas.hourly, usage.quotas.daily
    if hourly and daily:
        return say(
            "{relay} ({hourly} an hour, {daily} a day)",
            relay=name,
            hourly=hourly,
            daily=daily,
        )
    if hourly:
        return say("{relay} ({hourly} an hour)", relay=name, hourly=hourly)
    if daily:
        return say("{relay} ({daily} a day)", relay=name, daily=daily)
    return verbatim(name)


def roughly(seconds: float) -> Phrase:
    """``45 s``, ``7 min``, ``12 h``, ``5 days``: for plans, where the rest is chance."""
    if seconds < 90:
        return say("{count}\N{NO-BREAK SPACE}s", count=round(seconds))
    if seconds < 2 * 3600:
        return say("{count}\N{NO-BREAK SPACE}min", count=round(seconds / 60))
    if seconds < 2 * 86400:
        return say("{count}\N{NO-BREAK SPACE}h", count=round(seconds / 3600))
    return say_many(
        "{count}\N{NO-BREAK SPACE}day",
        "{count}\N{NO-BREAK SPACE}days",
        round(seconds / 86400),
    )


async def check_relays(call: Invocation, desk: SendingDesk, *, size: int = 0) -> None:
    """Try every relay before anything is written; RelayError if none takes us in.

    One that fails beside another that does not is told, and set aside soon enough.
    """
    for error in await desk.traffic.check(size=size):
        call.err.tell(say("warning: {warning}", warning=error), style="yellow")
