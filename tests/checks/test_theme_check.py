"""``mailer check --theme``: what a theme is told about itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailer.cli.main import app
from mailer.language import ENGLISH
from mailer.rendering.checks.contrast import check_contrast, pairs
from mailer.rendering.checks.theme import check_theme
from mailer.workspace.gallery import NAMES, Gallery
from tests.fakes import specimen
from tests.fakes.specimen import TEMPLATES

THEMES = pytest.mark.parametrize("theme", ["presse", "pop", "texte"])


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "mailer.toml").write_text("")
    return tmp_path


def checked(workspace: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["-C", str(workspace), "check", "--theme", *words])
    return done.exit_code, done.output


def clean(theme: str) -> tuple[int, str]:
    """What is said about a theme without fault."""
    return 0, f"{theme}  templates/themes/{theme}\n\n0 errors, 0 warnings.\n"


def override(workspace: Path, name: str, text: str) -> None:
    file = workspace / "templates" / "themes" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@THEMES
def test_the_shipped_themes_have_nothing_to_be_told(theme) -> None:
    """MJML, all three templates of every block, every sentence in French."""
    assert list(check_theme(specimen.shipped(theme), specimen.french())) == []
    assert list(check_theme(specimen.shipped(theme), ENGLISH)) == []


@pytest.mark.parametrize("theme", ["presse", "pop"])
def test_every_text_that_meets_a_ground_was_judged_when_the_theme_loaded(
    theme, media
) -> None:
    """What the mail shows is what the grounds declare: an override is judged by it."""
    shown = Gallery(theme, templates=[TEMPLATES], media=media)
    met = {pair for name in NAMES for pair in pairs(*shown.scene(name))}
    assert ("ink", "paper") in met
    assert ("on_button", "button") in met
    assert met <= set(shown.theme.contrast)


def test_faint_words_are_told_by_the_names_of_their_colours() -> None:
    """Quiet words on a panel of nearly the same colour, in one scheme or the other."""
    scene = specimen.scene()
    colors = {**scene.theme.colors, "muted": ("#6a645c", "#3a3733")}
    theme = replace(scene.theme, colors=colors)
    found = [
        str(f) for f in check_contrast(specimen.edition(), replace(scene, theme=theme))
    ]
    assert any("muted stands on paper (dark) with a contrast of 1." in f for f in found)
    assert not any("(light)" in f for f in found)


def test_a_workspace_theme_is_judged_with_its_own_files(workspace) -> None:
    """One file overridden, one fault, its name and line; the exit code says it blocks."""
    assert checked(workspace, "presse") == clean("presse")
    override(workspace, "presse/blocks/rule.mjml.j2", '\n<mj-divider colour="red" />')
    code, said = checked(workspace, "presse")
    assert code == 1
    assert "blocks/rule.mjml.j2:2" in said
    assert "theme-mjml" in said


def test_a_new_theme_says_only_what_differs(workspace) -> None:
    """``extends``, a colour, a sentence that nobody translated, a block without text."""
    override(
        workspace,
        "mienne/theme.toml",
        'extends = "pop"\n[color]\naccent = ["#7a1f5a", "#ff9ad0"]\n',
    )
    assert checked(workspace, "mienne") == clean("mienne")
    override(workspace, "mienne/blocks/gauge.mjml.j2", "<p>{{ _('So full') }}</p>")
    code, said = checked(workspace, "mienne", "--json")
    assert code == 1
    rules = [finding["rule"] for finding in json.loads(said)["findings"]]
    assert rules == ["theme-template", "theme-sentence", "theme-template"]


def test_a_colour_that_cannot_be_read_stops_the_theme(workspace) -> None:
    """The tokens of a workspace are judged like the shipped ones."""
    override(
        workspace, "presse/theme.toml", '[color]\nmuted = ["#cccccc", "#aaa297"]\n'
    )
    done = CliRunner().invoke(app, ["-C", str(workspace), "check", "--theme", "presse"])
    assert done.exit_code != 0
    assert "muted #cccccc on page" in str(done.exception)
