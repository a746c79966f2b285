"""How single values are written: durations, paces, addresses, names, colours.

Each is a type with how it is read and checked; a fault says how the value is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sized
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailer.delivery.domain import read_domain, read_selector
from mailer.delivery.mailbox import ascii_address, read_mailbox
from mailer.delivery.quota import WarmUp, read_warm_up
from mailer.delivery.throttle import Rate, read_rate
from mailer.edition.calendar import read_exception, read_schedule
from mailer.errors import InputError
from mailer.phrases import Phrase, say
from mailer.reading import After, Before, read

_DURATION = re.compile(r"(\d{1,18})\s*(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 3650 * _UNITS["d"]
LAST_PORT = 65535
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, repr=False)
class Secret:
    """A text for nobody's eyes: who prints it shows that there is one, and no more."""

    text: str

    def __bool__(self) -> bool:
        return bool(self.text)

    def __repr__(self) -> str:
        return "••••••" if self.text else ""


def _secret(value: object) -> Secret:
    return value if isinstance(value, Secret) else Secret(read(str, value))


def read_duration(value: object) -> timedelta:
    """``30s``, ``15m``, ``12h``, ``90d``; ValueError with a way out otherwise."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(str(value).strip())
    if match is None:
        message = say(
            "{value} is no duration: write 30s, 15m, 12h or 90d", value=repr(value)
        )
        raise ValueError(message)
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds > _LONGEST:
        message = say("{value} is longer than ten years", value=repr(value))
        raise ValueError(message)
    return timedelta(seconds=seconds)


def _duration_if_any(value: object) -> timedelta | None:
    return None if value is None or value == "" else read_duration(value)


def _positive(value: timedelta) -> timedelta:
    if not value:
        message = say("no time at all is too short")
        raise ValueError(message)
    return value


def _rate(value: object) -> Rate | None:
    if isinstance(value, Rate):
        return value
    return None if value is None or value == "" else read_rate(str(value))


def _quota(value: object) -> object:
    """Empty is no quota, so that the environment can take one away."""
    return None if value == "" else value


def _warm_up(value: object) -> WarmUp | None:
    if isinstance(value, WarmUp):
        return value
    return None if value is None or value in ("", []) else read_warm_up(value)


def _public_url(value: str) -> str:
    url = value.rstrip("/")
    if not url:
        return ""
    parts = urlsplit(url)
    if (
        re.search(r"[\s\x00-\x1f]", url)
        or parts.query
        or parts.fragment
        or parts.username
    ):
        message = say("write scheme, host and path, and nothing else")
        raise ValueError(message)
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return url
    message = say(
        "{value}: write https://…; http is for this machine only", value=repr(value)
    )
    raise ValueError(message)


def _read_by(read: Callable[[str], object]) -> After:
    """A check by whoever will read the value, which may be left empty."""

    def check(value: str) -> str:
        if value:
            try:
                read(value)
            except InputError as error:
                raise ValueError(error.message) from error
        return value

    return After(check)


def listener(value: str) -> str:
    """``127.0.0.1:8000``, or empty; ValueError says how it is written."""
    if not value:
        return value
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > LAST_PORT:
        message = say("{value} is no listener: write 127.0.0.1:8000", value=repr(value))
        raise ValueError(message)
    return value


def _spamd(value: str) -> str:
    if not value or value.startswith("/"):
        return _path(value)
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= LAST_PORT:
        message = say(
            "{value} is no spamd: write 127.0.0.1:783 or /run/spamd.sock",
            value=repr(value),
        )
        raise ValueError(message)
    return value


def _proxy(value: str) -> str:
    try:
        ip_network(value)
    except ValueError as error:
        message = say(
            "{value} is no address or network: write 10.0.0.7 or 10.0.0.0/8",
            value=repr(value),
        )
        raise ValueError(message) from error
    return value


def _path(value: str) -> str:
    if "\0" in value:
        message = say("a path holds no NUL")
        raise ValueError(message)
    return value


def spelled(pattern: str, words: Phrase) -> After:
    """A check that a value matches *pattern*; *words* say how it is written."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(words)
        return value

    return After(check)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = say("no time zone {value}: write Europe/Paris", value=repr(value))
        raise ValueError(message) from error
    return value


def _schedule(value: str) -> str:
    read_schedule(value)
    return value


def _exempt(value: str) -> str:
    read_exception(value)
    return value


def _pair(value: object) -> object:
    """One colour is the light one; the dark one stays the theme's."""
    return (value, "") if isinstance(value, str) else value


def at_least(least: int) -> After:
    """A check that a number is not smaller."""

    def check(value: float) -> float:
        if not value >= least:
            message = say("should be {least} or more", least=str(least))
            raise ValueError(message)
        return value

    return After(check)


def between(least: int, most: int) -> After:
    """A check that a number is neither smaller nor greater."""

    def check(value: float) -> float:
        if not least <= value <= most:
            message = say(
                "should be from {least} to {most}", least=str(least), most=str(most)
            )
            raise ValueError(message)
        return value

    return After(check)


def _something(value: Sized) -> Sized:
    if not value:
        message = say("should not be empty")
        raise ValueError(message)
    return value


NOT_EMPTY = After(_something)
Duration = Annotated[timedelta, Before(read_duration)]
DurationIfAny = Annotated[timedelta | None, Before(_duration_if_any)]
Wait = Annotated[Duration, After(_positive)]
Speed = Annotated[Rate | None, Before(_rate)]
Quota = Annotated[Annotated[int, at_least(1)] | None, Before(_quota)]
Ceilings = Annotated[WarmUp | None, Before(_warm_up)]
PublicUrl = Annotated[str, After(_public_url)]
Mailbox = Annotated[str, _read_by(partial(read_mailbox, what="the mailbox"))]
Address = Annotated[str, _read_by(partial(ascii_address, what="the address"))]
Listener = Annotated[str, After(listener)]
Spamd = Annotated[str, After(_spamd)]
Proxy = Annotated[str, After(_proxy)]
FilePath = Annotated[str, After(_path)]
Line = Annotated[str, spelled(r"[^\x00-\x1f\x7f]*", say("is one line"))]
Host = Annotated[str, spelled(r"[^\s\x00]+", say("is a host's name or address"))]
ListId = Annotated[
    str,
    spelled(r"([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)?", say("is written label.example.org")),
]
Name = Annotated[str, spelled(r"[A-Za-z0-9_-]+", say("is letters, digits, - and _"))]
PublicationId = Annotated[
    str,
    spelled(r"[A-Za-z0-9-]{1,63}", say("is letters, digits and -, at most 63 of them")),
]
"""The label of a List-Id, as long as one of a domain may be, and part of every link."""
Hidden = Annotated[Secret, Before(_secret)]
Zone = Annotated[str, After(_zone)]
Schedule = Annotated[str, After(_schedule)]
Exempt = Annotated[str, After(_exempt)]
Lang = Literal["fr", "en"]
Domain = Annotated[str, NOT_EMPTY, _read_by(read_domain)]
DomainIfAny = Annotated[str, _read_by(read_domain)]
Selector = Annotated[str, NOT_EMPTY, _read_by(read_selector)]
ColorPair = Annotated[tuple[str, str], Before(_pair)]
