"""Where drafts are made up from parts: the folder of an edition, and what we wrote in it.

``.assembled.json`` remembers the parts that we wrote, by their hash. It is written after
the parts: cut short in between, the next assembly finds the text it wants and says so.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

from mailer.edition.drafts.skeleton import Pen, from_shape
from mailer.edition.gathering.bookings import Booking
from mailer.edition.gathering.material import Changes, Known, Tray
from mailer.edition.gathering.refresh import Part
from mailer.edition.model import Publication
from mailer.errors import GuardError, InputError
from mailer.files import replacing, usual_mode
from mailer.phrases import say
from mailer.workspace.bookings import read_bookings, words_of
from mailer.workspace.drafts import begin
from mailer.workspace.editions import EditionFolder
from mailer.workspace.manuscript import texts
from mailer.workspace.newsroom import WorkspaceNewsroom
from mailer.workspace.tray import Pile, clear, copy, copy_into, look_into

RECORD = ".assembled.json"
_MOST_RECORD = 5_000_000  # bytes
_REMEMBERED = 60  # editions: what was printed a year ago may come again


class ComposingRoom:
    """The folders of editions, as parts are put into them."""

    def __init__(self, newsroom: WorkspaceNewsroom) -> None:
        self._newsroom = newsroom
        self._workspace = newsroom.workspace

    def pen(self, publication: Publication) -> Pen:
        """A pen that writes the publication's language."""
        return Pen(self._newsroom.sentences(publication.lang))

    def authors(self) -> list[str]:
        """The keys of those who sign."""
        return list(self._workspace.authors())

    def tray(self, publication: Publication, day: date) -> Tray:
        """What waits in the inbox, and what the edition of *day* took before."""
        lying = self._lying(publication, day)
        items = [each.item for each in lying.items.values()]
        return Tray(items=items, faults=lying.faults)

    def bookings(self) -> Sequence[Booking]:
        """What sponsors have booked; InputError at file and line."""
        return read_bookings(self._workspace)

    def words_of(self, booking: Booking) -> tuple[str, Sequence[str]]:
        """The text of *booking* and the pictures it shows; InputError."""
        return words_of(self._workspace, booking)

    def known(self, publication: Publication, day: date) -> Known:
        """What we wrote for *day*, what stands there now, what others printed."""
        draft = self._folder(publication, day)
        folders = self._workspace.editions([publication.id])
        others = [e for e in folders if draft is None or e.path != draft.path]
        printed = frozenset(
            key
            for each in others[:_REMEMBERED]
            for part in _record(each.path)[1].values()
            for key in part.keys
        )
        if draft is None:
            return Known(printed=printed)
        files = self._texts(draft.path)
        ours, parts = _record(draft.path)
        return Known(
            edition=draft.name,
            ours=ours,
            parts=parts,
            texts=files,
            printed=printed,
        )

    def begin(
        self,
        publication: Publication,
        day: date,
        *,
        title: str,
        subtitle: str,
        required: Collection[str],
        used: Collection[int],
    ) -> str:
        """Make the edition of *day* with the sections *required*; what it is called."""
        desk = self._newsroom.desk(publication, used)
        shape = replace(publication.shape, require=tuple(required))
        body = (
            from_shape(
                replace(publication, shape=shape),
                list(desk.authors)[:1],
                self.pen(publication),
            )
            if required
            else ""
        )
        begun = begin(
            desk,
            title=title,
            subtitle=subtitle,
            day=day,
            body=body,
            beside={RECORD: _as_record(True, {})},
        )
        return begun.name

    def place(self, publication: Publication, day: date, changes: Changes) -> None:
        """Do *changes* in the folder of *day*, each whole or not at all.

        GuardError, and nothing is changed, if a file was edited since it was looked at,
        or if something that is no text of ours stands where one is to go.
        """
        draft = self._folder(publication, day)
        if draft is None:  # somebody took it away in this very moment
            message = say("the edition of {day} is gone", day=str(day))
            raise InputError(message)
        there = self._texts(draft.path)
        for file, text in changes.seen.items():
            is_there = text is None and os.path.lexists(draft.path / file)
            if is_there or there.get(file) != text:
                message = say("{file} is in the way, or being edited", file=file)
                raise GuardError(message, hint=say("nothing was changed"))
        lying = self._lying(publication, day)
        taken = [lying.items[name] for name in changes.taken if name in lying.items]
        others = [each for each in lying.items.values() if each not in taken]
        keep = {picture for each in others for picture in each.pictures}
        try:
            for each in taken:
                copy_into(each, draft.path)
            for name in changes.copies:
                picture = self._workspace.file(name)
                copy(picture.read_bytes(), draft.path / picture.name)
            for name, text in changes.texts.items():
                _put(draft.path / name, text)
            _write_record(draft.path, changes.ours, changes.parts)
            for each in (*taken, *lying.left):
                clear(each, keep=keep)
        except OSError as error:
            message = say(
                "{folder} cannot be written: {reason}",
                folder=draft.path,
                reason=error.strerror,
            )
            raise InputError(message) from error

    def _texts(self, folder: Path) -> dict[str, str]:
        """What the Markdown files of *folder* say, by name."""
        files = [
            file
            for file in sorted(folder.glob("*.md"))
            if file.is_file() and not file.is_symlink() and self._workspace.holds(file)
        ]
        return texts((file, file.name) for file in files)

    def _folder(self, publication: Publication, day: date) -> EditionFolder | None:
        known = self._workspace.editions([publication.id])
        return next((each for each in known if each.date == day), None)

    def _lying(self, publication: Publication, day: date) -> Pile:
        draft = self._folder(publication, day)
        gap = self.pen(publication).gap(say("what one sees"))
        folder = draft.path if draft else None
        return look_into(self._workspace, publication.id, folder, gap=gap)

    @contextmanager
    def alone(self, publication: Publication) -> Iterator[None]:
        """Nobody else assembles *publication* meanwhile; GuardError if somebody does.

        The lock is the folder's, leaves nothing behind, and goes when we do.
        """
        folder = self._workspace.root / "editions" / publication.id
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder, os.O_RDONLY)
        except OSError as error:
            message = say(
                "{folder} cannot be made: {reason}",
                folder=folder,
                reason=error.strerror,
            )
            raise InputError(message) from error
        try:
            _lock(handle, publication.id)
            yield
        finally:
            os.close(handle)


