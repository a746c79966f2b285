"""The one path from an edition to what readers get, and what they get."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from mailer.edition.model import Section, Variant
from mailer.errors import ThemeError
from mailer.language import ENGLISH
from mailer.rendering.model import Rendering, Scene
from mailer.rendering.personalise import hole
from mailer.rendering.render import freeze, render
from tests.fakes import specimen
from tests.fakes.specimen import at, paragraph, words

THEMES = pytest.mark.parametrize("theme", ["presse", "pop", "texte"])
COLORED = pytest.mark.parametrize("theme", ["presse", "pop"])
MAILS = pytest.mark.parametrize("variant", [Variant.FREE, Variant.MEMBER])
BARE = {"public_url": None, "latest": ()}


def mail(
    theme: str = "presse", variant: Variant = Variant.FREE, **changed: object
) -> Rendering:
    return render(specimen.edition(), variant, specimen.scene(theme, **changed))


def unbroken(html: str) -> str:
    """*html* in one line: where its lines break says nothing."""
    return " ".join(html.split())


class Outline(HTMLParser):
    """Headings, tables, links and pictures of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@THEMES
@MAILS
def test_a_mail_can_be_read_by_everybody(theme, variant) -> None:
    """Language, title, one h1, headings in order, layout tables marked, alt texts."""
    html = mail(theme, variant).html
    page = Outline(html)
    assert page.of("html")[0]["lang"] == "fr"
    assert "<title>Les ports &amp; l’«\u00a0algorithme\u00a0»</title>" in html.replace(
        "&#8217;", "’"
    ).replace("&#171;", "«").replace("&#160;", "\u00a0").replace("&#187;", "»")
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    tables = page.of("table")
    data = [table for table in tables if table.get("role") != "presentation"]
    assert len(data) == 1, "only the table of figures is a table to a screen reader"
    assert all(image.get("alt") is not None for image in page.of("img"))
    assert all(not i["alt"] or len(i["alt"]) > 3 for i in page.of("img"))


@THEMES
@MAILS
@pytest.mark.parametrize("hosted", [True, False])
def test_leaving_is_always_possible(theme, variant, hosted) -> None:
    """The link to leave, why one receives this, and from where it was sent."""
    made = mail(theme, variant, **({} if hosted else BARE))
    for part in (unbroken(made.html), made.text):
        assert hole("unsubscribe_url") in part
        assert hole("email") in part
        assert "quai de l’Exemple" in part
    assert (hole("preferences_url") in made.html) is hosted
    assert (hole("web_url") in made.html) is hosted
    assert ("Lire en ligne" in made.html) is hosted


@THEMES
def test_the_preheader_is_hidden_and_padded(theme) -> None:
    """An inbox shows it beside the subject, and not the first words of the body."""
    html = unbroken(mail(theme).html)
    hidden = re.search(r'<div\s+style="display:none[^>]*>(.*?)</div>', html, re.DOTALL)
    assert hidden
    assert " ".join(hidden[1].split()).startswith("Deux rivaux, un logiciel.")
    assert "mso-hide:all" in hidden[0]
    seen = re.sub(r"&#847;|&zwnj;|&nbsp;", "x", hidden[1])
    assert len(seen) >= 200
    assert html.index(hidden[0]) < html.index("Lire en ligne")


@COLORED
def test_a_mail_is_whole_without_any_style_sheet(theme) -> None:
    """Every word's colour and every ground stand on the element itself."""
    made = mail(theme)
    for tag, attributes in Outline(made.html).tags:
        style = attributes.get("style") or ""
        if tag == "a" and attributes["href"] != "https://video.example/port":
            assert "color:" in style, attributes
        for css in (attributes.get("class") or "").split():
            if css.startswith("f-"):
                assert "background:" in style
            if css.startswith("i-"):
                assert "color:" in style


