"""Letters to readers reach a relay once, wait for one that is not there, and say who."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from mailer.audience.roster import Row
from mailer.audience.token import Keyring, Purpose
from mailer.config.places import shipped
from mailer.delivery.message import Envelope
from mailer.delivery.pace import Pace, RelayPace
from mailer.delivery.quota import Quotas
from mailer.delivery.reply import Reply, Stage
from mailer.delivery.throttle import read_rate
from mailer.flows.readers.correspondence import (
    ClaimedLetter,
    LetterKind,
    LetterOrder,
    PostDesk,
    send_letters,
)
from mailer.flows.readers.letters import Writer
from mailer.flows.sending.carriage import Message
from mailer.flows.sending.traffic import Traffic
from mailer.store.engine import Store
from mailer.store.ledger.pace import SqlPaceKeeper
from mailer.store.ledger.relays import SqlRelayBook
from mailer.store.people.letters import SqlLetters
from mailer.store.people.readers import SqlReaders
from mailer.workspace.catalogue import load_catalogue
from mailer.workspace.letters import letter_templates
from mailer.workspace.themes import load_theme
from tests.contract.house import NOW, PAPER
from tests.database import new_database
from tests.fakes.clock import FakeClock
from tests.fakes.relay import FakeRelay

FOLDERS = [shipped("templates")]
URL = "https://lettres.example"
KEYRING = Keyring([b"0123456789abcdef"])


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(new_database(tmp_path))
    readers = SqlReaders(opened)
    rows = [Row(line=1, email="ada@example.org", name="Ada <script>")]
    await readers.admit(rows, publication=PAPER.id, source="x", now=NOW)
    yield opened
    await opened.close()


async def plain(letter: ClaimedLetter) -> Message:
    """Any message: these tests are about when, not what."""
    return Message(
        envelope=Envelope(return_path="l@example.org", recipient=letter.email),
        content=letter.key.encode(),
    )


def desk_of(
    store: Store, *relays: FakeRelay, clock: FakeClock, pace: Pace | None = None
) -> PostDesk:
    return PostDesk(
        letters=SqlLetters(store),
        traffic=Traffic(
            relays,
            clock=clock,
            pace=pace,
            keeper=SqlPaceKeeper(store),
            book=SqlRelayBook(store),
        ),
        clock=clock,
        compose=plain,
        worker="a",
    )


def letter(key: str, kind: LetterKind = LetterKind.CONFIRM) -> LetterOrder:
    return LetterOrder(
        key=key,
        kind=kind,
        publication=PAPER.id,
        subscriber=1,
        expires=NOW + timedelta(days=1),
        values={"asked": "1"},
    )


async def test_a_letter_is_sent_once(store: Store) -> None:
    """The second round finds nothing."""
    relay, clock = FakeRelay(), FakeClock(NOW)
    desk = desk_of(store, relay, clock=clock)
    for key in ("a", "b"):
        await desk.letters.enqueue(letter(key), now=NOW)
    assert await send_letters(desk, asyncio.Event()) == 2
    assert await send_letters(desk, asyncio.Event()) == 0
    assert [content for _, content in relay.accepted] == [b"a", b"b"]


async def test_another_relay_is_tried_and_a_paused_one_left_alone(
    store: Store,
) -> None:
    """When none can be had the letter waits, a little longer each time."""
    down, up = FakeRelay(name="down", refuse_sessions=True), FakeRelay(name="up")
    clock = FakeClock(NOW)
    desk = desk_of(store, down, up, clock=clock)
    await desk.letters.enqueue(letter("a"), now=NOW)
    book = SqlRelayBook(store)
    await book.pause("up", by="me", now=NOW)
    assert await send_letters(desk, asyncio.Event()) == 0
    await book.resume("up", now=NOW)
    assert await send_letters(desk, asyncio.Event()) == 0  # not before its minute
    clock.advance(timedelta(minutes=1))
    assert await send_letters(desk, asyncio.Event()) == 1
    assert up.accepted


@pytest.mark.parametrize(
    ("answer", "copies"),
    [
        ((Stage.DOT, None), 2),
        ((Stage.RCPT, Reply(450, "later", "4.2.0")), 11),
        ((Stage.RCPT, Reply(550, "no such user", "5.1.1")), 1),
    ],
)
async def test_silence_is_repeated_once_a_deferral_until_it_is_too_late(
    store: Store, answer: tuple[Stage, Reply | None], copies: int
) -> None:
    """A refusal is final."""
    relay, clock = FakeRelay(answer=lambda envelope, n: answer), FakeClock(NOW)
    desk = desk_of(store, relay, clock=clock)
    await desk.letters.enqueue(letter("a"), now=NOW)
    for _ in range(60):
        await send_letters(desk, asyncio.Event())
        clock.advance(timedelta(minutes=30))
    assert relay.attempts["ada@example.org"] == copies


async def test_letters_keep_the_pace_and_count_in_the_quota(store: Store) -> None:
    """Beyond it they wait for its hour, by whatever process they would be sent."""
    went: list[float] = []
    relay, clock = FakeRelay(), FakeClock(NOW)
    relay.before_reply = lambda _: _note(went, clock)
    limits = RelayPace(rate=read_rate("20/min"), quotas=Quotas(hourly=3))
    for worker, keys in (("a", "ab"), ("b", "cd")):
        pace = Pace(relays={"fake": limits}, worker=worker)
        desk = desk_of(store, relay, clock=clock, pace=pace)
        for key in keys:
            await desk.letters.enqueue(letter(key), now=NOW)
        await send_letters(desk, asyncio.Event())
    assert [content for _, content in relay.accepted] == [b"a", b"b", b"c"]
    assert all(later - sooner >= 2.9 for sooner, later in pairwise(went))
    clock.advance(timedelta(minutes=55))
    assert await send_letters(desk, asyncio.Event()) == 0
    clock.advance(timedelta(minutes=20))
    assert await send_letters(desk, asyncio.Event()) == 1


async def _note(went: list[float], clock: FakeClock) -> None:
    went.append(clock.elapsed)


async def test_a_provider_that_objects_to_letters_slows_runs_too(store: Store) -> None:
    """One pace for all that this process sends."""
    busy = (Stage.RCPT, Reply(450, "too many of yours", "4.7.28"))
    relay, clock = FakeRelay(answer=lambda envelope, n: busy), FakeClock(NOW)
    desk = desk_of(store, relay, clock=clock)
    await desk.letters.enqueue(letter("a"), now=NOW)
    await send_letters(desk, asyncio.Event())
    assert desk.traffic.pace.ready("fake", "example.org", desk.traffic.now()) > 0


ONCE = {
    LetterKind.CONFIRM: (Purpose.CONFIRM, "confirm"),
    LetterKind.GOODBYE: (Purpose.UNDO, "rejoin"),
    LetterKind.DATA: (Purpose.DATA, "data"),
}
"""Letters with one link that ages, and no other."""


@pytest.mark.parametrize("kind", list(LetterKind))
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_letter_says_who_why_and_nothing_of_a_strangers(
    kind: LetterKind, lang: str
) -> None:
    """It is marked as automatic; who reads us already can leave by a click."""
    writer = Writer(
        publication=lambda _: PAPER,
        theme=lambda publication: load_theme(publication.theme, FOLDERS),
        sentences=lambda said: load_catalogue(said, FOLDERS),
        templates=lambda: letter_templates(FOLDERS),
        keyring=KEYRING,
        signers=(),
        public_url=URL,
        now=lambda: NOW,
    )
    claimed = ClaimedLetter(
        id=1,
        key="a",
        kind=kind,
        publication=PAPER.id,
        subscriber=7,
        email="ada@example.org",
        lang=lang,
        values={
            "asked": "1773468000000000",
            "left": "1773468000000000",
            "until": "2026-03-31",
        },
        created=NOW,
        attempts=1,
        doubts=0,
        fence=1,
    )
    raw = writer.message(claimed).content
    assert raw == writer.message(claimed).content  # the same at every attempt
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["to"] == "ada@example.org"
    text, html = (
        mail.get_body((each,)).get_content()  # type: ignore[union-attr]  # both are there
        for each in ("plain", "html")
    )
    assert f'lang="{lang}"' in html
    token = KEYRING.sign(Purpose.UNSUBSCRIBE, PAPER.id, "7")
    if kind in ONCE:  # to who does not read us yet, or any more, or wants one thing
        purpose, page = ONCE[kind]
        ask = KEYRING.sign(purpose, PAPER.id, "7", "1773468000000000")
        assert f"{URL}/{page}/{ask}" in text
        assert f"{URL}/{page}/{ask}" in html
        assert "list-unsubscribe" not in mail
    else:
        assert f"{URL}/unsubscribe/{token}" in mail["list-unsubscribe"]
        assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
        assert token in text
        assert token in html
