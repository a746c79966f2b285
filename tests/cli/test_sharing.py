"""Pictures of ``mailer render --all --png``, by a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mailer.cli.editing.sharing import picture_of
from tests.browser import chromium


@pytest.mark.browser
def test_a_picture_is_as_tall_as_the_mail(tmp_path: Path) -> None:
    """Taller than a browser draws at once: put together, without a seam or a gap."""
    view, path = tmp_path / "view.html", tmp_path / "view.png"
    bands = "".join(
        f'<div style="height:{height}px;background:{color}"></div>'
        for height, color in ((15_990, "#ffffff"), (20, "#ff0000"), (90, "#0000ff"))
    )
    head = "<!doctype html><html><head><title>x</title></head>"
    view.write_text(f'{head}<body style="margin:0">{bands}</body></html>', "utf-8")
    browser = chromium()
    assert browser is not None
    picture_of(browser, view, path, 60)
    with Image.open(path) as picture:
        assert picture.size == (60, 16_100)
        column = [picture.getpixel((30, y)) for y in (15_989, 15_990, 16_009, 16_010)]
        assert picture.getpixel((30, 16_099)) == (0, 0, 255)
    assert column == [(255, 255, 255), (255, 0, 0), (255, 0, 0), (0, 0, 255)]
