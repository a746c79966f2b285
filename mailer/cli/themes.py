"""``mailer gallery``: what a theme looks like, without an edition of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import invocation

if TYPE_CHECKING:
    from collections.abc import Iterator

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
