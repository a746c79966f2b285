"""The newsroom's folder: which editions there are, and what their files say."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from mailer.edition.model import Author, Edition, Publication, edition_name
from mailer.edition.reading.frontmatter import split_head
from mailer.edition.reading.parse import parse_edition
from mailer.errors import (
    ConfigError,
    InputError,
    NotFoundError,
)
from mailer.phrases import did_you_mean, say
from mailer.workspace.authors import read_authors
from mailer.workspace.manuscript import INDEX, left_out, manuscripts, texts

INBOX = "inbox"
"""The folder beside a publication's editions where material waits; never an edition."""

_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:-(.*))?")
_LINE = re.compile(
    r"^(title|subject|date|number|slug|send_at):[ \t]*[\"']?(.*?)[\"']?[ \t]*$",
    re.MULTILINE,
)
_HEAD = 60_000  # characters; a longer head is refused when it is read
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionFolder:
    """An edition as its folder shows it, readable or not; ``date`` None if unknown.

    ``send_at`` is local wall time in the publication's zone.
    """

    publication: str
    path: Path
    date: date | None
    number: int | None
    slug: str
    title: str
    subject: str = ""
    send_at: datetime | None = None

    @property
    def name(self) -> str:
        """``publication/number``, or its slug where it has no number."""
        return edition_name(self.publication, self.number, self.slug)

    @property
    def names(self) -> frozenset[str]:
        """What it answers to within its publication."""
        number = [] if self.number is None else [str(self.number)]
        return frozenset([*number, self.slug, self.path.name])


