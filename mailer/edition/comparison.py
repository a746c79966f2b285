"""How an edition is built beside another: which sections and blocks both have."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.edition.outline import Entry

_DEPTH = 1
"""Sections and what stands in them; what is inside a box or a list is words."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of ours beside one of theirs; None where the other has nothing like it."""

    ours: Entry | None
    theirs: Entry | None

    @property
    def is_alike(self) -> bool:
        """Whether both are of one kind."""
        return self.ours is not None and self.theirs is not None


def beside(ours: Sequence[Entry], theirs: Sequence[Entry]) -> list[Pair]:
    """Both outlines in order, what is of one kind on one line."""
    left = [each for each in ours if each.depth <= _DEPTH]
    right = [each for each in theirs if each.depth <= _DEPTH]
    matcher = difflib.SequenceMatcher(
        None, [_kind(e) for e in left], [_kind(e) for e in right], autojunk=False
    )
    found: list[Pair] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            found += map(Pair, left[a:b], right[c:d])
        else:
            found += [Pair(each, None) for each in left[a:b]]
            found += [Pair(None, each) for each in right[c:d]]
    return found


def _kind(entry: Entry) -> tuple[int, str]:
    return entry.depth, entry.kind
