"""Who is told when something needs a person, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from mailer.config.values import FilePath, Mailbox, at_least
from mailer.phrases import say
from mailer.reading import After, Table


def _webhook(value: str) -> str:
    if not value:
        return value
    try:
        parts = urlsplit(value)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_url = False
    if not is_url or not value.isascii() or any(c.isspace() for c in value):
        message = say("{value} is no address: write https://…", value=repr(value))
        raise ValueError(message)
    return value


@dataclass(frozen=True, kw_only=True)
class Alerts(Table):
    """Where the daemon's alerts go: mailboxes, and a program of yours."""

    to: tuple[Mailbox, ...] = ()
    webhook: Annotated[str, After(_webhook)] = ""
    webhook_key_file: FilePath = ""
    disk_mb: Annotated[int, at_least(0)] = 1000
