"""The playful edition, read line by line as its editor sees it in the outline."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from mailer.edition.blocks import Figure, Label, Poll, Sponsor, Story, Toc, plain
from mailer.edition.model import Edition
from mailer.edition.reading.parse import parse_edition
from tests.unit.edition.conftest import PAPER
from tests.unit.edition.test_example import outline

FOLDER = Path(__file__).parents[2] / "data" / "editions" / "2026-03-12-camembert"
LABELS = {
    "En bref": "summary",
    "Dans le détail": "list",
    "Ce que ça change": "takeaway",
}
OUTLINE = [
    "17 greeting, 19 paragraph, 22 paragraph, 26 paragraph, 29 toc, 1 paragraph",
    "38 list, 45 sponsor",
    "61 story, 63 figure, 65 label, 68 paragraph, 71 label, 73 list, 77 label, "
    "79 story, 81 figure, 83 label, 86 label, 88 list, 92 label, "
    "94 story, 96 figure, 98 label, 101 label, 103 list, 107 label",
    "111 paragraph, 114 subhead, 116 list, 119 subhead, 121 list, 124 button",
    "128 figure, 130 paragraph, 133 quote, 136 poll, "
    "144 only (145 paragraph), 148 only (149 paragraph), 152 signature",
]


@pytest.fixture(scope="module")
def edition() -> Edition:
    return parse_edition(
        (FOLDER / "index.md").read_text("utf-8"),
        file="index.md",
        folder=FOLDER.name,
        publication=replace(PAPER, id="pixel-paprika", labels=LABELS),
        authors={"samia"},
        files={"camembert.jpg", "velo.jpg", "pates.jpg", "marche.jpg"},
        snippets={
            "forwarded": "💌 Transmis ? [Reçois la tienne](https://a.example/).\n"
        },
    )


def test_every_line_becomes_what_its_editor_meant(edition: Edition) -> None:
    """Each block has its kind and its true line, and nothing is doubtful."""
    parts = [outline(edition.preface), *(outline(s.blocks) for s in edition.sections)]
    assert parts == OUTLINE
    assert edition.warnings == ()


def test_sections_have_their_classes_and_their_own_ids(edition: Edition) -> None:
    """An emoji in a title is no part of its address."""
    assert [(section.classes, section.id) for section in edition.sections] == [
        (("quick",), "en-une-minute-montre-en-main"),
        (("numbered",), "les-trois-plats-du-jour"),
        (("tool",), "l-ustensile-carte-a-vent"),
        (("video",), "a-regarder-le-marche-vu-d-en-haut"),
    ]


def test_stories_labels_and_directives_carry_what_was_said(edition: Edition) -> None:
    """Emoji, styles of labels, advertiser, poll, contents, the film behind its picture."""
    blocks = list(edition.every_block())
    stories = [b for b in blocks if isinstance(b, Story)]
    assert [story.emoji for story in stories] == ["🧀", "🚲", "🍝"]
    styles = {plain(b.name): b.style for b in blocks if isinstance(b, Label)}
    assert styles == LABELS
    (sponsor,) = [b for b in blocks if isinstance(b, Sponsor)]
    assert (sponsor.by, sponsor.rel) == ("La Roue Libre", "sponsored")
    assert plain(sponsor.title).startswith("Révision de printemps")
    (poll,) = [b for b in blocks if isinstance(b, Poll)]
    assert [plain(choice)[0] for choice in poll.choices] == ["💬", "🔕", "🧀"]
    (toc,) = [b for b in blocks if isinstance(b, Toc)]
    assert plain(toc.title) == "À la carte cette semaine"
    film = next(b for b in blocks if isinstance(b, Figure) and b.video)
    assert film.href == "https://video.example/marche"


def test_the_head_is_all_there(edition: Edition) -> None:
    """Slug and hour as they were typed, the sender as a mailbox."""
    assert (edition.name, edition.slug) == ("pixel-paprika/47", "camembert-bavard")
    assert edition.sender == "Samia de Pixel & Paprika <samia@pixel-paprika.example>"
    assert edition.send_at == datetime(2026, 3, 12, 12, 0)  # noqa: DTZ001 - local
    assert edition.cover is not None
    assert edition.tags == ("cuisine", "robots", "vélo")
