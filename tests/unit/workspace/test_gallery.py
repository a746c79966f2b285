"""The gallery: every shipped theme on its best and on its worst day, within budget."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailer.cli.main import app
from mailer.delivery.quoted import quoted_printable
from mailer.edition.blocks import Block, Only
from mailer.edition.model import Variant
from mailer.edition.walk import walk
from mailer.errors import NotFoundError, ThemeError
from mailer.rendering.model import Frozen
from mailer.workspace.gallery import NAMES, Gallery
from tests.fakes.specimen import TEMPLATES

KILO = 1024
BUDGET = 80 * KILO
THEMES = pytest.mark.parametrize("theme", ["presse", "pop", "texte"])


@cache
def frozen(theme: str, name: str, media: Path) -> Frozen:
    return Gallery(theme, templates=[TEMPLATES], media=media).frozen(name)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@THEMES
def test_three_and_a_half_thousand_words_are_not_cut(theme, media) -> None:
    """Gmail cuts at 102 KB of what it is sent, encoded as it is sent."""
    html = frozen(theme, "longue", media).rendering(Variant.FREE).html
    words = re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split()
    assert len(words) >= 3500
    assert max(len(html.encode()), len(quoted_printable(html))) < BUDGET


@THEMES
@pytest.mark.parametrize("name", NAMES)
def test_style_sheets_are_what_gmail_keeps(theme, name, media) -> None:
    """Under 16 KB together; a sheet with a rule nested in another would be dropped."""
    for variant in (Variant.FREE, Variant.MEMBER):
        html = frozen(theme, name, media).rendering(variant).html
        sheets = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)
        assert sum(len(sheet.encode()) for sheet in sheets) < 16 * KILO
        for sheet in sheets:
            assert not re.search(r"@[a-z-]+[^{}]*\{[^{}]*(\{[^{}]*\}[^{}]*)*@", sheet)


@THEMES
def test_an_empty_edition_is_a_letter_too(theme, media) -> None:
    """A title, who sends it, and the way out."""
    made = frozen(theme, "vide", media)
    mail = made.rendering(Variant.FREE)
    assert "Rien cette semaine" in mail.html
    assert "{{ unsubscribe_url }}" in mail.html
    assert "Rien cette semaine" in made.rendering(Variant.WEB).html


def test_every_kind_of_block_is_shown(media) -> None:
    """Whoever adds a block sees it in every theme; ``only`` is gone after the cut."""
    edition = frozen("presse", "tout", media).edition
    shown = {block.kind for block in edition.every_block()}
    there = {kind.kind for kind in Block.__subclasses__()} - {Only.kind}
    assert shown >= there
    classes = {name for section in edition.sections for name in section.classes}
    assert classes >= set("editorial dossier quick numbered tool video".split())
    boxed = [block.kind for block in walk(edition.sections[1].blocks)]
    assert "box" in boxed


def test_there_are_four_editions_and_no_fifth(media) -> None:
    """A misspelt name is told, and so is a theme that is not there."""
    with pytest.raises(NotFoundError):
        frozen("presse", "tous", media)
    with pytest.raises(ThemeError, match="there is no theme press"):
        frozen("press", "tout", media)


def test_the_gallery_is_written_as_files(tmp_path) -> None:
    """Pages that open anywhere, texts beside mails, pictures beside both."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "mailer.toml").write_text("")
    done = CliRunner().invoke(
        app, ["-C", str(tmp_path), "gallery", "texte", "-o", str(tmp_path / "g")]
    )
    assert done.exit_code == 0, done.output
    written = {path.name for path in (tmp_path / "g" / "texte").glob("*.*")}
    assert written >= {
        f"{name}-free.{kind}" for name in NAMES for kind in ("html", "txt")
    }
    assert "tout-web.html" in written
    page = (tmp_path / "g" / "texte" / "tout-free.html").read_text(encoding="utf-8")
    shown = re.findall(r'<img src="([^"]+)"', page)
    assert shown
    assert all((tmp_path / "g" / "texte" / name).is_file() for name in shown)
