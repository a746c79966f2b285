"""Text as it arrives from people, their programs and their enemies."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.edition.blocks import (
    Box,
    Break,
    Emphasis,
    Figure,
    Inlines,
    Label,
    List,
    Paragraph,
    Quote,
    Rule,
    Source,
    Text,
    Toc,
    plain,
)
from mailer.edition.reading.fences import read_braces
from mailer.edition.reading.inlines import joined
from mailer.edition.reading.notes import Notes
from mailer.edition.reading.parse import parse_edition, parse_inline
from mailer.errors import EditionError
from tests.unit.edition.conftest import HEAD, PAPER, parse

FAULTS = [
    ("- " * 60 + "x", "index.md:7: marks are nested more than 50 deep"),
    ("*a " * 200 + "b* " * 200, "index.md:7: marks are nested more than 50 deep"),
    ("a\n\n[Note]: ceci", "index.md:9: a link cannot lead to ceci"),
    ("a [b](https://c.example){.button} d", "index.md:7: a button stands alone"),
    ("[b](https://c.example){.buton}", "index.md:7: a link inside a paragraph takes"),
    ("[b](https://c.example/?e={{email}})", "index.md:7: a placeholder cannot stand"),
    ("![a](port.jpg){.vidéo}", "index.md:7: a picture takes no .vidéo (did you mean"),
    ("![a](port.jpg){.video}", "index.md:7: the video leads nowhere"),
    ('![a](port.jpg "x&#xE000;")', "index.md:7: U+E000 (a control character) cannot"),
    ("a &#xE001; b", "index.md:7: U+E001 (a control character) cannot stand"),
    ("a &#x2028; b", "index.md:7: U+2028 (LINE SEPARATOR) cannot stand"),
    ("a \ue000 b", "index.md:7: U+E000 (a control character) cannot stand"),
    ("a \U0003fffe b", "index.md:7: U+3FFFE (a control character) cannot stand"),
    ("| a |\n|--|\n| **b<br>c** |", "index.md:9: <br> stands outside bold"),
    ('::: sponsor {by=""}\nx\n:::', "index.md:7: sponsor does not say by"),
    ("::: box note large\nx\n:::", "index.md:7: box takes one word after its name"),
    ("::: toc x\n:::", "index.md:7: toc takes no word after its name"),
    ("::: box note {only=free only=web}\nx\n:::", "index.md:7: only is given twice"),
    ("## A {#x}\n\n## B {#x}", "index.md:9: the id x is taken already"),
]


@pytest.mark.parametrize(("text", "said"), FAULTS, ids=lambda v: v[-25:])
def test_what_would_be_lost_or_misread_is_told(text: str, said: str, faults) -> None:
    """Nothing is dropped, swallowed or let through unsaid."""
    found = faults(f"{HEAD}# T\n\n{text}\n")
    assert any(line.startswith(said) for line in found), found


HEADS = [
    ("number: !!int x", "index.md:4: number: x is no edition number"),
    ("number: 0", "index.md:4: number: 0 is no edition number"),
    ("number: " + "9" * 5000, "index.md:4: number: 9"),
    ("number: ١٢", "index.md:4: number: ١٢ is no edition number"),
    ("send_at: 2026-03-14", "index.md:4: send_at: 2026-03-14 is no local time"),
    ("send_at: 2026-03-14T07:00Z", "index.md:4: send_at: 2026-03-14T07:00Z is no"),
    ('subtitle: "a\\u0085b"', "index.md:4: subtitle: U+0085"),
    ('subtitle: "a\\uE000b"', "index.md:4: subtitle: U+E000"),
    ("tags: " + "[" * 60 + "]" * 60, "index.md:4: values are nested more than 50"),
    ("? [a, b]\n: c", "index.md:4: unknown key […]"),
    ("tags: " + "x" * 50_000, "index.md:1: the front matter has"),
]


@pytest.mark.parametrize(("line", "said"), HEADS, ids=lambda v: v[:25])
def test_a_hostile_head_is_told_at_its_line(line: str, said: str, faults) -> None:
    """Whatever YAML makes possible, the head answers with a line and words."""
    found = faults(f"---\ntitle: T\ndate: 2026-03-14\n{line}\n---\n\n# T\n\nx\n")
    assert found[0].startswith(said)


@pytest.mark.parametrize("value", ["No", "12:30", "012", "1_000", "1e3", "0x1F", "~x"])
def test_a_title_is_what_was_typed(value: str) -> None:
    """No value is turned into a number, an hour or a truth by YAML."""
    assert parse(HEAD.replace("Les ports", value)).title == value


def test_a_key_without_value_says_the_default() -> None:
    """An empty line of a form, or null, is not a word of the edition."""
    head = HEAD.replace("---\n", "---\nsubtitle:\nnumber: ~\ntags: null\n", 1)
    edition = parse(head)
    assert (edition.subtitle, edition.number, edition.tags) == ("", None, ())


def test_no_break_spaces_of_the_head_stay() -> None:
    """Who types a no-break space means it."""
    assert parse(HEAD.replace("Les ports", "Quoi\u202f?")).title == "Quoi\u202f?"


@pytest.mark.parametrize("text", ["A \\• B \\• C", "**Voir \\:** x", "- **A** \\• b"])
def test_a_backslash_turns_recognition_off(text: str, body) -> None:
    """The sign stays, the backslash goes, and the words are ordinary ones."""
    (block,) = body(f"# T\n\n{text}\n").sections[0].blocks
    assert isinstance(block, Paragraph | List)
    assert "\\" not in repr(block)


def test_plain_works_in_lists(body) -> None:
    """``{.plain}`` keeps an item an item."""
    (block,) = body("# T\n\n- **A** • b {.plain}\n").sections[0].blocks
    assert isinstance(block, List)


def test_a_quotation_in_italics_keeps_its_lines(body) -> None:
    """Marks may span the lines of a quotation; forced breaks stay, the source too."""
    text = "# T\n\n> *un\n> deux*\\\n> trois\n> — *Nous*\n"
    (block,) = body(text).sections[0].blocks
    assert isinstance(block, Quote)
    italic = Emphasis((Text("un deux"),))
    assert block.paragraphs == ((italic, Break(), Text("trois")),)
    assert plain(block.source) == "Nous"


def test_an_escaped_dash_is_no_source(body) -> None:
    """A last line of dialogue can stay in the quotation."""
    (block,) = body("# T\n\n> Viens.\n> \\— Non.\n").sections[0].blocks
    assert isinstance(block, Quote)
    assert [plain(words) for words in block.paragraphs] == ["Viens. — Non."]
    assert block.source == ()


def test_a_nested_brief_stays_an_item(body) -> None:
    """Nothing of a nested list is lost for looking like a brief."""
    (block,) = body("# T\n\n- a\n\n  3. **B** • c\n").sections[0].blocks
    assert isinstance(block, List)
    (nested,) = block.items[0].lists
    assert (nested.start, plain(nested.items[0].content)) == (3, "B • c")


def test_a_rule_under_a_paragraph_makes_no_heading(body) -> None:
    """``---`` is a pause even without an empty line before it."""
    kinds = [type(b) for b in body("# T\n\nx\n---\ny\n").sections[0].blocks]
    assert kinds == [Paragraph, Rule, Paragraph]


def test_attributes_hold_any_words(body) -> None:
    """Quoted values take spaces, emoji, braces, quotes and placeholders."""
    text = (
        '::: box note {href="{{ subscribe_url }}" button="🧀 {\\"oui\\"} 20 %"}\nx\n:::'
    )
    (block,) = body(f"# T\n\n{text}\n").sections[0].blocks
    assert isinstance(block, Box)
    assert (block.href, block.button) == ("{{ subscribe_url }}", '🧀 {"oui"} 20 %')


def test_the_contents_may_have_a_bold_title(body) -> None:
    """A title in bold is a title."""
    (block,) = body("::: toc\n**Au menu**\n:::\n").preface
    assert block == Toc(at=Source("index.md", 5), title=(Text("Au menu"),))


def test_pictures_have_names_in_any_alphabet() -> None:
    """A file name with accents or spaces is found; its alt text is words, not marks."""
    edition = parse_edition(
        f"{HEAD}# T\n\n![le *port* &amp; l’eau](<été au port.jpg>)\n",
        file="index.md",
        folder="2026-03-14",
        publication=PAPER,
        authors=(),
        files={"été au port.jpg"},
    )
    (figure,) = edition.sections[0].blocks
    assert isinstance(figure, Figure)
    assert (figure.src, figure.alt) == ("été au port.jpg", "le port & l’eau")


def test_ids_fold_ligatures(body) -> None:
    """An id keeps every letter of its title that ASCII can say."""
    assert body("# Cœur d’Ægir\n\nx\n").sections[0].id == "coeur-d-aegir"


def test_an_inline_is_held_to_the_same_rules() -> None:
    """One line for authors: the same links, the same refusals, its own place."""
    at = Source("authors.toml", 7)
    assert plain(parse_inline("… *lit* [tout](mailto:a@b.fr).", at=at)) == "… lit tout."
    for text in ("<b>x</b>", "[x](y)", "a\x85b", "*a " * 200 + "b* " * 200):
        with pytest.raises(EditionError, match=r"authors\.toml:7: "):
            parse_inline(text, at=at)


@pytest.mark.parametrize(
    "body_text", ["{{" * 9000, "# a" + " " * 9000 + "b", "::: box" + " " * 9000 + "{x"]
)
def test_long_nonsense_is_read_at_once(body_text: str) -> None:
    """No line makes the reader's time grow with its square."""
    started = time.perf_counter()
    try:
        parse(f"{HEAD}# T\n\n{body_text}\n")
    except EditionError as error:
        assert error.findings
    assert time.perf_counter() - started < 30


VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Z"]), max_size=20)


@settings(max_examples=100)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), VALUES))
def test_braces_say_what_was_written(said: dict[str, str]) -> None:
    """Any value in quotes comes back as it was."""
    notes = Notes("index.md")
    quoted = {k: v.replace("\\", "\\\\").replace('"', '\\"') for k, v in said.items()}
    braces = "{" + " ".join(f'{key}="{value}"' for key, value in quoted.items()) + "}"
    read = read_braces(braces, notes.at(0), notes)
    assert {k: v for k, v in (read or {}).items() if k != "class"} == {
        k: v for k, v in said.items() if k != "class"
    }


@settings(max_examples=100)
@given(
    st.sampled_from(
        ["title", "date", "number", "slug", "from", "cover", "theme", "send_at", "tags"]
    ),
    st.text(max_size=40),
)
def test_any_value_of_the_head_parses_or_is_refused(key: str, value: str) -> None:
    """A key holds what it should, or says why not."""
    head = HEAD.replace("---\n", f"---\n{key}: {value}\n", 1)
    try:
        parse(head + "\n# T\n\nx\n")
    except EditionError as error:
        assert error.findings


def test_neighbouring_words_are_one() -> None:
    """Joining leaves no empty and no split words."""
    words: Inlines = (Text("a"), Text(""), Text("b"), Break(), Text("c"))
    assert joined(words) == (Text("ab"), Break(), Text("c"))


