"""French and English typography, set at render."""

from __future__ import annotations

import re
import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.edition.blocks import (
    Code,
    Emphasis,
    Paragraph,
    Placeholder,
    Source,
    Strong,
    Text,
    plain,
)
from mailer.edition.model import Edition
from mailer.edition.typography import set_edition, set_text

N, W = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Bonjour : oui", f"Bonjour{W}: oui"),
        ("ça va ?", f"ça va{N}?"),
        ("oui ; non !", f"oui{N}; non{N}!"),
        ("« mot »", f"«{W}mot{W}»"),
        ('il dit "mot".', f"il dit «{W}mot{W}»."),
        ("l'ami", "l’ami"),
        ("attends...", "attends…"),
        ("38 000 €", f"38{N}000{W}€"),
        ("11 % de 14 h", f"11{W}% de 14{W}h"),
        ("n° 118, p. 34", f"n°{W}118, p.{W}34"),
        ("le 14 mars", f"le 14{W}mars"),
        ("Quoi! «Non»: rien; fini?!", f"Quoi{N}! «{W}Non{W}»: rien{N}; fini{N}?!"),
        ("Note: à 10:30", f"Note{W}: à 10:30"),
        ("a – b, c – d – e", f"a –{W}b, c{W}– d – e"),
        ("seul – tiret", "seul – tiret"),
        ("https://a.example/b?c=1", "https://a.example/b?c=1"),
    ],
)
def test_french_is_set_as_printers_do(typed: str, shown: str) -> None:
    """Spaces, quotes and apostrophes follow French usage; addresses stay."""
    assert set_text(typed, "fr") == shown


def test_english_is_set_as_printers_do() -> None:
    """English gets its quotes and no French spaces."""
    assert set_text('He said "it\'s 11 %"...', "en") == f"He said “it’s 11{W}%”…"


def test_marks_do_not_hide_spaces(body) -> None:
    """A space before a colon is found even where bold ends before it."""
    edition = set_edition(
        body("# T\n\n*« mot »* **gras** : `a : b` {{ name }} !\n"), "fr"
    )
    (block,) = edition.sections[0].blocks
    assert isinstance(block, Paragraph)
    assert block.content[0] == Emphasis((Text(f"«{W}mot{W}»"),))
    assert block.content[2] == Strong((Text("gras"),))
    assert block.content[3] == Text(f"{W}: ")
    assert Code("a : b") in block.content
    assert Placeholder("name") in block.content


def test_titles_and_captions_are_set_too(body) -> None:
    """Every field of words is set, and no other."""
    text = '# Quoi ?\n\n![vu : ça](port.jpg "Là : oui")\n'
    section = set_edition(body(text), "fr").sections[0]
    assert section.title == (Text(f"Quoi{N}?"),)
    (figure,) = section.blocks
    assert (figure.alt, figure.src) == (f"vu{W}: ça", "port.jpg")
    assert figure.caption == (Text(f"Là{W}: oui"),)


def test_as_typed_means_as_typed(body) -> None:
    """Without a style nothing changes."""
    edition = body("# T\n\nça va ?\n")
    assert set_edition(edition, "") is edition


def test_an_edition_is_set_at_once(body) -> None:
    """A page in one paragraph is set in no time: every variant sets its words anew."""
    edition = body("# T\n\n" + "Le *gain* : « 11 % » ; 1 240 escales ! " * 300)
    started = time.perf_counter()
    set_edition(edition, "fr")
    assert time.perf_counter() - started < 1


LETTERS = st.text(st.sampled_from("ab1 0€%:;!?«»\"'.…’–\u00a0\u202f"), max_size=40)


@settings(max_examples=300)
@given(LETTERS, st.sampled_from(["fr", "en"]))
def test_letters_are_never_lost(text: str, style: str) -> None:
    """Only spaces, quotes, apostrophes and dots change."""
    kept = re.compile(r"[^ab10€%:;!?]")
    assert kept.sub("", set_text(text, style)) == kept.sub("", text)


@settings(max_examples=300)
@given(LETTERS)
def test_setting_twice_changes_nothing(text: str) -> None:
    """What is set stays set."""
    once = set_text(text, "fr")
    assert set_text(once, "fr") == once


@settings(max_examples=200)
@given(st.lists(LETTERS, min_size=1, max_size=5), st.sampled_from(["fr", "en"]))
def test_no_letter_leaves_its_mark(texts: list[str], style: str) -> None:
    """What was bold is bold after, what was plain is plain, letter by letter."""
    nodes = tuple(
        Strong((Text(text),)) if number % 2 else Text(text)
        for number, text in enumerate(texts)
    )
    at = Source("index.md", 1)
    edition = Edition(
        at=at,
        publication="p",
        folder="f",
        slug="s",
        title="T",
        date=date(2026, 3, 14),
        preface=(Paragraph(at=at, content=nodes),),
    )
    (block,) = set_edition(edition, style).preface
    assert isinstance(block, Paragraph)
    kept = re.compile(r"[^ab10€%:;!?–]")
    assert [kept.sub("", plain((node,))) for node in block.content] == [
        kept.sub("", text) for text in texts
    ]
