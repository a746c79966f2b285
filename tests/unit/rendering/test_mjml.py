"""The guarded door to mrml."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape

from mailer.edition.blocks import Source
from mailer.errors import EditionError
from mailer.rendering.mjml import break_lines, guard, lean, to_html

HERE = Source("index.md", 7)
TYPED = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Cn")), max_size=60)


def page(body: str, *, title: str = "Un titre") -> str:
    return (
        f'<mjml lang="fr" dir="ltr"><mj-head><mj-title>{title}</mj-title></mj-head>'
        f"<mj-body><mj-section><mj-column>{body}</mj-column></mj-section></mj-body></mjml>"
    )


def html_of(source: str) -> str:
    return to_html(source, locate=lambda _: HERE)


def same(text: str) -> str:
    """*text* as HTML reads it: white space folded, no-break spaces kept."""
    return re.sub(r"[ \t\r\n\f]+", " ", text).strip(" ")


class Reader(HTMLParser):
    """What a mail client would find."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.links: list[dict[str, str | None]] = []
        self.words: dict[str, str] = {}
        self._open = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag == "a":
            self.links.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        self.words[self._open] = self.words.get(self._open, "") + data


@settings(max_examples=60)
@given(alt=TYPED, title=TYPED, text=TYPED, query=TYPED)
def test_what_an_editor_types_comes_back_unchanged(alt, title, text, query) -> None:
    """No letter of any alphabet is lost or turned into code, wherever it stands."""
    href = f"https://a.example/?q={query}"
    source = page(
        f'<mj-image src="https://a.example/p.png" alt="{escape(alt)}" />'
        f'<mj-text><p>{escape(text)}</p><a href="{escape(href)}">x</a></mj-text>',
        title=str(escape(title)),
    )
    read = Reader(html_of(source))
    assert [same(image["alt"] or "") for image in read.images] == [same(alt)]
    assert same(read.words.get("p", "")) == same(text)
    assert same(read.words.get("title", "")) == same(title)
    assert same(read.links[0]["href"] or "") == same(href)


@pytest.mark.parametrize(
    "trap", ['" onload="x', "\\", "\\n", "a\u00a0: b", "\u202f", "\n"]
)
def test_attributes_survive_the_debug_formatter(trap) -> None:
    """Quotes, backslashes and no-break spaces neither break out nor become escapes."""
    html = html_of(page(f'<mj-image src="p.png" alt="{escape(trap)}" />'))
    assert same(Reader(html).images[0]["alt"] or "") == same(trap)
    assert "\\u{" not in html


def test_guarding_twice_changes_nothing() -> None:
    """What is safe stays as it is."""
    once = guard(page('<mj-image src="p.png" alt="12 €&nbsp;: « oui »" />'))
    assert guard(once) == once


def test_nobody_else_is_asked_for_fonts() -> None:
    """A reader's opening of a mail is told to no third party."""
    assert "googleapis" not in html_of(page("<mj-text>x</mj-text>"))
    for asking in (
        '<mj-raw><link href="https://fonts.googleapis.com/css?family=X" /></mj-raw>',
        "<mj-raw><style>@import url(//fonts.googleapis.com/x);</style></mj-raw>",
    ):
        with pytest.raises(EditionError, match="third party"):
            html_of(
                page("<mj-text>x</mj-text>").replace("<mj-body>", f"<mj-body>{asking}")
            )


def test_a_letter_may_speak_of_those_who_serve_fonts() -> None:
    """Their name in prose, and a link to them, load nothing."""
    said = '<a href="https://fonts.googleapis.com">googleapis</a>, @import googleapis'
    html = html_of(page(f"<mj-text><p>{said}</p></mj-text>", title="googleapis"))
    assert said in html


def test_a_picture_without_alt_is_refused() -> None:
    """mrml drops the attribute in silence; a screen reader would read the file name."""
    with pytest.raises(EditionError, match="without alt"):
        html_of(page('<mj-image src="p.png" />'))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<mj-text><p>x</mj-text>", "cannot be rendered"),
        ("<mj-text>" + "<div>" * 600 + "</div>" * 600 + "</mj-text>", "too deeply"),
        ("<mj-text>" + "x " * 300_000 + "</mj-text>", "too long to be a mail"),
        ("<mj-text>" + "</p>" * 600 + '<i t="<">' * 600, "too deeply"),
        ("<mj-text>" + "<a:é>" * 600 + "</mj-text>", "too deeply"),
        ("<mj-image>" * 600, "too deeply"),
        ("<mj-text>" + "<BR>" * 600 + "</mj-text>", "too deeply"),
    ],
    ids=[
        "unclosed",
        "deep",
        "huge",
        "unbalanced",
        "odd-names",
        "void-to-us",
        "capitals",
    ],
)
def test_what_cannot_be_rendered_is_refused_with_its_place(body, said) -> None:
    """One finding, at the line of the Markdown, and nothing half made."""
    with pytest.raises(EditionError, match=said) as refused:
        html_of(page(body))
    (finding,) = refused.value.findings
    assert (finding.rule, finding.place) == ("render-failed", "index.md:7")


def test_a_fault_is_looked_up_at_the_byte_that_caused_it() -> None:
    """Accents before the fault, which guarding makes longer, do not shift it."""
    before = '<mj-image src="p.png" alt="' + "é\u00a0" * 90 + '" />'
    source = page(f"{before}<mj-text>fine</mj-text><mj-text><p>oh</p></p></mj-text>")
    asked: list[int] = []

    def locate(offset: int) -> Source:
        asked.append(offset)
        return HERE

    with pytest.raises(EditionError):
        to_html(source, locate=locate)
    assert asked == [source.encode().index(b"</p></mj-text>")]


