"""A sender's switchboard and the relay book, kept in step."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from mailer.delivery.switchboard import Health, Share, Switchboard
from mailer.errors import StoreError
from mailer.flows.sending.relaying import RelayWatch
from mailer.phrases import say
from tests.fakes.relays import MemoryRelayBook

START = 1_773_468_000.0
DOWN = say("cannot be reached")


class Sender:
    """A switchboard with two relays, its watch, and a clock that is moved."""

    def __init__(self, book: MemoryRelayBook) -> None:
        self.now = START
        self.board = Switchboard([Share(relay="a"), Share(relay="b")])
        self.watch = RelayWatch(self.board, book, worker="host:1", now=lambda: self.now)

    async def after(self, seconds: float) -> None:
        """Look into the book that much later, and let it be read."""
        self.now += seconds
        self.watch.look()
        for _ in range(5):
            await asyncio.sleep(0)

    def carriers(self) -> frozenset[str]:
        return self.board.carriers(self.now)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


@pytest.fixture
def book() -> MemoryRelayBook:
    return MemoryRelayBook()


@pytest.fixture
def sender(book: MemoryRelayBook) -> Sender:
    return Sender(book)


async def test_a_pause_from_before_holds_from_the_start(book, sender) -> None:
    """A relay paused yesterday is not dialled today."""
    await book.pause("a", by="claire", now=at(-86400))
    await sender.watch.open()
    assert sender.carriers() == {"b"}


async def test_the_operators_word_arrives_within_seconds(book, sender) -> None:
    """Pause and resume, while a run goes on."""
    await sender.watch.open()
    await book.pause("a", by="claire", now=at(0))
    await sender.after(2)
    assert sender.carriers() == {"b"}
    await book.resume("a", now=at(3))
    await sender.after(2)
    assert sender.carriers() == {"a", "b"}


async def test_to_resume_is_to_try_at_once(book, sender) -> None:
    """Whoever has mended a password need not wait for the pause to pass, once."""
    await book.resume("a", now=at(-500))  # long ago: not about what comes now
    await sender.watch.open()
    sender.board.failed("a", sender.now, DOWN, permanent=True)
    await sender.after(2)
    assert sender.carriers() == {"b"}
    await book.resume("a", now=at(3))
    await sender.after(2)
    assert sender.board.connections("a", sender.now) == 1
    sender.board.failed("a", sender.now, DOWN, permanent=True)
    await sender.after(2)
    assert sender.carriers() == {"b"}


async def test_what_a_sender_finds_is_written_once(book, sender) -> None:
    """Set aside and back again are in the book; that nothing changed is not."""
    await sender.watch.open()
    await sender.after(2)
    written = book.notes
    await sender.after(2)
    await sender.after(2)
    assert book.notes == written
    sender.board.failed("b", sender.now, DOWN, closing=True)
    await sender.after(2)
    sighting = book.kept["b"].sighting
    assert (sighting.health, sighting.reason) == (Health.ASIDE, DOWN)
    assert (sighting.worker, sighting.until) == ("host:1", at(16))
    sender.board.try_now("b", sender.now)
    sender.board.reached("b", sender.now)
    await sender.watch.close()
    assert book.kept["b"].sighting.health is Health.UP


async def test_a_silent_store_stops_nobody(book, sender) -> None:
    """What was known holds, and the book is tried again."""
    await book.pause("a", by="claire", now=at(0))
    await sender.watch.open()
    book.broken = True
    sender.board.failed("b", sender.now, DOWN, closing=True)
    await sender.after(2)
    assert sender.carriers() == frozenset()
    book.broken = False
    await book.resume("a", now=at(3))
    await sender.after(2)
    assert sender.carriers() == {"a"}
    assert book.kept["b"].sighting.health is Health.ASIDE


async def test_the_book_is_not_read_at_every_message(book, sender) -> None:
    """Looks that come in thousands cost one reading every two seconds."""
    await sender.watch.open()
    await sender.after(2)
    book.broken = True
    reads = 0

    async def pages() -> list[object]:
        nonlocal reads
        reads += 1
        return []

    book.broken, book.pages = False, pages
    for _ in range(1000):
        await sender.after(0.01)
    assert 4 <= reads <= 6


async def test_a_book_that_cannot_be_opened_is_told(book, sender) -> None:
    """Before the first connection it matters who is paused."""
    book.broken = True
    with pytest.raises(StoreError):
        await sender.watch.open()
