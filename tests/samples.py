"""The sample editions, read and rendered as on a fixed Tuesday."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from functools import cache
from pathlib import Path

from PIL import Image

from mailer.config.places import shipped
from mailer.flows.editing.assemble import assemble
from mailer.flows.editing.assembled import Assembled
from mailer.wiring import House
from mailer.workspace.starter import create

TUESDAY = date(2026, 3, 10)
EDITIONS = {
    "presse": "le-meridien/118",
    "pop": "pixel-paprika/47",
    "texte": "le-meridien/118",
}
"""The full sample of each theme."""

ENGLISH = Path(__file__).parent / "data" / "english"
"""A workspace in English, small, with every block and every sentence of a theme."""


@cache
def sample(theme: str) -> Assembled:
    """The full sample of *theme*, rendered in every variant and checked.

    Its pictures do not count: how a codec packs them is another matter.
    """
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "ws"
        create(
            folder,
            theme=theme,
            templates=shipped("templates"),
            today=TUESDAY,
            data=Path(home) / "data",
            secret=b"s" * 32,
        )
        newsroom = House.open(config=None, start=folder, environ={}).newsroom
        return assemble(EDITIONS[theme], newsroom, today=TUESDAY)


@cache
def english() -> Assembled:
    """The English sample, rendered in every variant and checked."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "ws"
        shutil.copytree(ENGLISH, folder)
        picture = folder / "editions" / "the-tide" / "2026-03-14-cranes" / "crane.png"
        Image.new("RGB", (1200, 600), "teal").save(picture)
        said = {"MAILER_STORAGE__FOLDER": str(Path(home) / "data")}
        newsroom = House.open(config=None, start=folder, environ=said).newsroom
        return assemble("the-tide/12", newsroom, today=TUESDAY)


def with_named_pictures(assembled: Assembled) -> dict[str, tuple[str, str]]:
    """HTML and text of each variant, pictures called by the names editors gave them."""
    made = {}
    for rendering in assembled.frozen.renderings:
        html = rendering.html
        for picture in rendering.pictures:
            html = html.replace(picture.file_name, picture.name.replace("#", "-"))
        made[str(rendering.variant)] = (html, rendering.text)
    return made
