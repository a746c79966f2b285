"""Measured links: in the mail of who agreed and nobody else's, leading where they led."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from mailer.audience.measuring import Kind, Trace
from mailer.audience.subscriber import Tier
from mailer.audience.token import Keyring, Purpose
from mailer.edition.model import Variant
from mailer.errors import TokenError
from mailer.flows.ports import Claim, Run
from mailer.flows.readers.measuring import (
    Measured,
    MeasuringDesk,
    Notebook,
    Opened,
    follow,
)
from mailer.flows.sending.letters import Letters
from mailer.flows.sending.send import SendingDesk, send
from mailer.rendering.model import Frozen
from mailer.store.people.measuring import SqlMeasures
from mailer.store.schema import measured, subscriber
from mailer.web.public.measuring import router
from tests.fakes.clock import FakeClock
from tests.flows.conftest import PAPER, Desk, frozen_edition
from tests.unit.web.site import URL, pages_of, visiting

KEYRING = Keyring((b"k" * 32,))
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0"}
PORT = "https://port.example/lire?a=1&b=é#ici"
BODY = (
    "<html><body>"
    f'<p><a class="b" href="{html.escape(PORT)}">Lire</a></p>'
    '<p><a href="http://quai.example/">Quai</a></p>'
    '<a href="mailto:x@y.example">x</a> <a href="https://z.example/{{ email }}">z</a>'
    f'<a href="{URL}/archive/le-meridien">nous</a>'
    '<a href="{{ unsubscribe_url }}">Partir</a></body></html>'
)


def frozen() -> Frozen:
    edition = frozen_edition()
    return replace(
        edition,
        renderings=tuple(replace(r, html=BODY) for r in edition.renderings),
    )


def claim(*, measured: bool, text_only: bool = False) -> Claim:
    return Claim(
        run=1,
        subscriber=7,
        fence=1,
        variant=Variant.FREE,
        email="zoe@lecteurs.example",
        name="Zoé",
        attempts=0,
        measured=measured,
        text_only=text_only,
    )


def written(desk: Desk, run: Run, which: Claim, **turned: object) -> bytes:
    paper = replace(desk.sending.stationery, public_url=URL, **turned)  # type: ignore[arg-type]
    _, message = Letters(frozen(), paper, date=run.started).write(which)
    return message


def links_in(message: bytes) -> list[str]:
    parsed = message_from_bytes(message, policy=default)
    body = parsed.get_body(("html",))
    assert body is not None
    return [
        html.unescape(link)
        for link in re.findall(r'(?:href|src)="([^"]+)"', body.get_content())
    ]


async def test_nobody_elses_mail_changes(desk: Desk) -> None:
    """Byte for byte what it is where nothing is measured, and so where it is off."""
    await desk.subscribe("zoe@lecteurs.example")
    run = await desk.open_run()
    both = {"measures_clicks": True, "measures_opens": True}
    plain = written(desk, run, claim(measured=False))
    assert written(desk, run, claim(measured=False), **both) == plain
    assert written(desk, run, claim(measured=True)) == plain
    text = written(desk, run, claim(measured=False, text_only=True))
    assert written(desk, run, claim(measured=True, text_only=True), **both) == text


async def test_the_links_of_who_agreed_are_measured(desk: Desk) -> None:
    """Those that lead out, and say nothing of the reader; the text part is as it was."""
    await desk.subscribe("zoe@lecteurs.example")
    run = await desk.open_run()
    message = written(desk, run, claim(measured=True), measures_clicks=True)
    links = links_in(message)
    ways = [link.removeprefix(f"{URL}/click/").split("/") for link in links[:2]]
    assert [KEYRING.read(Purpose.CLICK, link) for link, _ in ways] == [
        (PAPER.id, "le-meridien/118", PORT),
        (PAPER.id, "le-meridien/118", "http://quai.example/"),
    ]
    assert {KEYRING.read(Purpose.MEASURE, reader) for _, reader in ways} == {
        (PAPER.id, "7")
    }
    plain = links_in(written(desk, run, claim(measured=False)))
    assert links[2:] == plain[2:]
    parts = [
        message_from_bytes(m, policy=default).get_body(("plain",))
        for m in (message, written(desk, run, claim(measured=False)))
    ]
    assert parts[0]
    assert parts[1]
    assert parts[0].get_content() == parts[1].get_content()


async def test_a_dot_says_that_a_mail_was_opened(desk: Desk) -> None:
    """One, at the end, where opens are measured; no link is then touched."""
    await desk.subscribe("zoe@lecteurs.example")
    run = await desk.open_run()
    links = links_in(written(desk, run, claim(measured=True), measures_opens=True))
    plain = links_in(written(desk, run, claim(measured=False)))
    assert links[:-1] == plain
    mail, reader = links[-1].removeprefix(f"{URL}/open/").split("/")
    assert KEYRING.read(Purpose.OPEN, mail) == (PAPER.id, "le-meridien/118")
    assert KEYRING.read(Purpose.MEASURE, reader) == (PAPER.id, "7")


class Site:
    """A site whose readers are in *desk*'s database, one of whom agreed."""

    def __init__(self, desk: Desk) -> None:
        store = desk.readers._store
        self.store, self.clock = store, desk.clock
        self.measures = SqlMeasures(store)
        self.notebook = Notebook(self.measures, desk.clock)
        self.desk = MeasuringDesk(
            notebook=self.notebook,
            keyring=KEYRING,
            clock=desk.clock,
            clicks=True,
            opens=True,
        )

    async def agree(self, answer: bool | None) -> None:
        await self.store.write(
            lambda c: c.execute(update(subscriber).values(tracking=answer))
        )

    async def get(
        self, path: str, method: str = "GET", **said: object
    ) -> httpx.Response:
        async with visiting([router(self.desk)], pages_of()) as browser:
            headers = {**FIREFOX, **said.pop("headers", {})}  # type: ignore[dict-item]
            answer = await browser.request(method, path, headers=headers)
        await self.notebook.close()
        return answer

    async def traces(self) -> list[tuple[str, bool]]:
        statement = select(measured.c.target, measured.c.automatic).order_by("id")
        rows = await self.store.read(lambda c: c.execute(statement).all())
        return [(row.target, row.automatic) for row in rows]


