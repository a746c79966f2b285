"""A CSV as a sheet of lines and cells, read as it comes: a million lines take no room.

UTF-8 or UTF-16 with or without BOM, Windows-1252; commas, semicolons or tabs.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from mailer.errors import InputError
from mailer.phrases import say

FORMULA = frozenset("=+-@\t\r")
"""What a cell begins with that a spreadsheet would run."""

_DELIMITERS = ";\t,"
_FIELD_LIMIT = 10_000  # a name or an address is short; more is a broken quote
_CHUNK = 1 << 16  # bytes; longer than any first line


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A file that can be read more than once; ``encoding`` is for people."""

    source: BinaryIO
    encoding: str
    delimiter: str
    codec: str

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Non-empty records with the line each begins on; InputError at a loose end."""
        csv.field_size_limit(_FIELD_LIMIT)
        # Strict: a quotation mark left open would swallow people in silence.
        reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)
        while True:
            begins = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                message = say("{error}: is a quotation mark left open?", error=error)
                raise InputError(message, line=begins) from error
            cells = [_unquoted(cell.strip()) for cell in cells]
            # Excel's own first line says the delimiter.
            if any(cells) and not (begins == 1 and cells[0] == "sep="):
                yield begins, cells

    def _lines(self) -> Iterator[str]:
        self.source.seek(0)
        text = io.TextIOWrapper(
            self.source, encoding=self.codec, errors="replace", newline=""
        )
        try:
            first = text.readline().lstrip("\ufeff")
            if first:
                yield first.replace("\0", "\ufffd")
            for line in text:
                yield line.replace("\0", "\ufffd")
        finally:
            text.detach()  # the file is its owner's to close


def open_sheet(source: BinaryIO) -> Sheet:
    """Find out how *source*, which can be sought in, is written."""
    codec, encoding = _codec(source)
    source.seek(0)
    sample = codecs.getincrementaldecoder(codec)("replace").decode(source.read(_CHUNK))
    return Sheet(
        source=source, encoding=encoding, delimiter=_delimiter(sample), codec=codec
    )


def _codec(source: BinaryIO) -> tuple[str, str]:
    source.seek(0)
    head = source.read(400)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", "UTF-16"
    low, high = head[::2].count(0), head[1::2].count(0)
    if 3 * (low + high) > len(head):
        # Half of an ASCII text in UTF-16 is NUL, and no text has one otherwise.
        return "utf-16-le" if high > low else "utf-16-be", "UTF-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    source.seek(0)
    try:
        while chunk := source.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        # Five bytes mean nothing in Windows-1252; they must not stop the others.
        return "cp1252", "Windows-1252"
    return "utf-8-sig", "UTF-8"


def _delimiter(text: str) -> str:
    """The mark that splits the first line into the most cells."""
    head = re.split(r"[\r\n]", text.lstrip(" \r\n\ufeff"), maxsplit=1)[0]
    bare = re.sub(r'"[^"]*"', "", head)  # « "Nom, prénom";"Courriel" »
    return max(_DELIMITERS, key=bare.count)


def write_sheet(lines: Iterable[Sequence[str]]) -> str:
    """*lines* as a CSV, every cell quoted, harmless in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([[_harmless(cell) for cell in line] for line in lines])
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A cell that begins like a formula is run by spreadsheets: quote it away."""
    return f"'{cell}" if cell[:1] in FORMULA else cell


def _unquoted(cell: str) -> str:
    """A cell that was quoted because it begins like a formula, as it was."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA else cell
