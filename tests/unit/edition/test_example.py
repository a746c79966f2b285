"""A whole edition, read line by line as its editor sees it in the outline."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.edition.blocks import Box, Only, plain
from mailer.edition.model import Edition
from mailer.edition.reading.parse import parse_edition
from tests.unit.edition.conftest import PAPER

FOLDER = Path(__file__).parents[2] / "data" / "editions" / "2026-03-14-ports"
OUTLINE = """
24 quote
27 # Le quai et l’algorithme
31 paragraph, 36 paragraph, 40 subhead, 42 paragraph, 46 subhead, 48 paragraph
52 paragraph, 54 signature, 57 only (58 paragraph), 61 only (62 paragraph)
65 box (66 paragraph)
71 # Cartes sur table
77 figure, 79 brief, 82 brief, 85 brief, 87 flag, 91 quote, 94 flag
97 # La vapeur et le volt
101 brief, 103 brief, 106 label, 108 table, 114 label, 116 button, 118 subhead
120 list, 124 rule, 126 brief, 128 brief, 130 box (133 brief, 134 brief, 135 brief)
138 # Une nuit dans la tour
143 figure, 145 paragraph, 149 paragraph, 151 paragraph, 155 paywall, 157 subhead
159 paragraph, 163 subhead, 165 paragraph, 168 signature, 171 only (172 paragraph)
"""


@pytest.fixture(scope="module")
def edition() -> Edition:
    return parse_edition(
        (FOLDER / "index.md").read_text("utf-8"),
        file="index.md",
        folder=FOLDER.name,
        publication=PAPER,
        authors={"claire", "marc"},
        files={"index.md", "port.jpg", "tour.jpg"},
    )


def outline(blocks) -> str:
    lines = []
    for block in blocks:
        line = f"{block.at.line} {block.kind}"
        if isinstance(block, Box | Only):
            line += f" ({outline(block.blocks)})"
        lines.append(line)
    return ", ".join(lines)


def test_every_line_becomes_what_its_editor_meant(edition: Edition) -> None:
    """Each block has its kind and its true line."""
    parts = [outline(edition.preface)]
    for section in edition.sections:
        parts += [f"{section.at.line} # {plain(section.title)}"]
        parts += [outline(section.blocks)]
    assert " ".join(", ".join(parts).split()).replace(",", "") == " ".join(
        OUTLINE.split()
    ).replace(",", "")


def test_nothing_in_it_is_doubtful(edition: Edition) -> None:
    """A good edition has no warnings."""
    assert edition.warnings == ()


def test_titles_keep_their_company(edition: Edition) -> None:
    """Straps and standfirsts stand with the title they follow."""
    assert [bool(s.strap) for s in edition.sections] == [False, True, True, False]
    assert [bool(s.standfirst) for s in edition.sections] == [True, True, False, True]
    assert [s.classes for s in edition.sections] == [
        ("editorial",),
        (),
        (),
        ("dossier",),
    ]
    assert edition.sections[0].id == "le-quai-et-l-algorithme"


def test_the_head_is_all_there(edition: Edition) -> None:
    """What the folder and the front matter say."""
    assert edition.name == "le-meridien/118"
    assert (edition.slug, edition.sender) == ("ports", "claire")
    assert edition.summary[1].startswith("Cartes marines : la donnée")
    assert edition.cover is not None
    assert edition.cover.src == "port.jpg"
    assert edition.tokens == {"accent": ("#9e1b32", "")}
    assert edition.ignored_checks == ("subject-repeat",)