class Workspace:
    """A folder with ``editions/``, ``authors.toml`` and pictures."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def editions(self, publications: Collection[str]) -> list[EditionFolder]:
        """Every edition of *publications*, the newest first."""
        found = [
            _peek(publication, files)
            for publication in publications
            for path in (self.root / "editions" / publication).glob("*")
            if path.name != INBOX and (files := self.manuscripts(path))
        ]
        return sorted(
            found,
            key=lambda each: (each.date or date.min, each.path.name),
            reverse=True,
        )

    def find(
        self, name: str, publications: Collection[str], *, today: date
    ) -> EditionFolder:
        """The edition called *name*; NotFoundError with suggestions.

        A number, ``publication/number`` or slug, a path, ``latest`` (the newest that is
        not in the future) or ``next`` (the first from *today* on).
        """
        known = self.editions(publications)
        if by_path := self._by_path(name, known):
            return by_path
        publication, _, wanted = name.rpartition("/")
        candidates = [e for e in known if publication in {"", e.publication}]
        match wanted:
            case "latest":
                past = [e for e in candidates if e.date and e.date <= today]
                matching = past[:1]
            case "next":
                coming = [e for e in candidates if e.date and e.date >= today]
                matching = coming[-1:]
            case _:
                matching = [e for e in candidates if wanted in e.names]
        if len(matching) == 1:
            return matching[0]
        raise _not_found(name, matching, known)

    def read(
        self,
        folder: EditionFolder,
        publication: Publication,
        authors: Collection[str],
        *,
        theme_blocks: Mapping[str, Collection[str]] | None = None,
        colors: Collection[str] = (),
    ) -> Edition:
        """The edition in *folder*; EditionError with all that is wrong with it."""
        known = {
            each.name
            for each in folder.path.iterdir()
            if each.is_file() and self.holds(each)
        }
        first, *further = self.sources(folder).items()
        edition = parse_edition(
            first[1],
            file=first[0],
            further=dict(further),
            folder=folder.path.name,
            publication=publication,
            authors=authors,
            files=known,
            snippets=self.snippets(),
            theme_blocks=theme_blocks,
            colors=colors,
        )
        warnings = (*edition.warnings, *left_out(folder.path))
        return replace(edition, warnings=warnings)

    def sources(self, folder: EditionFolder) -> dict[str, str]:
        """The texts of an edition by file name, as they are read; EditionError."""
        files = self.manuscripts(folder.path) or [folder.path / INDEX]
        return texts((file, file.name) for file in files)

    def manuscripts(self, folder: Path) -> list[Path]:
        """The files of *folder* that make an edition, none if it is none."""
        return [file for file in manuscripts(folder) if self.holds(file)]

    def snippets(self) -> dict[str, str]:
        """The texts of ``snippets/``, by name; EditionError if one is no text."""
        folder = self.root / "snippets"
        files = [file for file in sorted(folder.glob("*.md")) if self.holds(file)]
        return {
            name.removesuffix(".md"): text
            for name, text in texts((file, file.name) for file in files).items()
        }

    def authors(self) -> Mapping[str, Author]:
        """``authors.toml``, an author per table; ConfigError."""
        file = self.root / "authors.toml"
        if not file.exists():
            return {}
        try:
            return read_authors(file.read_text(encoding="utf-8-sig"), file=file.name)
        except (OSError, UnicodeDecodeError) as error:
            message = say("cannot be read: {error}", error=error)
            raise ConfigError(message, file=file.name) from error

    def file(self, name: str, *, beside: Path | None = None) -> Path:
        """A file that content names, inside the workspace; InputError if it is not."""
        path = (beside or self.root) / name
        if not self.holds(path):
            message = say("{name} leads out of the workspace", name=name)
            raise InputError(message)
        return path

    def holds(self, path: Path) -> bool:
        """Whether *path* is inside, and no symbolic link leads elsewhere."""
        try:
            return path.resolve().is_relative_to(self.root)
        except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL
            return False

    def is_written_in(self, path: Path) -> bool:
        """Whether *path* lies where editors write, and not we."""
        own = ("editions", "snippets", "authors", "templates", "config")
        whole = path.resolve()
        return any(whole.is_relative_to(self.root / name) for name in own)

    def folder_of(self, edition: Edition) -> Path:
        """Where *edition* and its pictures lie."""
        return self.root / "editions" / edition.publication / edition.folder

    def _by_path(
        self, name: str, known: Sequence[EditionFolder]
    ) -> EditionFolder | None:
        if "\0" in name:
            return None
        for base in (Path(), self.root):
            path = (base / name).resolve()
            folder = path.parent if path.suffix.lower() == ".md" else path
            for edition in known:
                if edition.path.resolve() == folder:
                    return edition
        return None


def _peek(publication: str, files: Sequence[Path]) -> EditionFolder:
    """What the front matter says, line by line: it may be broken elsewhere."""
    path = files[0].parent
    try:
        with files[0].open(encoding="utf-8-sig", errors="replace") as file:
            text = file.read(_HEAD)  # a daemon looks at every edition, again and again
    except OSError:
        text = ""  # `read` tells what is wrong; here it only has to be found
    head = dict(_LINE.findall(split_head(text.replace("\r\n", "\n"))[0]))
    dated = _DATED.fullmatch(path.name)
    number = head.get("number", "")
    return EditionFolder(
        publication=publication,
        path=path,
        date=_day(head.get("date", "")) or (_day(dated[1]) if dated else None),
        number=int(number) if _NUMBER.fullmatch(number) else None,
        slug=head.get("slug") or (dated[2] if dated else "") or path.name,
        title=head.get("title", ""),
        subject=head.get("subject", ""),
        send_at=_wall_time(head.get("send_at", "")),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _wall_time(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo is None and ":" in text else None


def _not_found(
    name: str, matching: Sequence[EditionFolder], known: Sequence[EditionFolder]
) -> NotFoundError:
    if matching:
        message = say("{name} is more than one edition", name=name)
        return NotFoundError(message, hint=" or ".join(e.name for e in matching))
    message = say("no edition {name}", name=name)
    if not known:
        return NotFoundError(message, hint=say("there is none in editions/ yet"))
    return NotFoundError(message, hint=did_you_mean(name, [e.name for e in known[:8]]))
