"""Which block brings how many bytes of the HTML."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.config.places import shipped
from mailer.edition.model import Variant
from mailer.rendering.checks.compatibility import compatibility
from mailer.rendering.checks.support import Support
from mailer.rendering.render import composed_of, render
from mailer.rendering.weighing import weigh
from mailer.workspace.gallery import Gallery


@pytest.mark.parametrize("theme", ["presse", "pop", "texte"])
def test_every_byte_is_somebodys(theme: str, tmp_path: Path) -> None:
    """All blocks of the gallery together weigh what the mail does, each a little."""
    gallery = Gallery(theme, templates=[shipped("templates")], media=tmp_path)
    edition, scene = gallery.scene("tout")
    html = render(edition, Variant.FREE, scene).html
    weights = weigh(html, composed_of(edition, Variant.FREE, scene))
    assert sum(each.size for each in weights) == len(html.encode())
    assert len(weights) > 20
    by_line = {str(each.at): each.size for each in weights}
    lines = edition.sources["index.md"].split("\n")
    box = lines.index("::: box note") + 1
    said = len(lines[box].encode())
    assert said / 2 < by_line[f"index.md:{box + 1}"] < said + 2500


def test_another_mail_is_not_weighed(tmp_path: Path) -> None:
    """Nothing is guessed where the words do not match."""
    gallery = Gallery("texte", templates=[shipped("templates")], media=tmp_path)
    edition, scene = gallery.scene("courte")
    composed = composed_of(edition, Variant.FREE, scene)
    assert weigh("<body>Something else</body>", composed) == []


def test_a_program_is_judged_by_what_the_mail_uses() -> None:
    """What the theme has a way round for, and what is new; one in two versions is half."""
    support = Support(
        titles={"html-p": "p", "css-color": "color", "html-video": "<video>"},
        lacking={
            "html-video": {"gmail": ("ios", "android")},
            "css-color": {"gmail": ("ios",)},
        },
        baselines={"ours": frozenset({"css-color", "html-p"})},
    )
    html = '<p style="color:red"><video></video></p>'
    gmail, other = compatibility(html, support, ["gmail", "other"], theme="ours")
    assert (gmail.percent, gmail.usual, gmail.added) == (50, ("color",), ("<video>",))
    assert (other.percent, other.usual, other.added) == (100, (), ())
