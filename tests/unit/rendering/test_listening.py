"""What a screen reader makes of HTML, as the preview tells it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.listening import Utterance, listen


def said(html: str) -> list[tuple[str, str]]:
    return [(each.role, each.words) for each in listen(html)]


def test_roles_are_those_of_html() -> None:
    """In the order of the text, whatever the layout tables around it."""
    assert said(
        "<head><title>no</title><style>p{}</style></head>"
        "<table role=presentation><tr><td><h1>Ports</h1><p>A <b>quay</b> and"
        ' <a href="x">a link</a>.</p></td></tr></table><ul><li>One</li><li>Two</li></ul>'
    ) == [
        ("heading 1", "Ports"),
        ("text", "A quay and"),
        ("link", "a link"),
        ("text", "."),
        ("list item", "One"),
        ("list item", "Two"),
    ]


def test_pictures_are_said_by_their_alt_text() -> None:
    """Decoration is silent; without any alt a reader hears that there is a picture."""
    assert said(
        '<img src=a alt="Two cranes"><img src=b alt=""><img src=c>'
        '<a href=x><img src=d alt="Read on"></a>'
    ) == [("image", "Two cranes"), ("image", ""), ("link, image", "Read on")]


def test_what_is_hidden_is_not_said() -> None:
    """The preheader, what is for one program only, and whatever is inside."""
    assert said(
        '<div style="display:none">preheader <a href=x>y</a></div>'
        '<span aria-hidden="true">*</span><p hidden>z</p><!--[if mso]>word<![endif]-->ok'
    ) == [("text", "ok")]


@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<a href=x>", "</a>", "</td>", "<img>", "<br>", "x", "<h2"]
        )
    ).map("".join)
)
def test_half_a_tag_is_no_reason_to_fail(html: str) -> None:
    """Whatever a theme makes of it in the meantime."""
    assert all(isinstance(each, Utterance) for each in listen(html))
