"""What readers chose reaches them as they chose it, and their links choose for nobody else."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from mailer.audience.token import Keyring, Purpose
from mailer.flows.readers.choosing import (
    Choices,
    ChoosingDesk,
    Taking,
    choose,
    takes,
    who_chooses,
)
from mailer.flows.sending.send import send
from mailer.store.people.preferences import SqlPreferences
from tests.flows.conftest import PAPER, Desk

KEYRING = Keyring([b"k" * 32])


@pytest.fixture
async def choosing(desk: Desk) -> ChoosingDesk:
    return ChoosingDesk(
        preferences=SqlPreferences(desk.ledger._store),
        readers=desk.readers,
        keyring=KEYRING,
        clock=desk.clock,
    )


async def test_plain_text_is_nothing_but_plain_text(
    desk: Desk, choosing: ChoosingDesk
) -> None:
    """One part, the same links, and the HTML for everybody else."""
    await desk.subscribe("a@x.example", "b@x.example")
    chooser = await who_chooses(
        KEYRING.sign(Purpose.PREFERENCES, PAPER.id, "1"), choosing
    )
    assert chooser is not None
    assert await choose(chooser, Choices(text_only=True), choosing)
    await send(await desk.open_run(), desk.sending)
    mails = {
        email: message_from_bytes(content, policy=policy.default)
        for email, content in desk.relay.accepted
    }
    plain, rich = mails["a@x.example"], mails["b@x.example"]
    assert plain.get_content_type() == "text/plain"
    assert plain.get_content().startswith("free ")
    assert plain["List-Unsubscribe"]
    assert rich.get_content_type() == "multipart/alternative"


async def test_a_link_opens_its_readers_choices_and_no_others(
    desk: Desk, choosing: ChoosingDesk
) -> None:
    """Another purpose, another paper and a stranger's number open nothing."""
    await desk.subscribe("a@x.example")
    sign = KEYRING.sign
    chooser = await who_chooses(sign(Purpose.PREFERENCES, PAPER.id, "1"), choosing)
    assert chooser is not None
    assert chooser.person.email == "a@x.example"
    assert takes(chooser.person, PAPER.id)
    for token in (
        sign(Purpose.UNSUBSCRIBE, PAPER.id, "1"),
        sign(Purpose.PREFERENCES, "le-bruit", "1"),
        sign(Purpose.PREFERENCES, PAPER.id, "2"),
        sign(Purpose.PREFERENCES, PAPER.id, "1")[:-1],
        "",
    ):
        assert await who_chooses(token, choosing) is None


async def test_who_left_may_choose_to_come_back(
    desk: Desk, choosing: ChoosingDesk
) -> None:
    """The link in an old mail still opens the choices of who has left."""
    await desk.subscribe("a@x.example")
    await desk.readers.leave("a@x.example", publication=None, now=desk.clock.now())
    token = KEYRING.sign(Purpose.PREFERENCES, PAPER.id, "1")
    chooser = await who_chooses(token, choosing)
    assert chooser is not None
    assert not takes(chooser.person, PAPER.id)
    again = Choices(takes={PAPER.id: Taking(wording="Le Méridien, on Saturdays")})
    chosen = await choose(chooser, again, choosing)
    assert chosen is not None
    assert chosen.joined == (PAPER.id,)
