"""A letter leaves once for its event, marked before its body, whoever sends it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from mailer.audience.subscriber import Reason, Suppression
from mailer.flows.readers.correspondence import (
    ClaimedLetter,
    LetterKind,
    LetterOrder,
    LetterState,
)
from mailer.flows.readers.letterbook import FAILED, OPEN, Backlog, backlog
from mailer.phrases import say
from mailer.store.people.letterbook import SqlLetterBook
from mailer.store.people.letters import SqlLetters
from tests.contract.house import NOW, PAPER, House

LEASE = timedelta(minutes=15)
LATER = NOW + LEASE + timedelta(seconds=1)


@pytest.fixture
async def house(url: str) -> AsyncIterator[House]:
    opened = await House.open(url)
    yield opened
    await opened.store.close()


@pytest.fixture
async def letters(house: House) -> SqlLetters:
    await house.admit("ada@example.org", "bob@example.org")
    return SqlLetters(house.store)


def letter(key: str, *, subscriber: int = 1, days: int = 2) -> LetterOrder:
    return LetterOrder(
        key=key,
        kind=LetterKind.CONFIRM,
        publication=PAPER.id,
        subscriber=subscriber,
        expires=NOW + timedelta(days=days),
        lang="en",
        values={"asked": "1773468000000000"},
    )


async def claim(letters: SqlLetters, *, at: object = NOW) -> list[ClaimedLetter]:
    return list(
        await letters.claim(worker="a", limit=10, now=at, lease=LEASE)  # type: ignore[arg-type]  # a moment
    )


async def test_an_event_has_one_letter(letters: SqlLetters) -> None:
    """However often it is asked for, and also when it was sent long ago."""
    assert await letters.enqueue(letter("a"), now=NOW)
    assert not await letters.enqueue(letter("a"), now=NOW)
    (claimed,) = await claim(letters)
    assert (claimed.email, claimed.lang) == ("ada@example.org", "en")
    assert claimed.values == {"asked": "1773468000000000"}
    assert await letters.mark(claimed, now=NOW)
    assert await letters.settle(claimed, LetterState.ACCEPTED, now=NOW)
    assert not await letters.enqueue(letter("a"), now=NOW)
    assert await claim(letters, at=LATER) == []


async def test_what_is_claimed_is_nobody_elses(letters: SqlLetters) -> None:
    """Until the lease ends; then the first claim is worth nothing."""
    await letters.enqueue(letter("a"), now=NOW)
    (first,) = await claim(letters)
    assert await claim(letters) == []
    (second,) = await claim(letters, at=LATER)
    assert second.attempts == 2
    assert not await letters.mark(first, now=LATER)
    assert await letters.mark(second, now=LATER)
    assert not await letters.settle(first, LetterState.REFUSED, now=LATER)


async def test_who_died_handing_over_leaves_a_doubt_that_is_sent_once_more(
    letters: SqlLetters,
) -> None:
    """And no more than once: a second silence ends it."""
    await letters.enqueue(letter("a"), now=NOW)
    (first,) = await claim(letters)
    assert await letters.mark(first, now=NOW)
    assert await claim(letters) == []
    (again,) = await claim(letters, at=LATER)
    assert again.doubts == 1
    assert await letters.mark(again, now=LATER)
    assert await claim(letters, at=LATER + LEASE * 2) == []
    assert not await letters.mark(again, now=LATER + LEASE * 2)


async def test_a_deferred_letter_waits_for_its_hour(letters: SqlLetters) -> None:
    """And expires when it is of no use any more."""
    await letters.enqueue(letter("a"), now=NOW)
    (first,) = await claim(letters)
    hour = NOW + timedelta(hours=1)
    assert await letters.settle(
        first, LetterState.DUE, now=NOW, reason=say("not now"), next_attempt=hour
    )
    assert await claim(letters, at=NOW + timedelta(minutes=59)) == []
    (second,) = await claim(letters, at=hour)
    assert await letters.settle(
        second, LetterState.DUE, now=hour, next_attempt=hour + timedelta(days=2)
    )
    assert await claim(letters, at=NOW + timedelta(days=4)) == []


@pytest.mark.parametrize(
    ("reason", "sent"),
    [(Reason.COMPLAINED, 0), (Reason.MANUAL, 0), (Reason.BOUNCED, 1)],
)
async def test_whoever_complained_gets_no_letter(
    house: House, letters: SqlLetters, reason: Reason, sent: int
) -> None:
    """A mailbox that bounced may be there again: a letter finds out."""
    await letters.enqueue(letter("a"), now=NOW)
    await house.readers.suppress(
        Suppression(email="ada@example.org", reason=reason, at=NOW)
    )
    assert len(await claim(letters)) == sent


async def test_the_letter_book_tells_what_waits_and_what_was_lost(
    house: House, letters: SqlLetters
) -> None:
    """The newest first; a letter just written worries nobody, an address mistyped neither."""
    book = SqlLetterBook(house.store)
    for key in ("a", "b", "c"):
        await letters.enqueue(letter(key), now=NOW)
    lost, refused, waits = await claim(letters)
    assert await backlog(book, NOW) == Backlog()
    await letters.settle(lost, LetterState.IN_DOUBT, now=NOW, reason=say("silence"))
    await letters.settle(refused, LetterState.REFUSED, now=NOW)
    reason = say("not now")
    await letters.settle(
        waits, LetterState.DUE, now=NOW, reason=reason, next_attempt=LATER
    )
    assert await backlog(book, LATER) == Backlog(waiting=1, lost=1, reason="not now")
    found = await book.entries(states=[*OPEN, *FAILED], limit=2)
    assert [(each.id, each.state) for each in found] == [
        (waits.id, LetterState.DUE),
        (refused.id, LetterState.REFUSED),
    ]
    assert found[0].email == "ada@example.org"
    assert not await book.entries(states=OPEN, publication="another", limit=9)
    assert await book.find(99) is None


async def test_a_letter_is_tried_again_at_the_operators_word(
    house: House, letters: SqlLetters
) -> None:
    """What waits, at once; what failed, if it is named; nothing that is on its way."""
    book = SqlLetterBook(house.store)
    for key in ("a", "b", "c"):
        await letters.enqueue(letter(key), now=NOW)
    refused, waits, sending = await claim(letters)
    await letters.settle(refused, LetterState.REFUSED, now=NOW)
    await letters.settle(waits, LetterState.DUE, now=NOW, next_attempt=LATER)
    await letters.mark(sending, now=NOW)
    assert await book.retry(None, now=NOW) == [waits.id]
    assert [each.id for each in await claim(letters)] == [waits.id]
    assert await book.retry([refused.id, sending.id], now=NOW) == [refused.id]
    assert [each.id for each in await claim(letters)] == [refused.id]
    too_late = NOW + timedelta(days=3)
    assert await book.retry([refused.id, waits.id], now=too_late) == []


async def test_letters_go_in_the_order_in_which_they_were_written(
    letters: SqlLetters,
) -> None:
    """As many as are asked for."""
    for key in ("a", "b", "c"):
        await letters.enqueue(letter(key, subscriber=2), now=NOW)
    some = await letters.claim(worker="a", limit=2, now=NOW, lease=LEASE)
    assert [each.key for each in some] == ["a", "b"]
    assert [each.key for each in await claim(letters)] == ["c"]
