"""Voting as a browser does it: look, confirm, change, and what a scanner leaves."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import httpx
import pytest
from sqlalchemy import select

from mailer.audience.token import Purpose
from mailer.edition.model import Variant
from mailer.store.schema import vote
from mailer.web.public import polls
from tests.contract.house import NOW, PAPER, House
from tests.contract.polling import BRIDGE, KEYRING, OVER, SECRET, A, Polling, asking
from tests.unit.web.site import pages_of, visiting

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


class Clock:
    now: datetime = NOW


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def polling(house: House) -> Polling:
    return Polling(house)


@pytest.fixture
async def browser(polling: Polling, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    pages = pages_of(PAPER)
    router = polls.router(polling.desk, pages, now=lambda: clock.now)
    async with visiting([router], pages) as client:
        yield client


async def link(polling: Polling, choice: int, email: str = A) -> str:
    token = KEYRING.sign(Purpose.VOTE, PAPER.id, str(await polling.number(email)))
    return f"/poll/le-meridien/ports/{token}/passerelle/{choice}"


def shown(page: httpx.Response) -> str:
    """The words of a page, as somebody reads them."""
    assert page.status_code == 200
    assert "set-cookie" not in page.headers
    body = page.text.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body)).replace("\u00a0", " ")


async def test_a_vote_is_confirmed_and_may_change(
    polling: Polling, browser: httpx.AsyncClient
) -> None:
    """The button counts; coming back shows it; another link offers to change it."""
    await polling.send(asking(BRIDGE), A)
    first, second = await link(polling, 1), await link(polling, 2)
    page = shown(await browser.get(first))
    assert "Votre réponse : Oui" in page
    assert "Je confirme ma réponse" in page
    assert "%" not in page
    answer = await browser.post(first)
    assert (answer.status_code, answer.headers["location"]) == (303, first)
    page = shown(await browser.get(answer.headers["location"]))
    assert "C’est noté : Oui" in page
    assert "Oui 100 % Non 0 % À deux 0 %" in page
    assert "1 réponse. La vôtre peut changer jusqu’au mercredi 18 mars 2026" in page
    page = shown(await browser.get(second))
    assert "Réponse donnée : Oui Nouvelle réponse : Non" in page
    await browser.post(second)
    assert "Oui 0 % Non 100 %" in shown(await browser.get(second))


async def test_what_opens_every_link_votes_for_nothing(
    polling: Polling, browser: httpx.AsyncClient
) -> None:
    """GET and HEAD, again and again, with the headers of prefetching programs."""
    await polling.send(asking(BRIDGE), A)
    links = [await link(polling, n) for n in (1, 2, 3)]
    for _ in range(4):
        for each in links:
            await browser.get(each, headers={"Sec-Purpose": "prefetch"})
            await browser.head(each, headers={"Purpose": "prefetch"})
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert (await browser.request(method, links[0])).status_code == 405
    assert await polling.house.store.read(lambda c: c.execute(select(vote)).all()) == []


async def test_after_the_end_the_result_stands(
    polling: Polling, browser: httpx.AsyncClient, clock: Clock
) -> None:
    """Too late is said on the page, and counts nothing."""
    await polling.send(asking(BRIDGE), A)
    await browser.post(await link(polling, 1))
    clock.now = OVER
    late = await browser.post(await link(polling, 3))
    page = shown(await browser.get(late.headers["location"]))
    assert "C’est noté : Oui" in page
    assert "Oui 100 % Non 0 % À deux 0 %" in page
    assert "Terminé depuis le mercredi 18 mars 2026" in page
    assert "<form" not in (await browser.get(late.headers["location"])).text


async def test_visitors_without_a_link_see_the_result(
    polling: Polling, browser: httpx.AsyncClient
) -> None:
    """And are told where theirs is; a poll that is not public does not exist."""
    await polling.send(asking(BRIDGE), A)
    page = shown(await browser.get("/poll/le-meridien/ports/passerelle"))
    assert "Oui 0 % Non 0 % À deux 0 % 0 réponse." in page
    assert "choisissez dans la lettre" in page
    members = replace(BRIDGE, id="membres")
    theirs = asking(members, number=119, to=[Variant.MEMBER, Variant.FREE])
    await polling.send(theirs)
    for address in ("ports-119/membres", "ports/autre", "quais/passerelle"):
        answer = await browser.get(f"/poll/le-meridien/{address}")
        assert answer.status_code == 404
        assert "Qui décide" not in answer.text


async def test_an_anonymous_poll_says_so(
    polling: Polling, browser: httpx.AsyncClient
) -> None:
    """Before and after the answer, to who can give one."""
    await polling.send(asking(SECRET), A)
    address = await link(polling, 2)
    assert "Ce sondage est anonyme" in shown(await browser.get(address))
    await browser.post(address)
    page = shown(await browser.get(address))
    assert "C’est noté : Non" in page
    assert "Ce sondage est anonyme" in page


async def test_every_bad_link_gets_the_same_page(
    polling: Polling, browser: httpx.AsyncClient
) -> None:
    """Forged, cut short, of another purpose, of a reader who was not sent it."""
    await polling.send(asking(BRIDGE), A)
    good = await link(polling, 1)
    token = good.split("/")[4]
    web = KEYRING.sign(Purpose.WEB, PAPER.id, "1")
    stranger = KEYRING.sign(Purpose.VOTE, PAPER.id, "999")
    bad = [good.replace(token, t) for t in (token[:-1], f"{token}A", web, stranger)]
    bad += [good[:-1] + "9", good.replace("ports", "quais")]
    answers = [await browser.request(m, b) for b in bad for m in ("GET", "POST")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert await polling.counts() == [0, 0, 0]
