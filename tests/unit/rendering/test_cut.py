"""The audience cut: nobody sees what is not for them, and numbers fit what they see."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.edition.blocks import (
    Block,
    Box,
    Only,
    Paragraph,
    Paywall,
    Sponsor,
    Story,
    Text,
    Toc,
    plain,
)
from mailer.edition.model import Edition, Section, Variant
from mailer.rendering.cut import cut
from mailer.rendering.words import words_of
from tests.fakes import specimen


def section(*blocks: Block, classes: tuple[str, ...] = ()) -> Edition:
    title = specimen.words("T")
    only = Section(
        at=specimen.at(1), title=title, id="t", classes=classes, blocks=blocks
    )
    return specimen.edition(preface=(), sections=(only,))


def kinds(edition: Edition, variant: Variant) -> list[str]:
    return [b.kind for s in cut(edition, variant).sections for b in s.blocks]


def test_the_paywall_ends_a_section_for_all_but_members() -> None:
    """Free readers and the page keep the card and lose the rest; members see no seam."""
    edition = section(
        specimen.paragraph("a"),
        Paywall(at=specimen.at(2)),
        specimen.paragraph("b"),
    )
    assert kinds(edition, Variant.FREE) == ["paragraph", "paywall"]
    assert kinds(edition, Variant.WEB) == ["paragraph", "paywall"]
    assert kinds(edition, Variant.MEMBER) == ["paragraph", "paragraph"]


def test_only_is_unfolded_for_its_audience() -> None:
    """Each audience and channel sees its own blocks, others nothing of them."""
    blocks = tuple(
        Only(at=specimen.at(1), audience=name, blocks=(specimen.paragraph(name),))
        for name in ("free", "member", "web", "email")
    )
    seen = {
        variant: [
            plain(b.content) for b in cut(section(*blocks), variant).sections[0].blocks
        ]
        for variant in Variant
    }
    assert seen == {
        Variant.FREE: ["free", "email"],
        Variant.MEMBER: ["member", "email"],
        Variant.WEB: ["free", "web"],
        Variant.FEED: ["free", "web"],
        Variant.MEMBER_WEB: ["member", "web"],
    }


def test_a_box_for_one_audience_is_not_shown_to_another() -> None:
    """`only=` on a box works like the directive."""
    box = Box(at=specimen.at(1), name="teaser", only="free")
    edition = section(box, specimen.paragraph("x"))
    assert kinds(edition, Variant.FREE) == ["box", "paragraph"]
    assert kinds(edition, Variant.MEMBER) == ["paragraph"]


def test_stories_are_numbered_after_the_cut() -> None:
    """A number never betrays a story that is not there; the contents follow."""
    story = Story(at=specimen.at(1), title=specimen.words("S"), id="s")
    hidden = Only(
        at=specimen.at(1), audience="member", blocks=(replace(story, id="m"),)
    )
    edition = section(Toc(at=specimen.at(1)), hidden, story, classes=("numbered",))
    for variant, ids in ((Variant.FREE, ["s"]), (Variant.MEMBER, ["m", "s"])):
        toc, *stories = cut(edition, variant).sections[0].blocks
        assert [s.number for s in stories] == list(range(1, len(ids) + 1))
        assert [(e.id, e.number) for e in toc.entries] == [
            (s.id, s.number) for s in stories
        ]


def test_an_empty_section_is_not_shown() -> None:
    """A section of nothing but another audience's words disappears with its title."""
    hidden = Only(
        at=specimen.at(1), audience="member", blocks=(specimen.paragraph("x"),)
    )
    assert cut(section(hidden), Variant.FREE).sections == ()


def test_a_section_that_lost_its_text_says_nothing() -> None:
    """Nor do its title, strap and standfirst; written without text, it stays."""
    hidden = Only(
        at=specimen.at(1), audience="member", blocks=(specimen.paragraph("x"),)
    )
    for blocks, left in (((hidden,), 0), ((), 1), ((Paywall(at=specimen.at(2)),), 1)):
        edition = section(*blocks)
        titled = replace(edition.sections[0], standfirst=specimen.words("chapô"))
        shown = cut(replace(edition, sections=(titled,)), Variant.FREE)
        assert len(shown.sections) == left


def test_the_feed_leaves_advertisers_teasers_and_contents_out() -> None:
    """It reads as the page does, without what sells and without what leads about."""
    edition = section(
        Toc(at=specimen.at(1)),
        Sponsor(at=specimen.at(2), by="X", blocks=(specimen.paragraph("a"),)),
        Box(at=specimen.at(3), name="teaser", only="free"),
        Box(at=specimen.at(4), name="note", blocks=(Toc(at=specimen.at(5)),)),
        specimen.paragraph("x"),
    )
    assert kinds(edition, Variant.FEED) == ["box", "paragraph"]
    assert cut(edition, Variant.FEED).sections[0].blocks[0].blocks == ()


def test_a_closed_archive_shows_strangers_the_card_alone() -> None:
    """`archive: members` keeps the body from page and feed, and from no mail."""
    edition = replace(section(specimen.paragraph("x")), archive="members")
    for variant in (Variant.WEB, Variant.FEED):
        shown = cut(edition, variant)
        assert [b.kind for b in shown.preface] == ["paywall"]
        assert shown.sections == ()
    assert kinds(edition, Variant.FREE) == ["paragraph"]


SECRET = "secret alpha bravo charlie delta echo foxtrot golf"


def blocks(depth: int = 2) -> st.SearchStrategy[Block]:
    """Blocks of public words, members' words and their containers."""
    leaf = st.sampled_from(
        [specimen.paragraph("public words"), Paywall(at=specimen.at(1))]
    )
    secret = st.just(
        Only(at=specimen.at(1), audience="member", blocks=(specimen.paragraph(SECRET),))
    )
    behind = st.just(specimen.paragraph("after"))
    if not depth:
        return leaf
    inner = st.lists(blocks(depth - 1), max_size=3).map(tuple)
    wrapped = st.builds(
        Only,
        at=st.just(specimen.at(1)),
        audience=st.sampled_from(["free", "member", "web", "email"]),
        blocks=inner,
    )
    boxed = st.builds(
        Box,
        at=st.just(specimen.at(1)),
        name=st.just("note"),
        only=st.sampled_from(["", "free", "member"]),
        blocks=inner,
    )
    sold = st.builds(Sponsor, at=st.just(specimen.at(1)), by=st.just("X"), blocks=inner)
    return st.one_of(leaf, secret, behind, wrapped, boxed, sold)


@settings(max_examples=150)
@given(st.lists(blocks(), max_size=6))
def test_no_member_word_reaches_anybody_else(made: list[Block]) -> None:
    """However blocks are nested, members' words stay with members."""
    paywalled = (Paywall(at=specimen.at(1)), specimen.paragraph(SECRET))
    edition = section(*made, *paywalled)
    for variant in (Variant.FREE, Variant.WEB, Variant.FEED):
        assert "alpha" not in words_of(cut(edition, variant))


@settings(max_examples=100)
@given(st.lists(blocks(), max_size=6), st.sampled_from(Variant))
def test_cutting_twice_is_cutting_once(made: list[Block], variant: Variant) -> None:
    """What was cut holds nothing more to cut."""
    once = cut(section(*made), variant)
    assert cut(once, variant) == once
    assert not any(isinstance(b, Only) for s in once.sections for b in s.blocks)
    assert all(
        not (isinstance(b, Paragraph) and b.content == (Text(SECRET),))
        or variant.is_members
        for s in once.sections
        for b in s.blocks
    )
