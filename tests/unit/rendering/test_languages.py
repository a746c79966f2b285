"""An edition speaks one language, whatever its publication speaks otherwise."""

from __future__ import annotations

import re

import pytest

from mailer.edition.model import Variant
from mailer.language import ENGLISH
from mailer.rendering.render import render, style_of
from tests.fakes import specimen

SENTENCE = re.compile(r"""\b_\("([^"{]+)\"""")
VARIANTS = [Variant.FREE, Variant.MEMBER, Variant.WEB, Variant.FEED]


@pytest.mark.parametrize("theme", ["presse", "pop", "texte"])
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_an_english_edition_of_a_french_publication_is_english(
    theme: str, variant: Variant
) -> None:
    """Dates, quotation marks, spaces and every sentence of the theme."""
    scene = specimen.scene(theme, sentences=ENGLISH)
    edition = specimen.edition(lang="en", title="Ports: who asks?")
    made = render(edition, variant, scene)
    everything = made.html + made.text
    assert made.subject == "Ports: who asks?"
    if variant is not Variant.FEED:
        assert 'lang="en"' in made.html
        assert "Saturday, March 14, 2026" in everything
        assert "samedi" not in everything.casefold()
    templates = "\n".join(scene.theme.templates.values())
    french = specimen.french().sentences
    said = {
        french[english][0]
        for english in SENTENCE.findall(templates)
        if french[english][0] != english
    }
    assert len(said) > 10
    typed = repr(edition) + repr(scene.publication) + repr(scene.authors)
    assert [words for words in said if words in everything and words not in typed] == []


@pytest.mark.parametrize(
    ("typography", "paper", "edition", "manner"),
    [
        ("fr", "fr", "", "fr"),
        ("fr", "fr", "fr", "fr"),
        ("fr", "fr", "en", "en"),
        ("en", "en", "fr", "fr"),
        ("", "fr", "", ""),
        ("", "fr", "en", ""),
        ("en", "fr", "", "en"),
        ("en", "fr", "fr", "en"),
    ],
)
def test_words_are_set_in_the_manner_of_their_language(
    typography: str, paper: str, edition: str, manner: str
) -> None:
    """The edition's own if it has one; as typed where the publication wants that."""
    publication = specimen.publication(lang=paper, typography=typography)
    assert style_of(specimen.edition(lang=edition), publication).manner == manner


def test_the_house_s_own_words_are_set_too() -> None:
    """Tagline, kicker, invitations and biographies are read as the edition is."""
    publication = specimen.publication(
        tagline="Cap sur l'eau : oui !", kicker="À bord ?", typography="fr"
    )
    made = render(
        specimen.edition(), Variant.WEB, specimen.scene(publication=publication)
    )
    assert "Cap sur l’eau\u00a0: oui\u202f!" in made.html


def test_a_publication_chooses_the_wide_space() -> None:
    """For a font without U+202F, in everything the edition says."""
    publication = specimen.publication(typography="fr", typography_spaces="wide")
    edition = specimen.edition(title="Un port ? Deux !")
    made = render(edition, Variant.FREE, specimen.scene(publication=publication))
    assert made.subject == "Un port\u00a0? Deux\u00a0!"
