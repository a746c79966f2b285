"""SpamAssassin's daemon, asked as its protocol wants it, whatever it answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mailer.flows.editing.suspicion import Suspect
from mailer.online.spamd import Spamd
from tests.fakes.spamd import FakeSpamd, answer, spamd

MESSAGE = b"Subject: =?utf-8?q?=C3=A9t=C3=A9?=\r\n\r\n..\r\nBonjour\r\n"


async def test_the_exact_bytes_are_judged() -> None:
    """And back come score, limit, and each rule with all of its words."""
    async with spamd(answer()) as fake:
        found = await Spamd(fake.where).judge(MESSAGE)
    assert fake.judged == [MESSAGE]
    assert (found.score, found.limit, found.is_spam) == (2.6, 5.0, False)
    assert found.against == (
        Suspect(2.0, "MISSING_MID", "Missing Message-Id: header"),
        Suspect(
            0.6,
            "HTML_IMAGE_RATIO_04",
            "BODY: HTML has a low ratio of text to image area",
        ),
    )
    assert len(found.rules) == 3


async def test_what_is_spam_is_called_so() -> None:
    """From the filter's own limit on."""
    async with spamd(answer(score=5.0)) as fake:
        assert (await Spamd(fake.where).judge(MESSAGE)).is_spam


async def test_a_socket_of_the_machine_will_do(tmp_path: Path) -> None:
    """As Debian's spamd has it with --socketpath."""
    fake = FakeSpamd()
    where = str(tmp_path / "spamd.sock")
    server = await asyncio.start_unix_server(fake.serve, where)
    async with server:
        assert (await Spamd(where).judge(MESSAGE)).score == 2.6


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"", "that is no spamd"),
        (b"220 mail.example ESMTP\r\n", "that is no spamd"),
        (b"SPAMD/1.0 74 EX_IOERR\r\n\r\n", "spamd refuses: EX_IOERR"),
        (b"SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n\r\n", "spamd gave no score"),
        (b"SPAMD/1.1 0 EX_OK\r\nSpam: False ; x / y\r\n\r\n", "spamd gave no score"),
    ],
)
async def test_nonsense_is_no_verdict(reply: bytes, said: str) -> None:
    """Whatever stands at the port: said, never raised, never spam."""
    async with spamd(reply) as fake:
        found = await Spamd(fake.where).judge(MESSAGE)
    assert (str(found.fault), found.is_spam) == (said, False)


async def test_silence_and_absence_are_no_verdict() -> None:
    """Neither is waited for longer than was said."""
    async with spamd(None) as fake:
        silent = await Spamd(fake.where, seconds=0.05).judge(MESSAGE)
    assert str(silent.fault) == "no answer within 0.05 s"
    gone = await Spamd(fake.where).judge(MESSAGE)
    assert fake.where in str(gone.fault)
