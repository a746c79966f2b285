"""The way out over HTTP: one click as RFC 8058 has it, a page, and the way back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from mailer.audience.subscriber import Rhythm, Standing, Subscription
from mailer.audience.token import Purpose
from tests.unit.web.readers import KEYRING, Readers, readers_of
from tests.unit.web.site import LETTER, MERIDIEN

A = "alice@lecteurs.example"


@pytest.fixture
async def readers(tmp_path: Path) -> AsyncIterator[Readers]:
    async with readers_of(tmp_path, (MERIDIEN, LETTER)) as readers:
        await readers.admit(A, "b@lecteurs.example")
        yield readers


async def taken(readers: Readers, email: str = A) -> Subscription:
    person = await readers.person(email)
    return next(s for s in person.subscriptions if s.publication == MERIDIEN.id)


def form(name: str, value: str) -> bytes:
    """A multipart body with one field, as RFC 8058 section 3.2 shows it."""
    return (
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--b--\r\n'
    ).encode()


URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (URLENCODED, b"List-Unsubscribe=One-Click"),
        (MULTIPART, form("List-Unsubscribe", "One-Click")),
        (MULTIPART, b"--b\r\nno multipart at all"),
        ({}, b""),
        (URLENCODED, b"List-Unsubscribe=One-Click&do=monthly&x=%ff&" + b"y=1&" * 300),
        ({"Content-Type": "application/json", "Cookie": "a=b"}, b"{"),
        (URLENCODED, b"\xff\xfe"),
    ],
)
async def test_one_click_leaves(
    readers: Readers, headers: dict[str, str], body: bytes
) -> None:
    """Whatever the body: 200, no redirect, no cookie, and it is done; twice too."""
    link = await readers.link(A)
    for _ in range(2):
        answer = await readers.browser.post(link, headers=headers, content=body)
        assert (answer.status_code, answer.text) == (200, "OK\n")
        assert not {"location", "set-cookie"} & set(answer.headers)
        assert (await taken(readers)).standing is Standing.LEFT
    person = await readers.person(A)
    assert [c.source for c in person.consents] == ["Salon", "one-click"]
    assert (await readers.dump())["letter"] == []
    assert (await taken(readers, "b@lecteurs.example")).standing is Standing.ACTIVE


async def test_a_strangers_click_learns_nothing(readers: Readers) -> None:
    """Every wrong token gets the octets that a right one gets, and nothing changes."""
    right = await readers.token(A, Purpose.UNSUBSCRIBE)
    wrong = [
        *(
            right[:n] + ("A" if right[n] != "A" else "B") + right[n + 1 :]
            for n in range(0, len(right), 3)
        ),
        *(right[:n] for n in range(1, len(right), 9)),
        *[await readers.token(A, p) for p in Purpose if p is not Purpose.UNSUBSCRIBE],
        KEYRING.sign(Purpose.UNSUBSCRIBE, MERIDIEN.id, "4711"),
        KEYRING.sign(Purpose.UNSUBSCRIBE, "le-bruit", "1"),
        "%C3%A9%00",
    ]
    before = await readers.dump()
    clicks = [await readers.browser.post(f"/unsubscribe/{each}") for each in wrong]
    pages = [
        await readers.browser.get(f"/{kind}/{each}")
        for each in wrong
        for kind in ("unsubscribe", "rejoin")
    ]
    acts = [
        await readers.browser.post(f"/unsubscribe/{each}", data={"do": "leave"})
        for each in wrong
    ]
    backs = [await readers.browser.post(f"/rejoin/{each}") for each in wrong]
    assert await readers.dump() == before
    assert {(a.status_code, a.text) for a in (*pages, *acts, *backs)} == {
        (404, pages[0].text)
    }
    clicks.append(await readers.browser.post(f"/unsubscribe/{right}"))
    assert {(a.status_code, a.text, tuple(a.headers.items())) for a in clicks} == {
        (200, "OK\n", tuple(clicks[0].headers.items()))
    }


async def test_a_page_asks_and_a_button_acts(readers: Readers) -> None:
    """Only the mask of the address is shown; the letter is for who did not do it."""
    link = await readers.link(A)
    page = await readers.browser.get(link)
    assert page.status_code == 200
    assert "a•••@lecteurs.example" in page.text
    assert A not in page.text
    assert page.headers["X-Robots-Tag"].startswith("noindex")
    assert (await taken(readers)).standing is Standing.ACTIVE
    done = await readers.browser.post(link, data={"do": "leave"})
    assert done.status_code == 200
    assert (await taken(readers)).standing is Standing.LEFT
    (letter,) = (await readers.dump())["letter"]
    assert "goodbye" in letter
    undo = re.search(r'action="(/rejoin/[^"]+)"', done.text)
    assert undo is not None
    assert "Continuer" in (await readers.browser.get(undo[1])).text
    assert (await taken(readers)).standing is Standing.LEFT
    assert (await readers.browser.post(undo[1])).status_code == 200
    assert (await taken(readers)).standing is Standing.ACTIVE


async def test_who_has_left_finds_no_way_back_in_the_same_link(
    readers: Readers,
) -> None:
    """Whoever holds a forwarded copy cannot bring somebody back who left by one click."""
    link = await readers.link(A)
    await readers.browser.post(link)
    for answer in (
        await readers.browser.get(link),
        *[
            await readers.browser.post(link, data={"do": do})
            for do in ("leave", "every", "monthly", "all")
        ],
        await readers.browser.post(link, data={"do": "pause", "until": "2026-04-01"}),
    ):
        assert answer.status_code == 200
        assert "/rejoin/" not in answer.text
    assert (await taken(readers)).standing is Standing.LEFT


async def test_the_way_back_ages(readers: Readers) -> None:
    """After its time the link is a stranger's."""
    done = await readers.browser.post(await readers.link(A), data={"do": "leave"})
    undo = re.search(r'action="(/rejoin/[^"]+)"', done.text)
    assert undo is not None
    readers.clock.advance(timedelta(days=15))
    assert (await readers.browser.get(undo[1])).status_code == 404
    assert (await readers.browser.post(undo[1])).status_code == 404
    assert (await taken(readers)).standing is Standing.LEFT


