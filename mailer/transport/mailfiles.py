"""Mails from files: a single one, an mbox, a Maildir, or a folder of them.

Only read, never moved or marked: they are somebody's mailbox.
"""

from __future__ import annotations

import mailbox
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, overload

from mailer.errors import InputError
from mailer.phrases import say

_ENOUGH = 1024 * 1024
"""Bytes read of a mail: what it is about stands at its head, or comes back without pictures."""

_UNFINISHED = "tmp"  # of a Maildir: what is being written


@overload
def read_mails(paths: Sequence[Path]) -> Iterator[tuple[Path, bytes]]: ...


@overload
def read_mails(
    paths: Sequence[Path], *, past_errors: Literal[True]
) -> Iterator[tuple[Path, bytes | OSError]]: ...


def read_mails(
    paths: Sequence[Path], *, past_errors: bool = False
) -> Iterator[tuple[Path, bytes | OSError]]:
    """Every mail under *paths* and the file it is in; InputError if one is not there.

    One that cannot be read is an InputError too; with *past_errors* the reason comes in
    its place, and the others follow.
    """
    for path in paths:
        if not path.exists():
            message = say("{path} is not there", path=path)
            raise InputError(message)
        files = sorted(_files(path)) if path.is_dir() else [path]
        for file in files:
            try:
                yield from ((file, raw) for raw in _mails(file))
            except OSError as error:
                if past_errors:
                    yield file, error
                    continue
                message = say(
                    "{path} cannot be read: {error}", path=file, error=error.strerror
                )
                raise InputError(message) from error


def _files(folder: Path) -> Iterator[Path]:
    """Files below *folder*; nothing hidden, nothing unfinished, no way out of it."""
    for path in folder.iterdir():
        if path.name.startswith(".") and not path.is_dir():
            continue
        if path.is_symlink() or path.name == _UNFINISHED:
            continue
        if path.is_dir():
            yield from _files(path)  # Maildir++ keeps its folders in `.Name`
        elif path.is_file():
            yield path


def _mails(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        head = opened.read(_ENOUGH)
    if not head.startswith(b"From "):
        yield head
        return
    box = mailbox.mbox(file, create=False)
    try:
        for key in box.iterkeys():
            yield box.get_bytes(key)[:_ENOUGH]
    finally:
        box.close()
