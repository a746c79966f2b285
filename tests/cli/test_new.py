"""`mailer new`: the right number on the right day, nothing overwritten, gaps in sight."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.errors import GuardError, InputError
from tests.cli.conftest import Command, said

Make = Callable[..., Command]
MONDAYS = """
[publications.le-lundi]
name     = "Le Lundi"
from     = "Le Lundi <lundi@meridien.example>"
schedule = "mon 07:30"
"""
SHAPED = """
[publications.{name}.shape]
require = ["editorial", "À l’ouverture", "quick", "tool", "video", "dossier"]
story   = ["En bref", "Dans le détail"]
"""


def begun(mailer: Command, *words: str) -> dict[str, object]:
    done = mailer("new", "--json", *words)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def configure(mailer: Command, more: str) -> None:
    file = mailer.folder / "config" / "mailer.toml"
    file.write_text(file.read_text("utf-8") + more, encoding="utf-8")


def findings(mailer: Command, edition: str) -> list[dict[str, object]]:
    done = mailer("check", edition, "--json")
    (report,) = json.loads(done.stdout)["editions"]
    return report["findings"]


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize(
    ("theme", "name", "day"),
    [
        ("presse", "le-meridien/119", "2026-03-21"),
        ("pop", "pixel-paprika/48", "2026-03-19"),
    ],
)
def test_the_next_edition_has_the_next_number_on_the_next_free_day(
    workspace: Make, theme: str, name: str, day: str
) -> None:
    """The coming slot has its edition already: the one after it is taken."""
    mailer = workspace(theme)
    made = begun(
        mailer, "Un titre: à deux points", "--publication", name.partition("/")[0]
    )
    assert (made["edition"], made["date"]) == (name, day)
    assert made["slug"] == "un-titre-a-deux-points"
    file = Path(str(made["file"]))
    assert file.parent.name == f"{day}-un-titre-a-deux-points"
    assert 'title: "Un titre: à deux points"' in file.read_text("utf-8")


@pytest.mark.parametrize("basis", ["last", "skeleton"])
@pytest.mark.parametrize("theme", ["presse", "pop"])
def test_a_new_edition_parses_and_cannot_be_sent(
    workspace: Make, theme: str, basis: str
) -> None:
    """Every gap is a finding at its line, and there is no other fault."""
    mailer = workspace(theme)
    name = {"presse": "le-meridien", "pop": "pixel-paprika"}[theme]
    made = begun(mailer, "--publication", name, "--from", basis)
    text = Path(str(made["file"])).read_text("utf-8")
    told_of = findings(mailer, str(made["edition"]))
    assert "heading-repeat" not in {finding["rule"] for finding in told_of}
    errors = [finding for finding in told_of if finding["severity"] == "error"]
    assert {finding["rule"] for finding in errors} == {"placeholder-left"}
    told = {finding["line"] for finding in errors}
    gaps = {n for n, line in enumerate(text.split("\n"), 1) if "TODO" in line}
    assert len(gaps) >= 8
    assert gaps - told == set()


def test_every_gap_counts_alone(workspace: Make) -> None:
    """The name of an advertiser, a poll's id, a button's address: none slips out."""
    mailer = workspace()
    made = begun(mailer, "--publication", "le-meridien", "--from", "last")
    file = Path(str(made["file"]))
    text = re.sub(r"TODO (?!annonceur)", "Mot ", file.read_text("utf-8"))
    file.write_text(text, encoding="utf-8")
    lines = text.split("\n")
    told = {
        lines[int(str(finding["line"])) - 1]
        for finding in findings(mailer, str(made["edition"]))
        if finding["rule"] == "placeholder-left"
    }
    assert any("by=" in line for line in told)
    assert any(line == "::: poll todo" for line in told)
    assert any(line.endswith("{.button}") for line in told)


def test_what_was_of_one_week_is_gone_and_the_frame_stays(workspace: Make) -> None:
    """No word, advertiser, last day or picture of the last edition; its frame wgap."""
    mailer = workspace()
    made = begun(mailer, "--publication", "le-meridien", "--from", "last")
    old = (
        next(mailer.folder.glob("editions/le-meridien/*-ports")) / "index.md"
    ).read_text("utf-8")
    new = Path(str(made["file"])).read_text("utf-8")
    assert made["begun_from"] == "le-meridien/118"
    assert "until" not in new
    assert "Les Cordages" not in new
    assert list(Path(str(made["file"])).parent.iterdir()) == [Path(str(made["file"]))]
    for mark in (
        r"^# .*\{\.",
        r"^::: signature",
        r"<!--members-->",
        r"^::: box",
        r"\*\*DANS LE SILLAGE",
    ):
        assert len(re.findall(mark, new, re.MULTILINE)) == len(
            re.findall(mark, old, re.MULTILINE)
        ), mark
    prose = {
        line
        for line in old.split("\n")
        if len(line) > 60 and not line.startswith((":::", "#"))
    }
    assert prose & set(new.split("\n")) == set()


def test_a_shape_becomes_sections_and_labels(workspace: Make) -> None:
    """Required sections by class or title, and in each story its labels."""
    mailer = workspace("pop")
    text = mailer.folder / "config" / "mailer.toml"
    text.write_text(
        re.sub(
            r"\n\[publications\.pixel-paprika\.shape\].*",
            "\n",
            text.read_text("utf-8"),
            flags=re.DOTALL,
        ),
        encoding="utf-8",
    )
    configure(mailer, SHAPED.format(name="pixel-paprika"))
    made = begun(mailer)
    assert made["begun_from"] == "skeleton"
    new = Path(str(made["file"])).read_text("utf-8")
    for name in ("editorial", "quick", "tool", "video", "dossier", "numbered"):
        assert f"{{.{name}}}" in new
    assert "\n# À l’ouverture\n" in new
    assert (
        new.count("**En bref :** TODO")
        == new.count("**Dans le détail**\n\n- **TODO")
        == 3
    )
    errors = [
        f for f in findings(mailer, str(made["edition"])) if f["severity"] == "error"
    ]
    assert {f["rule"] for f in errors} == {"placeholder-left"}


def test_a_publication_without_any_edition_begins_at_one(workspace: Make) -> None:
    """A second letter, on Mondays; and an edition for each of two coming Mondays."""
    mailer = workspace("pop")
    configure(mailer, MONDAYS)
    first = begun(mailer, "--publication", "le-lundi")
    second = begun(mailer, "--publication", "le-lundi")
    assert (first["edition"], first["date"]) == ("le-lundi/1", "2026-03-16")
    assert (second["edition"], second["date"]) == ("le-lundi/2", "2026-03-23")
    assert second["slug"] == "no-2"


def test_one_name_is_not_given_twice(workspace: Make) -> None:
    """The same title, a number for a title, a word that means something: all findable."""
    mailer = workspace("pop")
    slugs = [
        begun(mailer, title)["slug"] for title in ("Bis", "Bis", "2027", "latest", "🧀")
    ]
    assert slugs == ["bis", "bis-2", "edition-2027", "edition-latest", "no-52"]


def test_a_day_that_is_taken_is_refused(workspace: Make) -> None:
    """A slot happens once; nothing is written, and the way out is said."""
    mailer = workspace("pop")
    before = tree(mailer.folder)
    error = said(mailer("new", "Encore", "--date", "2026-03-12"))
    assert isinstance(error, GuardError)
    assert "pixel-paprika/47 is dated 2026-03-12 already" in str(error)
    assert tree(mailer.folder) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--date", "samedi"], "'samedi' is no date"),
        (["--publication", "le-lundi"], "le-lundi has no schedule"),
        (
            ["--publication", "le-lundi", "--date", "2026-03-16", "--from", "last"],
            "no edition to begin from",
        ),
        (["Un\x07titre"], "title"),
        (["--edit"], "no editor"),
    ],
)
def test_what_cannot_be_begun_leaves_nothing(
    workspace: Make, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    """A fault is told before a folder is made."""
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    mailer = workspace("pop")
    configure(mailer, MONDAYS.replace('schedule = "mon 07:30"', ""))
    if "--publication" not in words:
        words = ["--publication", "pixel-paprika", *words]
    before = tree(mailer.folder)
    error = said(mailer("new", *words))
    assert isinstance(error, InputError)
    assert told in str(error)
    assert tree(mailer.folder) == before


def test_a_folder_that_cannot_be_made_leaves_no_half(workspace: Make) -> None:
    """A file where the publication's folder should be: told, and kept."""
    mailer = workspace("pop")
    configure(mailer, MONDAYS)
    (mailer.folder / "editions" / "le-lundi").write_text("mine", "utf-8")
    before = tree(mailer.folder)
    error = said(mailer("new", "--publication", "le-lundi"))
    assert "cannot be made" in str(error)
    assert tree(mailer.folder) == before


def test_the_editor_gets_the_file(
    workspace: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """$VISUAL may hold options; an editor that fails is told by the exit code."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "$@" > "$(dirname "$0")/said"\nexit $CODE\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", f"{editor} --wait")
    monkeypatch.setenv("CODE", "0")
    mailer = workspace("pop")
    made = begun(mailer, "--edit")
    assert (tmp_path / "said").read_text().split() == ["--wait", made["file"]]
    monkeypatch.setenv("CODE", "1")
    assert mailer("new", "--edit").exit_code == 1
    monkeypatch.setenv("VISUAL", str(tmp_path / "nothing"))
    error = said(mailer("new", "--edit"))
    assert "does not start" in str(error)