async def test_less_is_an_answer_too(readers: Readers) -> None:
    """Once a month, a pause, and as before again; nobody leaves by it."""
    link = await readers.link(A)
    monthly = await readers.browser.post(link, data={"do": "monthly"})
    assert "a•••@lecteurs.example" in monthly.text
    assert (await taken(readers)).rhythm is Rhythm.MONTHLY
    await readers.browser.post(link, data={"do": "pause", "until": "2026-04-01"})
    paused = await taken(readers)
    assert (paused.rhythm, paused.paused_until) == (Rhythm.MONTHLY, date(2026, 4, 1))
    await readers.browser.post(link, data={"do": "every"})
    again = await taken(readers)
    assert (again.rhythm, again.paused_until) == (Rhythm.EVERY, None)
    assert again.standing is Standing.ACTIVE


@pytest.mark.parametrize(
    "until", ["", "demain", "2026-03-14", "2027-03-16", "0001-01-01"]
)
async def test_a_pause_has_a_day_to_come(readers: Readers, until: str) -> None:
    """What is no day of the coming year is told beside the field, and nothing changes."""
    before = await readers.dump()
    answer = await readers.browser.post(
        await readers.link(A), data={"do": "pause", "until": until}
    )
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert await readers.dump() == before


async def test_everything_can_be_left_at_once(readers: Readers) -> None:
    """Who takes two letters sees both, and leaves both with one button."""
    await readers.admit(A, publication=LETTER.id)
    link = await readers.link(A)
    assert "The Letter" in (await readers.browser.get(link)).text
    await readers.browser.post(link, data={"do": "leave"})
    assert {s.standing for s in (await readers.person(A)).subscriptions} == {
        Standing.LEFT,
        Standing.ACTIVE,
    }
    await readers.browser.post(link, data={"do": "all"})
    assert {s.standing for s in (await readers.person(A)).subscriptions} == {
        Standing.LEFT
    }


async def test_a_letter_that_is_no_more_can_be_left(readers: Readers) -> None:
    """A publication that was taken out of the configuration is left all the same."""
    await readers.admit(A, publication="la-houle")
    token = await readers.token(A, Purpose.UNSUBSCRIBE, "la-houle")
    page = await readers.browser.get(f"/unsubscribe/{token}")
    assert "la-houle" in page.text
    await readers.browser.post(f"/unsubscribe/{token}", data={"do": "leave"})
    person = await readers.person(A)
    standings = {s.publication: s.standing for s in person.subscriptions}
    assert standings == {MERIDIEN.id: Standing.ACTIVE, "la-houle": Standing.LEFT}
