"""What each line of a manuscript became."""

from __future__ import annotations

from dataclasses import replace

from mailer.edition.blocks import Box, Item, List, Paragraph, Source, Sponsor, Text
from mailer.edition.model import Section
from mailer.edition.outline import outline
from tests.fakes import specimen


def at(line: int) -> Source:
    return Source("index.md", line)


def words(text: str) -> tuple[Text, ...]:
    return (Text(text),)


def test_every_block_has_its_line() -> None:
    """In reading order, what is inside deeper than what is around it."""
    inside = Paragraph(at=at(7), content=words("Inside"))
    edition = replace(
        specimen.edition(),
        preface=(Paragraph(at=at(1), content=words("Dear reader")),),
        sections=(
            Section(
                at=at(3),
                title=words("Charts"),
                id="charts",
                classes=("quick",),
                blocks=(
                    List(at=at(4), items=(Item(at=at(4), content=words("One")),)),
                    Box(at=at(6), name="note", blocks=(inside,)),
                    Sponsor(at=at(9), by="Ropes Ltd"),
                ),
            ),
        ),
    )
    found = [(e.at.line, e.depth, e.kind, e.words) for e in outline(edition)]
    assert found == [
        (1, 0, "paragraph", "Dear reader"),
        (3, 0, "section quick", "Charts"),
        (4, 1, "list", "One"),
        (6, 1, "box", "note"),
        (7, 2, "paragraph", "Inside"),
        (9, 1, "sponsor", "Ropes Ltd"),
    ]
