"""Our own client, as a test points it at a server on loopback."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

from mailer.transport.dial import Dialer, Timeouts
from mailer.transport.login import Login
from mailer.transport.protection import Protection, Security
from mailer.transport.smtp import SmtpRelay

_OF_THE_RELAY = {"connections", "messages_per_connection", "max_age", "idle"}
_OF_THE_LOGIN = {"username", "password", "token", "mechanism"}
_OF_THE_PROTECTION = {field.name for field in fields(Protection)}


def smtp_relay(port: int, **more: object) -> SmtpRelay:
    """A relay at *port*, in clear text and without patience unless *more* says so."""
    of_the_relay = _taken(more, _OF_THE_RELAY)
    return SmtpRelay(dialer(port, **more), **of_the_relay)


def dialer(port: int, **more: object) -> Dialer:
    """The way to a server at *port*, waiting at most five seconds for anything."""
    login = _taken(more, _OF_THE_LOGIN)
    protection = {"security": Security.NONE, **_taken(more, _OF_THE_PROTECTION)}
    values: dict[str, object] = {
        "name": "principal",
        "host": "127.0.0.1",
        "port": port,
        "protection": Protection(**protection),
        "login": Login(**login) if login.get("username") else None,
        "local_hostname": "mailer.example",
        "patience": timedelta(0),
        "timeouts": waiting(5),
    }
    return Dialer(**{**values, **more})


def waiting(seconds: float, **more: float) -> Timeouts:
    """The same *seconds* for everything that *more* does not name."""
    same = {field.name: seconds for field in fields(Timeouts)}
    return Timeouts(**{**same, **more})


def _taken(values: dict[str, object], keys: set[str]) -> dict[str, object]:
    return {key: values.pop(key) for key in keys & values.keys()}
