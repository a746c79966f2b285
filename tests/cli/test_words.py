"""Tables: what belongs together stays on one line, and nothing is taken for markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import StringIO

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.main import get_command

from mailer.cli.main import app
from mailer.cli.words import Words
from tests.cli.conftest import Command

PARTS = st.lists(
    st.lists(st.text("abé«»:!%[]/", min_size=1, max_size=6), min_size=1, max_size=3),
    min_size=1,
    max_size=12,
)


def shown(cell: Text, width: int) -> list[str]:
    table = Table.grid()
    table.add_column(overflow="fold")
    table.add_row(cell)
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(table)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


@settings(max_examples=50)
@given(PARTS, st.sampled_from("\u00a0\u202f\u2007"), st.integers(20, 60))
def test_no_line_ends_at_a_no_break_space(
    parts: list[list[str]], space: str, width: int
) -> None:
    """Every part that is held together stands whole on some line, in its order."""
    whole = [space.join(part) for part in parts]
    lines = shown(Words(" ".join(whole)), width)
    assert max(map(len, lines)) <= width
    assert [part for line in lines for part in line.rstrip(" ").split(" ")] == whole


def test_what_is_too_long_is_folded() -> None:
    """Nothing is cut off, and nothing stands over the edge."""
    lines = shown(Words("un\u00a0" * 30), 20)
    assert "".join(lines).replace(" ", "").replace("\u00a0", "") == "un" * 30


def test_colours_stay_with_their_words() -> None:
    """A style of a part is where it was."""
    words = Words("aaa bbb\u00a0: ccc").append("\u00a0!", style="red")
    (first, second) = words.wrap(Console(width=9), 9)
    assert (first.plain, second.plain) == ("aaa bbb\u00a0:", "ccc\u00a0!")
    assert [second.plain[s.start : s.end] for s in second.spans] == ["\u00a0!"]


def test_findings_in_french_keep_their_signs(
    workspace: Callable[[str], Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any width no line begins with a colon, a guillemet closes its own word."""
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    mailer = workspace("presse")
    (file,) = mailer.folder.glob("editions/le-meridien/*/index.md")
    text = file.read_text("utf-8").replace(
        "---\n", '---\ntheme: {accent: "#f2e9c9"}\n', 1
    )
    spoilt = "\n\n".join(
        f"{'a' * n} la panne,la grève ! Samedi 15 mars." for n in range(2)
    )
    file.write_text(f"{text}\n{spoilt}\n", encoding="utf-8")
    for width in (75, 79, 80):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = mailer("check", "118").stdout.splitlines()
        assert max(map(len, lines)) <= width
        assert sum("\u00a0" in line for line in lines) > 5, "French spaces are there"
        assert not [line for line in lines if re.match(r"\s*[:;!?»]", line)]
        assert not [line for line in lines if re.search(r"«\s*$", line)]


def test_a_name_is_no_markup(workspace: Callable[[str], Command]) -> None:
    """Readers are listed by the names they gave."""
    mailer = workspace("presse")
    roster = mailer.folder / "r.csv"
    roster.write_text(
        "email,name\na@lecteurs.example,[/] Zoé [bold]\n", encoding="utf-8"
    )
    words = ["--publication", "le-meridien", "--consent", "Salon", "--yes"]
    done = mailer("subscribers", "import", str(roster), *words)
    assert done.exit_code == 0, done.output
    assert "[/] Zoé [bold]" in mailer("subscribers", "list").stdout


def test_no_help_loses_what_stands_in_brackets() -> None:
    """A table of the settings is named, and is no markup."""

    def helps(command: click.Command) -> Iterator[str]:
        yield command.help or ""
        yield from (getattr(each, "help", None) or "" for each in command.params)
        for each in getattr(command, "commands", {}).values():
            yield from helps(each)

    told = list(helps(get_command(app)))
    assert any(r"\[segments]" in each for each in told)
    assert [each for each in told if re.search(r"(?<!\\)\[/?[a-z]", each)] == []
