"""The house rules that a program can keep."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from mailer import errors
from mailer.config.load import load, show
from mailer.config.places import shipped
from mailer.config.settings import Settings
from mailer.edition.blocks import Block, Custom, Only
from mailer.errors import MailerError
from mailer.reading import Table, read, types_of
from mailer.workspace.catalogue import load_catalogue
from mailer.workspace.themes import load_theme

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "mailer").rglob("*.py"))
THEMES = sorted(path.name for path in (ROOT / "templates" / "themes").iterdir())
# `only` is unfolded by the audience cut, before any template; a theme's own block has
# the templates of its name.
KINDS = sorted({k.kind for k in Block.__subclasses__()} - {Only.kind, Custom.kind})
RFC = re.compile(r"RFC (\d{3,5})")
ROW = re.compile(r"^\| (\d{3,5}) \|.*\| (done|part|no) \|", re.MULTILINE)
SENTENCE = re.compile(r"""\b_\("([^"]+)\"""")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_fits_in_the_head(path: Path) -> None:
    """Nobody has to scroll for long, and nothing hides in a drawer for everything."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert path.stem not in {"utils", "common", "misc", "helpers"}


def test_the_rfc_index_agrees_with_the_code() -> None:
    """What we cite is listed, and what we call done is cited."""
    cited = {n for path in MODULES for n in RFC.findall(path.read_text("utf-8"))}
    listed = dict(ROW.findall((ROOT / "docs" / "rfc.md").read_text("utf-8")))
    assert cited - listed.keys() == set()
    assert {n for n, status in listed.items() if status == "done"} - cited == set()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_block_speaks_in_every_channel(theme: str, kind: str) -> None:
    """Each kind of block has its mail, web and text template in each theme."""
    found = load_theme(theme, [ROOT / "templates"]).templates
    names = {f"blocks/{kind}.{channel}.j2" for channel in ("mjml", "html", "txt")}
    assert names - found.keys() == set()


@pytest.mark.parametrize("theme", THEMES)
def test_every_sentence_of_a_theme_is_translated(theme: str) -> None:
    """A French reader never meets an English sentence."""
    french = load_catalogue("fr", [ROOT / "templates"])
    templates = load_theme(theme, [ROOT / "templates"]).templates.values()
    said = {s for text in templates for s in SENTENCE.findall(text)}
    assert said - french.sentences.keys() == set()


def test_the_drawn_tree_of_errors_is_the_tree_of_classes() -> None:
    """The picture in errors.py shows every error, with the exit code it has."""
    drawn = dict(re.findall(r"(\w+Error)\s+exit (\d+)", errors.__doc__ or ""))

    def descend(kind: type[MailerError]) -> set[type[MailerError]]:
        return {kind}.union(*(descend(sub) for sub in kind.__subclasses__()))

    known = {k for k in descend(MailerError) if k.__module__ == errors.__name__}
    assert drawn.keys() == {k.__name__ for k in known}
    for kind in known - {errors.StoreError}:
        assert drawn[kind.__name__] == str(kind.exit_code)


def test_the_manual_shows_every_setting_with_its_default(tmp_path: Path) -> None:
    """config/mailer.toml names every key, and says the default that holds without it."""
    manual = (shipped("config") / "mailer.toml").read_text(encoding="utf-8")
    (tmp_path / "config").mkdir()
    target = tmp_path / "config" / "mailer.toml"
    target.write_text(manual, encoding="utf-8")
    filled = load(config=None, start=tmp_path, environ={})
    skeleton = {
        "relays": [{"name": "principal"}],
        "lanes": {"orange": {}},
        "publications": {"le-meridien": {"name": "x", "from": "x@y.example"}},
    }
    assert skeleton.keys() <= tomllib.loads(manual).keys()
    bare = read(Settings, skeleton)
    origins = filled.origins
    missing = [
        key
        for key, _, origin in show(filled)
        if origin == "default" and not key.endswith((".labels", ".tokens"))
    ]
    assert missing == []
    for section in ("site", "lanes", "storage", "send", "web", "checks"):
        assert getattr(filled.settings, section) == getattr(bare, section), section
    assert origins


def test_no_setting_is_without_effect() -> None:
    """Every key of the manual is read by somebody: none is validated and forgotten."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    used = set(re.findall(r"\.(\w+)\b", code))
    tables = list(_tables(Settings))
    assert len(tables) > 20
    unread = {
        f"{table.__name__}.{name}"
        for table in tables
        for name in types_of(table).keys() - used
    }
    assert unread == set()


def _tables(annotation: object) -> Iterator[type[Table]]:
    """The tables that a type of the settings is made of."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        yield annotation
        for inner in types_of(annotation).values():
            yield from _tables(inner)
    for part in get_args(annotation):
        yield from _tables(part)


def test_a_word_has_one_meaning() -> None:
    """No word of the glossary is explained twice, or is what another one is not."""
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| (.+?) \| (.*?) ?\|$", text, re.MULTILINE)
    words = [word for row in rows for word in row[0].split(" / ")]
    assert len(words) > 25
    assert len(words) == len(set(words))
    strangers = {s for row in rows for s in re.findall('"([a-z]+)"', row[2])}
    assert strangers & {word.lower() for word in words} == set()
    classes = {
        name.lower()
        for path in MODULES
        if path.stem != "blocks"  # Markdown has nouns of its own
        for name in re.findall(r"^class (\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert strangers & classes == set()
