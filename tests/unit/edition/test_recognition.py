"""What looks decide, how to say that it was meant otherwise, and what is told in doubt."""

from __future__ import annotations

import unicodedata

import pytest

from mailer.edition.blocks import (
    Box,
    Brief,
    Custom,
    Figure,
    Flag,
    Greeting,
    Label,
    Link,
    List,
    Only,
    Paragraph,
    Paywall,
    Poll,
    Quote,
    Signature,
    Sponsor,
    Story,
    Toc,
    plain,
)
from mailer.errors import EditionError
from tests.unit.edition.conftest import HEAD, parse
from tests.unit.edition.test_directives import read

DOUBTS = [
    ("A • B", "7: this looks like a strap with one • only"),
    ("A • B • C.", "7: this looks like a strap, but ends with a full stop"),
    ("A • *B* • C", "7: this looks like a strap, but has marks in it"),
    ("*Phrase.*\n\nA • B • C", "9: a strap stands above the standfirst"),
    ("*Une phrase*.", "7: this looks like a standfirst, but a sign stands after"),
    ("x\n\n**Slug** • text", "9: this looks like a brief, and is a paragraph"),
    ("- Slug • text", "7: this looks like a brief, and is an item of a list"),
    ("- **Slug** • text\n  - nested", "7: this looks like a brief, and is an item"),
    ("- **HORIZON : x.** y", "7: HORIZON is no flag of this publication"),
    ("x\n\n**À retenir** : y", "9: this looks like a label, but its colon is not"),
    ("x\n\n#Titre", "9: a title has a space after its #"),
    ("x\n\nTitre\n===", "9: a line of === makes no title"),
    ("x ~~y~~ z", "7: ~~y~~ was meant to be a mark, and is printed"),
    ("[x] (https://a.example)](y", "7: ](… was meant to be a mark, and is printed"),
    ("x {.plan}", "7: {.plan} was meant to be a mark, and is printed"),
    ('a [b](https://c.example "d") e', "7:26: the title of a link is not shown: d"),
]


@pytest.mark.parametrize(("text", "said"), DOUBTS, ids=lambda v: v[:25])
def test_what_almost_looks_like_something_is_told(text: str, said: str) -> None:
    """A silent miss is found by readers; one warning, at its line, with the way out."""
    (warning,) = read(text).warnings
    assert str(warning).startswith(f"index.md:{said}")
    assert warning.hint


MEANT = [
    "A • B {.plain}",
    "A • B • C. {.plain}",
    "*Une phrase*. {.plain}",
    "x\n\n**Slug** • text {.plain}",
    "x\n\n**Slug** \\• text",
    "- Slug • text {.plain}",
    "- **HORIZON : x.** y {.plain}",
    "x\n\n\\#Titre",
    "x\n\n**À retenir** : y {.plain}",
    "**Vendredi** il pleut.",
    "Le cours • monte. Personne n’en parle.",
]


@pytest.mark.parametrize("text", MEANT)
def test_what_is_meant_is_left_in_peace(text: str) -> None:
    """{.plain}, a backslash, or plain prose: no warning, and the words as typed."""
    edition = read(text)
    assert edition.warnings == ()
    assert not edition.sections[0].strap
    assert not edition.sections[0].standfirst


PLAIN = [
    ("x\n\n**Bold.** {.plain}", Paragraph),
    ("x\n\n**Label :** text {.plain}", Paragraph),
    ("x\n\n**Label \\:** text", Paragraph),
    ("x\n\n- **Slug** • text {.plain}", List),
    ("x\n\n- **Slug** \\• text", List),
    ("x\n\n- **DANS LE SILLAGE : x.** y {.plain}", List),
    ("A • B • C {.plain}", Paragraph),
    ("A \\• B • C", Paragraph),
    ("*Phrase.* {.plain}", Paragraph),
]


@pytest.mark.parametrize(("text", "kind"), PLAIN, ids=lambda v: str(v)[:25])
def test_every_recognition_can_be_turned_off(text: str, kind: type) -> None:
    """By a trailing {.plain}, or by a backslash before the marker."""
    section = read(text).sections[0]
    assert isinstance(section.blocks[-1], kind)
    assert not section.strap
    assert not section.standfirst


def test_a_greeting_can_be_plain_too() -> None:
    """Before the first section, bold alone greets unless it says otherwise."""
    assert isinstance(parse(HEAD + "**Bonjour !**\n").preface[0], Greeting)
    assert isinstance(parse(HEAD + "**Bonjour !** {.plain}\n").preface[0], Paragraph)
    (warning,) = parse(HEAD + "**Bonjour**,\n").warnings
    assert "looks like a greeting" in str(warning)


