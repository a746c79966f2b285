"""``mailer relays``: who carries our mail, how they are, and a hand on each of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mailer.cli.editing.checks import who
from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.operating.introductions import Meeting, meet, show
from mailer.cli.operating.paces import known_pace, lanes_json, pace_tables, quotas_json
from mailer.cli.options import JsonOption
from mailer.cli.sending.approvals import WhoOption
from mailer.cli.vocabulary import word
from mailer.cli.words import Words
from mailer.errors import NotFoundError, RelayError
from mailer.phrases import Phrase, did_you_mean, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.config.relays import RelaySettings
    from mailer.delivery.sharing import PaceState
    from mailer.flows.sending.relaying import RelayPage

relays = typer.Typer(
    no_args_is_help=True, help="The relays: list, test, pause, resume."
)

_STYLES = {"up": "green", "paused": "yellow", "set aside": "red"}

NameArgument = Annotated[str, typer.Argument(metavar="RELAY", help="Its name.")]


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.add_typer(relays, name="relays")


# -- list ---------------------------------------------------------------------


@relays.command("list")
def list_relays(ctx: typer.Context, json: JsonOption = False) -> None:
    """List the relays: share, rate, and whether they are up, set aside or paused."""
    call = invocation(ctx)

    async def story() -> tuple[list[RelayPage], PaceState]:
        async with call.house.stores() as stores:
            return await stores.relay_book.pages(), await stores.pace.load()

    found, state = run_async(story())
    pace = known_pace(call, state)
    pages = {page.relay: page for page in found}
    rows = [
        _Row(
            each, pages.get(each.name), _share(each, call.house.settings.relays), state
        )
        for each in call.house.settings.relays
    ]
    now = call.house.clock.now()
    if json:
        used = pace.usage(now.timestamp())
        told = [
            {**row.as_json(now), **quotas_json(used.get(row.relay.name))}
            for row in rows
        ]
        lanes = lanes_json(call, pace)
        call.print_json({"schema": 1, "relays": told, "lanes": lanes})
        return
    if not rows:
        call.out.tell(say("No relay is configured: add a [[relays]] table."))
        return
    call.out.print(_table(call, rows, now))
    for row in rows:
        for line in row.remarks(call, now):
            call.out.tell(line)
    for table in pace_tables(call, pace):
        call.out.print()
        call.out.print(table)


@dataclass(frozen=True, slots=True)
class _Row:
    """A relay: what is configured, what is known, and its share in hundredths."""

    relay: RelaySettings
    page: RelayPage | None
    share: int
    pace: PaceState

    @property
    def where(self) -> str:
        if self.relay.kind == "maildir":
            return self.relay.path
        return f"{self.relay.host}:{self.relay.port}"

    def state(self, now: datetime) -> str:
        """``up``, ``set aside``, ``on probation``, ``paused``; ``untried`` is unknown."""
        if self.page is not None and self.page.is_paused:
            return "paused"
        if self.page is None or self.page.sighting is None:
            return "untried"
        seen = self.page.sighting
        if seen.until is None:
            return "up"
        return "set aside" if now < seen.until else "on probation"

    def slowed(self) -> float | None:
        """Messages a second that it is slowed to, if it is."""
        slowness = self.pace.relays.get(self.relay.name)
        if slowness is None or slowness.rate is None or slowness.rate >= slowness.aim:
            return None
        return slowness.rate

    def remarks(self, call: Invocation, now: datetime) -> list[Phrase]:
        """What is to be known beyond the table."""
        name, page = self.relay.name, self.page
        said: list[Phrase] = []
        if page is not None and page.paused_at is not None:
            said.append(
                say(
                    "! {relay}: paused since {moment} by {who}; "
                    "mailer relays resume {relay}",
                    relay=name,
                    moment=_moment(call, page.paused_at),
                    who=page.paused_by,
                )
            )
        elif page is not None and page.sighting is not None and page.sighting.until:
            said.append(
                say(
                    "! {relay}: set aside, to be tried at {moment}; {reason}",
                    relay=name,
                    moment=_moment(call, page.sighting.until),
                    reason=page.sighting.reason,
                )
            )
            if now < page.sighting.until:
                said.append(
                    say("  mailer relays resume {relay} has it tried now.", relay=name)
                )
        if (rate := self.slowed()) is not None:
            said.append(
                say(
                    "! {relay}: was told to slow down; {rate}/s now, and more by and by",
                    relay=name,
                    rate=round(rate, 2),
                )
            )
        return said

    def as_json(self, now: datetime) -> dict[str, object]:
        """The relay for programs."""
        page = self.page
        seen = page.sighting if page else None
        return {
            "name": self.relay.name,
            "kind": self.relay.kind,
            "where": self.where,
            "security": self.relay.security,
            "weight": self.relay.weight,
            "priority": self.relay.priority,
            "share": self.share,
            "connections": self.relay.connections,
            "rate": str(self.relay.rate) if self.relay.rate else None,
            "slowed_to": self.slowed(),
            "state": self.state(now),
            "paused_by": (page.paused_by or None) if page else None,
            "paused_at": _iso(page.paused_at) if page else None,
            "reason": str(seen.reason) if seen else "",
            "permanent": seen.permanent if seen else False,
            "until": _iso(seen.until) if seen else None,
            "seen_at": _iso(seen.seen) if seen else None,
            "worker": seen.worker if seen else None,
        }


def _share(relay: RelaySettings, configured: Sequence[RelaySettings]) -> int:
    """Its part of the work in hundredths, while everybody is up; 0: in reserve."""
    best = min(each.priority for each in configured)
    if relay.priority != best:
        return 0
    total = sum(each.weight for each in configured if each.priority == best)
    return round(100 * relay.weight / total)


def _table(call: Invocation, rows: Sequence[_Row], now: datetime) -> Table:
    """Names and states are never cut: addresses make room."""
    from mailer.language import percent

    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(call.said(say("Relay")), no_wrap=True)
    table.add_column(call.said(say("Where")), overflow="fold")
    table.add_column(call.said(say("Rate")), justify="right", no_wrap=True)
    table.add_column(call.said(say("Carries")), justify="right", no_wrap=True)
    table.add_column(call.said(say("State")), no_wrap=True)
    table.add_column(call.said(say("Seen")), no_wrap=True, style="dim")
    for row in rows:
        seen = row.page.sighting if row.page else None
        state = row.state(now)
        table.add_row(
            Words(row.relay.name),
            Words(row.where),
            str(row.relay.rate or "–"),
            percent(row.share, call.speech.lang)
            if row.share
            else call.said(say("in reserve")),
            Words(call.said(word(state)), style=_STYLES.get(state, "")),
            _moment(call, seen.seen) if seen else "–",
        )
    return table


def _moment(call: Invocation, when: datetime) -> str:
    from mailer.language import lately

    local = when.astimezone(call.house.zone)
    return lately(local, call.speech.lang, now=call.house.clock.now())


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


# -- test ---------------------------------------------------------------------


@relays.command("test")
def try_relays(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RELAY]...", help="Else all.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Connect, secure and log in, and show what each relay offers. No mail is sent."""
    call = invocation(ctx)
    chosen = [_named(call, name) for name in names or ()]

    async def story() -> list[Meeting]:
        import asyncio

        relays = chosen or call.house.settings.relays
        return await asyncio.gather(*(meet(call, relay) for relay in relays))

    met = run_async(story())
    if json:
        call.print_json({"schema": 1, "relays": [each.as_json() for each in met]})
    else:
        width = max((len(each.name) for each in met), default=0)
        for each in met:
            show(call, each, width)
    if not all(each.ok for each in met):
        raise typer.Exit(RelayError.exit_code)


