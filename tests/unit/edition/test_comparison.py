"""Two outlines beside each other."""

from __future__ import annotations

from mailer.edition.blocks import Source
from mailer.edition.comparison import beside
from mailer.edition.outline import Entry


def entries(*said: str) -> list[Entry]:
    """``section news``, ``-text``: a dash a depth."""
    return [
        Entry(
            at=Source("index.md", line),
            kind=each.lstrip("-"),
            words=f"words {line}",
            depth=len(each) - len(each.lstrip("-")),
        )
        for line, each in enumerate(said, 1)
    ]


def test_what_is_of_one_kind_stands_on_one_line() -> None:
    """Words do not count, nor what is inside a block; the rest is one's own."""
    pairs = beside(
        entries("section news", "-text", "--item", "section poll"),
        entries("section news", "-quote", "-text", "section end"),
    )
    said = [
        (p.ours.kind if p.ours else "", p.theirs.kind if p.theirs else "")
        for p in pairs
    ]
    assert said == [
        ("section news", "section news"),
        ("", "quote"),
        ("text", "text"),
        ("section poll", ""),
        ("", "section end"),
    ]
    assert [p.is_alike for p in pairs] == [True, False, True, False, False]