def test_a_strap_may_link_to_whom_it_names() -> None:
    """Entities are names, and names may be links."""
    section = read("A • [B](https://b.example) • C\n\nx").sections[0]
    assert plain(section.strap) == "A • B • C"
    assert any(isinstance(node, Link) for node in section.strap)


@pytest.mark.parametrize("dash", ["— ", "– ", "-- ", "― "])
def test_a_source_begins_with_any_dash(dash: str) -> None:
    """As many keyboards as there are dashes."""
    (quote,) = read(f"> Mer.\n> {dash}Dicton").sections[0].blocks
    assert (plain(quote.paragraphs[0]), plain(quote.source)) == ("Mer.", "Dicton")


def test_a_quote_in_a_box_is_no_epigraph() -> None:
    """The epigraph stands by itself before the first section."""
    box, quote = parse(HEAD + "::: box note\n> a\n:::\n\n> b\n").preface
    assert isinstance(box, Box)
    assert [q.epigraph for q in (*box.blocks, quote) if isinstance(q, Quote)] == [
        False,
        True,
    ]


ONLY = [
    ("::: box note\nx\n:::", Box),
    ('::: sponsor {by="X"}\nx\n:::', Sponsor),
    ("::: poll p\nQ ?\n\n- a\n- b\n:::", Poll),
    ("::: toc\n:::", Toc),
    ("::: signature claire\n:::", Signature),
    ("::: snippet forwarded\n:::", Paragraph),
    ("::: chart\nx\n:::", Custom),
    (":::: only web\nx\n::::", Only),
]


@pytest.mark.parametrize(("inner", "kind"), ONLY, ids=lambda v: str(v)[:15])
@pytest.mark.parametrize("audience", ["free", "member", "web", "email"])
def test_only_wraps_any_directive(audience: str, inner: str, kind: type) -> None:
    """With a longer fence, for any audience and either channel."""
    (only,) = read(f"::::: only {audience}\n{inner}\n:::::").sections[0].blocks
    assert isinstance(only, Only)
    assert only.audience == audience
    assert [type(block) for block in only.blocks] == [kind]


@pytest.mark.parametrize("outer", ["box note", 'sponsor {by="X"}', "poll p", "toc"])
def test_no_other_directive_wraps_one(outer: str) -> None:
    """Not even with a longer fence; the finding stands at the outer one."""
    with pytest.raises(
        EditionError, match=r"index\.md:7:1: directive \w+ is not closed"
    ):
        read(f":::: {outer}\n::: toc\n:::\n::::")


@pytest.mark.parametrize(
    "mark", ["<!--members-->", "<!-- members -->", "<!--Members-->"]
)
def test_the_members_mark_may_have_air(mark: str) -> None:
    """A space more is no other mark."""
    assert isinstance(read(f"x\n\n{mark}\n\ny").sections[0].blocks[1], Paywall)


def test_each_section_may_be_cut_once() -> None:
    """Two sections, two marks."""
    edition = read("x\n\n<!--members-->\n\ny\n\n# U\n\nx\n\n<!--members-->\n\ny")
    assert [
        sum(isinstance(b, Paywall) for b in s.blocks) for s in edition.sections
    ] == [
        1,
        1,
    ]


