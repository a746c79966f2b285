"""Whatever an editor types, in whatever field, comes out as typed or is refused.

The words of a field are looked for in what a parser finds in mail, page, feed and text
part, wherever a harmless word in the same field is found; and no text changes the
elements and attributes around it.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import cycle

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from mailer.edition.model import Edition, Variant
from mailer.edition.reading.inlines import _MARKERS
from mailer.edition.reading.parse import parse_edition
from mailer.errors import EditionError, Finding, Severity
from mailer.flows.sending.desk import Stationery
from mailer.flows.sending.proof import sample_message
from mailer.rendering.checks.check import check
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.model import Frozen
from mailer.rendering.personalise import fill
from mailer.rendering.render import freeze
from mailer.rendering.text import upper
from tests.fakes import manuscript
from tests.unit.rendering.test_no_word_gets_out import KEYS, NOW

HARMLESS = "motrare"
PAPER = replace(manuscript.PAPER, typography="", fallback_name="vous")
SCENES = {
    theme: replace(manuscript.stage(theme), publication=PAPER)
    for theme in ("presse", "pop", "texte")
}

PIECES = [
    *('"', "'", "&", "<", ">", "\\", "`", "*", "_", "#", "|", "~", "=", ":", "%"),
    *("{{", "}}", "{%", "%}", "{#", "{{ x }}", "{{ name }}", "${x}", "%s", "{0}"),
    *("]]>", "<![CDATA[", "-->", "<!--", "<!--[if mso]>", "<![endif]-->", "<br>"),
    *("</mj-text>", "<mj-raw>", "</p>", "</style>", "</title>", "<script>", "&amp;"),
    *(
        "&nbsp;",
        "&#0;",
        "&#x202f;",
        "\\u{a0}",
        "\\n",
        "\\",
        "=3D",
        "=\n",
        "=?utf-8?q?x?=",
    ),
    *("\u00a0", "\u202f", "\u00ad", "\u200b", "\u200d", "\u2060", "\ufeff", "\u034f"),
    *(
        "🧀",
        "👩‍🚀",
        "🏳️‍🌈",
        "🇫🇷",
        "e\u0301",
        "n\u0303\u0323",
        "ﬁ",
        "İ",
        "ß",
        "ŉ",
        "Ǆ",
        "\U0001f3fd",
    ),
    *("שלום", "مرحبا", "\u202e", "\u2066", "\u2069", "\u200f", "日本語", "ภาษา"),
    *("\x00", "\x07", "\x1b", "\x7f", "\x85", "\x9f", "\ud800", "\udfff", "\u2028"),
    *(
        "\ue000",
        "\ufffe",
        "\U0010ffff",
        "\x02",
        "\x03",
        "/*dark*/",
        "/*outlook*/",
        "\ufdd1",
        "cid:x",
        "https://a.b",
    ),
    *(".", "From ", ".\n", "--", "—", "• ", " • ", "1. ", "- ", "> ", "+ ", "TODO"[:2]),
    *(
        "a",
        "Été",
        "mot",
        " ",
        "  ",
        "\t",
        ", ",
        " :",
        " !",
        "!",
        "…",
        "...",
        "1er",
        "38 000",
    ),
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join),
    st.text(st.characters(exclude_categories=()), min_size=1, max_size=12),
)


_FOR_EVERYBODY = ("web", "feed", "entry", "subject")  # placeholders are filled here
_PADDED = ("preheader", "subtitle", "summary")  # by so much as they are shorter
_SAYING = ("alt", "title", "aria-label", "content")  # attributes that are words
_RECOGNISED = _MARKERS  # a backslash before one makes it a sign like any other


# -- where words can be typed -------------------------------------------------


def markdown(text: str) -> str:
    """*text* as an editor types it who means every sign: a backslash before each."""
    words = " ".join(text.split("\n")).strip()
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", words)


def quoted(text: str) -> str:
    """As the value of an attribute."""
    words = text.replace("\n", " ")
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def in_head(key: str, shape: str = "{}") -> Callable[[str], str]:
    def write(text: str) -> str:
        said = shape.replace("{}", json.dumps(text, ensure_ascii=False))
        return manuscript_of(head=f"{key}: {said}")

    return write


def in_body(shape: str) -> Callable[[str], str]:
    return lambda text: manuscript_of(body=shape.replace("{}", markdown(text)))


def in_value(shape: str) -> Callable[[str], str]:
    return lambda text: manuscript_of(body=shape.replace("{}", quoted(text)))


def manuscript_of(*, head: str = "", body: str = "mot") -> str:
    title = "" if head.startswith("title:") else "title: Titre\n"
    preface = body if body.startswith("!!") else ""
    section = "" if preface else body
    return (
        f"---\n{title}date: 2026-03-14\n{head}\n---\n\n{preface[2:]}\n\n"
        f"# Section\n\n*chapô*\n\n{section}\n\nUn mot pour finir.\n"
    )


FIELDS: dict[str, Callable[[str], str]] = {
    "title": in_head("title"),
    "subject": in_head("subject"),
    "subtitle": in_head("subtitle"),
    "preheader": in_head("preheader"),
    "summary": in_head("summary", "[{}, mot]"),
    "tag": in_head("tags", "[{}]"),
    "greeting": in_body("!!**{}**"),
    "introduction": in_body("!!{}"),
    "epigraph": in_body("!!> {}"),
    "toc": in_body("!!::: toc\n{}\n:::\n\n# S\n\n## Une histoire"),
    "section": in_body("# {}"),
    "strap": in_body("# S\n\nUn • {} • trois"),
    "standfirst": in_body("# S\n\n*{}*"),
    "story": in_body("# S {.numbered}\n\n## {}"),
    "story in the contents": in_body("::: toc\n:::\n\n## {}"),
    "emoji": in_value("## Une histoire {emoji={}}"),
    "sub-head": in_body("### {}"),
    "paragraph": in_body("{}"),
    "strong": in_body("un **{}** mot"),
    "emphasis": in_body("un *{}* mot"),
    "link": in_body("un [{}](https://a.example/) mot"),
    "label": in_body("**{} :** texte"),
    "label text": in_body("**À retenir :** {}"),
    "label alone": in_body("mot\n\n**{}**"),
    "brief": in_body("- **{}** • texte"),
    "brief text": in_body("- **Sondes** • {}"),
    "flag title": in_body(f"- **{manuscript.FLAG} : {{}}.** texte"),
    "item": in_body("- {}\n- mot"),
    "nested item": in_body("- mot\n    - {}"),
    "number": in_body("1. {}"),
    "quote": in_body("> {}"),
    "source": in_body("> mot\n> — {}"),
    "alt": in_body("![{}](port.jpg)"),
    "caption": in_body('![alt](port.jpg "{}")'),
    "video alt": in_body("[![{}](port.jpg){.video}](https://a.example/)"),
    "button": in_body("[{}](https://a.example/){.button}"),
    "table head": in_body("| {} | b |\n|--|--:|\n| c | d |"),
    "cell": in_body("| a | b |\n|--|--:|\n| {} | d |"),
    "second line of a cell": in_body("| a | b |\n|--|--:|\n| c<br>{} | d |"),
    "box title": in_body("::: box note\n## {}\n\nmot\n:::"),
    "box": in_body("::: box note\n{}\n:::"),
    "box button": in_value(
        '::: box note {href="https://a.example" button={}}\nmot\n:::'
    ),
    "advertiser": in_value("::: sponsor {by={}}\nmot\n:::"),
    "offer": in_value(
        '::: sponsor {by=X href="https://a.example" button={}}\nmot\n:::'
    ),
    "question": in_body("::: poll q\n{}\n\n- a\n- b\n:::"),
    "choice": in_body("::: poll q\nmot\n\n- {}\n- b\n:::"),
    "chart": in_body("::: chart\n## {}\n\n| a | b |\n|--|--|\n| c | 1 |\n:::"),
    "bar": in_body("::: chart\n| a | b |\n|--|--|\n| {} | 1 |\n:::"),
}


# -- what comes out -----------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """What a parser finds in one channel: the elements, their text, attributes' values.

    ``is_exact`` is False where lines are broken anew for every text.
    """

    words: str
    elements: tuple[tuple[str, ...], ...] = ()
    values: str = ""
    is_exact: bool = True


def read(text: str) -> Edition:
    return parse_edition(
        text,
        file="index.md",
        folder="2026-03-14-essai",
        publication=PAPER,
        authors=manuscript.AUTHORS,
        files=[*manuscript.FILES, "index.md"],
        theme_blocks={"chart": ("mjml", "html", "txt")},
    )


def errors_of(frozen: Frozen) -> list[Finding]:
    found = check(Inspection(frozen=frozen, today=date(2026, 3, 1)))
    return [f for f in found if f.severity is Severity.ERROR]


def channels(frozen: Frozen) -> dict[str, Shown]:
    """Every channel that readers have, parsed."""
    found = {}
    for rendering in frozen.renderings:
        found[str(rendering.variant)] = parsed(rendering.html)
        if rendering.variant is Variant.FREE:
            found["text"] = Shown(spaced(rendering.text), is_exact=False)
            url = "https://lettres.example.org"
            paper = Stationery(keyring=KEYS, signers=(), public_url=url)
            raw = sample_message(frozen, Variant.FREE, paper, now=NOW)
            assert max(map(len, raw.split(b"\r\n"))) <= 998
            mail = email.message_from_bytes(raw, policy=email.policy.default)
            found["subject"] = Shown(spaced(str(mail["Subject"])))
        if rendering.entry:
            entry = rendering.entry
            said = (entry.title, entry.summary, *entry.tags)
            found["entry"] = Shown(spaced(" / ".join(said)))
    return found


def parsed(page: str) -> Shown:
    root = lxml_html.fromstring(f"<html><body>{page}" if "<html" not in page else page)
    nodes = list(root.iter())
    elements = tuple(
        ("#" if callable(node.tag) else str(node.tag), *sorted(node.attrib))
        for node in nodes
    )
    said = [node.get(name) or "" for node in nodes for name in _SAYING]
    return Shown(spaced(root.text_content()), elements, spaced(" / ".join(said)))


def spaced(text: str) -> str:
    """White space as a reader sees it; other spaces are signs like any other."""
    return re.sub(r"[ \t\r\n\f]+", " ", text)


@cache
def usual(field: str, theme: str) -> dict[str, Shown]:
    """Where a harmless word in *field* comes out."""
    frozen = freeze(read(FIELDS[field](HARMLESS)), SCENES[theme])
    assert errors_of(frozen) == []
    return {
        name: shown
        for name, shown in channels(frozen).items()
        if HARMLESS in (shown.words + shown.values).casefold()
    }


def expected(usually: str, typed: str) -> re.Pattern[str]:
    """*usually* with *typed* in place of the harmless word, spelt as that is."""
    raised = capital(typed)
    spelt = {
        HARMLESS: re.escape(typed),
        HARMLESS.capitalize(): f"(?:{re.escape(raised)}|{re.escape(typed)})",
        HARMLESS.upper(): re.escape(upper(typed)),
    }
    parts = re.split(f"({HARMLESS})", usually, flags=re.IGNORECASE)
    known = {word: rf"\s*{form}\s*" for word, form in spelt.items()}
    return re.compile("".join(known.get(part) or re.escape(part) for part in parts))


def capital(typed: str) -> str:
    at = next((i for i, letter in enumerate(typed) if letter.isalnum()), 0)
    return typed[:at] + typed[at : at + 1].upper() + typed[at + 1 :]


def stands_in(typed: str, shown: str) -> bool:
    """Whether *typed* is there, as it is, in capitals or with one."""
    return any(form in shown for form in (typed, upper(typed), capital(typed)))


@pytest.mark.parametrize(
    ("field", "theme"), [*zip(FIELDS, cycle(SCENES), strict=False)]
)
def test_a_harmless_word_comes_out(field: str, theme: str) -> None:
    """Every field shows somewhere, so that the property below cannot be empty."""
    assert usual(field, theme)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(FIELDS)), st.sampled_from(sorted(SCENES)), TEXTS)
def test_any_text_comes_out_as_typed_or_is_refused(
    field: str, theme: str, text: str
) -> None:
    """With a file and a line; and nothing but the words differs."""
    typed = spaced(text).strip()
    assume(typed)
    try:
        frozen = freeze(read(FIELDS[field](text)), SCENES[theme])
        refused = errors_of(frozen)
    except EditionError as error:
        refused = list(error.findings)
    if refused:
        assert all(finding.file == "index.md" for finding in refused)
        return
    shown = channels(frozen)
    for name, usually in usual(field, theme).items():
        now, said = shown[name], typed
        if name in _FOR_EVERYBODY:
            said = fill(typed, {"name": PAPER.fallback_name}, escape=False)
        if HARMLESS in usually.values.casefold():
            assert said in now.values, name
        if HARMLESS in usually.words.casefold():
            assert stands_in(said, now.words), name
        if _RECOGNISED & set(typed):
            continue
        assert now.elements == usually.elements, name
        if usually.is_exact and field not in _PADDED:
            assert expected(usually.words, said).fullmatch(now.words), name


def test_a_placeholder_spelt_out_is_refused() -> None:
    """It could not be told from a real one once it stands in a text part."""
    for words in (r"\{\{ name \}\}", "&#123;{ name }}", "{**{ name }}**"):
        with pytest.raises(EditionError) as caught:
            read(manuscript_of(body=words))
        (finding,) = caught.value.findings
        assert (finding.rule, finding.line) == ("placeholder-left", 13)
        assert "{{ name }} would be filled in" in finding.message
