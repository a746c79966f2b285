"""What was made of the same bytes before is not made again by the next command.

Nothing in here is needed: what is missing, damaged or cannot be written is made anew.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from mailer import __version__
from mailer.files import make_private, replacing

_MOST = 600
"""Entries that stay, those last used: some themes, and the pictures of some editions."""

_DIGEST = hashlib.sha256().digest_size


class FolderCache:
    """Entries as files in *folder*, of this version of ours alone.

    Compiled templates are run: only a folder that nobody else writes into is believed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / f"made-{__version__}"

    def get(self, name: str) -> bytes | None:
        """What was put under *name*, whole; else None."""
        entry = self._folder / name
        try:
            if not _is_ours(self._folder):
                return None
            stored = entry.read_bytes()
            os.utime(entry)  # used now
        except OSError:
            return None
        digest, content = stored[:_DIGEST], stored[_DIGEST:]
        return content if hashlib.sha256(content).digest() == digest else None

    def put(self, name: str, content: bytes) -> None:
        """Keep *content* under *name*, or not, where the disk or its owner says no."""
        with suppress(OSError):
            make_private(self._folder)
            if _is_ours(self._folder):
                with replacing(self._folder / name, durable=False) as file:
                    file.write(hashlib.sha256(content).digest() + content)
                self._clear()

    def _clear(self) -> None:
        """Let go of the half that was not used for longest, once there are too many."""
        entries = list(self._folder.iterdir())
        if len(entries) > _MOST:
            entries.sort(key=lambda entry: entry.stat().st_mtime)
            for entry in entries[: len(entries) // 2]:
                entry.unlink(missing_ok=True)


def _is_ours(folder: Path) -> bool:
    state = folder.stat()
    return state.st_uid == os.geteuid() and not state.st_mode & 0o022
