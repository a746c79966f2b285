"""Inlines as HTML."""

from __future__ import annotations

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.blocks import (
    Break,
    Code,
    Emphasis,
    Link,
    Placeholder,
    Source,
    Strong,
    Text,
)
from mailer.rendering.inline import InlineHtml, shared_urls
from tests.fakes import specimen

AT = Source("index.md", 1)


@given(st.text(max_size=40))
def test_words_are_words(text) -> None:
    """Nothing an editor types becomes markup, and nothing of it is lost."""
    inline = InlineHtml(specimen.scene())
    for node in (Text(text), Strong((Text(text),)), Code(text)):
        html = str(inline((node,)))
        bare = html
        for tag in ("<strong>", "</strong>", "<code>", "</code>"):
            bare = bare.replace(tag, "")
        assert "<" not in bare
        assert unescape(bare) == text or "&" in text


def test_marks_become_their_elements() -> None:
    """Bold, italics, code and forced breaks, nested as they were written."""
    nodes = (Strong((Text("a"), Emphasis((Text("b"),)))), Break(), Code("<c>"))
    assert str(InlineHtml(specimen.scene())(nodes)) == (
        "<strong>a<em>b</em></strong><br /><code>&lt;c&gt;</code>"
    )


def test_a_link_says_its_colour_itself() -> None:
    """Clients that drop style sheets show links as the theme wants them."""
    link = Link('https://a.example/?x=1&y="2"', (Text("ici"),), AT)
    assert str(InlineHtml(specimen.scene())((link,), "#9e1b32", "accent")) == (
        '<a href="https://a.example/?x=1&amp;y=&#34;2&#34;" class="i-accent" '
        'style="color:#9e1b32">ici</a>'
    )


def test_a_placeholder_stays_a_hole_for_each_reader() -> None:
    """What differs from reader to reader is left open, in words and in targets."""
    inline = InlineHtml(specimen.scene())
    link = Link("{{ web_url }}#port", (Placeholder("name"),), AT)
    assert str(inline((link,))) == '<a href="{{ web_url }}#port">{{ name }}</a>'


@pytest.mark.parametrize("hosted", ["https://lettres.example.org", None])
def test_addresses_that_are_the_same_for_all_are_filled_in(hosted) -> None:
    """Where to subscribe and where the archive stands are known at render."""
    scene = specimen.scene(public_url=hosted)
    inline = InlineHtml(scene)
    urls = shared_urls(scene)
    assert str(inline((Placeholder("archive_url"),))) == urls["archive_url"]
    assert inline.href("{{ subscribe_url }}?from=mail") == (
        f"{urls['subscribe_url']}?from=mail"
    )
    assert urls["archive_url"].startswith(hosted or "https://meridien.example/")


def test_an_unknown_node_is_a_defect() -> None:
    """A new kind of inline cannot be forgotten in silence."""
    with pytest.raises(TypeError):
        InlineHtml(specimen.scene())((object(),))  # type: ignore[arg-type]