@COLORED
def test_dark_rules_have_a_sheet_of_their_own(theme) -> None:
    """Gmail drops a whole sheet for one rule it dislikes: not the one with the layout."""
    sheets = re.findall(r"<style[^>]*>(.*?)</style>", mail(theme).html, re.DOTALL)
    dark = [sheet for sheet in sheets if "prefers-color-scheme" in sheet]
    assert len(dark) == 1
    assert "max-width:479px" not in dark[0]
    assert any("[data-ogsc]" in sheet for sheet in sheets)
    assert sum(len(sheet.encode()) for sheet in sheets) < 8 * 1024
    html = unbroken(mail(theme).html)
    for name in ("color-scheme", "supported-color-schemes"):
        assert f'<meta name="{name}" content="light dark"' in html


@THEMES
def test_an_edition_of_two_thousand_words_is_far_from_being_cut(theme) -> None:
    """Gmail cuts at 102 KB; a long edition stays well below the warning at 85."""
    line = "Pendant trente ans les deux ports ont gardé leurs plans de chargement "
    blocks = tuple(paragraph(line * 5, n) for n in range(1, 9))
    sections = tuple(
        Section(at=at(1), title=words(f"Titre {n}"), id=f"s{n}", blocks=blocks)
        for n in range(5)
    )
    edition = specimen.edition(sections=sections)
    made = render(edition, Variant.FREE, specimen.scene(theme))
    assert len(re.sub(r"<[^>]+>", " ", made.html).split()) > 2000
    assert len(made.html.encode()) < 60 * 1024
    assert max(len(row.encode()) for row in made.html.split("\n")) <= 998


@THEMES
def test_members_read_on_and_others_see_the_card(theme) -> None:
    """What is for members stands in their mail alone; the card only in the others."""
    free, member = mail(theme), mail(theme, Variant.MEMBER)
    for part in ("html", "text"):
        assert "seuls les membres" in " ".join(getattr(member, part).split())
        assert "seuls les membres" not in " ".join(getattr(free, part).split())
    assert "Devenir membre" in free.html
    assert "La suite de ce texte vous attend" not in member.html


@pytest.mark.parametrize(
    ("changed", "preheader"),
    [
        ({"preheader": "Un mot"}, "Un mot"),
        ({}, "Deux rivaux, un logiciel."),
        ({"subtitle": ""}, "Deux ports • Une nuit"),
        ({"subtitle": "", "summary": ()}, ""),
    ],
)
def test_the_preheader_is_what_the_editor_said_best(changed, preheader) -> None:
    """Its own line, else the subtitle, else the summary; never the body's first words."""
    edition = specimen.edition(**changed)
    made = render(edition, Variant.FREE, specimen.scene())
    assert made.preheader == preheader


def test_the_subject_is_set_in_good_typography() -> None:
    """The title where no subject is given; no-break spaces where French wants them."""
    edition = specimen.edition(title="Un port ? Deux !")
    made = render(edition, Variant.FREE, specimen.scene())
    assert made.subject == "Un port\u202f? Deux\u202f!"
    edition = replace(edition, subject="Autre : ceci")
    assert (
        render(edition, Variant.FREE, specimen.scene()).subject == "Autre\u00a0: ceci"
    )


@THEMES
def test_an_english_letter_speaks_english(theme) -> None:
    """Sentences of the theme come from the catalogue, never from the template."""
    scene = specimen.scene(
        theme,
        sentences=ENGLISH,
        publication=specimen.publication(lang="en", typography="en"),
    )
    made = render(specimen.edition(), Variant.FREE, scene)
    assert 'lang="en"' in made.html
    for english, french in (
        ("Read online", "Lire en ligne"),
        ("Unsubscribe", "désabonner"),
    ):
        assert english in made.html
        assert french not in made.html


def test_a_frozen_edition_has_every_variant_once() -> None:
    """The publication's audiences, or the edition's own, then pages and feed."""
    pages = [Variant.WEB, Variant.FEED, Variant.MEMBER_WEB]
    frozen = freeze(specimen.edition(), specimen.scene())
    variants = [made.variant for made in frozen.renderings]
    assert variants == [Variant.FREE, Variant.MEMBER, *pages]
    assert frozen.rendering(Variant.WEB).text == ""
    own = freeze(specimen.edition(audiences=(Variant.MEMBER,)), specimen.scene())
    variants = [made.variant for made in own.renderings]
    assert variants == [Variant.MEMBER, *pages]
    with pytest.raises(KeyError):
        own.rendering(Variant.FREE)


