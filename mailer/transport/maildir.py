"""The writing side of a Maildir: a mail stands in ``new`` whole, or not at all.

Source: https://cr.yp.to/proto/maildir.html.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path

_PARTS = ("tmp", "new", "cur")


class UnsureError(OSError):
    """A mail could not be kept, nor taken back: it may stand there or not."""


class Keeper:
    """Keeps mail in *folder*, each under a name that no other mail ever had.

    Mail is kept byte for byte, CRLF and all; above it stands its envelope, as
    ``Return-Path`` (RFC 5321 section 4.4) and ``Delivered-To``.
    """

    _numbers = itertools.count(1)  # of the process: two keepers may share a folder

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tmp, self._new = folder / "tmp", folder / "new"
        for part in _PARTS:
            (folder / part).mkdir(parents=True, exist_ok=True)

    def keep(self, sender: str, recipients: Sequence[str], content: bytes) -> list[str]:
        """Keep one copy per recipient, durably; their names. OSError, and none is kept."""
        names: list[str] = []
        try:
            for recipient in recipients:
                names.append(self._name())
                self._draft(names[-1], sender, recipient, content)
            for name in names:
                (self._tmp / name).rename(self._new / name)
            _settle(self._new)
        except OSError:
            self._forget(names)
            raise
        return names

    def _forget(self, names: Sequence[str]) -> None:
        try:
            for name in names:
                for place in (self._tmp / name, self._new / name):
                    place.unlink(missing_ok=True)
        except OSError as error:
            raise UnsureError(error.errno, error.strerror) from error

    def _name(self) -> str:
        number = next(self._numbers)
        return f"{time.time_ns()}.P{os.getpid()}Q{number}.localhost"

    def _draft(self, name: str, sender: str, recipient: str, content: bytes) -> None:
        head = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n"
        with (self._tmp / name).open("xb") as file:
            file.write(head.encode("utf-8", "surrogateescape"))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def is_maildir(folder: Path) -> bool:
    """Whether mail may be kept in *folder*: a Maildir, or nothing yet."""
    if not folder.exists():
        return True
    if not folder.is_dir():
        return False
    return all((folder / part).is_dir() for part in _PARTS) or not any(folder.iterdir())


def _settle(folder: Path) -> None:
    """Have the names in *folder* survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
