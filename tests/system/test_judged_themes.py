"""Programs that never saw mailer look at the gallery in every theme: ``make judges``."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.edition.model import Variant
from mailer.rendering.render import mjml_of
from mailer.workspace.gallery import NAMES, Gallery
from tests.fakes.specimen import TEMPLATES
from tests.system.test_judged_samples import judged

pytestmark = pytest.mark.judges

THEMES = pytest.mark.parametrize("theme", ["presse", "pop", "texte"])


def written(theme: str, folder: Path) -> list[Path]:
    """Every edition as a free mail, a member's, and a page; beside each mail its MJML."""
    gallery = Gallery(theme, templates=[TEMPLATES], media=folder / "media")
    files = []
    for name in NAMES:
        for made in gallery.frozen(name).renderings:
            if made.variant is Variant.FEED:
                continue
            file = folder / f"{name}-{made.variant}.html"
            file.write_text(made.html, encoding="utf-8")
            files.append(file)
            if made.variant.is_mail:
                edition, scene = gallery.scene(name)
                source = mjml_of(edition, made.variant, scene)
                file.with_suffix(".mjml").write_text(source, encoding="utf-8")
    return files


@THEMES
def test_the_official_renderer_draws_the_same(theme: str, tmp_path: Path) -> None:
    """At most one pixel in a thousand differs, at 375 and 700 pixels."""
    written(theme, tmp_path)
    for name in ("tout-free", "tout-member", "longue-free", "vide-free"):
        page, source = tmp_path / f"{name}.html", tmp_path / f"{name}.mjml"
        judged("mjml-diff", "--ours", page, source)


@THEMES
def test_nothing_keeps_a_reader_out(theme: str, tmp_path: Path) -> None:
    """No error in the HTML, nothing serious for weak eyes or a screen reader."""
    files = written(theme, tmp_path)
    judged("html-validate", *files)
    shown = ("tout-free.html", "tout-web.html", "vide-free.html")
    judged("axe", "--dark", *(file for file in files if file.name in shown))
