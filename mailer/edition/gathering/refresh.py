"""What becomes of each part of a draft when it is assembled again.

A part is the file of one feature. Whoever touches it owns it: what we wrote is changed
only as long as it stands there letter for letter, which its hash tells.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What is done with a part."""

    WRITTEN = "written"
    REFRESHED = "refreshed"
    UNCHANGED = "unchanged"
    TAKEN_OUT = "taken out"
    EDITED = "edited"
    DELETED = "deleted"
    EMPTY = "empty"
    UNSURE = "unsure"

    @property
    def is_ours(self) -> bool:
        """Whether the part stands as we want it, with the pieces we chose."""
        return self in {Fate.WRITTEN, Fate.REFRESHED, Fate.UNCHANGED}

    @property
    def changes(self) -> bool:
        """Whether a file is made, changed or removed."""
        return self in {Fate.WRITTEN, Fate.REFRESHED, Fate.TAKEN_OUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is remembered of a part that we wrote: its file, its hash, its pieces."""

    file: str
    hash: str
    keys: frozenset[str] = frozenset()


def hash_of(text: str) -> str:
    """What a part is recognised by: its text, however its lines end."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()


def fate_of(part: Part | None, *, found: str | None, wanted: str, sure: bool) -> Fate:
    """What to do with a part: remembered as *part*, its file now saying *found*.

    *wanted* is what it ought to say, empty for nothing; *sure* is False when that is
    not the whole truth, because a source did not answer.
    """
    if part is not None and found is None:
        return Fate.DELETED
    if found is not None and found.replace("\r\n", "\n") == wanted:
        return Fate.UNCHANGED
    if found is not None and (part is None or hash_of(found) != part.hash):
        return Fate.EDITED
    if part is not None and not sure:
        return Fate.UNSURE
    if not wanted:
        return Fate.EMPTY if part is None else Fate.TAKEN_OUT
    return Fate.WRITTEN if part is None else Fate.REFRESHED
