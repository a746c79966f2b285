"""The samples look as they did when a person last looked at them.

``make golden`` writes ``tests/golden`` anew; then look at the difference, and at the
pictures, before committing. A file holds a rendering with one tag a line, an empty line
standing for white space between two tags; pictures go by the names editors gave them.
"""

from __future__ import annotations

import difflib
import html
import os
import re
from pathlib import Path

import pytest

from mailer.edition.blocks import Block
from mailer.edition.model import Edition
from mailer.flows.editing.assembled import Assembled
from mailer.rendering.words import lines_of, words_in
from tests.messages import forms, read
from tests.samples import EDITIONS, english, sample, with_named_pictures

GOLDEN = Path(__file__).parents[2] / "golden"
FILES = [
    f"{theme}-{variant}.{part}"
    for theme in (*EDITIONS, "english")
    for variant in ("free", "member", "web", "member_web", "feed")
    for part in ("html", "txt")
    if not (theme == "pop" and variant.startswith("member"))  # a letter for everybody
    and not (part == "txt" and variant in {"web", "member_web", "feed"})
]


def legible(page: str) -> str:
    """*page* with one tag a line."""
    between = re.sub(r">(\s*)<", lambda m: ">\n\n<" if m[1] else ">\n<", page)
    return between.strip() + "\n"


def assembled(name: str) -> Assembled:
    """The sample that a file's name begins with: a theme's, or the one in English."""
    return english() if name == "english" else sample(name)


def made(file: str) -> str:
    """What the sample gives now."""
    theme, variant, part = re.split("[-.]", file)
    page, text = with_named_pictures(assembled(theme))[variant.replace("_", "-")]
    return legible(page) if part == "html" else text


@pytest.mark.parametrize("file", FILES)
def test_a_sample_looks_as_it_did_when_somebody_looked(file: str) -> None:
    """A change of a theme, of a block or of mrml is seen before readers see it."""
    now, golden = made(file), GOLDEN / file
    if os.environ.get("MAILER_GOLDEN") == "write":
        golden.write_text(now, encoding="utf-8")
    before = golden.read_text(encoding="utf-8")
    if now != before:
        edition = assembled(file.partition("-")[0]).edition
        pytest.fail(difference(before, now, edition), pytrace=False)


def test_no_golden_file_is_left_over() -> None:
    """What nothing makes any more is not kept."""
    assert {path.name for path in GOLDEN.iterdir()} == set(FILES)


def test_the_english_sample_has_every_block_and_no_word_of_french() -> None:
    """What a theme says by itself is English; the letter itself is too."""
    edition = english().edition
    kinds = {kind.kind for kind in Block.__subclasses__()}
    assert kinds - {block.kind for block in edition.every_block()} == set()
    assert english().findings == ()
    french = {
        form
        for message in read()
        if message.id and any("themes/" in place for place, _ in message.locations)
        for form in forms(message.string)
        if len(form.split()) > 1 and form not in forms(message.id)
    }
    assert len(french) > 10
    pages = [page for pair in with_named_pictures(english()).values() for page in pair]
    assert [(form, page) for form in french for page in pages if form in page] == []


def difference(before: str, now: str, edition: Edition) -> str:
    """The block that differs first, and how; `make golden` if it was meant."""
    old, new = before.split("\n"), now.split("\n")
    at = next(
        (n for n, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]),
        min(len(old), len(new)),
    )
    shown = difflib.unified_diff(old, new, "golden", "now", n=1, lineterm="")
    lines = "\n".join(line[:300] for line, _ in zip(shown, range(24), strict=False))
    return f"{block_at(new, at, edition)} differs\n{lines}\nmeant? make golden"


def block_at(lines: list[str], at: int, edition: Edition) -> str:
    """The block whose words stand at line *at* or, failing that, next before it."""
    blocks = {
        run: block
        for block in edition.every_block()
        for words in map(words_in, lines_of(block))
        for run in [tuple(words[:4])]
        if run
    }
    for number in range(min(at, len(lines) - 1), -1, -1):
        words = words_in(html.unescape(re.sub("<[^>]*>", " ", lines[number])))
        for run, block in blocks.items():
            for start in range(len(words)):
                if tuple(words[start : start + len(run)]) == run:
                    return f"{block.kind}, {block.at},"
    return "the head, or what the theme puts around"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("dit une seule chose", "paragraph, index.md:"),
        ("Les ports se cherchent un cerveau", "the head"),
        ("Encre et écran", "brief, index.md:"),
        ("Trois questions avant de signer", "subhead, index.md:"),
    ],
)
def test_a_difference_names_its_block(words: str, named: str) -> None:
    """Who changed a template reads which block to look at, not ninety thousand bytes."""
    before = made("presse-member.html")
    now = before.replace(words, words[:-1] + "§", 1)
    assert now != before
    told = difference(before, now, sample("presse").edition)
    assert told.startswith(named)
    assert "§" in told
