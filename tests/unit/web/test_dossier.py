"""A reader's data: shown and erased behind a link that only their mailbox gets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailer.audience.bearer import spell
from mailer.audience.token import Purpose
from mailer.store.schema import letter
from tests.unit.web.readers import KEYRING, Readers, readers_of
from tests.unit.web.site import MERIDIEN

A = "alice@lecteurs.example"


@pytest.fixture
async def readers(tmp_path: Path) -> AsyncIterator[Readers]:
    async with readers_of(tmp_path) as readers:
        await readers.admit(A, "b@lecteurs.example")
        yield readers


async def data_link(readers: Readers, email: str = A) -> str:
    moment = spell(readers.clock.now())
    number = str((await readers.person(email)).id)
    return f"/data/{KEYRING.sign(Purpose.DATA, MERIDIEN.id, number, moment)}"


async def test_the_link_goes_to_the_mailbox(readers: Readers) -> None:
    """The page tells nothing but that; a second click within minutes sends no second."""
    link = await readers.link(A, "preferences")
    for _ in range(3):
        answer = await readers.browser.post(f"{link}/data")
        assert answer.status_code == 200
        assert A not in answer.text
        assert "/data/" not in answer.text
    letters = await readers.store.read(lambda c: c.execute(letter.select()).all())
    assert [(each.kind, each.subscriber_id) for each in letters] == [("data", 1)]


async def test_everything_can_be_taken_away(readers: Readers) -> None:
    """The page shows it in short, the file has it whole."""
    link = await data_link(readers)
    page = await readers.browser.get(link)
    assert A in page.text
    assert f"{link}/export.json" in page.text
    answer = await readers.browser.get(f"{link}/export.json")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["cache-control"] == "no-store"
    facts = json.loads(answer.text)
    assert facts["schema"] == 1
    assert facts["subscriber"]["email"] == A
    assert facts["consents"][0]["source"] == "Salon"
    assert "b@lecteurs.example" not in answer.text


async def test_erasing_asks_first_and_is_final(readers: Readers) -> None:
    """GET explains, a POST without the word explains again; then nothing is known."""
    link = await data_link(readers)
    leaving = await readers.link(A)
    choosing = await readers.link(A, "preferences")
    before = await readers.dump()
    assert "sans retour" in (await readers.browser.get(f"{link}/erase")).text
    assert "sans retour" in (await readers.browser.post(f"{link}/erase")).text
    assert await readers.dump() == before
    done = await readers.browser.post(f"{link}/erase", data={"do": "erase"})
    assert done.status_code == 200
    assert await readers.people.find(A) is None
    assert "alice" not in repr(await readers.dump())
    stranger = await readers.browser.get("/data/x")
    for page in (link, f"{link}/export.json", f"{link}/erase", leaving, choosing):
        answer = await readers.browser.get(page)
        assert (answer.status_code, answer.text) == (404, stranger.text)
    click = await readers.browser.post(leaving)
    assert (click.status_code, click.text) == (200, "OK\n")


async def test_no_other_link_opens_it(readers: Readers) -> None:
    """Neither those of an edition, nor one that is too old, nor one that was bent."""
    link = await data_link(readers)
    number = "1"
    wrong = [
        KEYRING.sign(purpose, MERIDIEN.id, number, spell(readers.clock.now()))
        for purpose in Purpose
        if purpose is not Purpose.DATA
    ]
    wrong += [
        KEYRING.sign(Purpose.DATA, MERIDIEN.id, number),
        KEYRING.sign(Purpose.DATA, MERIDIEN.id, number, "soon"),
        KEYRING.sign(Purpose.DATA, MERIDIEN.id, "99", spell(readers.clock.now())),
        link.removeprefix("/data/")[:-1],
    ]
    readers.clock.advance(timedelta(days=1, seconds=1))
    wrong.append(link.removeprefix("/data/"))
    before = await readers.dump()
    seen = set()
    for each in wrong:
        for page in ("", "/export.json", "/erase"):
            answer = await readers.browser.get(f"/data/{each}{page}")
            seen.add((answer.status_code, answer.text))
        posted = await readers.browser.post(f"/data/{each}/erase", data={"do": "erase"})
        asked = await readers.browser.post(f"/preferences/{each}/data")
        seen |= {(a.status_code, a.text) for a in (posted, asked)}
    assert len(seen) == 1
    assert await readers.dump() == before