FAULTS = [
    ("x <!--members-->", "7:3: raw HTML is refused", "stands alone on its line"),
    ("x\n\n<!--member-->", "9:1: raw HTML is refused", "stands alone on its line"),
    ("<!-- à revoir -->", "7:1: raw HTML is refused", "begins with _"),
    ("a<br>b", "7:2: raw HTML is refused: <br>", "a backslash at the end of a line"),
    (
        "| a |\n|--|\n| 1 | 2 |",
        "9: the row has 2 cells, the head of its table 1",
        "\\|",
    ),
    ("![x](port.jpg){width=3}", "7:16: a picture takes no width", "video"),
    ("[![x](port.jpg)](https://a.example){.video}", "7: what is said of a pic", "{.v"),
    ("a [b](https://c.example){target=_blank}", "7:26: a link inside a parag", "but"),
    ("![x](https://a.example/x.jpg)", "7:6: picture https://a.ex", "lie beside"),
    ("> a\n> - b", "8: a quotation holds paragraphs only", "> — source"),
    ("::: box note\n:::", "7:5: box holds nothing", "take it out"),
    ('::: sponsor {by="X"}\n:::', "7:5: sponsor holds nothing", "take it out"),
    ("::: only free\n:::", "7:5: only holds nothing", "take it out"),
    ("Bonjour {{ nme }}", "7:9: nothing fills {{ nme }}", "did you mean name?"),
    ("voir [x](page.html)", "7:10: a link cannot lead to page.html", "https://"),
    ("::: bxo note\nx\n:::", "7:5: unknown directive bxo", "box"),
    (
        '::: box note {only="free" colour=red}\nx\n:::',
        "7:27: box does not take col",
        "",
    ),
    ("::: box note {.wide}\nx\n:::", "7:15: box does not take class", ""),
    ("::: box a b\nx\n:::", "7:9: box takes one word", "::: box note"),
    ("::: box note {only=fre}\nx\n:::", "7:15: no audience fre", "free"),
    ("::: only fre\nx\n:::", "7:10: no audience fre", "free"),
    ('::: sponsor {by="X" until=demain}\nx\n:::', "7:21: demain is no date", "2026"),
    ('::: sponsor {by="X" button="Voir"}\nx\n:::', "7:21: a button needs", ""),
    ("::: signature claire2\n:::", "7:15: no author claire2", ""),
    ("::: box note {only=free only=web}\nx\n:::", "7:25: only is given twice", ""),
    ("::: box note {only=free\nx\n:::", "7:14: cannot read {only=free", "quotes"),
    ("::: snippet forwrded\n:::", "7:13: there is no snippets/forwrded.md", ""),
    ("x\n\n  ::: box note\ny", "9:3: directive box is never closed", ":::"),
    ("### Un titre {.a #b c=d}", "7:21: a heading does not take c", ""),
    ("::: poll Q!\nQui ?\n\n- a\n- b\n:::", "7:10: Q! cannot name a poll", "small"),
    ("un mot \x85 de trop", "7:8: U+0085", "retype"),
]


@pytest.mark.parametrize(("text", "said", "hint"), FAULTS, ids=lambda v: v[:20])
def test_a_fault_knows_its_column_where_it_can(text: str, said: str, hint: str) -> None:
    """Place, what is wrong, and what to write instead."""
    with pytest.raises(EditionError) as caught:
        read(text)
    (finding,) = {f.place: f for f in caught.value.findings}.values()
    assert str(finding).startswith(f"index.md:{said}"), finding
    assert hint in finding.hint


def test_accents_may_be_taken_apart() -> None:
    """What a Mac writes in two signs is the same flag, label and file."""
    apart = unicodedata.normalize("NFD", "- **À L’HORIZON : x.** y")
    assert isinstance(read(apart).sections[0].blocks[0], Flag)
    label = unicodedata.normalize("NFD", "x\n\n**À retenir :** y")
    found = read(label).sections[0].blocks[1]
    assert isinstance(found, Label)
    assert found.style == "takeaway"


SURVIVORS = [
    "👩‍🚀 👨‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇫🇷 👋🏽 1️⃣",
    "שלום (Tel-Aviv), مرحبا",
    "insécable\u00a0: fine\u202f; trait\u2011d’union",
    "e\u0301te\u0301 et été",
    "« “” ‘’ „ » — – … •",
    "a\u200db\u200cc\u2060d",
    "𠮷 ½ ﬁ œ Æ ß",
]


@pytest.mark.parametrize("words", SURVIVORS)
def test_signs_survive_wherever_words_stand(words: str) -> None:
    """Title, prose, brief, label, cell, caption, alt: letter for letter."""
    edition = read(
        f"x {words}\n\n## T {words}\n\n- **S {words}** • t {words}\n\n**L {words} :** m\n\n"
        f'![alt {words}](port.jpg "cap {words}")\n\n| h |\n|--|\n| c {words} |\n'
    )
    first, story, brief, label, figure, table = edition.sections[0].blocks
    assert isinstance(story, Story)
    assert isinstance(brief, Brief)
    assert isinstance(figure, Figure)
    assert plain(first.content) == f"x {words}"
    assert plain(story.title) == f"T {words}"
    assert (plain(brief.slug), plain(brief.content)) == (f"S {words}", f"t {words}")
    assert plain(label.name) == f"L {words}"
    assert (figure.alt, plain(figure.caption)) == (f"alt {words}", f"cap {words}")
    assert plain(table.rows[0][0].main) == f"c {words}"
