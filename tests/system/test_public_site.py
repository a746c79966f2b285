"""A reader's way through the public site, in a real browser without scripts.

By keyboard alone; every page that is met is looked at by axe-core, wide and narrow,
light and dark.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page, Route, async_playwright

from mailer.config.places import shipped
from mailer.phrases import say
from mailer.trial import TrialInbox
from mailer.workspace.catalogue import load_catalogue
from tests.browser import FLAGS, chromium
from tests.system.conftest import Mailer

pytestmark = pytest.mark.browser

READER = "claire.martin@lecteurs.example"
PATIENCE_SECONDS = 30.0
SEEN = [(375, "dark"), (1280, "light")]
if "MAILER_EXPLORE" in os.environ:  # all four, which take twice the time
    SEEN += [(375, "light"), (1280, "dark")]
FRENCH = load_catalogue("fr", [shipped("templates")])
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


@asynccontextmanager
async def served(mailer: Mailer, inbox: TrialInbox, port: int) -> AsyncIterator[str]:
    """The daemon with its site; its address."""
    url = f"http://127.0.0.1:{port}"
    mailer.use_relay(inbox.smtp_port, rate="50/s")
    mailer.environ |= {
        "MAILER_SITE__PUBLIC_URL": url,
        "MAILER_WEB__PUBLIC": f"127.0.0.1:{port}",
        "MAILER_WEB__ADMIN": "",
        "MAILER_DAEMON__TICK": "200ms",
        "MAILER_SIGNUP__FILL_TIME": "0s",  # nobody reads here
    }
    daemon = await mailer.start("run", "--log-format", "json")
    try:
        assert daemon.stderr is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while b"public.listens" not in (line := await daemon.stderr.readline()):
                assert line, "the daemon ended"
        draining = asyncio.create_task(daemon.stderr.read())
        yield url
        daemon.send_signal(signal.SIGTERM)
        await daemon.wait()
        assert b"Traceback" not in await draining
    finally:
        if daemon.returncode is None:
            daemon.kill()
            await daemon.wait()


@dataclass(frozen=True, slots=True)
class Visitor:
    """A reader's browser that runs no script of any site, and one that may be asked."""

    page: Page
    twin: Page

    async def look(self) -> None:
        """Nothing that axe-core knows keeps anybody out, and nothing is cut off."""
        html, url = await self.page.content(), self.page.url

        async def same(route: Route) -> None:
            await route.fulfill(body=html, content_type="text/html; charset=utf-8")

        await self.twin.route(url, same)
        await self.twin.goto(url)
        await self.twin.unroute(url)
        await self.twin.evaluate(AXE_SCRIPT)
        for width, scheme in SEEN:
            await self.twin.set_viewport_size({"width": width, "height": 800})
            await self.twin.emulate_media(
                color_scheme="dark" if scheme == "dark" else "light"
            )
            assert await self.twin.evaluate(OVERFLOW) <= 0, (url, width)
            found = await self.twin.evaluate("axe.run()")
            told = [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]]
            assert told == [], (url, width, scheme)


@asynccontextmanager
async def browsing() -> AsyncIterator[Visitor]:
    """A browser that runs no script of any site."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(), args=list(FLAGS)
        )
        reader = await browser.new_context(java_script_enabled=False)
        asked = await browser.new_context()
        yield Visitor(await reader.new_page(), await asked.new_page())
        await browser.close()


async def press(page: Page, words: str) -> None:
    """Go by Tab to what says *words*, and press Enter."""
    await tab_to(page, lambda said: flat(said) == flat(words))
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


def flat(text: str) -> str:
    """*text* with all its spaces alike."""
    return " ".join(text.split())


async def tab_to(page: Page, wanted: object) -> None:
    assert callable(wanted)
    for _ in range(40):
        await page.keyboard.press("Tab")
        said = await page.evaluate(
            "(document.activeElement.innerText || document.activeElement.name || '')"
            ".trim()"
        )
        if wanted(said):
            return
    pytest.fail(f"nothing of that kind can be reached on {page.url}")


async def letter(inbox: TrialInbox, subject: str) -> EmailMessage:
    """The newest mail whose subject holds *subject*, when it has come."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            for entry in inbox.mailbox.entries():
                if subject in entry.subject:
                    source = inbox.mailbox.read(entry.id).source
                    return email.message_from_bytes(source, policy=email.policy.default)  # type: ignore[return-value]  # the policy's class
            await asyncio.sleep(0.05)


