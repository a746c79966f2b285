"""Polls, snippets and the blocks a theme brings: what they become, and what is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from mailer.edition.blocks import Box, Custom, Only, Paragraph, Poll, Table, plain
from mailer.edition.model import Edition
from mailer.edition.reading.parse import parse_edition
from mailer.errors import EditionError
from tests.unit.edition.conftest import HEAD, PAPER, said

SNIPPETS = {
    "forwarded": "💌 Transmis ? [Reçois la tienne](https://a.example).\n",
    "promo": "::: box note\nUn mot.\n:::\n\n- **Slug** • texte\n",
    "broken": "Bien.\n\n<div>x</div>\n",
    "cut": "<!--members-->\n",
    "titled": "# Une section\n",
    "loop": "::: snippet loop\n:::\n",
    "bad": "a \x85 b\n",
}
THEME_BLOCKS = {"chart": {"mjml", "html", "txt"}, "half": {"mjml", "txt"}}


def read(text: str, snippets: Mapping[str, str] = SNIPPETS) -> Edition:
    return parse_edition(
        f"{HEAD}# T\n\n{text}\n",
        file="index.md",
        folder="2026-03-14-ports",
        publication=PAPER,
        authors=["claire"],
        files=["index.md", "port.jpg"],
        snippets=snippets,
        theme_blocks=THEME_BLOCKS,
    )


def told(text: str) -> list[str]:
    with pytest.raises(EditionError) as caught:
        read(text)
    return [said(finding) for finding in caught.value.findings]


def test_a_poll_asks_one_question_and_offers_choices() -> None:
    """Question, choices in order, the last day to answer."""
    (poll,) = (
        read("::: poll frigo {until=2026-03-18}\nToi, **tu**…\n\n- 💬 a\n- b\n:::")
        .sections[0]
        .blocks
    )
    assert isinstance(poll, Poll)
    assert (poll.id, plain(poll.question)) == ("frigo", "Toi, tu…")
    assert [plain(choice) for choice in poll.choices] == ["💬 a", "b"]
    assert poll.until == date(2026, 3, 18)
    assert (poll.at.file, poll.at.line) == ("index.md", 7)


def test_a_snippet_stands_as_if_typed_and_keeps_its_own_lines() -> None:
    """Its blocks are the edition's, and a finding names the snippet's file."""
    box, brief, after = read("::: snippet promo\n:::\n\nAprès.").sections[0].blocks
    assert isinstance(box, Box)
    assert (box.at.file, box.at.line) == ("snippets/promo.md", 1)
    assert (brief.at.file, brief.at.line) == ("snippets/promo.md", 5)
    assert (after.at.file, after.at.line) == ("index.md", 10)


def test_a_snippet_stands_inside_only() -> None:
    """What is for one audience can be written once."""
    (only,) = (
        read(":::: only free\n::: snippet forwarded\n:::\n::::").sections[0].blocks
    )
    assert isinstance(only, Only)
    assert isinstance(only.blocks[0], Paragraph)


def test_an_opt_out_in_a_snippet_is_its_own() -> None:
    """Line 1 of a snippet says nothing about line 1 of another file."""
    snippets = {"plain": "**Mot.** {.plain}\n\n**Label**\n"}
    text = "::: snippet plain\n:::\n\n**Label**"
    kinds = [b.kind for b in read(text, snippets).sections[0].blocks]
    assert kinds == ["paragraph", "label", "label"]


def test_a_theme_s_block_carries_what_was_written() -> None:
    """Name, argument, attributes, title, body and table reach its templates."""
    (block,) = (
        read(
            '::: chart wide {unit="€" href="https://a.example"}\n## Titre\n\n'
            "| a | b |\n|--|--|\n| c | 1 |\n\nMots.\n:::"
        )
        .sections[0]
        .blocks
    )
    assert isinstance(block, Custom)
    assert (block.template, block.argument, block.said("unit")) == (
        "chart",
        "wide",
        "€",
    )
    assert (block.said("href"), block.said("nothing")) == ("https://a.example", "")
    assert plain(block.title) == "Titre"
    assert isinstance(block.table, Table)
    assert [b.kind for b in block.blocks] == ["table", "paragraph"]


FAULTS = [
    ("::: poll a\nQ\n\n- b\n:::", "index.md:7: a poll with one choice asks nothing"),
    ("::: poll a\n- b\n- c\n:::", "index.md:7: a poll holds one question and a list"),
    ("::: poll a\nQ\n:::", "index.md:7: a poll holds one question and a list"),
    ("::: poll a\nQ\n\n- b\n  - c\n- d\n:::", "index.md:7: a poll holds one question"),
    ("::: poll\nQ\n\n- b\n- c\n:::", "index.md:7: poll needs a word after its name"),
    ("::: poll É!\nQ\n\n- b\n- c\n:::", "index.md:7: É! cannot name a poll"),
    ("::: poll a {until=x}\nQ\n\n- b\n- c\n:::", "index.md:7: x is no date"),
    (
        "::: poll a\nQ\n\n- b\n- c\n:::\n\n::: poll a\nQ\n\n- b\n- c\n:::",
        "index.md:14: the poll a stands twice in this edition",
    ),
    (
        "::: snippet forwardd\n:::",
        "index.md:7: there is no snippets/forwardd.md (did you mean forwarded?)",
    ),
    ("::: snippet\n:::", "index.md:7: snippet takes one word, its name"),
    ("::: snippet a b\n:::", "index.md:7: snippet takes one word, its name"),
    ("::: snippet loop\n:::", "snippets/loop.md:1: a snippet cannot insert another"),
    ("::: snippet forwarded\nx\n:::", "index.md:7: snippet holds nothing"),
    ("::: snippet broken\n:::", "snippets/broken.md:3: raw HTML is refused: <div>x"),
    (
        "::: snippet cut\n:::",
        "snippets/cut.md:1: the members' cut stands inside a sect",
    ),
    ("::: snippet titled\n:::", "snippets/titled.md:1: a section cannot begin inside"),
    ("::: snippet bad\n:::", "snippets/bad.md:1: U+0085"),
    ("::: chrat\n:::", "index.md:7: unknown directive chrat (did you mean chart?)"),
    ("::: snipet x\n:::", "index.md:7: unknown directive snipet (did you mean snippet"),
    (
        "::: half\nx\n:::",
        "index.md:7: directive half has no blocks/half.html.j2 in its theme "
        "(write templates/themes/presse/blocks/half.html.j2)",
    ),
    ("::: chart {href=x}\nx\n:::", "index.md:7: a link cannot lead to x"),
]


@pytest.mark.parametrize(("text", "words"), FAULTS, ids=lambda v: v[:30])
def test_a_fault_is_told_where_it_was_written(text: str, words: str) -> None:
    """File, line, what is wrong and the way out."""
    found = told(text)
    assert any(line.startswith(words) for line in found), found


def test_snippets_cannot_grow_an_edition_without_end() -> None:
    """A small file does not become a large one by naming a snippet often."""
    with pytest.raises(EditionError, match="snippets add more than"):
        read("::: snippet a\n:::\n\n" * 5, {"a": "mot " * 70_000})
