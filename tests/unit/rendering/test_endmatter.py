"""Who writes and what to read again, below an edition in every channel."""

from __future__ import annotations

from datetime import date

import pytest

from mailer.edition.model import Variant
from mailer.rendering.model import Latest
from mailer.rendering.render import render
from tests.fakes import specimen

THEMES = pytest.mark.parametrize("theme", ["presse", "pop", "texte"])
PAST = Latest(
    title="Quais : la suite !",
    date=date(2026, 2, 1),
    url="https://lettres.example.org/archive/p/quais",
)
SET = "Quais\u00a0: la suite\u202f!"


@THEMES
def test_authors_and_past_editions_end_mail_text_and_page(theme: str) -> None:
    """Biographies, titles set like all titles, their dates and their addresses."""
    scene = specimen.scene(theme, latest=(PAST,))
    mail = render(specimen.edition(), Variant.FREE, scene)
    page = render(specimen.edition(), Variant.WEB, scene)
    for part in (mail.html, mail.text, page.html):
        words = " ".join(part.split(" "))
        assert "Ancienne pilote de port." in part.replace("\n", " ")
        assert SET in part.replace("&nbsp;", "\u00a0").replace("\n", " ")
        assert PAST.url in words
    assert "1er février 2026" in page.html.replace("\u00a0", " ")


@THEMES
def test_end_matter_is_what_the_publication_wants(theme: str) -> None:
    """None unless it is asked for, and no empty list of nothing."""
    bare = specimen.publication(endmatter=())
    wanting = specimen.publication(endmatter=("latest",))
    for variant in (Variant.FREE, Variant.WEB):
        for publication, latest in ((bare, (PAST,)), (wanting, ())):
            scene = specimen.scene(theme, publication=publication, latest=latest)
            shown = render(specimen.edition(), variant, scene)
            for part in (shown.html, shown.text):
                assert "Ancienne pilote" not in part
                assert "À relire" not in part
                assert "À RELIRE" not in part