def click(target: str = PORT, *, reader: int = 1, paper: str = PAPER.id) -> str:
    link = KEYRING.sign(Purpose.CLICK, PAPER.id, "le-meridien/118", target)
    return f"/click/{link}/{KEYRING.sign(Purpose.MEASURE, paper, str(reader))}"


@pytest.fixture
async def site(desk: Desk) -> Site:
    await desk.subscribe("zoe@lecteurs.example")
    site = Site(desk)
    await site.agree(answer=True)
    return site


async def test_a_click_leads_on_and_counts(site: Site) -> None:
    """The one GET that writes; no reader's state has changed by it."""
    answer = await site.get(click())
    assert answer.status_code == 302
    assert httpx.URL(answer.headers["Location"]) == httpx.URL(PORT)
    assert answer.headers["Cache-Control"] == "no-store"
    assert await site.traces() == [(PORT, False)]
    assert await site.measures.links("le-meridien/118") == [Measured(PORT, 1, 1, 0)]


async def test_who_does_not_agree_any_more_is_led_on_uncounted(site: Site) -> None:
    """Also by mails that were sent while they agreed."""
    for answer in (False, None):
        await site.agree(answer)
        assert (await site.get(click())).status_code == 302
    assert await site.traces() == []


async def test_links_lead_on_where_nothing_is_measured_any_more(site: Site) -> None:
    """Turned off in the settings, old mails work as before."""
    site.desk = replace(site.desk, clicks=False, opens=False)
    assert (await site.get(click())).status_code == 302
    assert (await site.get(_dot())).status_code == 200
    assert await site.traces() == []


def _dot() -> str:
    mail = KEYRING.sign(Purpose.OPEN, PAPER.id, "le-meridien/118")
    return f"/open/{mail}/{KEYRING.sign(Purpose.MEASURE, PAPER.id, '1')}"


