"""Who wrote back: once a mail, by hand, from the address that got the message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from mailer.audience.token import Keyring
from mailer.delivery.answering import read_answer
from mailer.edition.model import Variant
from mailer.flows.answers import AnswersDesk, note_answer, note_answers
from mailer.flows.sending.send import send
from mailer.store.answers import SqlAnswers
from mailer.store.people.arrivals import SqlArrivals
from mailer.store.schema import answer
from tests.fakes.clock import SATURDAY
from tests.flows.conftest import Desk

KEYRING = Keyring((b"k" * 32,))
ZOE = "zoe@lecteurs.example"


def ours(subscriber: int = 1, email: str = ZOE) -> str:
    who = f"le-meridien/118 {Variant.FREE} {subscriber} {email}"
    return f"<ele-meridien-118.{KEYRING.digest('message-id', who)}@meridien.example>"


def mail(*headers: str, sender: str = f"Zoé <{ZOE}>", number: int = 1) -> bytes:
    lines = [f"From: {sender}", f"Message-ID: <{number}@lecteurs.example>", *headers]
    return "\r\n".join([*lines, "", "Merci !"]).encode()


@pytest.fixture
async def answers(desk: Desk) -> AnswersDesk:
    await desk.subscribe(ZOE, "leo@lecteurs.example")
    await send(await desk.open_run(), desk.sending)
    store = desk.readers._store
    return AnswersDesk(
        arrivals=SqlArrivals(store),
        answers=SqlAnswers(store),
        keyring=KEYRING,
        clock=desk.clock,
    )


async def test_an_answer_is_noted_once(answers: AnswersDesk, desk: Desk) -> None:
    """However often the mailbox is read, with the hour that the mail says."""
    sent = SATURDAY - timedelta(hours=2)
    said = f"Date: {sent:%a, %d %b %Y %H:%M:%S} +0000"
    mails = [
        mail(f"In-Reply-To: {ours()}", said),
        mail(f"References: <x@y> {ours()}", number=2),
    ]
    assert await note_answers(mails, answers) == {"noted": 2, "known": 0, "other": 0}
    again = [*mails, *mails]
    assert await note_answers(again, answers) == {"noted": 0, "known": 4, "other": 0}
    statement = select(answer.c.subscriber_id, answer.c.publication, answer.c.at)
    rows = await desk.readers._store.read(
        lambda c: c.execute(statement.order_by("id")).all()
    )
    assert [tuple(row) for row in rows] == [
        (1, "le-meridien", sent),
        (1, "le-meridien", desk.clock.now()),
    ]


async def test_what_is_no_readers_answer_is_not_noted(answers: AnswersDesk) -> None:
    """Nobody is noted for what a machine wrote, or for another's message."""
    forged = "<ele-meridien-118.aaaaaaaaaaaaaaaaaaaaaaaa@meridien.example>"
    mails = [
        mail(),  # to nothing of ours
        mail(f"In-Reply-To: {forged}"),
        mail(f"In-Reply-To: {ours()}", sender="leo@lecteurs.example"),
        mail(f"In-Reply-To: {ours()}", sender="autre@lecteurs.example"),
        mail(f"In-Reply-To: {ours()}", "Auto-Submitted: auto-replied"),
        mail(f"In-Reply-To: {ours()}", "Precedence: bulk"),
        mail(f"In-Reply-To: {ours()}", sender="pas une adresse"),
        b"",
        b"\xff\x00From:\r\n",
    ]
    for raw in mails:
        counts = await note_answers([raw], answers)
        assert counts == {"noted": 0, "known": 0, "other": 1}, raw


def test_a_moment_that_nobody_can_read_is_none() -> None:
    """Then the hour counts at which it was read."""
    for date, moment in (
        ("Date: yesterday", None),
        ("Date: Sat, 14 Mar 2026 07:00:00 +0100", datetime(2026, 3, 14, 6, tzinfo=UTC)),
    ):
        found = read_answer(mail(f"In-Reply-To: {ours()}", date))
        assert found is not None
        assert found.at == moment


async def test_one_mail_is_noted_as_it_comes(answers: AnswersDesk) -> None:
    """The same mail by another way is the same answer."""
    raw = mail(f"In-Reply-To: {ours()}")
    assert await note_answer(raw, answers)
    assert await note_answer(raw, answers)
    assert (await note_answers([raw], answers))["known"] == 1
    assert not await note_answer(mail("In-Reply-To: <x@y.example>"), answers)
