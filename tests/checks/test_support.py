"""What a mail uses, what who lacks, and what our themes use anyway."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailer.cli.main import app
from mailer.errors import ConfigError
from mailer.rendering.checks.rule import Sample
from mailer.rendering.checks.support import features_of
from mailer.workspace.support import support_data
from tests.checks.caniemail import BASELINES, DATA, baselines, known, slim
from tests.checks.workbench import findings

USES = [
    ("<video src=a.mp4></video>", {"html-video", "image-mp4"}),
    ('<p style="text-shadow: 1px 1px #fff">', {"html-p", "css-text-shadow"}),
    ('<p style="display:flex;gap:1rem">', {"css-display-flex", "css-gap", "css-unit-rem"}),
    ('<p style="color:rgba(0,0,0,.5)">', {"css-rgba"}),
    ('<p style="width:calc(100vw - 2px)">', {"css-unit-calc", "css-unit-vw"}),
    ('<p style="--a:1px;width:var(--a)">', {"css-variables"}),
    ("<style>@font-face{font-family:x}</style>", {"css-at-font-face", "html-style"}),
    (
        "<style>@media (prefers-color-scheme:dark){a:hover{color:red}}</style>",
        {"css-at-media", "css-at-media-prefers-color-scheme", "css-pseudo-class-hover"},
    ),
    ("<style>p::before{content:''}</style>", {"css-pseudo-element-before"}),
    ('<img src="a.webp?x=1" srcset="b.svg" loading=lazy>', {"image-webp", "html-srcset"}),
    ('<img src="data:image/png;base64,x">', {"image-base64"}),
    ('<a href="#ici">', {"html-anchor-links"}),
    ("<ul><li></ul><h2>", {"html-lists", "html-h1-h6"}),
    ('<input type="checkbox">', {"html-input-checkbox"}),
]  # fmt: skip


@pytest.mark.parametrize(("html", "used"), USES)
def test_a_feature_is_recognised(html: str, used: set[str]) -> None:
    """Elements, attributes, declarations, units, at-rules, selectors, pictures."""
    assert used - features_of(html) == set()
    assert used & known() == used


def test_what_is_for_outlook_alone_is_not_counted() -> None:
    """A conditional comment is seen by the one program that knows it."""
    html = '<!--[if mso]><v:rect style="text-shadow:1px"><![endif]--><p>x</p>'
    assert "css-text-shadow" not in features_of(html)


def test_the_latest_status_counts() -> None:
    """What a program has learnt or forgotten since is its newest version's word."""
    stats = {"ios": {"1": "n", "2": "y"}, "android": {"1": "y", "2": "n #1"}}
    feature = {"slug": "css-x", "title": "X", "stats": {"gmail": stats}}
    full = {"last_update_date": "2025-09-09 18:08", "data": [feature]}
    made = slim(full, version="1")
    assert made["features"] == {
        "css-x": {"title": "X", "lacking": {"gmail": ["android"]}}
    }
    assert made["dated"] == "2025-09-09"


def test_the_baselines_are_those_of_our_themes() -> None:
    """A theme that uses something new is measured anew: make caniemail."""
    assert json.loads(BASELINES.read_text("utf-8")) == baselines()


def test_the_data_are_whole_light_and_credited() -> None:
    """Every feature is there, with date and licence; NOTICE names the author."""
    data = json.loads(DATA.read_text("utf-8"))
    assert len(data["features"]) == 302
    assert DATA.stat().st_size < 200_000
    assert "MIT" in data["licence"]
    notice = (Path(__file__).parents[2] / "NOTICE").read_text("utf-8")
    assert "Rémi Parmentier" in notice
    done = CliRunner().invoke(app, ["--version"])
    assert f"caniemail data of {data['dated']}" in done.output


def test_only_chosen_programs_are_named(tmp_path: Path) -> None:
    """[checks] clients says whose readers matter here, and must know its names."""
    theme = {
        "endmatter.mjml.j2": '<mj-raw><p style="text-shadow:1px 1px #fff">x</p></mj-raw>'
    }

    def said(clients: str, where: str) -> list[str]:
        sample = Sample(
            edition="Un quai.", theme=theme, config=f"[checks]\nclients = [{clients}]\n"
        )
        found = findings(sample, tmp_path / where)
        return [str(f.message) for f in found if f.rule == "caniemail-new"]

    (message,) = said('"outlook", "apple-mail"', "a")
    assert "outlook (" in message
    assert "apple-mail" not in message
    assert "gmail" not in message
    assert said('"apple-mail"', "b") == []
    with pytest.raises(ConfigError, match="there is no gmial"):
        said('"gmial"', "c")


def test_a_theme_of_ones_own_is_compared_with_all_of_ours() -> None:
    """What any shipped theme uses is tried."""
    support = support_data()
    mine = support.baseline_of("mienne")
    assert all(support.baseline_of(name) <= mine for name in ("presse", "pop", "texte"))
