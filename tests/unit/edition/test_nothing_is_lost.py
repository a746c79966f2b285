"""Whatever is typed: an edition that holds every word of it, or findings at their lines."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.edition.model import Edition
from mailer.edition.reading.parse import parse_edition
from mailer.errors import EditionError
from mailer.rendering.words import words_of
from tests.unit.edition.conftest import HEAD, PAPER
from tests.unit.edition.test_directives import SNIPPETS, THEME_BLOCKS

PIECES = (
    *("% %", "**%**", "*%*", "**% :** %", "A% • B% • C%", "A% • B%", "*%*.", "**%** •"),
    *("# %", "## %", '## % {emoji="🚲"}', "### % {#i%}", "#%", "Titre%\n==="),
    *("- **%** • %", "- **DANS LE SILLAGE : %.** %", "- **% :** %", "- %\n  - %"),
    *("1. %\n2. %", "> %\n> — %", "> %\n>\n> %", "[%](https://a.example)", "`%`"),
    *("[%](https://a.example){.button}", '![%](port.jpg "%")', "~~%~~", "% {.plain}"),
    *("[![%](port.jpg){.video}](https://a.example)", '[%](https://a.example "x")'),
    *(
        "| % | % |\n|--|--|\n| **%**<br>% | % |",
        "| % |\n|--|\n| % | % |",
        "---",
        "%\\\n%",
    ),
    *(
        "::: box note\n## %\n\n%\n:::",
        '::: sponsor {by="%" button="%" href="https://a.b"}',
    ),
    *(
        ":::",
        "::::",
        ":::: only free",
        "::: poll p%\n%\n\n- %\n- %\n:::",
        "::: toc\n%\n:::",
    ),
    *("::: chart % {unit=%}\n%\n:::", "::: snippet promo\n:::", "::: signature claire"),
    *("<!--members-->", "<!-- % -->", "<b>%</b>", "{{ name }} %", "{{ % }}", "[%]: %"),
    *(
        "    %",
        "```\n%\n```",
        "> ",
        ">",
        "-",
        "%\\",
        "&eacute;% &#0;",
        "\u00a0%\u202f",
        "\t%",
    ),
)
WORD = re.compile(r"mot\d+")
GLUE = ("\n\n", "\n", "\n> ", "\n  ", " ", "\r\n\r\n", "\n\u00a0")


@st.composite
def manuscripts(draw: st.DrawFn) -> str:
    """Pieces of Markdown, right and wrong, each with words that stand nowhere else."""
    count = draw(st.integers(1, 8))
    text = ""
    for _ in range(count):
        text += draw(st.sampled_from(PIECES)) + draw(st.sampled_from(GLUE))
    parts = text.split("%")
    return "".join(f"{part}mot{n}" for n, part in enumerate(parts[:-1])) + parts[-1]


def read(text: str, further: Mapping[str, str] | None = None) -> Edition:
    return parse_edition(
        HEAD + text,
        file="index.md",
        folder="2026-03-14-ports",
        publication=PAPER,
        authors=["claire"],
        files=["port.jpg"],
        further=further,
        snippets=SNIPPETS,
        theme_blocks=THEME_BLOCKS,
    )


@settings(max_examples=400, deadline=None)
@given(manuscripts())
def test_every_word_is_in_the_tree_or_something_is_told(text: str) -> None:
    """Nothing is swallowed: not by Markdown, not by us."""
    try:
        edition = read(text)
    except EditionError as error:
        lines = (HEAD + text).replace("\r\n", "\n").split("\n")
        assert error.findings
        for finding in error.findings:
            assert finding.file in {"index.md", *(f"snippets/{s}.md" for s in SNIPPETS)}
            assert 1 <= finding.line <= len(lines)
            assert finding.column <= 200
        return
    kept = set(WORD.findall(" ".join(words_of(edition))))
    lost = set(WORD.findall(text)) - kept
    # Names that are no words: an id, a poll's name.
    assert {
        w for w in lost if f"{{#i{w}}}" not in text and f"poll p{w}" not in text
    } == set()


@settings(max_examples=100, deadline=None)
@given(manuscripts(), manuscripts())
def test_two_files_hold_what_each_of_them_holds(first: str, second: str) -> None:
    """A second file adds to the first, and takes nothing from it."""
    try:
        alone = read(first)
        both = read(first, {"01.md": second})
    except EditionError as error:
        assert error.findings
        return
    words = words_of(alone)
    assert words_of(both)[: len(words)] == words


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.text(max_size=80))
def test_any_text_in_any_file_is_an_edition_or_findings(head: str, body: str) -> None:
    """Front matter, body, a further file, a snippet: nothing else is ever raised."""
    for text, further, snippet in (
        (f"---\n{head}\n---\n{body}", {}, ""),
        (HEAD + body, {"01.md": head}, ""),
        (HEAD + "::: snippet s\n:::", {"02.md": body}, head),
    ):
        try:
            parse_edition(
                text,
                file="index.md",
                folder="f",
                publication=PAPER,
                further=further,
                snippets={"s": snippet},
            )
        except EditionError as error:
            assert all(f.line >= 0 for f in error.findings)


def test_a_last_line_without_an_end_is_read() -> None:
    """A fence in a quotation at the very end once looked one sign too far."""
    try:
        read("mot\n> :::\n> ")
    except EditionError as error:
        assert error.findings


def test_a_fence_with_nothing_but_a_no_break_space_is_told() -> None:
    """It looks closed, and is not."""
    try:
        read("::: \u00a0\n")
    except EditionError as error:
        assert {f.rule for f in error.findings} == {"directive-unclosed"}
    else:
        raise AssertionError
