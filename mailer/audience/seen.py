"""Who came before, among a million, in a few bytes each."""

from __future__ import annotations

_SHELVES = 1 << 12
_WIDTH = 5  # bytes of a mark; with the number of its shelf 52 bits of a text are kept


class Seen:
    """A set of texts that can only be added to, in eight bytes for each.

    Two texts are taken for one about once in nine thousand rosters of a million readers:
    good enough to count, not to leave anybody out. The marks lie on shelves which grow
    one by one: a table that doubles would be there three times while it does.
    """

    def __init__(self) -> None:
        self._count = 0
        self._shelves = [bytearray() for _ in range(_SHELVES)]

    def __len__(self) -> int:
        return self._count

    def add(self, text: str) -> bool:
        """Keep *text*; whether it was there."""
        rest, shelf = divmod(hash(text), _SHELVES)
        mark = (rest & ((1 << 8 * _WIDTH) - 1)).to_bytes(_WIDTH, "little")
        marks = self._shelves[shelf]
        at = marks.find(mark)
        while (
            at > 0 and at % _WIDTH
        ):  # the end of one mark and the beginning of another
            at = marks.find(mark, at + 1)
        if at >= 0:
            return True
        marks += mark
        self._count += 1
        return False
