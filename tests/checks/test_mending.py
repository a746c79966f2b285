"""Fixes change what they name, and nothing else."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.edition.blocks import Break, Code, Emphasis, Link, Placeholder, Strong, Text
from mailer.edition.model import Edition
from mailer.errors import EditionError, Finding, Fix, GuardError, Severity
from mailer.workspace.mending import mend, mended_text
from tests.checks.conftest import HEAD, checked, read

POOR = HEAD.format("fr") + "Un  quai,une grue.\n\nA l’horizon,, l’Etat.\n"
GOOD = HEAD.format("fr") + "Un quai, une grue.\n\nÀ l’horizon, l’État.\n"


def mended(text: str) -> str:
    """What ``--fix`` makes of *text*, round after round."""
    for _ in range(5):
        text, made = mended_text(text, checked(text))
        if not made:
            break
    return text


def test_every_slip_of_a_text_is_mended() -> None:
    """Spaces, commas and accents, in one go."""
    assert mended(POOR) == GOOD


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_keeps_its_mark_its_line_ends_and_its_mode(
    tmp_path: Path, end: str, mark: str
) -> None:
    """Byte for byte the same, but for the changes."""
    file = tmp_path / "index.md"
    file.write_bytes((mark + POOR.replace("\n", end)).encode())
    file.chmod(0o640)
    made = mend(file, POOR, checked(POOR))
    assert len(made) == 5
    assert file.read_bytes() == (mark + GOOD.replace("\n", end)).encode()
    assert file.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["index.md"]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """Somebody is writing: their words are not replaced by older ones."""
    file = tmp_path / "index.md"
    file.write_text(POOR + "Encore.\n", encoding="utf-8")
    with pytest.raises(GuardError, match="changed while it was checked"):
        mend(file, POOR, checked(POOR))
    assert file.read_text(encoding="utf-8") == POOR + "Encore.\n"
    assert [p.name for p in tmp_path.iterdir()] == ["index.md"]


def test_nothing_is_written_where_nothing_is_mended(tmp_path: Path) -> None:
    """A good file is not touched, not even its time."""
    file = tmp_path / "index.md"
    file.write_text(GOOD, encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert mend(file, GOOD, checked(GOOD)) == ()
    assert file.stat().st_mtime_ns == 1


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    """The file it leads to is mended."""
    real = tmp_path / "real.md"
    real.write_text(POOR, encoding="utf-8")
    link = tmp_path / "index.md"
    link.symlink_to(real)
    mend(link, POOR, checked(POOR))
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == GOOD


def test_a_change_that_does_not_fit_is_not_made() -> None:
    """Other words at the place, a place beyond the file, changes over one another."""

    def finding(line: int, column: int, before: str) -> Finding:
        return Finding(
            rule="typo-space",
            severity=Severity.WARNING,
            message="m",
            file="index.md",
            line=line,
            column=column,
            fix=Fix(before, "X"),
        )

    wanted = [finding(1, 1, "b"), finding(9, 1, "a"), finding(1, 2, "bc")]
    over = [finding(1, 3, "c"), *wanted, finding(1, 3, "cd")]
    assert mended_text("abcd", over)[0] == "abXd"
    assert mended_text("abcd", wanted)[0] == "aXd"


WORDS = st.sampled_from(
    [
        "mot", "Etat", "A l’horizon", "la", "la", "quai", "1,5", "x", "J.-P.", "GitHub",
        "**gras**", "*it*", "`a,b`", "[un lien](https://x.example/a,b)", "{{ name }}",
        "https://x.example/a,b", "a@b.example", ":-)", "7 h 30", "« oui »", '"oui"', "<<",
        ">>", "5", "•", "—", "\\,", "snake_case", "3 * 4", "\\*", "&nbsp;", "|", ":::",
    ]
)  # fmt: skip
GLUE = st.sampled_from(
    [" ", "  ", ",", ", ", " ,", ",,", " .", "..", ".", "\n", " \n", "  \n", "\n\n", "( ",
     " )", "\n- ", "\n> ", "\n# ", "\n1. ", "?", "!", " ;", "\u00a0", "\\\n", " {.plain}\n\n"]
)  # fmt: skip
BODIES = st.lists(st.tuples(WORDS, GLUE), min_size=1, max_size=14).map(
    lambda parts: "".join(word + glue for word, glue in parts)
)


@settings(max_examples=200, deadline=None)
@given(BODIES, st.sampled_from(["fr", "en"]))
def test_mending_changes_words_and_never_the_tree(body: str, lang: str) -> None:
    """The same blocks and marks before and after; mending again changes nothing."""
    text = HEAD.format(lang) + body
    try:
        before = read(text)
    except EditionError:
        return
    after_text = mended(text)
    after = read(after_text)
    assert shape(after) == shape(before)
    assert mended(after_text) == after_text
    assert "".join(letters(after_text)) == "".join(letters(text))


def shape(value: object) -> object:
    """The tree without its words."""
    match value:
        case Text():
            return "text"
        case Code() | Placeholder() | Break():
            return value
        case Strong(children) | Emphasis(children):
            return type(value).__name__, shape(children)
        case Link(href, children):
            return "link", href, shape(children)
        case Edition():
            return shape(value.preface), shape(value.sections)
        case tuple():
            return tuple(map(shape, value))
        case _ if hasattr(value, "__dataclass_fields__"):
            names = value.__dataclass_fields__.keys() - {"at", "id"}
            return type(value).__name__, {n: shape(getattr(value, n)) for n in names}
        case str():
            return "words"
    return value


def letters(text: str) -> list[str]:
    """The letters and digits, bare of accents, which no fix may add or take away."""
    bare = text.translate(str.maketrans("ÀÂÉÈÊÎÔÇàâéèêîôç", "AAEEEIOCaaeeeioc"))
    return re.findall(r"\w", bare)
