"""What mail programs make of our HTML, as the preview shows it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.simulation import Appearance, Client, as_shown

DARK = "@media (prefers-color-scheme:dark){.a{color:#fff!important}.b{color:#eee}}"
HTML = (
    "<html><head><style>.a{color:#111}" + DARK + ".c{margin:0}</style></head>"
    '<body style="background-color:#ffffff;color:#111111">'
    "<!--[if mso | IE]><table><tr><td><![endif]-->"
    '<div class="a" style="max-width:640px;border-radius:4px;font-size:16px">Hello</div>'
    "<!--[if mso | IE]></td></tr></table><![endif]-->"
    "<!--[if mso]><noscript><xml><o:PixelsPerInch>96</o:PixelsPerInch></xml></noscript>"
    "<![endif]--><!--[if !mso]><!--><p>not in Word</p><!--<![endif]-->"
    '<td bgcolor="#f6f1e7"><img src="https://x.example/a.jpg" alt="A ship"></td>'
    "</body></html>"
)


def test_light_has_nothing_that_is_meant_for_the_dark() -> None:
    """Whatever the system of whoever looks prefers."""
    seen = as_shown(HTML, Appearance.LIGHT)
    assert "prefers-color-scheme" not in seen
    assert "#eee" not in seen
    assert ".a{color:#111}.c{margin:0}" in seen
    assert "color-scheme:light!important" in seen


def test_dark_has_it_without_being_asked() -> None:
    """The braces around it go, what stands in them stays in its place."""
    seen = as_shown(HTML, Appearance.DARK)
    assert "prefers-color-scheme" not in seen
    assert ".a{color:#111}.a{color:#fff!important}.b{color:#eee}.c{margin:0}" in seen


def test_dark_by_force_turns_grounds_and_text_around() -> None:
    """Light grounds become dark, dark text light; what is dark and light already stays."""
    seen = as_shown(HTML, Appearance.FORCED)
    assert "#ffffff" not in seen
    assert 'bgcolor="#f6f1e7"' not in seen
    assert "color:#111111" not in seen
    kept = '<p style="background:#101010;color:#fafafa">x</p>'
    assert kept in as_shown(kept, Appearance.FORCED)


def test_outlook_gets_what_is_written_for_word() -> None:
    """Ours for it, nothing of the others', and none of what Word does not know."""
    seen = as_shown(HTML, Appearance.LIGHT, Client.OUTLOOK)
    assert "<table><tr><td>" in seen
    assert "not in Word" not in seen
    assert "96" not in seen
    assert "max-width" not in seen
    assert "border-radius" not in seen


def test_without_styles_without_images_with_larger_text() -> None:
    """The three others do one thing each."""
    assert ".c{margin" not in as_shown(HTML, Appearance.LIGHT, Client.NO_STYLES)
    bare = as_shown(HTML, Appearance.LIGHT, Client.NO_IMAGES)
    assert '<img src="" alt="A ship">' in bare
    large = as_shown(HTML, Appearance.LIGHT, Client.LARGE_TEXT)
    assert "font-size:22px" in large


@pytest.mark.parametrize("client", Client)
@pytest.mark.parametrize("appearance", Appearance)
@given(
    html=st.lists(
        st.sampled_from(
            [
                *("<style>", "</style>", "@media (prefers-color-scheme:dark){", "{"),
                *(
                    "}",
                    "<!--[if mso]>",
                    "<![endif]-->",
                    'style="color:#fff"',
                    "</head>",
                ),
                *("url(x)", "rgb(1,2,3)", "#12", "é", "<img", ">"),
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_nothing_of_this_ever_fails(
    html: str, appearance: Appearance, client: Client
) -> None:
    """Half a tag, half a rule: a theme that is being written is looked at, too."""
    assert isinstance(as_shown(html, appearance, client), str)
