"""Polls and the blocks a theme brings, in every channel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.edition.blocks import Block, Cell, Custom, Poll, Table, Text
from mailer.edition.model import Section, Variant
from mailer.edition.typography import Style, set_edition
from mailer.errors import EditionError
from mailer.rendering.model import Rendering
from mailer.rendering.personalise import hole
from mailer.rendering.render import render
from mailer.rendering.shares import shares
from mailer.rendering.words import words_of
from mailer.workspace.themes import theme_blocks
from tests.fakes import specimen

THEMES = pytest.mark.parametrize("theme", ["presse", "pop", "texte"])
BARS = ('width="100%"', 'width="50%"')
POLL = next(b for b in specimen.PLATES if isinstance(b, Poll))
CHART = next(b for b in specimen.CARDS if isinstance(b, Custom))


def shown(
    *blocks: Block,
    variant: Variant = Variant.FREE,
    theme: str = "presse",
    **changed: object,
) -> Rendering:
    section = Section(
        at=specimen.at(1), title=specimen.words("T"), id="t", blocks=blocks
    )
    edition = specimen.edition(preface=(), sections=(section,))
    return render(edition, variant, specimen.scene(theme, **changed))


def chart(*values: str) -> Custom:
    rows = tuple((Cell(specimen.words("x")), Cell(specimen.words(v))) for v in values)
    table = Table(
        at=specimen.at(9), head=(Cell(()), Cell(())), rows=rows, align=("left", "right")
    )
    return Custom(at=specimen.at(8), name="chart", blocks=(table,))


@THEMES
def test_each_choice_has_its_link(theme: str) -> None:
    """One address per choice, counted from 1, in both parts."""
    mail = shown(POLL, theme=theme)
    for part in (mail.html, mail.text):
        for place in (1, 2):
            assert f"{hole('poll_url')}/frigo/{place}" in part
    assert "mercredi 18 mars 2026" in mail.text


@THEMES
def test_where_nothing_is_hosted_one_votes_by_replying(theme: str) -> None:
    """No link that leads nowhere, and a line that says how to answer."""
    mail = shown(POLL, theme=theme, public_url=None, latest=())
    for part in (mail.html, mail.text):
        assert "poll_url" not in part
        assert "réponds poliment" in part
    assert "Pour voter, il suffit de répondre à ce message." in mail.text


@THEMES
def test_the_page_shows_the_poll_without_anybody_s_link(theme: str) -> None:
    """A page is the same for everybody: it cannot know who votes."""
    page = shown(POLL, theme=theme, variant=Variant.WEB).html
    assert "manges les preuves" in page
    assert "/frigo/1" not in page


@THEMES
def test_a_chart_is_drawn_from_its_table(theme: str) -> None:
    """The greatest number fills the line; the page and the text keep the numbers."""
    mail = shown(CHART, theme=theme)
    full, half = ("▇" * 20, "▇" * 10) if theme == "texte" else BARS
    assert full in mail.html
    assert half in mail.html.replace(full, "")
    assert (
        "Réseau           3 100 €".replace("3 100", "3\u202f100").replace(
            " €", "\u00a0€"
        )
        in mail.text
    )
    assert "width:50%" in shown(CHART, theme=theme, variant=Variant.WEB).html


@pytest.mark.parametrize(
    ("values", "lang", "expected"),
    [
        (("10", "5"), "fr", [100, 50]),
        (("6 200 €", "3\u202f100,00 €"), "fr", [100, 50]),
        (("$6,200.50", "$3,100.25"), "en", [100, 50]),
        (("1.5", "3"), "fr", [50, 100]),
        (("−3", "6"), "fr", [0, 100]),
        (("0", "0"), "fr", [0, 0]),
    ],
)
def test_numbers_are_read_as_their_language_writes_them(
    values: tuple[str, ...], lang: str, expected: list[int]
) -> None:
    """Thousands, decimals and units do not make a bar longer."""
    assert shares(chart(*values), lang) == expected


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (replace(CHART, blocks=()), "index.md:82: chart is drawn from a table"),
        (chart("dix"), "index.md:8: chart: there is no number in “dix”"),
    ],
)
def test_a_chart_that_cannot_be_drawn_is_told_at_its_line(block, said: str) -> None:
    """No bar is guessed."""
    with pytest.raises(EditionError) as refused:
        shown(block)
    assert str(refused.value.findings[0]).startswith(said)


def test_a_theme_s_block_may_refuse_what_it_is_given() -> None:
    """Templates tell the editor what they need, at file and line."""
    theme = specimen.shipped("presse")
    refusing = "{% if not block.said('unit') %}{{ refuse('say unit=') }}{% endif %}"
    templates = {f"blocks/gauge.{c}.j2": refusing for c in ("mjml", "html", "txt")}
    theme = replace(theme, templates={**theme.templates, **templates})
    assert theme_blocks(theme)["gauge"] == {"mjml", "html", "txt"}
    with pytest.raises(EditionError, match=r"index\.md:8: gauge: say unit="):
        shown(Custom(at=specimen.at(8), name="gauge"), theme=theme)


def test_only_blocks_that_are_not_ours_are_the_theme_s() -> None:
    """::: quote stays an unknown directive although the theme has that template."""
    assert set(theme_blocks(specimen.shipped("pop"))) == {"chart"}


def test_a_theme_s_block_is_set_and_read_like_any_other() -> None:
    """Typography and the word count reach its attributes, title and body."""
    block = Custom(
        at=specimen.at(8),
        name="gauge",
        argument="l'eau",
        attributes={"unit": "Attention !", "href": "https://a.example/?b=1 !"},
        title=(Text("Vraiment ?"),),
        blocks=(specimen.paragraph("Oui !"),),
    )
    section = Section(at=specimen.at(1), title=(), id="t", blocks=(block,))
    edition = set_edition(
        specimen.edition(preface=(), sections=(section,)), Style("fr")
    )
    (found,) = edition.sections[0].blocks
    assert isinstance(found, Custom)
    assert found.argument == "l’eau"
    assert found.attributes == {
        "unit": "Attention\u202f!",
        "href": "https://a.example/?b=1 !",
    }
    assert found.title == (Text("Vraiment\u202f?"),)
    assert words_of(edition) == ["l", "eau", "attention", "vraiment", "oui"]
