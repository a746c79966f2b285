"""``mailer preview`` in a real browser: write, save, see."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser import FLAGS, chromium
from tests.system.conftest import Mailer

pytestmark = pytest.mark.browser

PORTS = "/edition/le-meridien/118"


@pytest.fixture
def address(mailer: Mailer) -> Iterator[str]:
    """Where the preview of a fresh workspace is; ended as Ctrl-C does."""
    process = subprocess.Popen(
        mailer.command("preview", "--port", "0"),
        env={**mailer.environment(), "LC_ALL": "C.UTF-8", "LANGUAGE": "en"},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", said)
    try:
        assert found is not None, said
        yield found[0]
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.stderr.close()


@pytest.fixture
def page() -> Iterator[Page]:
    """A window of a desktop; whatever a script complains of fails the test."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=list(FLAGS)
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        browser.close()
        assert faults == []


def test_what_is_saved_is_seen(mailer: Mailer, address: str, page: Page) -> None:
    """Edited, broken, mended: without a click, at the place where one was."""
    (text,) = mailer.folder.glob("editions/le-meridien/*/index.md")
    good = text.read_text(encoding="utf-8")
    page.goto(f"{address}{PORTS}?width=680")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", level=1).last).to_contain_text("cherchent")
    page.evaluate("document.querySelector('iframe').contentWindow.scrollTo(0, 900)")

    text.write_text(
        good.replace("Le quai et l’algorithme", "Le quai et la grue"), "utf-8"
    )
    expect(frame.get_by_text("Le quai et la grue")).to_be_visible()
    scrolled = "document.querySelector('iframe').contentWindow.scrollY"
    page.wait_for_function(f"{scrolled} > 850")

    text.write_text(f"{good}\n::: sposnor\n:::\n", "utf-8")
    overlay = page.get_by_role("alert")
    expect(overlay).to_contain_text(f"index.md:{good.count(chr(10)) + 2}")
    expect(frame.get_by_text("Le quai et la grue")).to_be_visible()  # as it last was

    text.write_text(good, "utf-8")
    expect(overlay).to_have_count(0)
    expect(frame.get_by_text("Le quai et l’algorithme")).to_be_visible()


def test_keys_and_tabs(address: str, page: Page) -> None:
    """Every choice by hand and by key; each stands in the address."""
    page.goto(f"{address}{PORTS}")
    expect(page.locator("iframe")).to_have_count(2)
    for key, query in (
        ("2", "variant=member"),
        ("m", "width=375"),
        ("d", "appearance=dark"),
    ):
        page.keyboard.press(key)
        page.wait_for_url(f"**{query}**")
    ground = "getComputedStyle(document.querySelector('iframe').contentDocument.body)"
    page.wait_for_function(f"{ground}.backgroundColor === 'rgb(19, 18, 17)'")
    page.keyboard.press("t")
    page.wait_for_url("**tab=text**")
    expect(page.locator("pre.sheet")).to_contain_text("LE MÉRIDIEN")
    for tab, said in (
        ("Headers and MIME", "List-Unsubscribe-Post"),
        ("Links", "https://cartomer.example/partage"),
        ("Outline", "section editorial"),
        ("Read aloud", "heading 1"),
    ):
        page.get_by_role("navigation", name="Views").get_by_text(tab).click()
        expect(page.locator("main")).to_contain_text(said)
    page.get_by_role("navigation", name="Views").get_by_text("Outline").click()
    page.get_by_role("link", name="La vapeur et le volt", exact=True).click()
    page.wait_for_function(
        "document.querySelector('iframe').contentWindow.scrollY > 1000"
    )
