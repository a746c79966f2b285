"""Where a Chromium is; run as a program it prints the place, or exits 1."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def chromium() -> str | None:
    """The path of a browser; None if there is none."""
    said = os.environ.get("CHROMIUM")
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    own = sorted(Path.home().glob(".cache/ms-playwright/chromium-*/*/chrome"))
    return said or found or (str(own[-1]) if own else None)


if __name__ == "__main__":
    place = chromium()
    print(place or "no Chromium found", file=sys.stdout if place else sys.stderr)
    sys.exit(place is None)
