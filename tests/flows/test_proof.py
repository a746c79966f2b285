"""Proofs and single messages: what is looked at is what is sent."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta

import pytest

from mailer.audience.subscriber import Reason, Suppression, Tier
from mailer.audience.token import Keyring
from mailer.errors import GuardError, NotFoundError
from mailer.flows.sending.desk import Stationery
from mailer.flows.sending.proof import PROOF_MARK, message_for_reader, send_proof
from mailer.rendering.model import Frozen
from tests.flows.conftest import PAPER, Desk, frozen_edition

KEYS = Keyring((b"k" * 32,))


async def proofs(desk: Desk, frozen: Frozen) -> list[email.message.EmailMessage]:
    desk.relay.accepted.clear()
    await send_proof(
        frozen,
        ["claire@essai.example"],
        desk.relay,
        Stationery(keyring=KEYS, signers=()),
        now=desk.clock.now(),
    )
    return [
        email.message_from_bytes(content, policy=email.policy.default)
        for _, content in desk.relay.accepted
    ]


async def test_a_proof_is_marked_and_whole(desk: Desk) -> None:
    """Every mail variant comes, told from the edition itself by its subject."""
    mails = await proofs(desk, frozen_edition())
    assert [str(mail["Subject"]) for mail in mails] == [f"{PROOF_MARK} Les ports"] * 2
    assert len({mail["Message-ID"] for mail in mails}) == 2


async def test_a_second_proof_is_no_copy_of_the_first(desk: Desk) -> None:
    """Providers drop a second mail of one Message-ID: proofs never share one."""
    first = await proofs(desk, frozen_edition())
    desk.clock.advance(timedelta(minutes=1))
    second = await proofs(desk, frozen_edition())
    ids = [mail["Message-ID"] for mail in (*first, *second)]
    assert len(set(ids)) == 4


async def ask(desk: Desk, address: str) -> bytes:
    return await message_for_reader(
        address,
        frozen_edition(),
        desk.faces,
        Stationery(keyring=KEYS, signers=(), public_url="https://x.example"),
        now=desk.clock.now(),
    )


async def test_a_reader_is_shown_their_own_variant(desk: Desk) -> None:
    """Members see the members' text, others theirs."""
    await desk.subscribe("m@x.example", tier=Tier.MEMBER)
    await desk.subscribe("f@x.example")
    assert b"\r\nmember " in await ask(desk, "m@x.example")
    assert b"\r\nfree " in await ask(desk, "f@x.example")


async def test_who_would_get_nothing_is_told_so(desk: Desk) -> None:
    """Unknown, left and suppressed addresses have no message to show."""
    with pytest.raises(NotFoundError):
        await ask(desk, "nobody@x.example")
    await desk.subscribe("left@x.example", "out@x.example")
    now = desk.clock.now()
    await desk.readers.leave("left@x.example", publication=PAPER.id, now=now)
    await desk.readers.suppress(
        Suppression(email="out@x.example", reason=Reason.COMPLAINED, at=now)
    )
    for address in ("left@x.example", "out@x.example"):
        with pytest.raises(GuardError):
            await ask(desk, address)
