"""Themes: tokens, overrides, contrast, dark rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import ThemeError
from mailer.rendering.theme import CONTRAST, Theme, contrast, read_theme, readable
from tests.fakes import specimen

COLORS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)
TOKENS = {
    "color": {"ink": ["#111111", "#eeeeee"], "paper": ["#ffffff", "#111111"]},
    "contrast": {"paper": ["ink"]},
    "size": {"width": 640},
    "mobile": {"h1": 30},
    "font": {"text": "Georgia,serif"},
}

GREY = {
    "muted": "ink",
    "accent": "ink",
    "rule": "ink",
    "panel": "paper",
    "button": "ink",
}


def read(**changed: object) -> Theme:
    return read_theme("mine", templates={}, tokens={**TOKENS, **changed})


def test_tokens_become_a_theme() -> None:
    """Colours in pairs, sizes in pixels, and a single colour for both schemes."""
    theme = read(color={"ink": "#767676", "paper": ["#ffffff", "#000000"]})
    assert theme.colors["ink"] == ("#767676", "#767676")
    assert (theme.sizes, theme.mobile) == ({"width": 640}, {"h1": 30})
    assert theme.contrast == (("ink", "paper"),)


@given(COLORS, COLORS)
def test_contrast_lies_between_nothing_and_all(one, other) -> None:
    """From 1, the same colour, to 21, black on white; either way round."""
    assert 1 <= contrast(one, other) <= 21.001
    assert contrast(one, other) == contrast(other, one)
    assert contrast(one, one) == 1


def test_contrast_is_that_of_the_standard() -> None:
    """The classic just-enough grey, and the one below it."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    ("ink", "scheme", "ratio"),
    [
        (["#777777", "#eeeeee"], "light", "4.48"),
        (["#111111", "#555555"], "dark", "2.5"),
    ],
)
def test_text_that_cannot_be_read_stops_the_theme(ink, scheme, ratio) -> None:
    """The message names token, ground, scheme, ratio and file."""
    with pytest.raises(ThemeError) as refused:
        read(color={**TOKENS["color"], "ink": ink})
    told = str(refused.value)
    for part in (
        "themes/mine/theme.toml",
        f"ink {ink[scheme == 'dark']}",
        scheme,
        ratio,
    ):
        assert part in told


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"colour": {}}, "unknown table colour"),
        ({"color": {"ink": ["#111", "#eeeeee"]}}, "color.ink"),
        ({"color": {"ink": ["#111111", "#eeeeee", "#222222"]}}, "color.ink"),
        ({"color": {"ink": 3}}, "color.ink"),
        ({"color": "x"}, "color is not a table"),
        ({"contrast": 3}, "contrast is not a table"),
        ({"contrast": {"paper": "ink"}}, "write a list"),
        ({"size": {"width": "640px"}}, "size.width: write whole pixels"),
        ({"mobile": {"h1": True}}, "mobile.h1: write whole pixels"),
        ({"contrast": {"paper": ["inc"]}}, "no colour inc"),
        ({"contrast": {"papier": ["ink"]}}, "no colour papier"),
        ({"ground": {"paper": "ink"}}, "ground.paper is not a table"),
        ({"ground": {"paper": {"inc": "ink"}}}, "ground.paper: unknown key inc"),
        ({"ground": {"paper": {**GREY, "muted": "inc"}}}, "no colour inc"),
        ({"ground": {"papier": {**GREY, "panel": "papier"}}}, "no colour papier"),
        ({"ground": {"paper": {**GREY, "panel": "tint"}}}, "there is no ground tint"),
        ({"ground": {"paper": {**GREY, "rule": "inc"}}}, "there is no colour inc"),
        ({"band": {"quick": "tint"}}, "band.quick: there is no ground tint"),
    ],
)
def test_a_slip_in_the_tokens_is_told(changed, said) -> None:
    """A misspelt table or colour is an error, never a default."""
    with pytest.raises(ThemeError, match=said):
        read(**changed)


def test_a_ground_judges_what_stands_on_it() -> None:
    """Ink, quiet words, accent and a button's words, without a list to keep in step."""
    tokens = {
        "color": {**TOKENS["color"], "on_ink": ["#ffffff", "#111111"]},
        "contrast": {},
    }
    theme = read(**tokens, ground={"paper": GREY}, band={"quick": "paper"})
    assert set(theme.contrast) == {("ink", "paper"), ("on_ink", "ink")}
    assert theme.ground("none", "quick") == theme.ground() == theme.grounds["paper"]
    tokens["color"]["on_ink"] = ["#555555", "#111111"]
    with pytest.raises(ThemeError, match="on_ink #555555 on ink #111111"):
        read(**tokens, ground={"paper": GREY})


def test_a_publication_may_have_its_own_colour() -> None:
    """The override is used, the rest stays, and it is judged like the theme's own."""
    theme = read().override({"ink": ("#1f5a7a", "#8cc7e6")}, file="config/mailer.toml")
    assert theme.colors["ink"] == ("#1f5a7a", "#8cc7e6")
    assert theme.colors["paper"] == ("#ffffff", "#111111")
    light_only = read().override({"ink": ("#1f5a7a", "")}, file="index.md")
    assert light_only.colors["ink"] == ("#1f5a7a", "#eeeeee")
    with pytest.raises(ThemeError, match=r"config/mailer\.toml: ink #ffff00"):
        read().override({"ink": ("#ffff00", "#ffff00")}, file="config/mailer.toml")
    with pytest.raises(ThemeError, match="no colour inkk"):
        read().override({"inkk": ("#000000", "#ffffff")}, file="index.md")


def test_the_dark_sheet_holds_only_what_is_used() -> None:
    """A mail pays for the colours it shows, and for no class that is not a token's."""
    rules = read().dark_rules('<p class="t-ink b-none">x</p>')
    assert rules == ".page .t-ink div{color:#eeeeee!important}"


@pytest.mark.parametrize("name", ["presse", "pop"])
def test_the_shipped_themes_judge_all_their_texts(name) -> None:
    """Ink, muted and accent are checked on paper and tint, buttons on themselves."""
    pairs = set(specimen.scene(name).theme.contrast)
    assert {
        (t, g) for t in ("ink", "muted", "accent") for g in ("paper", "tint")
    } <= pairs
    assert {
        ("on_button", "button"),
        ("on_night", "night"),
        ("on_gold", "gold"),
    } <= pairs


@given(COLORS, COLORS)
def test_a_colour_is_moved_until_it_can_be_read_and_no_further(one, other) -> None:
    """What can be read stays; else a step less would not have been enough."""
    found = readable(one, other)
    assert contrast(found, other) >= CONTRAST
    assert (found == one) == (contrast(one, other) >= CONTRAST)


def test_the_nearest_colour_keeps_its_hue() -> None:
    """A pale yellow on white becomes an olive, not black."""
    assert readable("#f2e9c9", "#ffffff") == "#7a7666"
