"""``mailer relays test``: each relay met once, and what it shows of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.cli.invocation import Invocation
from mailer.cli.vocabulary import listed
from mailer.errors import ConfigError, RelayError
from mailer.phrases import Phrase, lasting, say, verbatim

if TYPE_CHECKING:
    from mailer.config.relays import RelaySettings
    from mailer.transport.introduction import Introduction

_PATIENCE = 30.0
"""Seconds that a person waits for a step of a test; a run waits as RFC 5321 says."""

_SOON = timedelta(days=21)
_WISHES = ("PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """How it went with one relay."""

    name: str
    met: Introduction | None = None
    folder: str = ""
    error: Phrase | None = None
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether mail could be handed over."""
        return self.error is None

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        met = self.met
        return {
            "name": self.name,
            "ok": self.ok,
            "error": str(self.error or ""),
            "where": met.where if met else self.folder,
            "tls": met.tls if met else "",
            "certificate_until": met.certificate_until.isoformat()
            if met and met.certificate_until
            else None,
            "login": (met.login and str(met.login)) if met else None,
            "extensions": list(met.extensions) if met else [],
            "size": met.size if met else None,
            "seconds": round(self.seconds, 3),
        }


async def meet(call: Invocation, relay: RelaySettings) -> Meeting:
    """Go to *relay* as a run would, and leave again; whatever is wrong is its error."""
    from mailer.relays import make_dialer, make_relay

    clock = call.house.clock
    begun = clock.monotonic()
    loaded = call.house.loaded
    try:
        if relay.kind == "maildir":
            await make_relay(relay, loaded).check()
            return Meeting(name=relay.name, folder=str(loaded.maildir(relay)))
        met = await make_dialer(relay, loaded, longest=_PATIENCE).meet()
    except RelayError as error:
        return Meeting(name=relay.name, error=error.message)
    except ConfigError as error:
        return Meeting(name=relay.name, error=verbatim(error))
    return Meeting(name=relay.name, met=met, seconds=clock.monotonic() - begun)


def show(call: Invocation, meeting: Meeting, width: int) -> None:
    """A line or four of *meeting*, names set to *width*."""
    mark, style = ("✓", "green") if meeting.ok else ("✗", "red")
    call.out.print(f"[{style}]{mark}[/{style}] {meeting.name:<{width}}  ", end="")
    indent = " " * (width + 4)
    if meeting.error is not None:
        call.out.tell(meeting.error)
        return
    if meeting.met is None:
        call.out.tell(say("keeps mail in {folder}", folder=meeting.folder))
        return
    call.out.tell(met_words(meeting.met, meeting.seconds))
    for line in _offers(meeting.met):
        call.out.tell(say("{indent}{line}", indent=indent, line=line), style="dim")
    until = meeting.met.certificate_until
    if until is not None:
        local = until.astimezone(call.house.zone)
        soon = until - call.house.clock.now() < _SOON
        call.out.tell(
            say(
                "{indent}certificate valid until {date}",
                indent=indent,
                date=local.date(),
            ),
            style="yellow" if soon else "dim",
        )


def met_words(met: Introduction, seconds: float) -> Phrase:
    """``smtp.example.org:587, TLS 1.3, login by PLAIN, 84 ms``."""
    tls = met.tls.replace("TLSv", "TLS ")
    return say(
        "{where}, {tls}, {login}, {time}",
        where=met.where,
        tls=tls or say("in clear text"),
        login=say("login by {mechanism}", mechanism=met.login.upper())
        if met.login
        else say("no login"),
        time=say("{count} ms", count=round(seconds * 1000))
        if seconds < 1
        else lasting(seconds),
    )


def _offers(met: Introduction) -> list[Phrase]:
    """What it offers of what a newsletter can use, and what it does not."""
    size = met.size
    offered = [
        say("SIZE {count} MB", count=round(size / 1e6, 1))
        if each == "SIZE" and size
        else verbatim(each)
        for each in _WISHES
        if each in met.extensions
    ]
    lacking = [verbatim(each) for each in _WISHES if each not in met.extensions]
    lines = []
    if offered:
        lines.append(say("with {extensions}", extensions=listed(offered)))
    if lacking:
        lines.append(say("without {extensions}", extensions=listed(lacking)))
    return lines
