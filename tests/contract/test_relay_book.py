"""What is known of the relays is kept and shared: every book, on every database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailer.delivery.switchboard import Health
from mailer.flows.sending.relaying import RelayBook, RelayPage, Sighting
from mailer.phrases import say
from tests.contract.house import House
from tests.fakes.relays import MemoryRelayBook

NOW = datetime(2026, 3, 14, 7, 0, 0, 250_000, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
REASON = say("{where} refuses us", where=say("{host}:25", host="relais.example"))
ASIDE = Sighting(
    relay="secours",
    health=Health.ASIDE,
    seen=NOW,
    worker="host:1",
    reason=REASON,
    until=LATER,
    permanent=True,
)


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def dialect(request: pytest.FixtureRequest) -> str:
    """Where the book is kept; in memory by the fake that the flows are tested with."""
    name: str = request.param
    return name


@pytest.fixture
def book(dialect: str, request: pytest.FixtureRequest) -> RelayBook:
    if dialect == "memory":
        return MemoryRelayBook()
    house: House = request.getfixturevalue("house")
    return house.relay_book


async def test_an_empty_book_has_no_page(book: RelayBook) -> None:
    """A relay of which nobody said anything is not in it."""
    assert await book.pages() == []


async def test_a_pause_is_kept_until_it_is_ended(book: RelayBook) -> None:
    """Who paused it, and when; the first word stands, and the end of it is dated."""
    assert await book.pause("principal", by="claire", now=NOW)
    assert not await book.pause("principal", by="paul", now=LATER)
    (page,) = await book.pages()
    assert page == RelayPage(relay="principal", paused_by="claire", paused_at=NOW)
    assert await book.resume("principal", now=LATER)
    assert not await book.resume("principal", now=LATER + timedelta(minutes=1))
    (page,) = await book.pages()
    assert (page.is_paused, page.paused_by) == (False, "")
    assert page.resumed_at == LATER + timedelta(minutes=1)


async def test_a_sighting_comes_back_as_it_was(book: RelayBook) -> None:
    """Health, reason with what it was made of, times; and it replaces the last one."""
    await book.note([ASIDE])
    (page,) = await book.pages()
    assert page.sighting == ASIDE
    assert page.sighting.reason.english == REASON.english
    assert page.sighting.reason.values["where"].english == "{host}:25"
    up = Sighting(relay="secours", health=Health.UP, seen=LATER, worker="host:2")
    await book.note([up])
    (page,) = await book.pages()
    assert page.sighting == up


async def test_operator_and_sender_do_not_undo_each_other(book: RelayBook) -> None:
    """A sighting leaves the pause alone, and a pause the sighting."""
    await book.pause("secours", by="claire", now=NOW)
    await book.note([ASIDE, replace(ASIDE, relay="autre")])
    await book.resume("autre", now=LATER)
    autre, secours = await book.pages()
    assert (autre.relay, autre.sighting.health) == ("autre", Health.ASIDE)
    assert (secours.paused_by, secours.sighting) == ("claire", ASIDE)


async def test_many_at_once_make_one_page(book: RelayBook) -> None:
    """Senders and operators that write at the same moment share the row."""
    done = await asyncio.gather(
        *(book.pause("secours", by=f"n{n}", now=NOW) for n in range(5)),
        *(book.note([replace(ASIDE, worker=f"w{n}")]) for n in range(5)),
    )
    assert done.count(True) == 1
    (page,) = await book.pages()
    assert page.is_paused
    assert page.sighting.reason == REASON
