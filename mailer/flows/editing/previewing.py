"""Looking at an edition before anybody gets it, on the path that sends it.

What is shown is the message itself, as bytes, composed as for a reader and taken apart
again: there is no other rendering. An edition that cannot be read at the moment is shown
as it was last, under what is wrong with it.
"""

from __future__ import annotations

import email
import email.policy
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from mailer.edition.blocks import Source
from mailer.edition.finding import error
from mailer.edition.model import Edition, Publication, Variant
from mailer.errors import EditionError, Finding, InputError, NotFoundError
from mailer.flows.editing.assemble import Inspected, Newsroom, assemble, read
from mailer.flows.editing.assembled import sent_before
from mailer.flows.readers.correspondence import ClaimedLetter, LetterKind
from mailer.flows.sending.desk import Stationery
from mailer.flows.sending.faces import Face
from mailer.flows.sending.proof import message_for_face, sample_message
from mailer.phrases import say
from mailer.rendering.model import Frozen, Picture, Scene
from mailer.rendering.render import composed_of, render, settled
from mailer.rendering.weighing import Weight, weigh


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """An edition on the list: how it is called, and where its manuscript lies."""

    name: str
    publication: str
    title: str
    day: date | None


Sheets = Callable[[], Sequence[tuple[Publication, Sequence[Sheet]]]]
"""Every publication with its editions, the newest first."""

LETTER, THEME = "letter:", "theme:"
"""What names begin with that are no edition's: ``letter:le-meridien/confirm`` is what a
publication writes to one reader, ``theme:presse/tout`` an edition of the gallery."""


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

Beholder = Persona | Face
"""For whom a message is looked at: somebody invented, or a reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message, taken apart again: what goes over the wire, and what is seen of it."""

    source: bytes
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    subject: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """An edition as it is now. ``faults`` are why it cannot be read, if it cannot.

    Then ``assembled`` is how it was when it last could, or None. ``seconds`` is how long
    reading, rendering and checking took. A ``letter`` to one reader has nothing else.
    """

    name: str
    assembled: Inspected | None
    letter: Letter | None = None
    faults: tuple[Finding, ...] = ()
    seconds: float = 0.0


