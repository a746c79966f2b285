"""How blocks fall into chapters and bands, and what each is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from markupsafe import Markup, escape

from mailer.edition.blocks import Block, Emphasis, Paragraph
from mailer.edition.model import Section
from mailer.rendering.bands import Band, Body, Chapter, lay_out
from tests.fakes import specimen
from tests.fakes.specimen import at, paragraph, words

FIGURE, VIDEO, BUTTON, SPONSOR = (specimen.CARDS[n] for n in (4, 5, 7, 8))
STORY, TOC, EPIGRAPH = specimen.PLATES[0], specimen.PREFACE[2], specimen.PREFACE[3]


def named(block: Block, **_: object) -> Markup:
    return escape(block.kind + " ")


def told(block: Block, **context: object) -> Markup:
    name = context["on"].name  # type: ignore[attr-defined]
    return escape(f"{block.kind}:{name}:{context.get('inside', '')} ")


def section(*blocks: Block, classes: tuple[str, ...] = ()) -> Section:
    return Section(at=at(20), title=words("T"), id="t", blocks=blocks, classes=classes)


def body(
    *sections: Section, preface: tuple[Block, ...] = (), theme: str = "presse", **kw
) -> Body:
    edition = specimen.edition(preface=preface, sections=sections)
    return lay_out(edition, kw.get("render", named), specimen.shipped(theme))


def shape(chapter: Chapter) -> list[str]:
    """Each band: ``[own]``, or its story and lead, and then its prose."""

    def shaped(band: Band) -> str:
        if band.own:
            return f"[{band.own.strip()}]"
        opening = [part.kind for part in (band.story, band.lead) if part]
        return f"{'+'.join(opening)}|{band.content.strip()}"

    return [shaped(band) for band in chapter.bands]


def shaped(*blocks: Block, theme: str = "presse") -> list[str]:
    return shape(body(section(*blocks), theme=theme).chapters[0])


def test_blocks_of_a_section_share_one_band() -> None:
    """Words, pictures and buttons are one element: that is the whole size budget."""
    assert shaped(paragraph("a"), FIGURE, BUTTON, paragraph("c")) == [
        "|paragraph figure button paragraph"
    ]


def test_bands_stand_in_the_order_of_the_source() -> None:
    """An advertiser between two paragraphs stays between them."""
    assert shaped(paragraph("a"), SPONSOR, SPONSOR, paragraph("b")) == [
        "|paragraph",
        "[sponsor]",
        "[sponsor]",
        "|paragraph",
    ]


def test_a_story_opens_a_band_with_the_picture_under_its_title() -> None:
    """So that a theme can make a card of it; a video or a later picture stays in the text."""
    assert shaped(STORY, FIGURE, paragraph("a"), STORY, paragraph("b"), FIGURE) == [
        "|",
        "story+figure|paragraph",
        "story|paragraph figure",
    ]
    assert shaped(STORY, VIDEO) == ["|", "story|figure"]


def test_a_section_that_begins_with_a_band_still_shows_its_title() -> None:
    """The first band of a section carries the title, even an empty one."""
    assert shaped(SPONSOR) == ["|", "[sponsor]"]
    assert shaped() == ["|"]


def test_a_theme_may_give_any_block_a_band_of_its_own() -> None:
    """The contents are a card in one theme, and part of the text in the other."""
    assert shaped(paragraph("a"), TOC, theme="presse") == ["|paragraph toc"]
    assert shaped(paragraph("a"), TOC, theme="pop") == ["|paragraph", "[toc]"]


def test_the_introduction_stands_under_the_title() -> None:
    """What follows it in the preface is a chapter without a title, if there is any."""
    one = body(section(), preface=(paragraph("a"), EPIGRAPH, paragraph("b")))
    assert one.introduction.strip() == "paragraph"
    assert [c.section is None for c in one.chapters] == [True, False]
    assert shape(one.chapters[0]) == ["[quote]", "|paragraph"]
    two = body(section(), preface=(paragraph("a"),))
    assert [c.section is None for c in two.chapters] == [False]
    assert body(preface=(EPIGRAPH,)).introduction == ""
    assert body().chapters == ()


def test_only_the_first_section_is_first() -> None:
    """A theme may draw a line above the others."""
    made = body(section(), section(), preface=(EPIGRAPH,))
    assert [chapter.first for chapter in made.chapters] == [False, True, False]


@pytest.mark.parametrize(
    ("theme", "classes", "expected"),
    [
        ("presse", (), "paragraph:paper: "),
        ("presse", ("quick",), "paragraph:tint: "),
        ("presse", ("mine", "video"), "paragraph:night: "),
        ("pop", ("tool",), "paragraph:mint: "),
    ],
)
def test_a_block_is_told_the_ground_it_stands_on(theme, classes, expected) -> None:
    """The section's, by its class."""
    made = body(section(paragraph("a"), classes=classes), theme=theme, render=told)
    assert made.chapters[0].bands[0].content == expected
    assert made.chapters[0].on.name == expected.split(":")[1]


def test_what_stands_in_a_box_stands_on_the_ground_of_the_box() -> None:
    """A teaser is night in a white section, and its words are told so."""
    seen: list[str] = []

    def render(block: Block, **context: object) -> Markup:
        seen.append(str(told(block, **context)).strip())
        return Markup()

    body(section(specimen.CARDS[9], specimen.EDITORIAL[9]), render=render)
    assert seen == [
        "brief:night:teaser",
        "box:night:",
        "paragraph:tint:note",
        "box:tint:",
    ]


def test_an_advertiser_s_deadline_stands_apart() -> None:
    """A last paragraph wholly in italics goes below the button."""
    seen: dict[str, object] = {}

    def render(block: Block, **context: object) -> Markup:
        seen.update(context)
        return named(block)

    deadline = Paragraph(at=at(3), content=(Emphasis(words("Jusqu’à lundi.")),))
    assert isinstance(SPONSOR, type(specimen.CARDS[8]))
    offer = replace(SPONSOR, blocks=(paragraph("Un café."), deadline))
    body(section(offer), render=render)
    assert seen["coda"] == words("Jusqu’à lundi.")
    assert seen["content"] == "paragraph "
    body(section(replace(SPONSOR, blocks=(deadline,))), render=render)
    assert seen["coda"] == ()
