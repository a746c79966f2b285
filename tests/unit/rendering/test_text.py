"""The plain text: whole, readable aloud, written from the tree."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.edition.blocks import Cell, Placeholder, Table, Text
from mailer.edition.model import Section, Variant
from mailer.rendering.render import render
from mailer.rendering.text import WIDTH, InlineText, columns, item, underline, wrap
from tests.fakes import specimen

HREF = re.compile(r'href="(https?://[^"#]+|\{\{ \w+ \}\})')


@pytest.mark.parametrize("theme", ["presse", "pop", "texte"])
@pytest.mark.parametrize("variant", [Variant.FREE, Variant.MEMBER])
def test_lines_are_short_and_links_complete(theme: str, variant: Variant) -> None:
    """No line exceeds 72 but for addresses, and every link of the HTML is there."""
    rendering = render(specimen.edition(), variant, specimen.scene(theme))
    for line in rendering.text.split("\n"):
        assert len(line) <= WIDTH or "://" in line or "{{" in line, line
        assert line == line.rstrip()
    assert "\n\n\n\n" not in rendering.text
    for href in HREF.findall(rendering.html):
        assert unescape(href) in rendering.text


def test_one_can_always_leave() -> None:
    """The way out stands in the text, hosted pages or not."""
    scene = specimen.scene(public_url=None)
    text = render(specimen.edition(), Variant.FREE, scene).text
    assert "{{ unsubscribe_url }}" in text
    assert "{{ web_url }}" not in text
    assert "{{ preferences_url }}" not in text


def test_a_table_is_aligned_or_told_row_by_row() -> None:
    """Narrow tables have columns; wide ones say the heading with each value."""
    write = InlineText(specimen.scene())

    def table(words: str) -> Table:
        cells = (Cell(specimen.words(words)), Cell(specimen.words("9 €")))
        head = (Cell(specimen.words("Quoi")), Cell(specimen.words("Prix")))
        return Table(
            at=specimen.at(1), head=head, rows=(cells,), align=("left", "right")
        )

    assert columns(table("a"), write) == "  Quoi   Prix\n  a       9 €"
    wide = columns(table("long " * 20), write)
    assert wide.startswith("  Quoi : long long")
    assert all(len(line) <= WIDTH for line in wide.split("\n"))


def test_marks_hang_and_titles_are_underlined() -> None:
    """Further lines stand under the first word."""
    assert item("word " * 20, "*").split("\n")[1].startswith("  word")
    assert underline("Titre") == "Titre\n-----"


WORDS = st.sampled_from(
    ["mot", "38\u202f000\u00a0€", "oui\u00a0:", "«\u00a0non\u00a0»", "\n"]
)


@settings(max_examples=150)
@given(st.lists(WORDS, max_size=60), st.sampled_from(["", "    "]))
def test_wrapping_loses_no_word(words: list[str], indent: str) -> None:
    """Words survive wrapping, and no-break spaces hold them together."""
    text = " ".join(words)
    wrapped = wrap(text, indent)
    assert wrapped.split() == text.split()
    assert all(
        word in line
        for word in ("38\u202f000\u00a0€",)
        for line in wrapped.split("\n")
        if "38" in line
    )


@given(st.integers(0, 80))
@settings(max_examples=81)
def test_no_line_ends_within_a_placeholder(before: int) -> None:
    """Broken over two lines, nothing would fill it."""
    wrapped = wrap(f"{'x' * before} à {{{{ name }}}}, à {{{{ email }}}}.")
    assert "{{ name }}" in wrapped
    assert "{{ email }}" in wrapped


def test_capitals_leave_placeholders_alone() -> None:
    """A reader's name in a title is still filled in."""
    section = Section(
        at=specimen.at(1),
        title=(Text("Bonjour "), Placeholder("name")),
        id="t",
        blocks=(specimen.paragraph("x"),),
    )
    edition = specimen.edition(sections=(section,))
    text = render(edition, Variant.FREE, specimen.scene()).text
    assert "BONJOUR {{ name }}" in text