@pytest.mark.parametrize(
    ("body", "culprit"),
    [
        ("<mj-text><p><b>x</p></mj-text>", "<b>"),
        ("<mj-text>x</p><br />é<i>y</i></mj-text>", "</p>"),
    ],
)
def test_the_tag_without_partner_is_to_blame(body, culprit) -> None:
    """mrml would name a later, innocent element."""
    source = page(f"<mj-text>fine</mj-text>{body}<mj-text>fine</mj-text>")
    asked: list[int] = []

    def locate(offset: int) -> Source:
        asked.append(offset)
        return HERE

    with pytest.raises(EditionError):
        to_html(source, locate=locate)
    assert asked == [source.encode().index(culprit.encode())]


def test_a_fault_without_a_stray_tag_is_where_mrml_says() -> None:
    """An include is refused, at its own place."""
    source = page('<mj-image src="p.png" alt="é\u00a0é" /><mj-include path="x" />')
    asked: list[int] = []

    def locate(offset: int) -> Source:
        asked.append(offset)
        return HERE

    with pytest.raises(EditionError):
        to_html(source, locate=locate)
    assert asked == [source.encode().index(b"<mj-include")]


def test_what_slips_past_the_guard_is_seen_behind_the_door() -> None:
    """A tag written as we do not expect is refused, never sent with broken words."""
    odd = "<mj-title x='y'>Un\u00a0"
    with pytest.raises(EditionError, match="corrupted an attribute"):
        html_of(page("<mj-text>x</mj-text>").replace("<mj-title>Un ", odd))


@pytest.mark.parametrize("word", ["x" * 10_000, "語" * 10_000, "a\u00a0" * 5_000])
def test_a_text_without_white_space_comes_back_whole(word) -> None:
    """Chinese has none; no break is put where a reader would see one."""
    html = html_of(
        page(f'<mj-text><p>{word}</p><a href="https://a.b/{word}">y</a></mj-text>')
    )
    read = Reader(html)
    assert read.words["p"] == word
    assert read.links[0]["href"] == f"https://a.b/{word}"


def test_a_letter_about_code_may_speak_of_escapes() -> None:
    """Backslashes and braces in words are words."""
    words = r"\u{a0} et a=&#34;b\n&#34;"
    assert words in html_of(page(f"<mj-text><p>{words}</p></mj-text>"))


NASTY = """
from mailer.edition.blocks import Source
from mailer.errors import EditionError
from mailer.rendering.mjml import to_html
wrap = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"
for nasty in (
    "<mj-text>" + "<div>" * 20000 + "</mj-text>",
    "<mj-text>" + "<b><i>" * 8000 + "</mj-text>",
    # Each of these was not counted once, and ended the process.
    *(t * 16000 for t in ("<mj-image>", "<a:b>", "<_a>", "<é>", "<i.j>", "<BR>", "</p><i>")),
    *(t * 16000 for t in ('<i t="<">', "<i t='>'>", "<i/ >", "<!--x--><i>")),
    "<mj-raw><!--[if</mj-raw>", "<!--[if", "<!--[if mso]>", "<![endif]-->", "<!--[if mso]><p>",
    "<mj-text>\\x00\\x1b\\x9f</mj-text>", "<mj-text <<<>>>", "<mj-", "", "&#xd800;", "\\ufffe",
):
    for source in (nasty, wrap.format(nasty)):
        try:
            to_html(source, locate=lambda _: Source("index.md", 1))
        except EditionError:
            pass
print("alive")
"""


def test_the_process_outlives_every_nasty_source() -> None:
    """Neither a deep tree nor a broken comment ends the daemon."""
    done = subprocess.run(
        [sys.executable, "-c", NASTY], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "alive", done.stderr[-600:]


def test_a_panic_is_a_finding() -> None:
    """mrml's panics derive from BaseException, and still are told like any fault."""
    with pytest.raises(EditionError, match="the renderer gave up"):
        html_of(page("<mj-raw><!--[if</mj-raw>"))


@given(
    st.lists(
        st.sampled_from(
            [
                "mot",
                "<b>gras</b>",
                '<a href="x y" class="c d">lien</a>',
                "{{ unsubscribe_url }}",
                "é" * 30,
            ]
        ),
        max_size=120,
    )
)
@settings(max_examples=40)
def test_lines_are_broken_where_nobody_sees_it(parts) -> None:
    """No line above 998 bytes; words, values and placeholders stay whole."""
    line = " ".join(parts)
    broken = break_lines(line)
    assert max(len(each.encode()) for each in broken.split("\n")) <= 998
    assert broken.replace("\n", " ") == line
    assert broken.count('"x y"') == line.count('"x y"')
    assert broken.count("{{ unsubscribe_url }}") == parts.count("{{ unsubscribe_url }}")


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ('<td style="margin:0px 10px 0px;">', '<td style="margin:0 10px 0">'),
        (
            '<td style="background:#fff;background-color:#fff;width:0px">',
            '<td style="background:#fff;width:0">',
        ),
        (
            '<td style="background:#fff;background-color:#000">',
            '<td style="background:#fff;background-color:#000">',
        ),
        (
            "<!--[if mso | IE]></td><![endif]--><!--[if mso | IE]><td><![endif]-->",
            "<!--[if mso | IE]></td><td><![endif]-->",
        ),
        ("<p>à 0px; ou 10px;</p>", "<p>à 0px; ou 10px;</p>"),
    ],
)
def test_what_is_written_for_nothing_goes(written: str, wanted: str) -> None:
    """A mail has a budget: zeros need no unit, and a colour is said once."""
    assert lean(written) == wanted
