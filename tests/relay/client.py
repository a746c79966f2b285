"""Our own client, as a test points it at a server on loopback."""

from __future__ import annotations

from datetime import timedelta

from mailer.transport.dial import Dialer, Security, Timeouts
from mailer.transport.smtp import SmtpRelay

_OF_THE_RELAY = {"connections", "messages_per_connection"}


def smtp_relay(port: int, **more: object) -> SmtpRelay:
    """A relay at *port*, in clear text and without patience unless *more* says so."""
    of_the_relay = {key: more.pop(key) for key in _OF_THE_RELAY & more.keys()}
    return SmtpRelay(dialer(port, **more), **of_the_relay)


def dialer(port: int, **more: object) -> Dialer:
    """The way to a server at *port*, waiting at most five seconds for anything."""
    values: dict[str, object] = {
        "name": "principal",
        "host": "127.0.0.1",
        "port": port,
        "security": Security.NONE,
        "local_hostname": "mailer.example",
        "patience": timedelta(0),
        "timeouts": Timeouts(connect=5, command=5, data=5, dot=5),
    }
    return Dialer(**{**values, **more})
