"""What the inbox pages need to know of mail and of mischief, in their own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol


class Entry(Protocol):
    """A line of the list."""

    @property
    def id(self) -> str:
        """What the address of its page ends in."""

    @property
    def sender(self) -> str:
        """From whom, by the header."""

    @property
    def recipient(self) -> str:
        """To whom, by the envelope."""

    @property
    def subject(self) -> str:
        """About what."""

    @property
    def received(self) -> datetime:
        """When it came."""

    @property
    def size(self) -> int:
        """In bytes."""


class Part(Protocol):
    """A picture inside a mail."""

    @property
    def type(self) -> str:
        """As declared: ``image/png``."""

    @property
    def content(self) -> bytes:
        """Decoded."""


class Mail(Protocol):
    """One mail, taken apart."""

    @property
    def entry(self) -> Entry:
        """Its line of the list."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Decoded, in their order."""

    @property
    def html(self) -> str:
        """The HTML body, or nothing."""

    @property
    def text(self) -> str:
        """The plain body, or nothing."""

    @property
    def source(self) -> bytes:
        """As it came."""

    @property
    def pictures(self) -> Mapping[str, Part]:
        """By Content-ID."""


class Letterbox(Protocol):
    """Where the mail is."""

    def entries(self) -> Sequence[Entry]:
        """All mail, the newest first."""

    def read(self, name: str) -> Mail:
        """One mail; NotFoundError, or InputError if it makes no sense."""


class Mischief(Protocol):
    """What misbehaves on purpose, as the page tells it."""

    def told(self) -> Sequence[tuple[str, int]]:
        """Each whim as it was written, and how often it had its way."""

    def incidents(self) -> Sequence[Incident]:
        """What was done lately, the newest first."""


class Incident(Protocol):
    """One thing that was done on purpose."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def moment(self) -> str:
        """At which moment of the dialogue."""

    @property
    def recipient(self) -> str:
        """Whom it concerned; empty before anybody was named."""

    @property
    def did(self) -> str:
        """What, in words."""
