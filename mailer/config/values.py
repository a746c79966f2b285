"""How single values are written: durations, paces, addresses, names, colours.

Each is a type that pydantic checks; what it raises says how the value is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from mailer.delivery.domain import read_domain, read_selector
from mailer.delivery.mailbox import ascii_address, read_mailbox
from mailer.delivery.quota import WarmUp, read_warm_up
from mailer.delivery.throttle import Rate, read_rate
from mailer.edition.calendar import read_exception, read_schedule
from mailer.errors import InputError
from mailer.phrases import say

_DURATION = re.compile(r"(\d{1,18})\s*(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 3650 * _UNITS["d"]
LAST_PORT = 65535
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


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


def _read_by(read: Callable[[str], object]) -> AfterValidator:
    """A check by whoever will read the value, which may be left empty."""

    def check(value: str) -> str:
        if value:
            try:
                read(value)
            except InputError as error:
                raise ValueError(error.message) from error
        return value

    return AfterValidator(check)


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


def _spelled(pattern: str, words: str) -> AfterValidator:
    """A check that a value matches *pattern*; *words* say how it is written."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(words)
        return value

    return AfterValidator(check)


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


Duration = Annotated[timedelta, BeforeValidator(read_duration)]
Wait = Annotated[Duration, AfterValidator(_positive)]
Speed = Annotated[Rate | None, BeforeValidator(_rate)]
Quota = Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(_quota)]
Ceilings = Annotated[WarmUp | None, BeforeValidator(_warm_up)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Mailbox = Annotated[str, _read_by(partial(read_mailbox, what="the mailbox"))]
Address = Annotated[str, _read_by(partial(ascii_address, what="the address"))]
Listener = Annotated[str, AfterValidator(listener)]
Spamd = Annotated[str, AfterValidator(_spamd)]
Proxy = Annotated[str, AfterValidator(_proxy)]
FilePath = Annotated[str, AfterValidator(_path)]
Line = Annotated[str, _spelled(r"[^\x00-\x1f\x7f]*", "is one line")]
Host = Annotated[str, _spelled(r"[^\s\x00]+", "is a host's name or address")]
ListId = Annotated[
    str, _spelled(r"([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)?", "is written label.example.org")
]
Name = Annotated[str, _spelled(r"[A-Za-z0-9_-]+", "is letters, digits, - and _")]
PublicationId = Annotated[
    str, _spelled(r"[A-Za-z0-9-]{1,63}", "is letters, digits and -, at most 63 of them")
]
"""The label of a List-Id, as long as one of a domain may be, and part of every link."""
Zone = Annotated[str, AfterValidator(_zone)]
Schedule = Annotated[str, AfterValidator(_schedule)]
Exempt = Annotated[str, AfterValidator(_exempt)]
Lang = Literal["fr", "en"]
Domain = Annotated[str, Field(min_length=1), _read_by(read_domain)]
DomainIfAny = Annotated[str, _read_by(read_domain)]
Selector = Annotated[str, Field(min_length=1), _read_by(read_selector)]
ColorPair = Annotated[tuple[str, str], BeforeValidator(_pair)]