def link(mail: EmailMessage, part: str) -> str:
    """The link of *mail*'s text that holds *part*."""
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # there is one
    found = re.search(rf"https?://\S*{part}\S*", text)
    assert found is not None, text
    return found[0]


async def test_a_readers_way(
    mailer: Mailer, inbox: TrialInbox, unused_port: int
) -> None:
    """Join, receive, vote, choose, take one's data, leave, come back: by keyboard."""
    async with served(mailer, inbox, unused_port) as url, browsing() as visitor:
        page = visitor.page

        # Joining: a form, a letter, a button.
        await page.goto(f"{url}/p/le-meridien")
        await visitor.look()
        await tab_to(page, lambda said: said == "email")
        await page.keyboard.type(READER)
        await press(page, french("Subscribe"))
        assert READER in await page.inner_text("main")
        await visitor.look()
        await page.goto(link(await letter(inbox, "confirmer"), "/confirm/"))
        await visitor.look()
        assert "c•••@lecteurs.example" in await page.inner_text("main")
        await press(page, french("I confirm my subscription"))
        assert await page.inner_text("h1") == french("Welcome")
        await visitor.look()
        welcome = await letter(inbox, "Bienvenue")
        assert welcome["Auto-Submitted"] == "auto-generated"

        # The edition, and its poll.
        sent = await mailer.run("send", "le-meridien/next", "--yes", "--expect", "1")
        assert sent[0] == 0, sent
        edition = await letter(inbox, "ports")
        await page.goto(link(edition, "/poll/"))
        await visitor.look()
        await press(page, french("Count my answer"))
        assert french("Your answer is counted:") in await page.inner_text("main")
        assert "100" in await page.inner_text("main")
        await visitor.look()

        # Choosing.
        await page.goto(link(edition, "/preferences/"))
        await visitor.look()
        await tab_to(page, lambda said: said == "text_only")
        await page.keyboard.press("Space")
        await press(page, french("Save"))
        assert french("That is noted.") in await page.inner_text("main")
        assert await page.is_checked("#text_only")

        # What is held: a letter brings the link, for an edition may be forwarded.
        await press(page, french("Send me the link"))
        await visitor.look()
        await page.goto(link(await letter(inbox, "données"), "/data/"))
        await visitor.look()
        href = await page.get_attribute("a[download]", "href")
        held = await (await page.request.get(f"{url}{href}")).json()
        assert held["subscriber"]["email"] == READER
        actions = [each["action"] for each in held["consents"]]
        assert actions[:2] == ["asked", "confirmed"]

        # Leaving, and coming back.
        await page.goto(link(edition, "/unsubscribe/"))
        await visitor.look()
        await press(page, french("Unsubscribe"))
        assert await page.inner_text("h1") == french("It is done")
        assert await standing(mailer) == "left"
        await visitor.look()
        await press(page, french("That was a mistake: keep sending it"))
        await visitor.look()
        assert await standing(mailer) == "active"


def french(english: str) -> str:
    """What a page says for it."""
    return FRENCH.translate(say(english))


async def standing(mailer: Mailer) -> str:
    """How the reader's subscription stands."""
    code, out, err = await mailer.run("subscribers", "show", READER, "--json")
    assert code == 0, err
    state: str = json.loads(out)["subscriptions"][0]["state"]
    return state
