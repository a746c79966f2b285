"""An item of the inbox: a few keys, a text, and no fault that is not told."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.edition.feature import Feature, Form, Supply
from mailer.edition.gathering.item import pictures_in, read_item
from mailer.edition.gathering.sorting import Item, sort_items
from mailer.errors import EditionError
from mailer.phrases import did_you_mean

SATURDAY = date(2026, 3, 14)
FEATURES = (
    Feature(name="breves", supply=Supply.INBOX, title="Cartes sur table", count=3),
    Feature(name="edito", supply=Supply.HAND),
    Feature(name="outil", supply=Supply.INBOX, count=1),
)
WHOLE = """\
---
section: breves
kind: story
title: "Sondes ouvertes : la suite"
link: https://hydro.example/a?b=c
author: claire
date: 2026-03-14
picture: port.jpg
alt: Deux grues
caption: Un "quai"
---

# Pas un titre

Le texte.
"""


def test_everything_that_can_be_said() -> None:
    """Each key has its place; a title in the head leaves the text's heading alone."""
    item = read_item(WHOLE, name="a.md")
    piece = item.piece
    assert item.section == "breves"
    assert piece.form is Form.STORY
    assert piece.title == "Sondes ouvertes : la suite"
    assert piece.link == "https://hydro.example/a?b=c"
    assert piece.author == "claire"
    assert piece.day == SATURDAY
    assert piece.picture == '![Deux grues](port.jpg "Un ”quai”")'
    assert piece.text == "# Pas un titre\n\nLe texte."


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("# Titre\n\nTexte.", "Titre", "Texte."),
        ("## Titre ##\nTexte.", "Titre", "Texte."),
        ('# Titre {emoji="🧀"}', 'Titre {emoji="🧀"}', ""),
        ("Texte seul.", "", "Texte seul."),
        ("\ufeff# Titre\r\n\r\nTexte.\r\n", "Titre", "Texte."),
        ("---\n---\nTexte.", "", "Texte."),
        ("#Titre", "", "#Titre"),
        ("", "", ""),
    ],
)
def test_the_head_may_be_left_out(text: str, title: str, body: str) -> None:
    """A heading on the first line is the title; the rest is the text as it stands."""
    piece = read_item(text, name="a.md").piece
    assert (piece.title, piece.text) == (title, body)


def test_a_picture_beside_it_is_shown_once() -> None:
    """One of the same name is found; one that the text shows already is not added."""
    beside = read_item("Texte.", name="a.md", picture="a b.jpg", gap="TODO")
    assert beside.piece.picture == "![TODO](<a b.jpg>)"
    shown = read_item("![Un quai](a.jpg)", name="a.md", picture="a.jpg")
    assert shown.piece.picture == ""
    assert pictures_in("![a](<b c.jpg>) ![x](https://a.fr/b.jpg) ![y](d.png)") == [
        "b c.jpg",
        "d.png",
    ]


@pytest.mark.parametrize(
    ("line", "rule", "said"),
    [
        ("sektion: breves", "meta-unknown-key", "unknown key sektion"),
        ("kind: breve", "meta-value", "breve is none of brief"),
        ("date: samedi", "meta-value", "samedi is no date"),
        ("link: javascript:x", "meta-value", "no address"),
        ("link: https://a.fr/b c", "meta-value", "no address"),
        ("link: https://[::1", "meta-value", "no address"),
        ("title: [a, b]", "meta-value", "title: one line"),
        ('title: "a\\x07"', "meta-value", "title: U+0007"),
        ("title: a: b", "meta-syntax", "not YAML"),
        ("title: &a b", "", ""),
        ("title: *a", "meta-value", "aliases"),
    ],
)
def test_a_fault_is_told_at_its_line(line: str, rule: str, said: str) -> None:
    """Every one, with its rule."""
    text = f"---\nsection: breves\n{line}\n---\nTexte."
    if not rule:
        read_item(text, name="a.md")
        return
    with pytest.raises(EditionError) as caught:
        read_item(text, name="a.md")
    (finding,) = caught.value.findings
    assert (finding.rule, finding.file, finding.line) == (rule, "a.md", 3)
    assert said in str(finding)


@given(st.text(st.sampled_from("-:#[]{}&*!|>'\"\n ab\x07é\ud800éd"), max_size=60))
@example("---\n")
@example("---\nkind: \n---")
@example("---\n" + "[" * 60 + "\n---")
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is an item, or an EditionError with a place."""
    for whole in (text, f"---\n{text}\n---\nTexte."):
        with suppress(EditionError):
            assert read_item(whole, name="a.md").piece.name == "a.md"


def item(name: str, **more: object) -> Item:
    said = {"section": "breves"} | {k: v for k, v in more.items() if k != "date"}
    text = f"---\ndate: {more['date']}\n---\nx" if "date" in more else "x"
    read = read_item(text, name=name)
    return Item(piece=read.piece, **said)  # type: ignore[arg-type]


def names(items: list[Item]) -> list[str]:
    return [each.piece.name for each in items]


def test_items_stand_in_the_order_of_their_names() -> None:
    """Numbers as people count them, whatever the folder they lay in."""
    found = sort_items(
        [item("10-a.md"), item("b.md"), item("z/2-c.md")], FEATURES, day=SATURDAY
    )
    assert names(found.chosen["breves"]) == ["z/2-c.md", "10-a.md", "b.md"]


def test_who_was_taken_keeps_the_place() -> None:
    """A full feature lets in nobody new, whatever the name; the others wait."""
    items = [
        *(item(f"{n}.md", taken=True) for n in (5, 6, 7)),
        item("1.md"),
        item("2.md", section="Cartes sur table"),
    ]
    found = sort_items(items, FEATURES, day=SATURDAY)
    assert names(found.chosen["breves"]) == ["5.md", "6.md", "7.md"]
    assert dict(found.waiting).keys() == {"1.md", "2.md"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"section": ""}, "it does not say its section; there are: breves, outil"),
        ({"section": "brèves"}, "no section brèves: did you mean breves?"),
        ({"section": "edito"}, str(did_you_mean("edito", ["breves", "outil"]))),
        ({"date": "2026-03-07"}, "March 7, 2026, which is past"),
        ({"date": "2026-03-21"}, "it is meant for Saturday, March 21, 2026"),
    ],
)
def test_what_has_no_place_waits(more: dict[str, object], said: str) -> None:
    """With the reason."""
    found = sort_items([item("a.md", **more)], FEATURES, day=SATURDAY)
    ((name, reason),) = found.waiting
    assert name == "a.md"
    assert said in str(reason)


def test_a_folder_is_a_section_and_one_feature_is_enough() -> None:
    """What an item says counts before where it lay."""
    both = [item("a.md", section="", folder="outil"), item("b.md", folder="outil")]
    found = sort_items(both, FEATURES, day=SATURDAY)
    assert names(found.chosen["outil"]) == ["a.md"]
    assert names(found.chosen["breves"]) == ["b.md"]
    alone = sort_items([item("c.md", section="")], FEATURES[:2], day=SATURDAY)
    assert names(alone.chosen["breves"]) == ["c.md"]
    nowhere = sort_items([item("d.md")], FEATURES[1:2], day=SATURDAY)
    assert "no feature is filled" in str(nowhere.waiting[0][1])
