"""The archive page: the same for everybody, whole and without a script."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from mailer.edition.model import Cover, Variant
from mailer.rendering.personalise import HOLE
from mailer.rendering.render import render
from tests.fakes import specimen

_VOID = {"meta", "link", "img", "br", "hr"}


class Nesting(HTMLParser):
    """Whether every tag is closed by its own."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("theme", ["presse", "pop", "texte"])
def test_the_page_is_well_formed(theme: str) -> None:
    """Closed tags, unique ids, one h1, an alt for every picture, no script, no form."""
    page = Nesting(render(specimen.edition(), Variant.WEB, specimen.scene(theme)).html)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    names = [tag for tag, _ in page.tags]
    assert names.count("h1") == names.count("main") == 1
    assert not {"script", "form", "iframe"} & set(names)
    assert all("alt" in attrs for tag, attrs in page.tags if tag == "img")


def test_the_page_names_nobody_and_unsubscribes_nobody() -> None:
    """Nothing waits to be filled, nobody can be unsubscribed, no member's word shows."""
    html = render(specimen.edition(), Variant.WEB, specimen.scene()).html
    assert not HOLE.search(html)
    assert "unsubscribe" not in html.lower()
    assert "Minuit, le brouillard" not in html


def test_the_page_introduces_itself_to_others() -> None:
    """Title, description, address and picture for whoever shares the link."""
    edition = specimen.edition(cover=Cover(src="port.jpg", alt="x"))
    html = render(edition, Variant.WEB, specimen.scene()).html
    assert 'property="og:title" content="Les ports &amp;' in html
    assert 'content="Deux ports • Une nuit"' in html
    assert "https://lettres.example.org/archive/le-meridien/ports" in html
    assert 'property="og:image" content="https://lettres.example.org/media/' in html


@pytest.mark.parametrize("theme", ["presse", "pop", "texte"])
def test_what_has_a_band_of_its_own_in_the_mail_has_one_on_the_page(theme: str) -> None:
    """An advertiser, a poll, a box is never a card inside the card of its section."""
    html = render(specimen.edition(), Variant.WEB, specimen.scene(theme)).html
    sections = re.findall(r"<section.*?</section>", html, re.DOTALL)
    assert len(sections) > 4
    for kind in ("sponsor", "poll", "box", "paywall"):
        assert f'<aside class="{kind}' in html
        assert not any(f'<aside class="{kind}' in section for section in sections)
    ids = re.findall(r'<section[^>]* id="([^"]*)"', html)
    assert ids == ["quai", "cartes", "plats", "nuit"]