def _lock(handle: int, name: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        message = say("{name} is being assembled already", name=name)
        raise GuardError(message, hint=say("nothing was changed")) from error
    except OSError:  # some network disks know no locks
        return


def _put(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink(missing_ok=True)
        return
    with replacing(file, mode=usual_mode()) as out:
        out.write(text.encode())


def _record(folder: Path) -> tuple[bool | None, dict[str, Part]]:
    """Whether we began the edition in *folder*, and our parts; None if nobody knows.

    Without it every part is somebody else's, and stays as it is.
    """
    file = folder / RECORD
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        if file.is_symlink() or file.stat().st_size > _MOST_RECORD:
            return None, {}
        record = json.loads(file.read_text("utf-8"))
        return bool(record["begun"]), {
            str(name): Part(
                file=_plain(part["file"]),
                hash=str(part["sha256"]),
                keys=frozenset(map(str, part["keys"])),
            )
            for name, part in record["parts"].items()
        }
    return None, {}


def _plain(name: str) -> str:
    """A file of the folder itself; ValueError for one that leads out of it."""
    if Path(name).name != name or name in {"", ".", ".."}:
        raise ValueError(name)
    return name


def _write_record(folder: Path, ours: bool, parts: Mapping[str, Part]) -> None:
    if (ours, parts) == _record(folder):
        return
    with replacing(folder / RECORD, mode=usual_mode()) as out:
        out.write(_as_record(ours, parts).encode())


def _as_record(ours: bool, parts: Mapping[str, Part]) -> str:
    rows = {
        name: {"file": part.file, "sha256": part.hash, "keys": sorted(part.keys)}
        for name, part in parts.items()
    }
    record = {"schema": 1, "begun": ours, "parts": rows}
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"
