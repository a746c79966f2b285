"""What `mailer init` writes: a workspace that can be checked and sent at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from mailer.edition.calendar import next_date
from mailer.errors import GuardError, InputError
from mailer.phrases import say
from mailer.workspace.editions import INBOX

_LAYERS: Mapping[str, tuple[str, ...]] = {
    # theme: the folders it is made of, the later over the earlier
    "presse": ("presse",),
    "pop": ("pop",),
    "texte": ("presse", "texte"),
}
_SCHEDULES: Mapping[str, str] = {
    "le-meridien": "sat 07:00",
    "le-meridien-bourse": "mon 07:30",
    "pixel-paprika": "thu 12:00",
}
_EDITIONS = "editions"
_OFFER = timedelta(days=12)
_FILLED = (".md", ".toml")
_ELSEWHERE = "mailer init writes into an empty place"
_GITIGNORE = "build/\n"


def create(
    folder: Path, *, theme: str, templates: Path, today: date, data: Path, secret: bytes
) -> list[Path]:
    """Write a workspace of *theme* into *folder*, and its data folder with a key.

    Sample editions are dated their publication's next day after *today*. GuardError if
    anything is there already; after any error what was written is gone again.
    """
    if theme not in _LAYERS:
        message = say("there is no starter {theme}", theme=theme)
        raise InputError(
            message, hint=say("there are: {names}", names=", ".join(_LAYERS))
        )
    files = {
        folder / place: content
        for layer in _LAYERS[theme]
        for place, content in _files(templates / "starter" / layer, data, today)
    }
    files[folder / ".gitignore"] = _GITIGNORE.encode()
    key = data / "secret_key"
    for path in (*files, key):
        if os.path.lexists(path):
            message = say("{path} is there already", path=path)
            raise GuardError(message, hint=_ELSEWHERE)
    with ExitStack() as undo:
        try:
            for path, content in sorted(files.items()):
                _make_folder(path.parent, undo, mode=0o777)
                _write(path, content, undo, mode=0o666)
            _make_folder(data, undo, mode=0o700)
            _write(key, f"{secret.hex()}\n".encode("ascii"), undo, mode=0o600)
        except (FileExistsError, NotADirectoryError) as error:
            message = say("{path} is in the way", path=error.filename)
            raise GuardError(message, hint=_ELSEWHERE) from error
        except OSError as error:
            message = say(
                "{path} cannot be written: {error}",
                path=error.filename or folder,
                error=error.strerror,
            )
            raise InputError(message) from error
        undo.pop_all()
    return sorted(files)


def _files(source: Path, data: Path, today: date) -> Iterator[tuple[Path, bytes]]:
    """Where every file of a layer goes, and what it says."""
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        place = path.relative_to(source)
        words = {"@DATA@": _quotable(data.resolve())}
        if place.parts[0] == _EDITIONS:
            _, publication, slug, *rest = place.parts
            day = next_date(_SCHEDULES[publication], after=today)
            named = slug if slug == INBOX else f"{day}-{slug}"
            place = Path(_EDITIONS, publication, named, *rest)
            words |= {
                "@DATE@": day.isoformat(),
                "@UNTIL@": (day + _OFFER).isoformat(),
            }
        content = path.read_bytes()
        if path.suffix in _FILLED:
            text = content.decode()
            for mark, value in words.items():
                text = text.replace(mark, value)
            content = text.encode()
        yield place, content


def _quotable(path: Path) -> str:
    """*path* as it stands between the quotes of a TOML string."""
    try:
        path.as_posix().encode()
    except UnicodeEncodeError as error:
        message = say("{path} is not UTF-8", path=repr(path))
        raise InputError(message) from error
    return json.dumps(path.as_posix(), ensure_ascii=False)[1:-1]


def _make_folder(folder: Path, undo: ExitStack, *, mode: int) -> None:
    """Make *folder* and what is missing above it; *mode* is for the last."""
    missing = [place for place in (folder, *folder.parents) if not place.is_dir()]
    for place in reversed(missing):
        place.mkdir(mode=mode if place == folder else 0o777)
        undo.callback(place.rmdir)


def _write(path: Path, content: bytes, undo: ExitStack, *, mode: int) -> None:
    """Make *path* anew: nothing is overwritten, no link followed."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    undo.callback(path.unlink)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
