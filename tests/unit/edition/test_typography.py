"""French and English typography, set at render."""

from __future__ import annotations

import re
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
from mailer.edition.typography import AS_TYPED, Style, set_edition

N, W = "\u202f", "\u00a0"


FRENCH = Style("fr")
ENGLISH = Style("en")

FRENCH_LINES = [
    # what stands high: a narrow space, and one even where none was typed
    ("ça va ?", "ça va_?"),
    ("oui ; non !", "oui_; non_!"),
    ("Quoi! rien; fini?!", "Quoi_! rien_; fini_?!"),
    ("Vraiment ??? Oui !!!", "Vraiment_??? Oui_!!!"),
    ("Oh… ! Ah...?", "Oh…_! Ah…_?"),
    ("Super !🎉 Bravo 🎉 !", "Super_!🎉 Bravo 🎉_!"),
    ("(oui !) (!) [?] ?", "(oui_!) (!) [?]_?"),
    ("a != b, !important", "a != b, !important"),
    # the colon: a wide one
    ("Bonjour : oui", "Bonjour~: oui"),
    ("Note: à 10:30", "Note~: à 10:30"),
    ("Voici:", "Voici~:"),
    ("en 2026: rien, 100 %: tout", "en 2026~: rien, 100~%~: tout"),
    (
        "de 18:30 à 20:00, ratio 1:1, Genèse 1:1",
        "de 18:30 à 20:00, ratio 1:1, Genèse 1:1",
    ),
    ("clé:valeur", "clé:valeur"),
    # quotations
    ("« mot »", "«~mot~»"),
    ("«mot»", "«~mot~»"),
    ("«\u202fmot\u202f»", "«~mot~»"),
    ("«Non»: rien", "«~Non~»~: rien"),
    ('il dit "mot".', "il dit «~mot~»."),
    ('"Bonjour", dit-il. "Oui !"', "«~Bonjour~», dit-il. «~Oui_!~»"),
    ('l\'"école", (d\'"art")', "l’«~école~», (d’«~art~»)"),
    ('« elle dit "non" hier »', "«~elle dit “non” hier~»"),
    ('"elle dit “non” hier"', "«~elle dit “non” hier~»"),
    ("“seuls”", "«~seuls~»"),
    ("« l'un « l'autre » »", "«~l’un «~l’autre~»~»"),
    ('un écran 27" et "vrai"', 'un écran 27" et «~vrai~»'),
    ('sans fin "ouvert', 'sans fin "ouvert'),
    ('""', '""'),
    ("«»", "«»"),
    # apostrophes
    ("l'ami aujourd'hui p'tit", "l’ami aujourd’hui p’tit"),
    ("m'a dit 'non' hier", "m’a dit ‘non’ hier"),
    ("les années '90, rock 'n' roll", "les années ’90, rock ’n’ roll"),
    ("5'10 et 27'", "5'10 et 27'"),
    # dots
    ("attends...", "attends…"),
    ("etc....", "etc…"),
    ("de 1..5", "de 1..5"),
    # numbers
    ("38 000 €", "38_000~€"),
    ("100 000 000 € et 1 240 escales", "100_000_000~€ et 1_240 escales"),
    ("1 234,50 €", "1_234,50~€"),
    ("en 2026 100 personnes", "en 2026 100 personnes"),
    ("2026 2027 ; 01 23 45 67 89", "2026 2027_; 01 23 45 67 89"),
    ("10000 et 75001", "10000 et 75001"),
    ("100% à 20€, %20, 50%20", "100~% à 20~€, %20, 50%20"),
    ("11 % de 14 h", "11~% de 14~h"),
    ("à 7 h 30, 2 min 5 s, 30 min 40 ko", "à 7~h~30, 2~min~5~s, 30~min 40~ko"),
    ("18 km/h, 25 °C, 14 M€, 5 ans", "18~km/h, 25~°C, 14~M€, 5~ans"),
    ("3 mots, 4 mars", "3 mots, 4~mars"),
    # references and people
    (
        "n° 118, N° 3, p. 34, pp. 2-3, art. 5, § 4",
        "n°~118, N°~3, p.~34, pp.~2-3, art.~5, §~4",
    ),
    ("M. Dupont, Mme Durand, Mlle Élise", "M.~Dupont, Mme~Durand, Mlle~Élise"),
    ("au XXIe siècle", "au XXIe~siècle"),
    # days
    ("le 14 mars, le 1 janvier, le 1er mai", "le 14~mars, le 1er~janvier, le 1er~mai"),
    ("mardi 1 octobre 2026, n° 1 mars", "mardi 1er~octobre 2026, n°~1~mars"),
    # dashes
    ("a – b, c – d – e", "a –~b, c~– d – e"),
    ("mot – incise – mot – deux – fin.", "mot –~incise~– mot –~deux~– fin."),
    ("seul – tiret", "seul – tiret"),
    ("– Bonjour !", "–~Bonjour_!"),
    ("a - b - c, 3-4", "a - b - c, 3-4"),
    # what is left alone
    ("A → B ⇒ C", "A → B ⇒ C"),
    ("https://a.example/b?c=1;d", "https://a.example/b?c=1;d"),
    ("voir http://a.example/?q=l'a...b !", "voir http://a.example/?q=l'a...b_!"),
    ("www.a.example/x; marc@a.example : oui", "www.a.example/x; marc@a.example~: oui"),
    ("sourire :-) ;-) :D", "sourire :-) ;-) :D"),
    ("👩‍👩‍👧 🇫🇷 ❤️ 1️⃣ !", "👩‍👩‍👧 🇫🇷 ❤️ 1️⃣_!"),
    ("שלום עולם", "שלום עולם"),
    ("The “Times”? No: it's 5 p.m.", "The «~Times~»_? No~: it’s 5 p.m."),
]
ENGLISH_LINES = [
    ('He said "it\'s 11 %"...', "He said “it’s 11~%”…"),
    ("\"She said 'no' twice\"", "“She said ‘no’ twice”"),
    ("the dogs' bowls, the '90s, the 80's", "the dogs’ bowls, the ’90s, the 80’s"),
    ("What? No; yes: 18:30!", "What? No; yes: 18:30!"),
    ("« mot », “curly”", "« mot », “curly”"),
    ("March 14, 14 March, No. 118, p. 34", "March~14, 14~March, No.~118, p.~34"),
    ("Mr. Smith, Dr Who, 18 km", "Mr.~Smith, Dr~Who, 18~km"),
    ("38 000 and 38,000", "38 000 and 38,000"),
    ("https://a.example/it's...", "https://a.example/it's…"),
]


