"""``sponsors.toml`` and ``sponsors.csv``: the bookings, as an office keeps them."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from pathlib import Path

from mailer.config.origins import lines_of
from mailer.edition.blocks import Source
from mailer.edition.gathering.bookings import Booking, read_booking, words_fault
from mailer.edition.gathering.item import pictures_in
from mailer.errors import InputError
from mailer.phrases import Phrase, say
from mailer.workspace.editions import Workspace

TOML, CSV = "sponsors.toml", "sponsors.csv"
_MOST_BYTES = 2_000_000
_DELIMITERS = ";,\t"


def read_bookings(workspace: Workspace) -> list[Booking]:
    """Every booking, those of the TOML file first; InputError at file and line."""
    bookings: list[Booking] = []
    for name, read in ((TOML, _from_toml), (CSV, _from_csv)):
        file = workspace.root / name
        if file.exists():
            bookings += read(_text(file), name)
    return bookings


def words_of(workspace: Workspace, booking: Booking) -> tuple[str, list[str]]:
    """The text of *booking* and the pictures it shows, by their names in the workspace.

    InputError, at the booking, if either cannot be used.
    """
    file = workspace.root / booking.text
    try:
        if not workspace.holds(file):
            message = say("{name} leads out of the workspace", name=booking.text)
            raise _fault(booking, message)
        words = _text(file)
    except InputError as error:
        raise _fault(booking, error.message) from error
    words = words.replace("\r\n", "\n")
    if fault := words_fault(words):
        raise _fault(booking, say("{file}: {fault}", file=booking.text, fault=fault))
    pictures = []
    for name in pictures_in(words):
        picture = file.parent / name
        if Path(name).name != name or not workspace.holds(picture):
            message = say("there is no picture {file} beside it", file=name)
            raise _fault(booking, message)
        if not picture.is_file():
            message = say("there is no picture {file} beside it", file=name)
            raise _fault(booking, message)
        pictures.append(picture.relative_to(workspace.root).as_posix())
    return words, pictures


def _fault(booking: Booking, message: Phrase) -> InputError:
    return InputError(message, file=booking.at.file, line=booking.at.line)


def _text(file: Path) -> str:
    name = file.name
    try:
        if file.stat().st_size > _MOST_BYTES:
            message = say("it is larger than {most} bytes", most=_MOST_BYTES)
            raise InputError(message, file=name)
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        message = say("{file} cannot be read: {error}", file=name, error=error.strerror)
        raise InputError(message) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = say("the file is not UTF-8")
        raise InputError(message, file=name, line=line) from error


def _from_toml(text: str, name: str) -> Iterator[Booking]:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = say("this is not TOML: {error}", error=error)
        raise InputError(message, file=name) from error
    lines = lines_of(text, values)
    rows = values.pop("bookings", [])
    if values or not isinstance(rows, list):
        message = say("a booking is a table [[bookings]]")
        raise InputError(message, file=name, line=1)
    for place, row in enumerate(rows):
        at = Source(name, lines.get(f"bookings.{place}", 0))
        if not isinstance(row, dict):
            message = say("a booking is a table [[bookings]]")
            raise InputError(message, file=name, line=at.line)
        yield read_booking(row, at)


def _from_csv(text: str, name: str) -> Iterator[Booking]:
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.DictReader(text.splitlines(), delimiter=delimiter)
    try:
        for row in reader:
            at = Source(name, reader.line_num)
            if None in row:
                message = say("the line has more cells than the first one")
                raise InputError(message, file=name, line=at.line)
            said = {key.strip(): value for key, value in row.items() if value}
            if any(said.values()):
                yield read_booking(said, at)
    except csv.Error as error:
        message = say("cannot be read: {error}", error=error)
        raise InputError(message, file=name, line=reader.line_num) from error
