"""How long until somebody sees: the preview opened, and what was saved drawn."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.bench.sink import MissingError
from tests.browser import FLAGS, chromium

_SAVES = 8
_WORDS = "Le quai et l’algorithme"
_DESKTOP: ViewportSize = {"width": 1440, "height": 900}
_DRAWN = """words => new Promise(done => {
  const look = () => requestAnimationFrame(() => {
    const mail = document.querySelector("iframe")?.contentDocument;
    if (mail?.readyState !== "complete" || !mail.body?.textContent.includes(words))
      return look();
    requestAnimationFrame(() => requestAnimationFrame(() => done(Date.now())));
  });
  look();
})"""
"""Answers the Unix time in ms at which a mail with *words* had been drawn."""


@dataclass(kw_only=True)
class Seeing:
    """``opened``: seconds from the command until the mail is drawn in a browser that
    runs, ``looked``: from a click while the preview runs; ``saved``: milliseconds from a save until its words are.
    """

    words: int = 0
    opened: list[float] = field(default_factory=list)
    looked: list[float] = field(default_factory=list)
    saved: list[float] = field(default_factory=list)


def seeing(folder: Path, *, rounds: int) -> Seeing:
    """Preview the Saturday sample, as ``mailer init`` writes it into *folder*.

    MissingError where there is no Chromium.
    """
    if chromium() is None:
        raise MissingError("the preview: no Chromium was found")
    mailer = [sys.executable, "-m", "mailer", "-C", str(folder)]
    environ = {**os.environ, "XDG_DATA_HOME": str(folder / "data"), "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [*mailer, "init"], env=environ, check=True, stderr=subprocess.DEVNULL
    )
    (text,) = folder.glob("editions/le-meridien/*/index.md")
    found = Seeing(words=len(text.read_text(encoding="utf-8").split()))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=list(FLAGS)
        )
        for _ in range(rounds):
            page = browser.new_page(viewport=_DESKTOP)
            begun = time.time()
            server = subprocess.Popen(
                [*mailer, "preview", "--port", "0"],
                env=environ,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert server.stderr is not None
            try:
                place = re.search(r"http://127\.0\.0\.1:\d+", server.stderr.readline())
                assert place is not None
                address = f"{place[0]}/edition/le-meridien/118"
                found.opened.append(_seen(page, address) / 1000 - begun)
                found.saved += _save(page, text)
                another, begun = browser.new_page(viewport=_DESKTOP), time.time()
                found.looked.append(_seen(another, address) / 1000 - begun)
                another.close()
            finally:
                server.terminate()
                server.wait(20)
                server.stderr.close()
                page.close()
        browser.close()
    return found


def _seen(page: Page, address: str) -> float:
    """The Unix time in ms at which the mail at *address* had been drawn."""
    page.goto(address, wait_until="commit")
    drawn: float = page.evaluate(_DRAWN, _WORDS)
    return drawn


def _save(page: Page, text: Path) -> list[float]:
    """Milliseconds of some saves, each with other words; the text is as it was then."""
    good, taken = text.read_text(encoding="utf-8"), []
    for number in range(_SAVES):
        words = f"Le quai et la grue {number}"
        begun: list[float] = []

        def save(words: str = words, begun: list[float] = begun) -> None:
            begun.append(time.time() * 1000)
            text.write_text(good.replace(_WORDS, words), encoding="utf-8")

        # A while after what came before, as people save, and while the browser looks.
        threading.Timer(1.0, save).start()
        drawn = page.evaluate(_DRAWN, words)
        taken.append(drawn - begun[0])
    text.write_text(good, encoding="utf-8")
    page.evaluate(_DRAWN, _WORDS)
    return taken
