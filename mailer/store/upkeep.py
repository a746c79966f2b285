"""The database as something to look after: copied whole, examined, packed, put back.

Nothing here brings the database to our schema by itself: a backup before an upgrade is
one of the old schema, and a newer mailer's database can be copied too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from mailer.errors import StoreError
from mailer.files import replacing
from mailer.phrases import Phrase, say


class Upkeep(Protocol):
    """What an operator does to a database as a whole. Everything raises StoreError."""

    suffix: str
    """What the name of a backup ends with."""

    def schema(self) -> str | None:
        """The number of its newest migration; None of an empty database."""

    def size(self) -> int:
        """Bytes on the disk, what waits to be written into the file included."""

    def backup(self, file: Path) -> None:
        """Write one consistent copy, mode 0600, whole or not at all, while others work.

        It is examined before it takes the place of an older *file*.
        """

    def examine(self, file: Path | None = None) -> Sequence[Phrase]:
        """What is wrong with the database, or with the backup *file*; nothing if sound."""

    def vacuum(self) -> None:
        """Give back the room of what was deleted; writers wait meanwhile."""

    def restore(self, file: Path, aside: str) -> str:
        """Put the backup *file* in the place of the database; where the old one is.

        *aside* ends the name of what is kept of the old one; "" if there was none.
        GuardError while anybody works with the database.
        """


@contextmanager
def written(file: Path) -> Iterator[BinaryIO]:
    """A copy to write into, which takes the place of *file* when it is whole."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with replacing(file) as copy:
            yield copy
    except OSError as error:
        reason = error.strerror or error
        message = say("{file} cannot be made: {error}", file=file, error=reason)
        raise StoreError(message, temporary=False) from error
