"""What Markdown becomes, and what is said when it cannot."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.edition.blocks import (
    Box,
    Brief,
    Button,
    Figure,
    Flag,
    Greeting,
    Label,
    Link,
    List,
    Only,
    Paragraph,
    Paywall,
    Placeholder,
    Quote,
    Rule,
    Signature,
    Sponsor,
    Story,
    Strong,
    Subhead,
    Table,
    Text,
    Toc,
    plain,
)
from mailer.edition.model import Cover, Variant
from mailer.errors import EditionError
from tests.unit.edition.conftest import HEAD, parse

KINDS = [
    ("Prose.", Paragraph),
    ('## Title {emoji="🚲"}', Story),
    ("### Title", Subhead),
    ("**À retenir :** words", Label),
    ("**Label**", Label),
    ("- **Slug** • text", Brief),
    ("- **DANS LE SILLAGE : title.** text", Flag),
    ("- one\n- two", List),
    ("1. one\n2. two", List),
    ("| a | b |\n|:--|--:|\n| 1 | 2 |", Table),
    ("---", Rule),
    ("> words\n> — Source", Quote),
    ('![seen](port.jpg "caption")', Figure),
    ("[![seen](port.jpg){.video}](https://a.example)", Figure),
    ("[Words](https://a.example){.button}", Button),
    ("::: box note\nwords\n:::", Box),
    ('::: sponsor {by="X"}\nwords\n:::', Sponsor),
    ("::: only free\nwords\n:::", Only),
    ("::: toc\n:::", Toc),
    ("::: signature claire\n:::", Signature),
    ("<!--members-->", Paywall),
]


@pytest.mark.parametrize(
    ("text", "kind"), KINDS, ids=lambda v: getattr(v, "__name__", None)
)
def test_looks_decide_what_a_block_is(text: str, kind: type, body) -> None:
    """Every construct of the guide becomes its block, at its own line."""
    edition = body(f"# Section\n\nBefore.\n\n{text}\n")
    blocks = edition.sections[0].blocks
    assert [type(block) for block in blocks] == [Paragraph, kind]
    assert blocks[1].at.line == 9


def test_strap_and_standfirst_go_with_the_title(body) -> None:
    """Directly under a title, bullets are the strap and italics the standfirst."""
    section = body("# T\n\nA • B • C\n\n*One sentence.*\n\n*Another.*\n").sections[0]
    assert plain(section.strap) == "A • B • C"
    assert plain(section.standfirst) == "One sentence."
    assert [plain(b.content) for b in section.blocks] == ["Another."]


def test_recognition_can_be_turned_off(body) -> None:
    """{.plain} and a backslash keep words as they are."""
    blocks = body("# T\n\n**Bold.** {.plain}\n\n\\*stars\\*\n").sections[0].blocks
    assert [type(b) for b in blocks] == [Paragraph, Paragraph]
    assert blocks[0].content == (Strong((Text("Bold."),)),)
    assert plain(blocks[1].content) == "*stars*"


def test_the_greeting_and_the_epigraph_stand_before_the_first_section(body) -> None:
    """Bold first is a greeting, a quote before the first section the epigraph."""
    first, second = body("**Bonjour !**\n\n> Mer.\n> — Dicton\n\n# T\n\nx\n").preface
    assert isinstance(first, Greeting)
    assert isinstance(second, Quote)
    assert second.epigraph
    assert plain(second.source) == "Dicton"


def test_a_brief_keeps_its_links_and_a_flag_its_title(body) -> None:
    """Slug, title and words are told apart, apostrophes of either kind."""
    text = (
        "# T\n\n- **Slug** • a [b](https://c.example) d\n- **À L'HORIZON : vote.** x\n"
    )
    brief, flag = body(text).sections[0].blocks
    assert (plain(brief.slug), plain(brief.content)) == ("Slug", "a b d")
    assert isinstance(brief.content[1], Link)
    assert (flag.flag, plain(flag.title)) == ("À L’HORIZON", "vote.")


def test_a_cell_has_a_second_line(body) -> None:
    """<br> in a cell begins its quieter line."""
    table = (
        body("# T\n\n| a | b |\n|--|--:|\n| **x**<br>y | 2 |\n").sections[0].blocks[0]
    )
    assert (plain(table.rows[0][0].main), plain(table.rows[0][0].sub)) == ("x", "y")
    assert table.align == ("left", "right")


def test_directives_carry_their_arguments(body) -> None:
    """Attributes arrive typed; the first heading of a box is its title."""
    text = (
        '# T\n\n::: sponsor {by="La Roue" until=2026-03-31 href="https://r.example"'
        ' button="Oui"}\n## Offre\n\nwords\n:::\n\n'
        ":::: only member\n::: box note\nx\n:::\n::::\n"
    )
    sponsor, only = body(text).sections[0].blocks
    assert (sponsor.by, sponsor.until) == ("La Roue", date(2026, 3, 31))
    assert (plain(sponsor.title), sponsor.href) == ("Offre", "https://r.example")
    assert isinstance(only.blocks[0], Box)


def test_placeholders_become_holes(body) -> None:
    """What is filled per reader is a node of its own, in words and in links."""
    text = "# T\n\nBonjour {{ name }}, [lire]({{ web_url }}#x).\n"
    content = body(text).sections[0].blocks[0].content
    assert Placeholder("name") in content
    assert [n.href for n in content if isinstance(n, Link)] == ["{{ web_url }}#x"]


def test_the_head_is_typed() -> None:
    """Every key of the front matter arrives as what it means."""
    edition = parse(
        "---\ntitle: T\ndate: 2026-03-14\nnumber: 118\nsubject: S\nsummary: [a, b]\n"
        "authors: [claire]\nfrom: claire\nreply_to: r@x.example\nsend_at: 2026-03-14 07:00\n"
        "cover: {src: port.jpg, alt: seen}\naudiences: [free]\ntheme: {accent: '#112233'}\n"
        "checks: {ignore: [subject-repeat]}\nlang: en\narchive: members\ntags: [x]\n---\n"
    )
    assert (edition.name, edition.slug, edition.sender) == (
        "le-meridien/118",
        "ports",
        "claire",
    )
    assert edition.cover == Cover(src="port.jpg", alt="seen")
    assert edition.audiences == (Variant.FREE,)
    assert edition.tokens == {"accent": ("#112233", "")}
    assert edition.send_at is not None
    assert (edition.send_at.hour, edition.ignored_checks) == (7, ("subject-repeat",))


def test_section_ids_are_theirs_alone(body) -> None:
    """Ids come from titles without accents, and two never share one."""
    sections = body("# Le Près\n\nx\n\n# Le Près\n\nx\n\n# Y {#fixed}\n\nx\n").sections
    assert [s.id for s in sections] == ["le-pres", "le-pres-2", "fixed"]


def test_windows_ends_bom_and_tabs_survive() -> None:
    """A file of any editor reads the same."""
    plain_text = HEAD + "# T\n\nUn\tdeux 👩‍🚀 שלום\n"
    odd = "\ufeff" + plain_text.replace("\n", "\r\n")
    assert parse(odd).sections == parse(plain_text).sections


FAULTS = [
    (
        "![](port.jpg)",
        "index.md:7: picture has no alt text (![what one sees](file.jpg))",
    ),
    ("![x](nope.jpg)", "index.md:7: picture nope.jpg is not in the folder"),
    ("::: box note\nx", "index.md:7: directive box is never closed"),
    ("::: bix note\nx\n:::", "index.md:7: unknown directive bix (did you mean box?)"),
    (":::", "index.md:7: nothing to close"),
    (
        "::: box note\n::: toc\n:::",
        "index.md:7: directive box is not closed before toc",
    ),
    ("::: sponsor\nx\n:::", "index.md:7: sponsor does not say by"),
    ("::: signature clare\n:::", "index.md:7: no author clare (did you mean claire?)"),
    ("::: only gratis\nx\n:::", "index.md:7: no audience gratis"),
    (
        "::: box note {oly=free}\nx\n:::",
        "index.md:7: box does not take oly (did you mean",
    ),
    ("<div>x</div>", "index.md:7: raw HTML is refused: <div>x</div>"),
    ("a <b>x</b>", "index.md:7: raw HTML is refused: <b>"),
    ("[x](javascript:alert)", "index.md:7: a link cannot lead to javascript:alert"),
    ("[x](page.html)", "index.md:7: a link cannot lead to page.html"),
    ("Hi {{ nme }}", "index.md:7: nothing fills {{ nme }} (did you mean name?)"),
    ("    code", "index.md:7: code is not a part of an edition"),
    ("#### deep", "index.md:7: headings have three levels"),
    ("<!--members-->\n\n<!--members-->", "index.md:9: this section is cut for members"),
    ("text ![x](port.jpg) text", "index.md:7: a picture stands alone"),
    ("::: toc\n- a\n:::", "index.md:7: toc holds one line of words at most"),
    ("::: signature claire\nx\n:::", "index.md:7: signature holds nothing"),
    ('::: sponsor {by="x" until=demain}\nx\n:::', "index.md:7: demain is no date"),
    (
        '::: box note {button="x"}\nx\n:::',
        "index.md:7: a button needs its words and its",
    ),
    ("::: box\nx\n:::", "index.md:7: box needs a word after its name"),
    ("::: toc x\n:::", "index.md:7: toc takes no word after its name"),
    ("::: box note {by=<>}\nx\n:::", "index.md:7: cannot read {by=<>}"),
    ("> - x", "index.md:7: a quotation holds paragraphs only"),
    ("- > x", "index.md:7: a list item holds words and lists only"),
    ("::: box note\n# x\n:::", "index.md:8: a section cannot begin inside"),
    (
        ":::: only free\n:::: box note\nx\n::::\n::::",
        "index.md:7: only around box needs",
    ),
    ("## x {foo=1}", "index.md:7: a heading does not take foo"),
    ("bad \x85 sign", "index.md:7: U+0085"),
]


@pytest.mark.parametrize(("text", "said"), FAULTS, ids=lambda v: v[:30])
def test_a_fault_is_told_at_its_line(text: str, said: str, faults) -> None:
    """File, line, what is wrong and the way out."""
    found = faults(f"{HEAD}# T\n\n{text}\n")
    assert any(line.startswith(said) for line in found), found


HEADS = [
    ("date: 2026-03-14", "index.md:1: title is missing"),
    ("title: T\ndate: 2026-02-30", "index.md:3: date: "),
    ("title: T\ndate: demain", "index.md:3: date: demain is no date"),
    (
        "title: T\ndate: 2026-03-14\nsubjet: x",
        "index.md:4: unknown key subjet (did you",
    ),
    ("title: T\ndate: 2026-03-14\ntitle: U", "index.md:4: title is given twice"),
    ("title: T\ndate: 2026-03-14\nnumber: x", "index.md:4: number: x is no edition"),
    ("title: T\ndate: 2026-03-14\nauthors: [zoe]", "index.md:4: no author zoe"),
    ("title: T\ndate: 2026-03-14\nfrom: zoe", "index.md:4: no author zoe"),
    ("title: T\ndate: 2026-03-14\ncover: x.jpg", "index.md:4: picture x.jpg is not"),
    ("title: T\ndate: 2026-03-14\npublication: x", "index.md:4: the folder says"),
    ("title: T\ndate: 2026-03-14\nlang: de", "index.md:4: lang: de is none of fr, en"),
    ("title: T\ndate: 2026-03-14\nslug: A b", "index.md:4: slug: A b: small letters"),
    ("title: T\ndate: 2026-03-14\nreply_to: x", "index.md:4: reply_to: x: write"),
    ("title: T\ndate: 2026-03-14\nsend_at: noon", "index.md:4: send_at: noon is no"),
    ("title: T\ndate: 2026-03-14\naudiences: [web]", "index.md:4: audiences: [free]"),
    ("title: T\ndate: 2026-03-14\ntheme: {a: red}", "index.md:4: theme: a: write"),
    ("title: T\ndate: 2026-03-14\ntheme: x", "index.md:4: theme: {accent"),
    ("title: T\ndate: 2026-03-14\nchecks: x", "index.md:4: checks: {ignore"),
    ("title: T\ndate: 2026-03-14\nsummary: x", "index.md:4: summary: a list is"),
    ("title: T\ndate: 2026-03-14\ncover: {a: b}", "index.md:4: cover: a file name"),
    (
        "title: T\ndate: 2026-03-14\ncover: {alt: b}",
        "index.md:4: cover: src is missing",
    ),
    ("title: [x\ndate: 2026-03-14", "index.md:3: the front matter is not YAML"),
    ("title: &a T\ndate: *a", "index.md:3: YAML aliases are not understood here"),
    ("- x", "index.md:1: the front matter is not a list of key"),
    ("title:\ndate: 2026-03-14", "index.md:2: title: is empty"),
    ("title: {a: b}\ndate: 2026-03-14", "index.md:2: title: one line of text"),
]


@pytest.mark.parametrize(("head", "said"), HEADS, ids=lambda v: v[-30:])
def test_a_fault_of_the_head_is_told_at_its_key(head: str, said: str, faults) -> None:
    """The front matter is checked key by key."""
    found = faults(f"---\n{head}\n---\n\n# T\n\nx\n")
    assert any(line.startswith(said) for line in found), found


def test_all_faults_are_told_at_once(faults) -> None:
    """An editor mends a file in one go."""
    assert len(faults("---\ntitle: T\n---\n\n# T\n\n![](x.jpg)\n\n[a](b)\n")) == 4


def test_no_head_at_all_is_told(faults) -> None:
    """A file without front matter says how to begin."""
    assert faults("# T\n\nx\n")[0].startswith("index.md:1: the edition has no front")


def test_a_monster_is_refused(faults) -> None:
    """A file of a million characters is no edition."""
    assert "are too many" in faults("x" * 1_000_001)[0]


def test_the_cut_needs_a_section(faults) -> None:
    """Outside a section there is nothing to cut."""
    assert faults(HEAD + "<!--members-->\n")[0].startswith("index.md:5: the members'")


def test_what_looks_like_a_brief_is_mentioned(body) -> None:
    """A bullet without its bold slug is a warning, not a silent list."""
    (warning,) = body("# T\n\n- Slug • text\n").warnings
    assert (warning.rule, warning.line) == ("recognition-doubtful", 7)


def test_an_item_without_words_is_refused(faults) -> None:
    """Readers would see a lonely bullet."""
    assert faults(HEAD + "- un\n-\n- deux\n") == [
        "index.md:6: an item of the list is empty"
    ]


@settings(max_examples=150)
@given(st.text(max_size=120))
def test_anything_typed_parses_or_is_refused(text: str) -> None:
    """No text makes the parser fail otherwise than by findings at a line."""
    try:
        parse(f"{HEAD}# T\n\n{text}\n")
    except EditionError as error:
        assert all(f.file == "index.md" for f in error.findings)


@settings(max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            [
                ":::",
                "::::",
                "::: box note",
                ":::: only free",
                "::: toc",
                "text",
                "",
                "```",
                "# T",
                "- **a** • b",
                "<!--members-->",
                "{only=free}",
                "> q",
                "| a |",
                "|--|",
            ]
        ),
        max_size=12,
    )
)
def test_any_heap_of_fences_parses_or_is_refused(lines: list[str]) -> None:
    """Directives in any disorder give an edition or findings."""
    try:
        parse(HEAD + "\n".join(lines))
    except EditionError as error:
        assert error.findings


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


@settings(max_examples=80)
@given(st.lists(WORDS, min_size=1, max_size=8))
def test_words_come_out_as_typed(words: list[str]) -> None:
    """What is plain prose is kept letter for letter."""
    line = "a " + " ".join(words)
    (block,) = parse(f"{HEAD}# T\n\n{line}\n").sections[0].blocks
    assert plain(block.content) == line
