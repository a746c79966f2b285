"""A new edition's folder: chosen, written and put in place whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from mailer.edition.blocks import plain
from mailer.edition.characters import on_one_line, unwritable
from mailer.edition.drafts.emptied import emptied
from mailer.edition.drafts.skeleton import Head, Pen, from_shape, scalar
from mailer.edition.model import Edition, Publication, edition_name
from mailer.edition.succession import coming_day, coming_number, free_slug
from mailer.errors import GuardError, InputError
from mailer.language import Catalogue
from mailer.phrases import say
from mailer.workspace.editions import EditionFolder, Workspace
from mailer.workspace.manuscript import INDEX

_SUMMARY = 3


class Basis(StrEnum):
    """What a new edition begins with."""

    LAST = "last"
    SKELETON = "skeleton"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An edition that was just begun; ``basis`` says from what."""

    publication: str
    number: int | None
    day: date
    slug: str
    file: Path
    basis: Basis
    begun_from: str = ""

    @property
    def name(self) -> str:
        """How commands call it: ``le-meridien/119``."""
        return edition_name(self.publication, self.number, self.slug)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What beginning an edition needs to know of the house.

    ``used`` are the numbers that the ledger remembers, ``read`` reads a past edition.
    """

    workspace: Workspace
    publication: Publication
    authors: Collection[str]
    sentences: Catalogue
    used: Collection[int]
    read: Callable[[EditionFolder], Edition]
    now: datetime


def begin(
    desk: Desk,
    *,
    title: str = "",
    subtitle: str = "",
    day: date | None = None,
    basis: Basis | None = None,
    body: str | None = None,
    beside: Mapping[str, str] | None = None,
) -> Draft:
    """Write the next edition of a publication, ready to be filled in.

    Without *day* it is the coming free day of the schedule; without *basis* the shape
    of the publication, or the last edition where it has no shape; a *body* stands in
    the place of either. Further files, by name, come to lie *beside* it. GuardError if that day has its edition, InputError if there is
    no day to be found.
    """
    title = on_one_line(title)
    if fault := unwritable(title):
        raise InputError(say("the title: {fault}", fault=fault))
    known = desk.workspace.editions([desk.publication.id])
    day = _day(desk, day, known)
    last = _last(desk, known, basis) if body is None else None
    number = coming_number([*desk.used, *(each.number for each in known)])
    taken = {name for each in known for name in each.names}
    slug = free_slug(title, number=number, taken=taken)
    pen = Pen(desk.sentences)
    head = _head(desk, title, number, day, last)
    if body is not None and title:  # nobody is expected to write in it
        head = replace(head, summary=0, subtitle=False)
    if subtitle:
        head = replace(head, subtitle=False, more={"subtitle": scalar(subtitle)})
    if last:
        body = emptied(last, pen, standing=_standing(desk, known, last))
    elif body is None:
        body = from_shape(desk.publication, head.authors, pen)
    text = (pen.head(head) + "\n" + body).rstrip("\n") + "\n"
    folder = desk.workspace.root / "editions" / desk.publication.id / f"{day}-{slug}"
    return Draft(
        publication=desk.publication.id,
        number=number,
        day=day,
        slug=slug,
        file=_place(folder, {**(beside or {}), INDEX: text}),
        basis=Basis.LAST if last else Basis.SKELETON,
        begun_from=last.name if last else "",
    )


def _day(desk: Desk, day: date | None, known: Collection[EditionFolder]) -> date:
    """The wanted day if it is free, or the coming one."""
    taken = {each.date: each for each in known if each.date}
    if day is None:
        day = coming_day(desk.publication, now=desk.now, taken=taken)
    if day is None:
        message = say("{id} has no schedule", id=desk.publication.id)
        hint = say('say --date 2026-03-14, or give it a schedule = "sat 07:00"')
        raise InputError(message, hint=hint)
    if other := taken.get(day):
        message = say("{name} is dated {day} already", name=other.name, day=str(day))
        hint = say("write in {folder}, or say another --date", folder=other.path)
        raise GuardError(message, hint=hint)
    return day


def _last(
    desk: Desk, known: list[EditionFolder], basis: Basis | None
) -> Edition | None:
    """The edition to begin from; None for the shape. The newest stands first."""
    has_shape = bool(desk.publication.shape.require or desk.publication.shape.story)
    if basis is Basis.SKELETON or (basis is None and (has_shape or not known)):
        return None
    if not known:
        message = say("{id} has no edition to begin from", id=desk.publication.id)
        raise InputError(message, hint=say("say --from skeleton"))
    return desk.read(known[0])


def _standing(
    desk: Desk, known: list[EditionFolder], last: Edition | None
) -> frozenset[str]:
    """Titles of sections that come back: of the shape, or in the last two editions."""
    if last is None or len(known) < 2:
        return frozenset(desk.publication.shape.require)
    try:
        before = desk.read(known[1])
    except InputError:  # an old edition that no longer parses is no reason to stop
        return frozenset(desk.publication.shape.require)
    titles = [{plain(s.title) for s in each.sections} for each in (last, before)]
    return frozenset({*desk.publication.shape.require, *set.intersection(*titles)})


def _head(
    desk: Desk, title: str, number: int | None, day: date, last: Edition | None
) -> Head:
    authors = last.authors if last else ()
    if not authors and len(desk.authors) == 1:
        authors = tuple(desk.authors)
    summary = len(last.summary) if last else _SUMMARY * bool(desk.publication.kicker)
    return Head(
        day=day,
        title=title,
        number=number,
        authors=authors,
        subtitle=bool(last is None or last.subtitle or not last.summary),
        summary=summary,
    )


def _place(folder: Path, files: Mapping[str, str]) -> Path:
    """Write *folder* with its files beside its place, then move it there in one step."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as beside:
            whole = Path(beside) / folder.name
            whole.mkdir()
            for name, text in files.items():
                (whole / name).write_text(text, encoding="utf-8")
            if os.path.lexists(folder):
                message = say("{folder} is there already", folder=folder)
                raise GuardError(message, hint=say("nothing was changed"))
            whole.rename(folder)
    except OSError as error:
        message = say(
            "{folder} cannot be made: {reason}", folder=folder, reason=error.strerror
        )
        raise InputError(message) from error
    return folder / INDEX