@dataclass(kw_only=True)
class Studio:
    """Everything that is looked at, kept until ``forget``.

    ``gallery`` is a theme's gallery as a newsroom, whose editions are ``samples``;
    ``write`` writes what a publication says to a single reader.
    """

    newsroom: Newsroom
    sheets: Sheets
    themes: Callable[[], Sequence[str]]
    samples: Sequence[str]
    gallery: Callable[[str], Newsroom]
    write: Callable[[str, LetterKind], bytes]
    today: Callable[[], date]
    now: Callable[[], datetime]
    stationery: Stationery
    _looked: dict[str, Looked] = field(default_factory=dict)
    _good: dict[str, Inspected] = field(default_factory=dict)
    _saves: int = 0
    _read: dict[str, tuple[int, Edition, Scene]] = field(default_factory=dict)
    _glimpsed: dict[tuple[str, Variant], tuple[int, Frozen]] = field(
        default_factory=dict
    )
    _last: tuple[Frozen, Persona, Letter] | None = None
    _pictures: dict[str, dict[str, Picture]] = field(default_factory=dict)
    _weighed: dict[tuple[str, Variant, str], Sequence[Weight]] = field(
        default_factory=dict
    )
    _busy: threading.RLock = field(default_factory=threading.RLock)
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Something was saved: look again when asked."""
        self._saves += 1
        self._looked.clear()
        self._read.clear()

    def look(self, name: str) -> Looked:
        """What is called *name*, as it is written now; NotFoundError."""
        with self._busy:  # a page and its frames ask at once: it is made once
            while (found := self._looked.get(name)) is None:
                saves = self._saves
                made = self._look(name)
                if saves == self._saves:  # else it was read before it was saved
                    self._looked[name] = made
        return found

    def show(self, name: str, assembled: Inspected) -> None:
        """Have *name* looked at as *assembled*, which is at hand already."""
        self._good[name] = assembled
        self._looked[name] = Looked(name=name, assembled=assembled)
        for rendering in assembled.frozen.renderings:
            self._remember(name, rendering.pictures)

    def weights(self, name: str, variant: Variant) -> Sequence[Weight]:
        """What each block of the mail of *variant* brings, as ``weigh`` says."""
        assembled = self._readable(name)
        key = name, variant, assembled.frozen.sha256
        if key not in self._weighed:
            composed = composed_of(assembled.edition, variant, assembled.scene)
            html = assembled.frozen.rendering(variant).html
            self._weighed = {key: weigh(html, composed)}
        return self._weighed[key]

    def before(self, name: str) -> Edition | None:
        """The edition before *name* in its publication; None without a readable one."""
        for _, sheets in self.sheets():
            names = [sheet.name for sheet in sheets]
            if name in names[:-1]:
                earlier = names[names.index(name) + 1]
                try:
                    return self.newsroom.edition(earlier, today=self.today())
                except InputError:
                    return None
        return None

    def message(self, name: str, variant: Variant, who: Beholder) -> Letter:
        """What *who* would get of it; NotFoundError without a readable edition.

        Of what cannot be read now, as it was last seen, if only at a glimpse.
        """
        looked = self.look(name)
        if looked.letter is not None:
            return looked.letter
        if looked.faults and (name, variant) in self._glimpsed:
            _, frozen = self._glimpsed[name, variant]
        else:
            frozen = self._readable(name).frozen
        return self._written(frozen, variant, who)

    def outlined(self, name: str) -> Edition | None:
        """The edition called *name* as it is written, before anything is made of it.

        None where nothing is gained, or it cannot be read: then ``look`` says why.
        """
        if name in self._looked or name.startswith((LETTER, THEME)):
            return None
        try:
            edition, _, _ = self._settled(name)
        except InputError:
            return None
        return edition

    def glimpse(self, name: str, variant: Variant, persona: Persona) -> Letter | None:
        """As ``message``, of this one variant and unchecked: it is there at once.

        None where nothing is gained, or it cannot be done: then ``message`` says why.
        """
        if name in self._looked or name.startswith((LETTER, THEME)):
            return None
        with self._busy:
            if name in self._looked:
                return None
            try:
                frozen = self._glimpse(name, variant)
            except InputError:
                return None
            if frozen is None:
                return None
            seen, who, letter = self._last or (None, None, None)
            if letter is None or seen is not frozen or who != persona:
                letter = self._written(frozen, variant, persona)
                # Side by side it is asked for twice.
                self._last = frozen, persona, letter
        return letter

    def _glimpse(self, name: str, variant: Variant) -> Frozen | None:
        saves, found = self._glimpsed.get((name, variant), (-1, None))
        if saves != self._saves:
            edition, scene, saves = self._settled(name)
            if variant not in edition.audiences:
                return None
            rendering = render(edition, variant, scene)
            self._remember(name, rendering.pictures)
            found = Frozen(
                edition=edition,
                publication=scene.publication,
                renderings=(rendering,),
            )
            if saves == self._saves:
                self._glimpsed[name, variant] = saves, found
        return found

    def _settled(self, name: str) -> tuple[Edition, Scene, int]:
        """The edition, all it takes to render it, and how many saves had been."""
        with self._reading:
            saves, found = self._saves, self._read.get(name)
            if found is None or found[0] != saves:
                edition, scene = read(name, self.newsroom, today=self.today())
                found = saves, settled(edition, scene.publication), scene
                self._read[name] = found
        return found[1], found[2], found[0]

    def _written(self, frozen: Frozen, variant: Variant, who: Beholder) -> Letter:
        if isinstance(who, Face):
            source = message_for_face(who, frozen, self.stationery, now=self.now())
            return take_apart(source)
        source = sample_message(
            frozen, variant, self.stationery, now=self.now(), name=who.name
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
        """The pictures that were shown of it, by file name: their content names them."""
        return self._pictures.get(name, {})

    def _remember(self, name: str, pictures: Sequence[Picture]) -> None:
        known = self._pictures.setdefault(name, {})
        known.update({picture.file_name: picture for picture in pictures})

    def _readable(self, name: str) -> Inspected:
        assembled = self.look(name).assembled
        if assembled is None:
            message = say("{name} cannot be read yet", name=name)
            raise NotFoundError(message)
        return assembled

    def _look(self, name: str) -> Looked:
        begun = time.perf_counter()
        faults: tuple[Finding, ...] = ()
        letter = None
        try:
            if name.startswith(LETTER):
                letter = self._letter(name)
            else:
                found = self._good[name] = self._assembled(name)
                for variant in Variant:  # no glimpse is newer
                    self._glimpsed.pop((name, variant), None)
                for rendering in found.frozen.renderings:
                    self._remember(name, rendering.pictures)
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
            letter=letter,
            faults=faults,
            seconds=time.perf_counter() - begun,
        )

    def _assembled(self, name: str) -> Inspected:
        if not name.startswith(THEME):
            before = self._good.get(name)
            return assemble(name, self.newsroom, today=self.today(), before=before)
        theme, _, sample = name.removeprefix(THEME).partition("/")
        if theme not in self.themes():
            message = say("there is no theme {name}", name=theme)
            raise NotFoundError(message)
        return sent_before(assemble(sample, self.gallery(theme), today=self.today()))

    def _letter(self, name: str) -> Letter:
        publication, _, kind = name.removeprefix(LETTER).partition("/")
        if kind not in set(LetterKind):
            message = say("there is no letter {name}", name=kind)
            raise NotFoundError(message)
        return take_apart(self.write(publication, LetterKind(kind)))


def sample_letter(publication: str, kind: LetterKind, now: datetime) -> ClaimedLetter:
    """A letter to nobody: its links are as long as real ones, and open nothing."""
    return ClaimedLetter(
        id=0,
        key=f"preview:{kind}",
        kind=kind,
        publication=publication,
        subscriber=0,
        email="lecteur@example.org",
        lang="",
        values={
            "asked": now.isoformat(),
            "left": now.isoformat(),
            "until": now.date().isoformat(),
        },
        created=now,
        attempts=1,
        doubts=0,
        fence=0,
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
        subject=str(message["Subject"] or ""),
        sender=str(message["From"] or "").rpartition(" <")[0].strip('"'),
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
