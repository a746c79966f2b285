"""Safe changes of text, written into the files of an edition.

A file is replaced whole or not at all, and only if it is still the one that was read.
Byte order mark, line ends, mode and every other byte stay as they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from mailer.edition.reading.markdown import clean
from mailer.errors import Finding, Fix, GuardError, InputError
from mailer.files import replacing
from mailer.flows.editing.assembled import Assembled
from mailer.phrases import say

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_MARK = "\ufeff"
_ROUNDS = 5
"""A change may bring another to light; more often than this nothing is left to mend."""


def mend_edition(
    assembled: Assembled | None,
    path_of: Callable[[Finding], Path],
    again: Callable[[], Assembled | None],
) -> dict[Path, int]:
    """Mend all that can be of *assembled*; how much in each file.

    *again* checks the edition anew, which is None while it cannot be read.
    """
    done: dict[Path, int] = {}
    for _ in range(_ROUNDS):
        if assembled is None:
            break
        made: dict[Path, int] = {}
        for file, text in assembled.edition.sources.items():
            theirs = [f for f in assembled.findings if f.file == file and f.fix]
            if theirs and (
                count := len(mend(path := path_of(theirs[0]), text, theirs))
            ):
                made[path] = count
        if not made:
            break
        for path, count in made.items():
            done[path] = done.get(path, 0) + count
        assembled = again()
    return done


def mend(path: Path, text: str, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Make the changes that *findings* carry in the file at *path*; those made.

    *text* is the file as it was checked: GuardError if it changed meanwhile, and then
    it is left alone. InputError if it cannot be written.
    """
    target = path.resolve()
    try:
        before = target.read_bytes()
        found = before.decode("utf-8")
        if clean(found) != text:
            raise _changed(path)
        mended, made = mended_text(found, findings)
        if made:
            _replace(target, before, mended.encode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        message = say("cannot be changed: {error}", error=str(error))
        raise InputError(message, file=str(path)) from error
    return made


def mended_text(
    text: str, findings: Iterable[Finding]
) -> tuple[str, tuple[Finding, ...]]:
    """*text* with the changes made, and the findings whose change it was.

    A change whose words do not stand at their place is not made, nor one that overlaps
    another.
    """
    lines = _LINE.findall(text)
    made: list[Finding] = []
    wanted = [(f, f.fix) for f in findings if f.fix and f.line and f.column]
    edge: dict[int, int] = {}
    for finding, fix in sorted(
        wanted, key=lambda pair: (pair[0].line, pair[0].column), reverse=True
    ):
        line = finding.line - 1
        if line >= len(lines):
            continue
        start = finding.column - 1 + (line == 0 and lines[0].startswith(_MARK))
        end = start + len(fix.before)
        if end > edge.get(line, len(lines[line])) or not _stands(
            lines[line], start, fix
        ):
            continue
        lines[line] = lines[line][:start] + fix.after + lines[line][end:]
        edge[line] = start
        made.append(finding)
    return "".join(lines), tuple(reversed(made))


def _stands(line: str, start: int, fix: Fix) -> bool:
    return bool(fix.before) and line.startswith(fix.before, start)


def _replace(target: Path, before: bytes, after: bytes) -> None:
    """Put *after* in its place; the mode and owner of the old one are kept."""
    state = target.stat()
    with replacing(target, mode=state.st_mode & 0o7777) as out:
        out.write(after)
        with suppress(PermissionError):  # somebody else's file stays ours then
            os.fchown(out.fileno(), state.st_uid, state.st_gid)
        if target.read_bytes() != before:
            raise _changed(target)


def _changed(path: Path) -> GuardError:
    message = say("{name} changed while it was checked", name=path.name)
    return GuardError(message, hint=say("nothing was mended; check again"))