async def test_an_opened_mail_counts_once_a_reader(site: Site) -> None:
    """And a prefetching proxy apart."""
    for headers in ({}, {}, {"User-Agent": "Mozilla/5.0"}):
        answer = await site.get(_dot(), headers=headers)
        assert answer.headers["Content-Type"] == "image/gif"
    assert await site.measures.opened("le-meridien/118") == Opened(
        people=1, automatic=1
    )


async def test_a_scanner_is_counted_apart(site: Site) -> None:
    """By HEAD, by its name, by prefetching; links lead on for it as well."""
    await site.get(click("https://a.example"), "HEAD")
    await site.get(click("https://b.example"), headers={"User-Agent": "Barracuda"})
    await site.get(click("https://c.example"), headers={"Sec-Purpose": "prefetch"})
    assert [automatic for _, automatic in await site.traces()] == [True] * 3
    assert (
        sum(link.people for link in await site.measures.links("le-meridien/118")) == 0
    )


FORGED = [
    click()[:-1],
    click().replace("/click/", "/click/x"),
    click(paper="le-bruit"),
    click("javascript:alert(1)"),
    f"/click/{KEYRING.sign(Purpose.OPEN, PAPER.id, 'e', PORT)}/"
    f"{KEYRING.sign(Purpose.MEASURE, PAPER.id, '1')}",
    f"/click/{KEYRING.sign(Purpose.CLICK, PAPER.id, 'e', PORT)}/"
    f"{KEYRING.sign(Purpose.UNSUBSCRIBE, PAPER.id, '1')}",
    "/open/x/y",
]


async def test_what_we_did_not_sign_leads_nowhere(site: Site) -> None:
    """The page of a stranger, the same for all of them, and nothing is written."""
    stranger = await site.get("/open/forged/forged")
    for path in FORGED:
        answer = await site.get(path)
        assert answer.status_code == stranger.status_code == 404, path
        assert "Location" not in answer.headers
        assert answer.text == stranger.text
    assert await site.traces() == []


@given(st.text(max_size=60), st.text(max_size=30))
def test_nothing_redirects_to_what_is_not_signed(link: str, reader: str) -> None:
    """Whatever stands in the address (no open redirect)."""
    desk = MeasuringDesk(
        notebook=None,  # type: ignore[arg-type]  # it would be a fault to note anything
        keyring=KEYRING,
        clock=FakeClock(),
        clicks=True,
        opens=True,
    )
    with pytest.raises(TokenError):
        follow(link, reader, desk, machine=False)


async def test_a_burst_is_seen_before_it_is_written(site: Site) -> None:
    """What waits for some seconds in memory is judged together."""
    for name in "abc":
        site.notebook.note(
            Trace(
                kind=Kind.CLICK,
                subscriber=1,
                publication=PAPER.id,
                edition="le-meridien/118",
                target=f"https://{name}.example",
                at=site.clock.now(),
            )
        )
    await site.notebook.close()
    assert [automatic for _, automatic in await site.traces()] == [True] * 3


async def test_a_click_right_after_the_acceptance_is_no_readers(desk: Desk) -> None:
    """The ledger knows when a relay took the message, and who had agreed by then."""
    await desk.subscribe("zoe@lecteurs.example", tier=Tier.MEMBER)
    site = Site(desk)
    await site.agree(answer=True)
    paper = replace(desk.sending.stationery, public_url=URL, measures_clicks=True)
    sending: SendingDesk = replace(desk.sending, stationery=paper)
    await send(await desk.open_run(), sending)
    reach = await site.measures.reach("le-meridien/118")
    assert reach.accepted == reach.measured == {Variant.MEMBER: 1}
    await site.get(click("https://a.example"))
    desk.clock.advance(timedelta(minutes=1))
    await site.get(click("https://b.example"))
    assert await site.traces() == [
        ("https://a.example", True),
        ("https://b.example", False),
    ]
