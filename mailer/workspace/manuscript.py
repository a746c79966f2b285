"""The text files of an edition's folder: which there are, in which order, what they say.

``index.md`` alone, or numbered files after it or without it: ``01-editorial.md``,
``02-cartes.md``. Together they are one edition, as if written in one file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from mailer.edition.blocks import Source
from mailer.edition.finding import error, warning
from mailer.errors import EditionError, Finding
from mailer.phrases import Phrase, say

INDEX = "index.md"
_NUMBERED = re.compile(r"(\d+)\D.*\.md|(\d+)\.md", re.IGNORECASE)
_SILENT = ("_", ".")
_SHOWN = 24  # characters of what cannot be read


def manuscripts(folder: Path) -> list[Path]:
    """The files that make the edition in *folder*, in the order they are read."""
    names = [each.name for each in _texts(folder)]
    numbered = sorted((n for n in names if _NUMBERED.fullmatch(n)), key=_natural)
    return [folder / name for name in ([INDEX] if INDEX in names else []) + numbered]


def left_out(folder: Path) -> list[Finding]:
    """A warning for each Markdown file that looks like a part of it and is none."""
    read = {file.name for file in manuscripts(folder)}
    return [
        warning(
            "file-unread",
            Source(each.name, 0),
            say("{file} is not read: its name has no number", file=each.name),
            say("01-{file}, or _{file} to leave it out in silence", file=each.name),
        )
        for each in _texts(folder)
        if each.name not in read and not each.name.startswith(_SILENT)
    ]


def texts(files: Iterable[tuple[Path, str]]) -> dict[str, str]:
    """What each file says, by the name it is given; EditionError for all at once."""
    found: dict[str, str] = {}
    faults: list[Finding] = []
    for path, name in files:
        try:
            found[name] = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            faults.append(_undecodable(error, name))
        except OSError as error:
            message = say("cannot be read: {error}", error=error.strerror)
            faults.append(_unreadable(name, message))
    if faults:
        raise EditionError(tuple(faults))
    return found


def _texts(folder: Path) -> list[Path]:
    try:
        files = [each for each in folder.iterdir() if each.is_file()]
    except OSError:
        return []
    return sorted(each for each in files if each.suffix.lower() == ".md")


def _natural(name: str) -> tuple[int, str]:
    """``2-b.md`` before ``10-a.md``."""
    match = _NUMBERED.fullmatch(name)
    return (int(match[1] or match[2]) if match else 0, name)


def _undecodable(error: UnicodeDecodeError, name: str) -> Finding:
    """What the bytes are instead of UTF-8, as far as one can tell, and the way out."""
    raw = error.object
    line = raw.count(b"\n", 0, error.start) + 1
    begins = raw.rfind(b"\n", 0, error.start) + 1
    hint = say("save it again with the encoding UTF-8")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = say("the file is UTF-16, not UTF-8")
        return _unreadable(name, message, hint, line=1)
    ends = begins + len(raw[begins:].split(b"\n", 1)[0])
    words = raw[max(begins, error.start - _SHOWN) : min(ends, error.start + _SHOWN)]
    column = len(raw[begins : error.start].decode("utf-8", "replace")) + 1
    try:
        shown = words.decode("cp1252").strip()
        message = say(
            "the file is not UTF-8, but Windows-1252 by its looks: “{words}”",
            words=shown,
        )
    except UnicodeDecodeError:
        message = say("the file is not UTF-8")
    return _unreadable(name, message, hint, line=line, column=column)


def _unreadable(
    file: str, message: Phrase, hint: str = "", *, line: int = 0, column: int = 0
) -> Finding:
    at = Source(file, line, column)
    return error("file-unreadable", at, message, hint)
