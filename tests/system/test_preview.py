"""``mailer preview`` in a real browser: write, save, see."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser import FLAGS, chromium
from tests.system.conftest import Mailer

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)

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


def until(page: Page, said: str) -> None:
    """Wait for *said* to hold; a policy against scripts keeps Playwright from polling."""
    for _ in range(400):
        if page.evaluate(f"(() => {{ try {{ return {said} }} catch {{}} }})()"):
            return
        page.wait_for_timeout(50)
    pytest.fail(said)


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
    until(page, f"{scrolled} > 850")

    text.write_text(f"{good}\n::: sposnor\n:::\n", "utf-8")
    overlay = page.get_by_role("alert")
    expect(overlay).to_contain_text(f"index.md:{good.count(chr(10)) + 2}")
    expect(frame.get_by_text("Le quai et la grue")).to_be_visible()  # as it last was

    text.write_text(good, "utf-8")
    expect(overlay).to_have_count(0)
    expect(frame.get_by_text("Le quai et l’algorithme")).to_be_visible()

    head, rest = good.split("\n", 1)
    text.write_text(f"{head}\ntheme: {{muted: '#9a9a9a'}}\n{rest}", "utf-8")
    pale = page.locator(".checks .pale")
    told = pale.filter(has_text="is too pale: a contrast of 2.8").first
    expect(told).to_contain_text("#9a9a9a on #ffffff")
    expect(told.get_by_role("link", name="Open")).to_have_attribute(
        "href", re.compile(r"index\.md")
    )
    expect(frame.locator("[data-pale='2.8']").first).to_be_visible()
    text.write_text(good, "utf-8")
    expect(pale).to_have_count(0)


def test_keys_and_tabs(address: str, page: Page) -> None:
    """Every choice by hand and by key; each stands in the address, and keys can be off."""
    assert page.context.browser is not None
    plain = page.context.browser.new_page(java_script_enabled=False)
    plain.goto(
        f"{address}{PORTS}"
    )  # the mail first, and then all of it, without a script
    expect(plain.locator(".inspect").get_by_text("Gmail cuts at")).to_be_visible()
    plain.close()
    page.goto(f"{address}{PORTS}")
    expect(page.locator("iframe")).to_have_count(2)
    page.keyboard.press("m")
    page.keyboard.press("2")  # before the page has heard of the first
    page.wait_for_url("**width=375&variant=member")
    expect(page.locator("iframe")).to_have_count(1)
    inside = "document.querySelector('iframe').contentWindow"
    until(
        page,
        f"{inside}.document.readyState === 'complete' && "
        f"{inside}.location.search.includes('member')",
    )
    page.evaluate(f"{inside}.scrollTo(0, 900)")
    menu, dark = page.locator(".menu summary"), page.get_by_role("link", name="Dark")
    menu.first.click()
    menu.last.click()
    expect(page.locator(".menu[open]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(menu.last).to_be_focused()
    dark.first.press("Enter")
    page.wait_for_url("**appearance=dark**")
    ground = "getComputedStyle(document.querySelector('iframe').contentDocument.body)"
    until(page, f"{ground}.backgroundColor === 'rgb(19, 18, 17)'")
    until(page, f"{inside}.scrollY > 850")  # another look, the same passage
    expect(dark.first).to_be_focused()
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
    keys, switch = page.get_by_role("dialog", name="Keys"), page.get_by_role("switch")
    page.wait_for_load_state()
    page.keyboard.press("?")
    switch.uncheck()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.reload()  # until it is loaded
    for key in ("t", "m", "3", ".", "?"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile("tab=order"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Keys").click()
    switch.check()
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    page.wait_for_url("**tab=text**")
    page.get_by_role("navigation", name="Views").get_by_text("Outline").click()
    page.get_by_role("link", name="La vapeur et le volt", exact=True).click()
    until(page, "document.querySelector('iframe').contentWindow.scrollY > 1000")


def test_any_width_by_hand(address: str, page: Page) -> None:
    """Arrows and the mouse; it stands in the address, and links keep it."""
    page.goto(f"{address}{PORTS}?width=400")
    handle = page.get_by_role("separator", name="Width in pixels")
    handle.press("ArrowRight")
    handle.press("PageUp")
    assert handle.get_attribute("aria-valuenow") == "510"
    inside = "document.querySelector('iframe').contentWindow.innerWidth"
    until(page, f"{inside} === 510")
    expect(page).to_have_url(f"{address}{PORTS}?width=510")
    expect(page.get_by_role("link", name="Dark", exact=True)).to_have_attribute(
        "href", "?width=510&appearance=dark"
    )
    expect(handle).to_be_focused()
    box = handle.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 6, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] - 44, box["y"] + 40, steps=3)
    page.mouse.up()
    until(page, f"{inside} === 410")
    page.set_viewport_size({"width": 820, "height": 900})  # one thing below the other
    until(page, "document.querySelector('iframe').clientHeight > 600")


@pytest.fixture
def outbox(mailer: Mailer) -> Path:
    """Where mail ends that the preview sends; somebody has to approve."""
    mailer.environ["MAILER_SEND__APPROVAL"] = "required"
    mailer.environ["MAILER_RELAYS__PRINCIPAL__KIND"] = "maildir"
    folder = mailer.folder.parent / "outbox"
    mailer.environ["MAILER_RELAYS__PRINCIPAL__PATH"] = str(folder)
    return folder / "new"


def test_from_a_slip_to_an_approval(
    mailer: Mailer, outbox: Path, address: str, page: Page
) -> None:
    """Mended, sent to oneself, approved and given an hour, without a terminal."""
    (text,) = mailer.folder.glob("editions/le-meridien/*/index.md")
    good = text.read_text(encoding="utf-8")
    text.write_text(f"{good}\nUn  mot.\n", "utf-8")
    page.goto(f"{address}{PORTS}?width=680&variant=member")
    dialog = page.get_by_role("dialog")

    page.get_by_role("button", name="Fix", exact=True).click()
    expect(page.get_by_role("status").last).to_contain_text("1 fixed")
    expect(page.get_by_role("button", name="Fix", exact=True)).to_have_count(0)
    expect(page.get_by_role("complementary")).to_be_focused()  # where it was
    assert text.read_text(encoding="utf-8") == f"{good}\nUn mot.\n"

    page.keyboard.press(".")
    dialog.get_by_label("To", exact=True).fill("claire@example.org")
    dialog.get_by_role("button", name="Send", exact=True).click()
    told = dialog.get_by_role("status")
    expect(told).to_contain_text("member to claire@example.org: accepted")
    (mail,) = outbox.iterdir()
    assert b"Subject: [BAT] " in mail.read_bytes()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Send a test")).to_be_focused()

    page.keyboard.press("a")
    dialog.get_by_label("Whose word it is").fill("Claire")
    dialog.get_by_role("button", name="Approve", exact=True).click()
    expect(told).to_contain_text("is approved")
    expect(dialog.get_by_role("button", name="Take it back")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    here = page.get_by_role("navigation", name="Editions").locator("[aria-current]")
    expect(here).to_contain_text("Scheduled")

    page.keyboard.press("p")
    expect(dialog).to_contain_text("The hour of the calendar.")
    day = re.search(r"^date: (\S+)$", good, re.MULTILINE)
    assert day is not None
    dialog.get_by_label("Local time").fill(f"{day[1]}T12:30")
    dialog.get_by_role("button", name="Schedule", exact=True).click()
    expect(dialog).to_contain_text("An hour of its own.")
    assert f"send_at: {day[1]} 12:30\n" in text.read_text(encoding="utf-8")

    page.keyboard.press("Escape")
    page.keyboard.press(".")
    expect(dialog.get_by_label("To", exact=True)).to_have_value("claire@example.org")


def test_a_shared_preview_opens_from_its_folder(mailer: Mailer, page: Page) -> None:
    """No server, no network: frames, pictures and choices."""
    folder = mailer.folder / "build"
    mailer("render", "le-meridien/118", "--all", "-o", str(folder))
    page.goto((folder / "index.html").as_uri())
    page.get_by_role("radio").nth(1).check(force=True)
    page.get_by_role("combobox").select_option("dark")
    frame = page.frame_locator("iframe").first
    expect(frame.locator("body")).to_contain_text("Cartes sur table")
    assert page.frames[1].url.endswith("views/member-dark.html")
    page.frames[1].wait_for_load_state("load")
    sizes = page.frames[1].evaluate("[...document.images].map((i) => i.naturalWidth)")
    assert sizes
    assert all(sizes)
