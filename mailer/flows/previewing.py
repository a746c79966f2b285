"""Looking at an edition before anybody gets it, on the path that sends it.

What is shown is the message itself, as bytes, composed as for a reader and taken apart
again: there is no other rendering. An edition that cannot be read at the moment is shown
as it was last, under what is wrong with it.
"""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from mailer.audience.token import Keyring
from mailer.edition.blocks import Source
from mailer.edition.finding import error
from mailer.edition.model import Publication, Variant
from mailer.errors import EditionError, Finding, InputError, NotFoundError
from mailer.flows.assemble import Inspected, Newsroom, assemble
from mailer.flows.proof import sample_message
from mailer.phrases import say
from mailer.rendering.model import Picture

if TYPE_CHECKING:
    from mailer.delivery.signer import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """An edition on the list: how it is called, and where its manuscript lies."""

    name: str
    publication: str
    title: str
    day: date | None


Sheets = Callable[[], Sequence[tuple[Publication, Sequence[Sheet]]]]
"""Every publication with its editions, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Somebody who reads: a name that greets well or badly."""

    id: str
    name: str


PERSONAS = (
    Persona(id="nobody", name=""),
    Persona(id="short", name="Zoé"),
    Persona(id="long", name="Marie-Philippine de La Rochefoucauld-Saint-Hilaire"),
    Persona(id="rtl", name="شهرزاد"),
    Persona(id="markup", name="O’Neill & <Söhne>"),
)
"""Names that have broken letters before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """An edition as it is now. ``faults`` are why it cannot be read, if it cannot.

    Then ``assembled`` is how it was when it last could, or None. ``seconds`` is how long
    reading, rendering and checking took.
    """

    name: str
    assembled: Inspected | None
    faults: tuple[Finding, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message, taken apart again: what goes over the wire, and what is seen of it."""

    source: bytes
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str


@dataclass(kw_only=True)
class Studio:
    """Everything that is looked at, kept until ``forget``."""

    newsroom: Newsroom
    sheets: Sheets
    today: Callable[[], date]
    now: Callable[[], datetime]
    keyring: Keyring
    signers: Sequence[Signer]
    public_url: str | None
    _looked: dict[str, Looked] = field(default_factory=dict)
    _good: dict[str, Inspected] = field(default_factory=dict)

    def forget(self) -> None:
        """Something was saved: look again when asked."""
        self._looked.clear()

    def look(self, name: str) -> Looked:
        """The edition called *name* as it is written now; NotFoundError."""
        if name not in self._looked:
            self._looked[name] = self._look(name)
        return self._looked[name]

    def message(self, name: str, variant: Variant, persona: Persona) -> Letter:
        """What *persona* would get of it; NotFoundError without a readable edition."""
        assembled = self._readable(name)
        source = sample_message(
            assembled.frozen,
            variant,
            keyring=self.keyring,
            signers=self.signers,
            now=self.now(),
            public_url=self.public_url,
            name=persona.name,
        )
        return take_apart(source)

    def web_page(self, name: str, variant: Variant) -> Letter:
        """The page of it, which no message carries."""
        for rendering in self._readable(name).frozen.renderings:
            if rendering.variant is variant:
                return Letter(source=b"", headers=(), html=rendering.html, text="")
        message = say("{name} has no variant {variant}", name=name, variant=variant)
        raise NotFoundError(message)

    def pictures(self, name: str) -> Mapping[str, Picture]:
        """The pictures of all its variants, by file name."""
        return {
            picture.file_name: picture
            for rendering in self._readable(name).frozen.renderings
            for picture in rendering.pictures
        }

    def _readable(self, name: str) -> Inspected:
        assembled = self.look(name).assembled
        if assembled is None:
            message = say("{name} cannot be read yet", name=name)
            raise NotFoundError(message)
        return assembled

    def _look(self, name: str) -> Looked:
        begun = time.perf_counter()
        faults: tuple[Finding, ...] = ()
        try:
            self._good[name] = assemble(name, self.newsroom, today=self.today())
        except EditionError as wrong:
            faults = wrong.findings
        except NotFoundError:
            raise
        except InputError as wrong:  # a theme, an author, a picture
            at = Source(file=wrong.file or "mailer.toml", line=wrong.line)
            faults = (error("render-failed", at, wrong.message, wrong.hint),)
        return Looked(
            name=name,
            assembled=self._good.get(name),
            faults=faults,
            seconds=time.perf_counter() - begun,
        )


def take_apart(source: bytes) -> Letter:
    """What is in the message *source*, which is one of ours."""
    message = email.message_from_bytes(source, policy=email.policy.default)
    bodies = {"html": "", "plain": ""}
    for kind in bodies:
        part = message.get_body((kind,))
        if part is not None:
            bodies[kind] = str(part.get_content())
    head, _, _ = source.partition(b"\r\n\r\n")
    return Letter(
        source=source,
        headers=tuple(_headers(head)),
        html=bodies["html"],
        text=bodies["plain"],
    )


def _headers(head: bytes) -> Sequence[tuple[str, str]]:
    """Names and values as they go over the wire, folds and all."""
    found: list[tuple[str, str]] = []
    for line in head.decode("ascii", "replace").split("\r\n"):
        if line[:1] in " \t" and found:
            name, value = found[-1]
            found[-1] = (name, f"{value}\n{line}")
        else:
            name, _, value = line.partition(": ")
            found.append((name, value))
    return found
