"""An hour of its own for an edition: ``send_at`` in the head of its file."""

from __future__ import annotations

import re
from datetime import datetime, time

from mailer.errors import InputError
from mailer.files import replacing
from mailer.phrases import say
from mailer.workspace.editions import EditionFolder
from mailer.workspace.manuscript import manuscripts

_HEAD = re.compile(
    r"(\ufeff?---[ \t]*(?:\r\n|\n))(.*?)(^(?:---|\.\.\.)[ \t]*(?:\r\n|\n|\Z))",
    re.DOTALL | re.MULTILINE,
)
_SEND_AT = re.compile(r"^send_at:.*?(?:\r\n|\n|\Z)", re.MULTILINE)
_DATE = re.compile(r"^date:.*?(?:\r\n|\n|\Z)", re.MULTILINE)


def plan(folder: EditionFolder, wall: datetime | None) -> str:
    """Have the edition in *folder* leave at *wall*, local; None: at the calendar's hour.

    Every other byte of its file stays. Returns the file's name. InputError if the file
    has no head to write into.
    """
    path = (manuscripts(folder.path) or [folder.path / "index.md"])[0]
    try:
        before = path.read_bytes().decode("utf-8")
        after = planned_text(before, wall)
        if after is None:
            message = say("the edition has no front matter")
            raise InputError(message, file=path.name)
        if after != before:
            with replacing(path.resolve(), mode=path.stat().st_mode & 0o7777) as out:
                out.write(after.encode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        message = say("cannot be changed: {error}", error=str(error))
        raise InputError(message, file=str(path)) from error
    return f"{path.parent.name}/{path.name}"


def wall_time(text: str, folder: EditionFolder) -> datetime:
    """``2026-03-14 07:00``, or ``07:00`` on the edition's own date; InputError."""
    try:
        if folder.date is not None and "-" not in text:
            return datetime.combine(folder.date, time.fromisoformat(text))
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is not None or ":" not in text:
        message = say(
            "{value} is no local time: write it as 2026-03-14 07:00", value=text
        )
        raise InputError(message)
    return when


def planned_text(text: str, wall: datetime | None) -> str | None:
    """*text* with ``send_at`` as *wall* says, or without it; None if it has no head."""
    head = _HEAD.match(text)
    if head is None:
        return None
    fence, keys, rest = head[1], head[2], head[3] + text[head.end() :]
    end = "\r\n" if fence.endswith("\r\n") else "\n"
    line = f"send_at: {wall:%Y-%m-%d %H:%M}{end}" if wall else ""
    if _SEND_AT.search(keys):
        keys = _SEND_AT.sub(line, keys, count=1)
    elif dated := _DATE.search(keys):
        keys = keys[: dated.end()] + line + keys[dated.end() :]
    else:
        keys += line
    return fence + keys + rest