# -- pause and resume ---------------------------------------------------------


@relays.command("pause")
def pause_relay(
    ctx: typer.Context, name: NameArgument, by: WhoOption = "", json: JsonOption = False
) -> None:
    """Leave a relay alone until it is resumed; the others carry its share.

    A sender obeys within a few seconds: what is on the wire is finished.
    """
    call = invocation(ctx)
    relay = _named(call, name).name

    async def story() -> tuple[bool, set[str]]:
        async with call.house.stores() as stores:
            book = stores.relay_book
            now = call.house.clock.now()
            done = await book.pause(relay, by=by or who(), now=now)
            return done, {page.relay for page in await book.pages() if page.is_paused}

    done, paused = run_async(story())
    if json:
        call.print_json({"schema": 1, "name": relay, "paused": True, "changed": done})
        return
    call.err.tell(
        say("{relay} is paused: mailer relays resume {relay}", relay=relay)
        if done
        else say("{relay} was paused already", relay=relay)
    )
    if {each.name for each in call.house.settings.relays} <= paused:
        words = say("No relay is left: nothing is sent until one is resumed.")
        call.err.tell(words, style="yellow")


@relays.command("resume")
def resume_relay(
    ctx: typer.Context, name: NameArgument, json: JsonOption = False
) -> None:
    """End a pause; a relay that was set aside is tried at once."""
    call = invocation(ctx)
    relay = _named(call, name).name

    async def story() -> bool:
        async with call.house.stores() as stores:
            now = call.house.clock.now()
            return await stores.relay_book.resume(relay, now=now)

    was = run_async(story())
    if json:
        call.print_json({"schema": 1, "name": relay, "paused": False, "changed": was})
        return
    call.err.tell(
        say("{relay} carries mail again", relay=relay)
        if was
        else say("{relay} was not paused; it is tried at once", relay=relay)
    )


def _named(call: Invocation, name: str) -> RelaySettings:
    """The relay called *name*, in any case; NotFoundError says which there are."""
    for relay in call.house.settings.relays:
        if relay.name.lower() == name.lower():
            return relay
    message = say("there is no relay {name}", name=name)
    there = [relay.name for relay in call.house.settings.relays]
    raise NotFoundError(message, hint=did_you_mean(name, there))
