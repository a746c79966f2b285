"""Who came before, among a million, in a few bytes each."""

from __future__ import annotations

from array import array

_FIRST = 1 << 10


class Seen:
    """A set of texts that can only be added to, and that keeps 64 bits of each.

    Two texts are taken for one about once in thirty million rosters of a million
    readers: good enough to count, not to leave anybody out.
    """

    def __init__(self) -> None:
        self._count = 0
        self._slots = array("Q", bytes(8 * _FIRST))

    def __len__(self) -> int:
        return self._count

    def add(self, text: str) -> bool:
        """Keep *text*; whether it was there."""
        known = self._put(hash(text) & 0xFFFFFFFFFFFFFFFF or 1)
        if not known:
            self._count += 1
            if 3 * self._count > 2 * len(self._slots):
                self._grow()
        return known

    def _put(self, mark: int) -> bool:
        slots, last = self._slots, len(self._slots) - 1
        at = mark & last
        while slots[at]:
            if slots[at] == mark:
                return True
            at = (at + 1) & last
        slots[at] = mark
        return False

    def _grow(self) -> None:
        marks, self._slots = self._slots, array("Q", bytes(16 * len(self._slots)))
        for mark in marks:
            if mark:
                self._put(mark)