def test_a_label_alone_stays_a_label(body) -> None:
    """A paragraph wholly in bold announces what follows."""
    (block,) = body("# T\n\n**En bref**\n").sections[0].blocks
    assert isinstance(block, Label)


DOUBTFUL = [
    ("A • B", "this looks like a strap with one • only"),
    ("- Slug • b", "this looks like a brief, and is an item of a list"),
    ("- **Slug** • b\n  - c", "this looks like a brief, and is an item of a list"),
    ("- **DANS LE SILAGE : a.** b", "DANS LE SILAGE is no flag of this publication"),
    ("voir [b](https://c.example/d e)", "](… was meant to be a mark, and is printed"),
    ("mots {.plian}", "{.plian} was meant to be a mark, and is printed"),
]


@pytest.mark.parametrize(("text", "said"), DOUBTFUL, ids=lambda v: v[:25])
def test_what_was_nearly_recognised_is_mentioned(text: str, said: str, body) -> None:
    """A near miss is a warning at its line: the words are printed as typed."""
    (warning,) = body(f"# T\n\n{text}\n").warnings
    assert (warning.rule, warning.line) == ("recognition-doubtful", 7)
    assert warning.message == said


@pytest.mark.parametrize(
    "text",
    ["A \\• B", "A • B {.plain}", "- **La pastille :** b", "- **OK** b", "a {b} c"],
)
def test_what_is_clear_is_not_mentioned(text: str, body) -> None:
    """No warning for what was said on purpose."""
    assert body(f"# T\n\n{text}\n").warnings == ()


def test_a_greeting_may_follow_the_epigraph(body) -> None:
    """Another's words first, then ours: still a greeting, and the only one."""
    quote, hello, label = body("> a\n> — b\n\n**Bonjour,**\n\n**Sommaire**\n").preface
    assert [b.kind for b in (quote, hello, label)] == ["quote", "greeting", "label"]
