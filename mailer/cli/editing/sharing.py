"""What ``mailer render --all`` adds for colleagues: an index of every look, and pictures."""

from __future__ import annotations

import os
import re
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
_SLICE, _SPARE = 16_000, 200
"""CSS pixels that are drawn at a time, since Chromium draws 16,384 at most; and more."""
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_TALL = re.compile(r'\bdata-tall="(\d+)"')
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
                picture_of(browser, view.resolve(), path, width)
                taken.append(path)
    return taken


def picture_of(browser: str, view: Path, path: Path, width: int) -> None:
    """A picture of *view* as wide as *width*, as long as what is on it."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        try:
            pulled = _pulled_up(view, place)
            height = _height(browser, place, pulled, width)
            picture = Image.new("RGB", (width, height))
            for top in range(0, height, _SLICE):
                part = place / "part.png"
                wide = min(height - top, _SLICE)
                # Taller than the part, since a window's frame may count as its height.
                _run(
                    browser,
                    place,
                    f"--window-size={width},{wide + _SPARE}",
                    f"--screenshot={part}",
                    f"{pulled.as_uri()}#{top}",
                )
                with Image.open(part) as shown:
                    picture.paste(shown.crop((0, 0, width, wide)), (0, top))
            picture.save(path)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            message = say("no picture of {name} could be made", name=view.name)
            hint = say("without --png everything else is written")
            raise InputError(message, hint=hint) from error


def _pulled_up(view: Path, place: Path) -> Path:
    """A copy of *view* that says how tall it is, and is pulled up as far as its #."""
    script = (
        "addEventListener('load', () => { const all = document.documentElement;"
        "all.dataset.tall = all.scrollHeight;"
        "all.style.cssText += `;position:relative;top:-${location.hash.slice(1) || 0}px`"
        "})"
    )
    head = f'<head><base href="{view.as_uri()}"><script>{script}</script>'
    copy = place / view.name
    text = view.read_text(encoding="utf-8")
    copy.write_text(_HEAD.sub(lambda _: head, text, count=1), encoding="utf-8")
    return copy


def _height(browser: str, place: Path, view: Path, width: int) -> int:
    """How tall *view* is at that *width*; ValueError if the browser does not say."""
    size = f"--window-size={width},{_SPARE}"
    said = _run(browser, place, size, "--dump-dom", view.as_uri())
    found = _TALL.search(said)
    if found is None:
        raise ValueError
    return int(found[1])


def _run(browser: str, place: Path, *words: str) -> str:
    """What *browser* prints, without a window of its own."""
    command = [
        browser,
        "--headless",
        *_as_root(),
        "--disable-gpu",
        "--disable-background-networking",
        "--hide-scrollbars",
        f"--user-data-dir={place}/profile",
        *words,
    ]
    done = subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE)  # noqa: S603 - a browser found on the path, our own file
    return done.stdout.decode("utf-8", "replace")


def _as_root() -> list[str]:
    """Chromium has no sandbox for root, as in a container; anybody else keeps it."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--no-sandbox"] if is_root else []