def shown(marked: str) -> str:
    """``_`` for a narrow space, ``~`` for a wide one."""
    return marked.replace("_", N).replace("~", W)


@pytest.mark.parametrize(("typed", "marked"), FRENCH_LINES)
def test_french_is_set_as_printers_do(typed: str, marked: str) -> None:
    """Spaces, quotes and apostrophes follow French usage; addresses stay."""
    assert FRENCH.text(typed) == shown(marked)
    assert FRENCH.text(shown(marked)) == shown(marked)


@pytest.mark.parametrize(("typed", "marked"), ENGLISH_LINES)
def test_english_is_set_as_printers_do(typed: str, marked: str) -> None:
    """English gets its quotes and no French spaces."""
    assert ENGLISH.text(typed) == shown(marked)
    assert ENGLISH.text(shown(marked)) == shown(marked)


def test_fonts_without_the_narrow_space_get_the_wide_one() -> None:
    """Everywhere: no box is printed between two figures either."""
    wide = Style("fr", "wide")
    once = wide.text("oui ; 38 000 € : « non ! »")
    assert once == f"oui{W}; 38{W}000{W}€{W}: «{W}non{W}!{W}»"
    assert wide.text(once) == once


def test_marks_do_not_hide_spaces(body) -> None:
    """A space before a colon is found even where bold ends before it."""
    edition = set_edition(
        body("# T\n\n*« mot »* **gras** : `a : b` {{ name }} !\n"), FRENCH
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
    section = set_edition(body(text), FRENCH).sections[0]
    assert section.title == (Text(f"Quoi{N}?"),)
    (figure,) = section.blocks
    assert (figure.alt, figure.src) == (f"vu{W}: ça", "port.jpg")
    assert figure.caption == (Text(f"Là{W}: oui"),)


def test_as_typed_means_as_typed(body) -> None:
    """Without a style nothing changes."""
    edition = body("# T\n\nça va ?\n")
    assert set_edition(edition, AS_TYPED) is edition


LETTERS = st.text(
    st.sampled_from("ab1 0€%:;!?«»“”\"'.…’‘–(/@\u00a0\u202f")
    | st.sampled_from("mhnp°,"),
    max_size=40,
)
STYLES = st.sampled_from([FRENCH, ENGLISH, Style("fr", "wide")])


@settings(max_examples=300)
@given(LETTERS, STYLES)
def test_letters_are_never_lost(text: str, style: Style) -> None:
    """Only spaces, quotes, apostrophes and dots change."""
    kept = re.compile(r"[^ab10€%:;!?mhnp°,(/@–]")
    assert kept.sub("", style.text(text)) == kept.sub("", text)


@settings(max_examples=300)
@given(LETTERS | st.text(max_size=30), STYLES)
def test_setting_twice_changes_nothing(text: str, style: Style) -> None:
    """What is set stays set."""
    once = style.text(text)
    assert style.text(once) == once


@settings(max_examples=200)
@given(st.lists(LETTERS, min_size=1, max_size=5), STYLES)
def test_no_letter_leaves_its_mark(texts: list[str], style: Style) -> None:
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
    kept = re.compile(r"[^ab10€%:;!?mhnp°,(/@–]")
    assert [kept.sub("", plain((node,))) for node in block.content] == [
        kept.sub("", text) for text in texts
    ]
