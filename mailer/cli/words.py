"""Text for cells of tables, broken as people break lines."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, JustifyMethod, OverflowMethod
from rich.containers import Lines
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

# Rich takes every space of Unicode for one at which a line may end. These keep together
# what they stand between; while lines are broken, letters of nobody's stand for them.
_HELD = {0x00A0: "\ue000", 0x202F: "\ue001", 0x2007: "\ue002"}
_FREED = {ord(letter): chr(space) for space, letter in _HELD.items()}


class Words(Text):
    """Text as it is, never markup, whose no-break spaces do not end a line."""

    def wrap(
        self,
        console: Console,
        width: int,
        *,
        justify: JustifyMethod | None = None,
        overflow: OverflowMethod | None = None,
        tab_size: int = 8,
        no_wrap: bool | None = None,
    ) -> Lines:
        """Lines of at most *width* cells."""
        lines = self._held().wrap(
            console,
            width,
            justify=justify,
            overflow=overflow,
            tab_size=tab_size,
            no_wrap=no_wrap,
        )
        for line in lines:
            line.plain = line.plain.translate(_FREED)
        return lines

    def __rich_measure__(
        self, console: Console, options: ConsoleOptions
    ) -> Measurement:
        """The longest part that stays together, and the whole."""
        return self._held().__rich_measure__(console, options)

    def _held(self) -> Text:
        held = self.copy()
        held.plain = self.plain.translate(_HELD)
        return held


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """What is known of one thing, a line each; what is not known has none."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            table.add_row(name, Words(value))
    return table
