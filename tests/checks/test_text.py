"""Slips in the text: found where they are, and never where nothing is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.errors import Finding
from tests.checks.conftest import HEAD_LINES, checked

DATA = Path(__file__).parents[1] / "data"
GROUPS = ("typo-", "term-", "placeholder-", "date-weekday", "spam-", "link-", "alt-")


def slips(body: str, lang: str = "fr") -> list[Finding]:
    return [f for f in checked(body, lang=lang) if f.rule.startswith(GROUPS)]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_good_text_is_left_in_peace(lang: str) -> None:
    """Hours, initials, decimals, addresses, faces, tables, quotations in quotations."""
    body = (DATA / "checks" / f"{lang}.md").read_text(encoding="utf-8")
    assert [f"{f} {f.rule}" for f in slips(body, lang)] == []


SLIPS = [
    ("la panne,la grève", "typo-space", 9, (",", ", ")),
    ("**la panne**, l’autre,la grève", "typo-space", 22, (",", ", ")),
    ("en 2026,la grève", "typo-space", 8, (",", ", ")),
    ("[la panne,la grève](https://x.example)", "typo-space", 10, (",", ", ")),
    ("un *mot*,la suite", "typo-space", 9, None),
    ("la panne , la grève", "typo-space", 9, (" ", "")),
    ("Le quai . Une grue .", "typo-space", 8, (" ", "")),
    ("Un quai ( une grue ) vide", "typo-space", 10, (" ", "")),
    ("C’est la fin.Le quai dort", "typo-space", 13, None),
    ("Le quai dort ?Non", "typo-space", 0, None),
    ("Vraiment?Non", "typo-space", 9, None),
    ("Un quai,, une grue", "typo-double", 8, (",,", ",")),
    ("Un  quai", "typo-double", 3, ("  ", " ")),
    ("Un quai..", "typo-double", 8, None),
    ("une grue et la la mer", "typo-double", 13, None),
    ("| a | b |\n|--|--|\n| un  quai | x |", "typo-double", 5, ("  ", " ")),
    ("- **Slug** • un  quai", "typo-double", 16, ("  ", " ")),
    ("« Il dort, dit-elle.", "typo-quotes", 1, None),
    ("Il dort », dit-elle.", "typo-quotes", 9, None),
    ('Il dit "oui et non.', "typo-quotes", 8, None),
    ("Il dit << oui >>.", "typo-quotes", 8, ("<<", "«")),
    ("L’Etat dort", "typo-accent-caps", 3, ("Etat", "État")),
    ("Les Etats-Unis", "typo-accent-caps", 5, ("Etats", "États")),
    ("A l’horizon", "typo-accent-caps", 1, ("A", "À")),
    ("Il dort. A la une, rien.", "typo-accent-caps", 10, ("A", "À")),
    ("Ca va", "typo-accent-caps", 1, ("Ca", "Ça")),
    ("UN EVENEMENT", "typo-accent-caps", 4, ("EVENEMENT", "ÉVÉNEMENT")),
    ("GitHub, GitHub et Github", "term-consistency", 19, None),
    ("Le iPhone, un iPhone. Iphone", "term-consistency", 23, None),
    ("Anse-Noire, Anse-Noire, d’Anse-noire", "term-consistency", 27, None),
    ("Samedi 15 mars", "date-weekday", 1, None),
    ("TODO", "placeholder-left", 1, None),
    ("Lorem ipsum dolor", "placeholder-left", 1, None),
    ("[Un lien](https://www.example.com/x)", "placeholder-left", 19, None),
    ("[Le lien qui dit tout](http://x.example)", "link-http", 24, None),
    ("[Le lien qui dit tout](http://192.168.1.4/)", "link-localhost", 24, None),
    ("[Le lien qui dit tout](https://nas.local/)", "link-localhost", 24, None),
    ("Lisez, [cliquez ici](https://x.example)", "link-generic", 22, None),
    ("Lisez, [En savoir plus…](https://x.example)", "link-generic", 26, None),
    ("Argent facile", "spam-rule", 1, None),
]


@pytest.mark.parametrize(("body", "rule", "column", "fix"), SLIPS)
def test_a_slip_is_found_where_it_is(
    body: str, rule: str, column: int, fix: tuple[str, str] | None
) -> None:
    """Rule, column, and the change that mends it where there is a safe one."""
    found = [f for f in slips(body) if f.rule == rule]
    if column == 0:
        assert found == []
        return
    first = found[0]
    last = HEAD_LINES + len(body.split("\n"))
    assert (first.line, first.column) == (last, column)
    assert (first.fix and (first.fix.before, first.fix.after)) == fix


def test_english_has_no_space_before_its_signs() -> None:
    """What is right in French is a slip in English, and the other way round."""
    assert [f.column for f in slips("Really ? Yes : no", "en")] == [7, 13]
    assert slips("Vraiment ? Oui : non", "fr") == []


def test_a_word_broken_over_lines_is_found_on_its_own_line() -> None:
    """Paragraphs are read whole, findings point into their lines."""
    (found,) = slips("Une ligne\net samedi\n15 mars au soir")
    assert (found.rule, found.line, found.column) == (
        "date-weekday",
        HEAD_LINES + 2,
        4,
    )


def test_the_front_matter_is_read_too() -> None:
    """Subject and subtitle are the words that are read most."""
    text = "---\ntitle: L’Etat,la mer\ndate: 2026-03-14\nsubtitle: Un quai\n---\nUn."
    found = {(f.rule, f.line, f.column) for f in slips(text)}
    assert found == {("typo-accent-caps", 2, 10), ("typo-space", 2, 14)}


def test_a_leap_day_finds_its_year() -> None:
    """29 February is judged in the leap year nearest to the edition."""
    head = "---\ntitle: T\nsubtitle: S\ndate: {}\n---\n"
    assert slips(head.format("2027-12-25") + "Mardi 29 février.") == []
    (wrong,) = slips(head.format("2027-12-25") + "Lundi 29 février.")
    assert wrong.rule == "date-weekday"
    assert slips(head.format("2026-12-26") + "Vendredi 1er janvier.") == []
