"""Files that are there whole, or not at all: written beside their place, then put into it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mailer.errors import InputError
from mailer.phrases import say

OWN = 0o600
"""The mode of a file that nobody else may read."""

SHARED = 0o644
"""The mode of a file that others serve."""


@contextmanager
def replacing(
    path: Path, *, mode: int = OWN, durable: bool = True
) -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of *path* once all is on the disk.

    If the block raises, nothing has changed and nothing is left lying about. *mode* is
    the mode of the new file, whatever the old one's was. What is not *durable* may be
    gone or cut short after a power failure.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    beside = Path(name)
    os.close(handle)
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        beside.chmod(mode)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_private(path: Path, content: bytes) -> None:
    """*content* in a file that nobody else may read, whole or not at all; InputError."""
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        message = say("cannot be written: {strerror}", strerror=error.strerror)
        raise InputError(message, file=str(path)) from error


def make_private(folder: Path) -> None:
    """Make *folder*, and whatever is missing above it, for its owner alone; OSError."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)


def usual_mode() -> int:
    """The mode that any new file of this process gets."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
