"""From the tree to MJML: marks, contents, the dark sheet."""

from __future__ import annotations

import re
from dataclasses import replace

import jinja2
import pytest
from markupsafe import Markup

from mailer.edition.model import Variant
from mailer.errors import EditionError, ThemeError
from mailer.rendering.compose import Composed, caps, compose
from mailer.rendering.cut import cut
from mailer.rendering.mjml import to_html
from mailer.rendering.theme import Theme
from tests.fakes import specimen

THEMES = pytest.mark.parametrize("theme", ["presse", "pop", "texte"])


def composed(theme: str | Theme = "presse", **changed: object) -> Composed:
    scene = specimen.scene(theme, **changed)
    edition = cut(specimen.edition(), Variant.FREE)
    return compose(edition, Variant.FREE, scene, preheader="Un mot.")


@THEMES
def test_every_byte_knows_the_line_it_came_from(theme) -> None:
    """Words of a block, also inside a box or an advertiser, lead to its line."""
    made = composed(theme)
    raw = made.source.encode()
    for text, line in (
        ("ignorés", 25),
        ("Cinq mètres", 55),
        ("Je réserve", 72),
        ("Un café pendant", 74),
        ("Une nuit entière", 80),
        ("Il livre.", 95),
        ("Réponds-nous", 98),
    ):
        assert made.locate(raw.index(text.encode())).line == line
    assert made.locate(0).line == 1
    assert made.locate(len(raw) - 1).line == 1


@THEMES
def test_no_mark_is_left_in_what_goes_out(theme) -> None:
    """The marks that remember places are invisible, and gone."""
    source = composed(theme).source
    assert "\x02" not in source
    assert "\x03" not in source
    assert "dark*/" not in source


def test_a_fault_of_a_template_is_told_at_the_block_s_line() -> None:
    """Who wrote line 27 is told line 27, not a byte of a file never seen."""
    scene = specimen.scene()
    broken = {**scene.theme.templates, "blocks/subhead.mjml.j2": "<h3>x</h3></h3>"}
    theme = replace(scene.theme, templates=broken)
    made = composed(theme=theme)
    with pytest.raises(EditionError) as refused:
        to_html(made.source, locate=made.locate)
    assert refused.value.findings[0].place == "index.md:27"


@pytest.mark.parametrize(
    ("links", "hosted", "href"),
    [
        ("web", True, 'href="{{ web_url }}#velo"'),
        ("anchor", True, 'href="#velo"'),
        ("none", True, None),
        ("web", False, None),
    ],
)
@THEMES
def test_the_contents_lead_where_the_publication_says(
    theme, links, hosted, href
) -> None:
    """Anchors fail in many apps: to the web by default, and plain words without one."""
    source = composed(
        theme,
        publication=specimen.publication(toc_links=links),
        public_url="https://lettres.example.org" if hosted else None,
    ).source
    if href is None:
        assert "#velo" not in source
    else:
        assert href in source
    assert "Le vélo" in source


@pytest.mark.parametrize("theme", ["presse", "pop"])
def test_the_dark_sheet_covers_every_token_in_use(theme) -> None:
    """No text keeps its light colour on a dark ground."""
    source = composed(theme).source
    used = set(
        re.findall(
            r"\b([tibfl])-([a-z_]+)", re.sub(r"<mj-style>.*?</mj-style>", "", source)
        )
    )
    colors = specimen.scene(theme).theme.colors
    tokens = {(kind, name) for kind, name in used if name in colors}
    for kind, name in tokens:
        assert re.search(rf"\.{kind}-{name}[^{{]*{{[^}}]*{colors[name][1]}", source), (
            name
        )
    assert ("t", "ink") in tokens


def test_a_theme_without_a_template_says_which() -> None:
    """ThemeError with the name of the file to write."""
    scene = specimen.scene()
    templates = dict(scene.theme.templates)
    del templates["blocks/quote.mjml.j2"]
    with pytest.raises(ThemeError, match=r"blocks/quote\.mjml\.j2"):
        composed(theme=replace(scene.theme, templates=templates))


def test_a_picture_nobody_prepared_is_told() -> None:
    """Better no mail than a mail with a hole."""
    with pytest.raises(jinja2.UndefinedError, match="was not prepared"):
        composed(pictures={})


def test_capitals_keep_accents_and_leave_markup_alone() -> None:
    """É has its accent; tags and entities are not shouted."""
    assert caps("À l’été") == "À L’ÉTÉ"
    assert caps(Markup('<b class="x">é &amp; à</b>')) == '<b class="x">É &amp; À</b>'
    assert caps("à {{ name }} & co") == "À {{ name }} & CO"
    assert caps(Markup("à {{ name }} &amp; co")) == "À {{ name }} &amp; CO"