def test_members_have_a_page_where_it_says_more_than_the_open_one() -> None:
    """Whole, without the card; letters for everybody have one page, closed ones none."""
    made = freeze(specimen.edition(), specimen.scene())
    assert "Minuit, le brouillard" in made.rendering(Variant.MEMBER_WEB).html
    assert 'class="paywall' not in made.rendering(Variant.MEMBER_WEB).html
    shut = freeze(
        specimen.edition(audiences=(Variant.FREE,), archive="members"), specimen.scene()
    )
    assert "Minuit, le brouillard" in shut.rendering(Variant.MEMBER_WEB).html
    for edition in (
        specimen.edition(audiences=(Variant.FREE,)),
        specimen.edition(archive="none"),
    ):
        with pytest.raises(KeyError):
            freeze(edition, specimen.scene()).rendering(Variant.MEMBER_WEB)


def test_the_hash_is_that_of_what_readers_see() -> None:
    """The same edition has the same hash; one letter or one pixel changes it."""
    first = freeze(specimen.edition(), specimen.scene()).sha256
    assert first == freeze(specimen.edition(), specimen.scene()).sha256
    assert first != freeze(specimen.edition(title="Autre"), specimen.scene()).sha256
    pictures = dict(specimen.scene().pictures)
    pictures["port.jpg"] = replace(pictures["port.jpg"], content=b"other")
    scene = specimen.scene(pictures=pictures)
    assert first != freeze(specimen.edition(), scene).sha256


def test_a_rendering_names_the_pictures_it_shows() -> None:
    """Each once, and none of those that only another variant shows."""
    made = mail()
    assert {picture.name for picture in made.pictures} == set(specimen.scene().pictures)
    bare = render(
        specimen.edition(preface=(), sections=(), authors=()),
        Variant.FREE,
        specimen.scene(),
    )
    assert bare.pictures == ()


def test_an_edition_may_have_its_own_colour() -> None:
    """Its token wins over the publication's, which wins over the theme's."""
    scene = _tinted({"accent": ("#1f5a7a", "#8cc7e6")})
    assert "#1f5a7a" in render(specimen.edition(), Variant.FREE, scene).html
    edition = specimen.edition(tokens={"accent": ("#5a1f7a", "#d6b0ee")})
    html = render(edition, Variant.FREE, scene).html
    assert "#5a1f7a" in html
    assert "#1f5a7a" not in html
    assert "#d6b0ee" in html


def test_a_colour_that_cannot_be_read_names_the_file_that_said_it() -> None:
    """The publication's own fault is told at the configuration, not at the theme.

    An edition's is a warning of the checks: it can be looked at.
    """
    faint = {"accent": ("#ffff00", "#ffff00")}
    with pytest.raises(ThemeError, match=r"mailer\.toml: accent #ffff00 on "):
        render(specimen.edition(), Variant.FREE, _tinted(faint))
    edition = specimen.edition(tokens=faint)
    assert "#ffff00" in render(edition, Variant.FREE, specimen.scene()).html


def test_a_fault_in_a_template_is_the_theme_s() -> None:
    """A misspelt name in a template stops the rendering with the theme's name."""
    scene = specimen.scene()
    templates = {**scene.theme.templates, "blocks/rule.mjml.j2": "{{ colour.ink }}"}
    theme = replace(scene.theme, templates=templates)
    with pytest.raises(ThemeError, match=r"theme presse cannot be rendered.*colour"):
        render(specimen.edition(), Variant.FREE, replace(scene, theme=theme))


def _tinted(tokens: dict[str, tuple[str, str]]) -> Scene:
    return specimen.scene(publication=specimen.publication(tokens=tokens))
