"""What ``mailer render --all`` adds for colleagues: an index of every look, and pictures."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.errors import InputError
from mailer.phrases import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.cli.invocation import Invocation
    from mailer.flows.editing.assemble import Inspected

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WIDTHS = (375, 680)
_TALLEST = 16_000
"""CSS pixels of a window, as many as Chromium draws; what is empty below is cut off."""
_PATIENCE = 60.0  # seconds for one picture


def share(
    call: Invocation,
    assembled: Inspected,
    folder: Path,
    *,
    write: Callable[[Path, bytes], None],
    with_pictures: bool,
) -> None:
    """Write index and views of *assembled* into *folder*, and pictures where asked."""
    from mailer.cli.editing.studio import studio_of
    from mailer.web.preview.shared import shared_files

    studio = studio_of(call)
    name = assembled.edition.name
    studio.show(name, assembled)
    for path, content in shared_files(name, studio, call.speech.catalogue):
        write(folder / path, content)
    call.out.print(str(folder / "index.html"), markup=False)
    if with_pictures:
        for picture in _photograph(call, assembled, folder):
            call.out.print(str(picture), markup=False)


def _photograph(call: Invocation, assembled: Inspected, folder: Path) -> list[Path]:
    """Each mail on a phone and on a desktop, light and dark; nothing without a browser."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        call.err.tell(
            say("No Chromium is here: no pictures were made, everything else was."),
            style="yellow",
        )
        return []
    taken = []
    for rendering in assembled.frozen.renderings:
        if not rendering.variant.is_mail:
            continue
        for scheme in ("light", "dark"):
            view = folder / "views" / f"{rendering.variant}-{scheme}.html"
            for width in _WIDTHS:
                path = folder / f"{rendering.variant}-{scheme}-{width}.png"
                _shoot(browser, view.resolve(), path, width)
                taken.append(path)
    return taken


def _shoot(browser: str, view: Path, path: Path, width: int) -> None:
    """A picture of *view* as wide as *width*, as long as what is on it."""
    with tempfile.TemporaryDirectory() as place:
        raw = Path(place) / "raw.png"
        words = [
            browser,
            "--headless",
            *_as_root(),
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
            f"--user-data-dir={place}/profile",
            f"--window-size={width},{_TALLEST}",
            f"--screenshot={raw}",
            view.as_uri(),
        ]
        try:
            subprocess.run(words, check=True, capture_output=True, timeout=_PATIENCE)  # noqa: S603 - a browser found on the path, our own file
            _trimmed(raw, path)
        except (OSError, subprocess.SubprocessError) as error:
            message = say("no picture of {name} could be made", name=view.name)
            hint = say("without --png everything else is written")
            raise InputError(message, hint=hint) from error


def _as_root() -> list[str]:
    """Chromium has no sandbox for root, as in a container; anybody else keeps it."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--no-sandbox"] if is_root else []


def _trimmed(raw: Path, path: Path) -> None:
    """*raw* without the empty ground below what it shows."""
    from PIL import Image, ImageChops

    with Image.open(raw) as opened:
        picture = opened.convert("RGB")
    ground = picture.getpixel((picture.width // 2, picture.height - 1))
    empty = Image.new("RGB", picture.size, ground)
    shown = ImageChops.difference(picture, empty).getbbox()
    bottom = min(picture.height, shown[3] + 24) if shown else picture.height
    picture.crop((0, 0, picture.width, bottom)).save(path)
