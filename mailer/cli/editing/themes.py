"""``mailer gallery`` and ``check --theme``: a theme, without an edition of one's own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.errors import Finding
    from mailer.rendering.model import Frozen


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.command("gallery")(gallery)


def gallery(
    ctx: typer.Context,
    themes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[THEME]...", help="Every theme there is, if left out."),
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="A folder; made if it is not there.")
    ] = Path("build/gallery"),
) -> None:
    """Show themes: every block, a short, a long and an empty edition, as files."""
    from mailer.workspace.gallery import NAMES, Gallery
    from mailer.workspace.themes import theme_names

    call = invocation(ctx)
    templates = call.house.newsroom.templates
    for theme in themes or theme_names(templates):
        folder = output / theme
        shown = Gallery(theme, templates=templates, media=folder / "media")
        for name in NAMES:
            for path in _written(folder, name, shown.frozen(name)):
                call.out.print(str(path), markup=False)


def theme_findings(call: Invocation, name: str) -> list[Finding]:
    """What is wrong with the theme *name*: templates, sentences, and the gallery in it.

    ThemeError if it cannot be used at all, EditionError if the gallery cannot be shown.
    """
    from mailer.rendering.checks.contrast import check_contrast
    from mailer.rendering.checks.inspection import Inspection, Limits, Surroundings
    from mailer.rendering.checks.output import check_output
    from mailer.rendering.checks.theme import check_theme
    from mailer.workspace.gallery import BUDGET_KB, NAMES, Gallery

    templates = call.house.newsroom.templates
    with tempfile.TemporaryDirectory() as media:
        shown = Gallery(name, templates=templates, media=Path(media))
        found = list(check_theme(shown.theme, shown.catalogue))
        surroundings = Surroundings(limits=Limits(warn_html_kb=BUDGET_KB))
        for edition in NAMES:
            found += check_contrast(*shown.scene(edition))
            inspection = Inspection(
                frozen=shown.frozen(edition),
                today=call.today(),
                surroundings=surroundings,
            )
            found += check_output(inspection)
    return sorted(dict.fromkeys(found), key=lambda f: (f.file, f.line, f.rule))


def _written(folder: Path, name: str, frozen: Frozen) -> Iterator[Path]:
    """The files of one edition: a page a variant, a text a mail, pictures beside them."""
    for rendering in frozen.renderings:
        html = rendering.html
        for picture in rendering.pictures:
            html = html.replace(picture.src, f"media/{picture.file_name}")
        page = folder / f"{name}-{rendering.variant}.html"
        page.write_text(html, encoding="utf-8")
        yield page
        if rendering.variant.is_mail:
            text = folder / f"{name}-{rendering.variant}.txt"
            text.write_text(rendering.text, encoding="utf-8")
            yield text
