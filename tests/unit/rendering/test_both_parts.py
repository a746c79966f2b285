"""The text part says what the HTML says: the same words, in the same order, and links."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from mailer.rendering.render import freeze
from tests.fakes.manuscript import MARKED, Manuscript, manuscripts, stage

_ADDRESS = re.compile(r"https?://\S+|\S+@\S+")  # said in the text, behind links in HTML
_OURS = re.compile(rf"{MARKED.pattern}|poll_url").search
_LINK = re.compile(r"https?://[\w./-]+|\{\{ poll_url \}\}/[\w/-]+")


def marked(text: str) -> list[str]:
    return MARKED.findall(text.casefold())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(manuscripts(), st.sampled_from(["presse", "pop", "texte"]), st.booleans())
def test_both_parts_say_the_same(
    manuscript: Manuscript, theme: str, hosted: bool
) -> None:
    """No word, alt text or link is in one part alone, nor elsewhere in the other."""
    frozen = freeze(manuscript.edition(), stage(theme, hosted=hosted))
    for rendering in frozen.renderings:
        if not rendering.variant.is_mail:
            continue
        html, text = said(rendering.html), _ADDRESS.sub("", rendering.text)
        shown, told = marked(html), marked(text)
        if theme == "pop":  # its stories show their picture before their title
            shown, told = sorted(shown), sorted(told)
        assert shown == told, rendering.variant
        links = lxml_html.fromstring(rendering.html).xpath("//a/@href")
        # The contents lead into the page; a text part has no such places.
        ours = {link for link in links if _OURS(link) and "{{ web_url }}#" not in link}
        mail = {link for link in ours if link.startswith("mailto:")}
        listed = {link for link in _LINK.findall(rendering.text) if _OURS(link)}
        assert ours - mail == listed
        for link in mail:
            assert link.removeprefix("mailto:") in rendering.text


def said(page: str) -> str:
    """The words of *page* in reading order, alt texts where their pictures stand."""
    root = lxml_html.fromstring(page)
    for hidden in root.xpath("//head | //div[contains(@style, 'display:none')]"):
        hidden.drop_tree()
    for picture in root.xpath("//img[@alt]"):
        picture.text = f" {picture.get('alt')} "
    return " ".join(root.itertext())
