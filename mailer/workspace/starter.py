"""What `mailer init` writes: a workspace that can be checked and sent at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from mailer.edition.calendar import next_date
from mailer.errors import GuardError, InputError

_KINDS: Mapping[str, tuple[str, str, str]] = {
    # theme: publication, its schedule, the slug of the sample edition
    "presse": ("le-meridien", "sat 07:00", "ports"),
    "pop": ("pixel-paprika", "thu 12:00", "camembert"),
}
_OFFER = timedelta(days=12)
_FILLED = (".md", ".toml")
_GITIGNORE = "build/\n"


def create(
    folder: Path, *, theme: str, templates: Path, today: date, data: Path, secret: bytes
) -> list[Path]:
    """Write a workspace of *theme* into *folder*, and its data folder with a key.

    The sample edition is dated the publication's next day after *today*. GuardError,
    and nothing written, if a file is there already.
    """
    publication, schedule, slug = _KINDS[theme]
    day = next_date(schedule, after=today)
    words = {
        "@DATE@": day.isoformat(),
        "@UNTIL@": (day + _OFFER).isoformat(),
        "@DATA@": data.resolve().as_posix(),
    }
    edition = Path("editions") / publication / f"{day}-{slug}"
    files = dict(_files(templates / "starter" / theme, edition, words))
    files[Path(".gitignore")] = _GITIGNORE.encode()
    present = [path for path in files if (folder / path).exists()]
    if present:
        message = f"{folder / present[0]} is there already"
        raise GuardError(message, hint="mailer init writes into an empty place")
    written: list[Path] = []
    try:
        for path, content in sorted(files.items()):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            written.append(target)
        _keep_secret(data, secret)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        message = f"{error.filename or folder} cannot be written: {error.strerror}"
        raise InputError(message) from error
    return written


def _files(
    source: Path, edition: Path, words: Mapping[str, str]
) -> Iterator[tuple[Path, bytes]]:
    """Where every file of the starter goes, and what it says."""
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        place = path.relative_to(source)
        if place.parts[0] == "edition":
            place = edition / Path(*place.parts[1:])
        content = path.read_bytes()
        if path.suffix in _FILLED:
            text = content.decode()
            for mark, value in words.items():
                text = text.replace(mark, value)
            content = text.encode()
        yield place, content


def _keep_secret(data: Path, secret: bytes) -> None:
    """The key that signs links, for its owner's eyes only."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(data / "secret_key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret.hex() + "\n")
