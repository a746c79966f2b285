"""The listener for what comes back: ours alone, durable before its 250, hostile mail too."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Sequence
from pathlib import Path

import pytest

from mailer.errors import StoreError
from mailer.phrases import say
from mailer.transport.reception import LONGEST, Door, reception

OURS = "b+1.2.abc@bounces.example.org"
ALSO = "unsubscribe@meridien.example"


class Desk:
    """Takes what is brought; fails where a test says so."""

    def __init__(self) -> None:
        self.mails: list[tuple[bytes, tuple[str, ...]]] = []
        self.fault: Exception | None = None

    async def take(self, raw: bytes, recipients: Sequence[str]) -> None:
        if self.fault is not None:
            raise self.fault
        self.mails.append((raw, tuple(recipients)))

    @property
    def door(self) -> Door:
        return Door(is_ours=lambda address: address in {OURS, ALSO}, take=self.take)


async def deliver(
    where: str, *to: str, body: bytes = b"Subject: x\r\n\r\n.\r\n", lmtp: bool = True
) -> tuple[dict[str, tuple[int, bytes]], int, bytes]:
    """Bring one mail with the standard library's client: refusals, and the last reply."""

    def talk() -> tuple[dict[str, tuple[int, bytes]], int, bytes]:
        refused: dict[str, tuple[int, bytes]] = {}
        host, _, port = where.rpartition(":")
        kind = smtplib.LMTP if lmtp else smtplib.SMTP
        with kind(host or where, int(port) if host else 0) as client:
            client.ehlo_or_helo_if_needed()
            assert client.mail("")[0] == 250
            for address in to:
                code, said = client.rcpt(address)
                if code != 250:
                    refused[address] = code, said
            if len(refused) == len(to):
                return refused, 0, b""
            code, said = client.data(body)
            for _ in range(len(to) - len(refused) - 1 if lmtp else 0):
                again, _said = client.getreply()
                assert again == code
            assert client.noop()[0] == 250
        return refused, code, said

    return await asyncio.to_thread(talk)


@pytest.mark.parametrize("lmtp", [True, False])
async def test_mail_to_us_is_taken(lmtp: bool) -> None:
    """From nobody (a bounce has no sender), with its dots, to whom it was brought."""
    desk = Desk()
    async with reception(desk.door, at="127.0.0.1:0", speaks_lmtp=lmtp) as where:
        refused, code, _ = await deliver(where, OURS, ALSO, lmtp=lmtp)
    assert (refused, code) == ({}, 250)
    assert desk.mails == [(b"Subject: x\r\n\r\n.\r\n", (OURS, ALSO))]


async def test_a_socket_in_a_folder(tmp_path: Path) -> None:
    """Where a server next door brings it; what a dead process left there is no bar."""
    desk = Desk()
    at = str(tmp_path / "lmtp.sock")
    for _ in range(2):
        async with reception(desk.door, at=at) as where:
            assert (tmp_path / "lmtp.sock").stat().st_mode & 0o777 == 0o660
            _, code, _ = await deliver(where, OURS)
            assert code == 250
            with pytest.raises(OSError, match="listens"):
                async with reception(desk.door, at=at):
                    pass
        (tmp_path / "lmtp.sock").touch()
        (tmp_path / "lmtp.sock").unlink()
    assert len(desk.mails) == 2


async def test_mail_to_others_is_not_let_in() -> None:
    """No relay, no catch-all, and no hint of what there is."""
    desk = Desk()
    async with reception(desk.door, at="127.0.0.1:0") as where:
        refused, code, _ = await deliver(where, "x@elsewhere.example", OURS)
        assert refused == {"x@elsewhere.example": (550, b"5.1.1 no such address here")}
        assert code == 250
        assert (await deliver(where, "postmaster@x.example"))[1] == 0
    assert [to for _, to in desk.mails] == [(OURS,)]


@pytest.mark.parametrize("fault", [StoreError(say("full")), RuntimeError("defect")])
async def test_what_is_not_kept_is_brought_again(fault: Exception) -> None:
    """Nobody hears 250 for a mail that is not on the disk; the next one is taken."""
    desk = Desk()
    async with reception(desk.door, at="127.0.0.1:0") as where:
        desk.fault = fault
        _, code, said = await deliver(where, OURS)
        assert (code, said) == (451, b"4.3.0 not kept, come again")
        desk.fault = None
        assert (await deliver(where, OURS))[1] == 250
    assert len(desk.mails) == 1


async def test_of_a_long_mail_the_head_is_kept() -> None:
    """A report may return a letter with all its pictures."""
    desk = Desk()
    body = b"Subject: x\r\n\r\n" + b"y" * 70 + b"\r\n"
    long = body + b"z" * (2 * LONGEST) + b"\r\n"
    async with reception(desk.door, at="127.0.0.1:0") as where:
        assert (await deliver(where, OURS, body=long))[1] == 250
        assert (await deliver(where, OURS, body=body))[1] == 250
    (head, _), (whole, _) = desk.mails
    assert long.startswith(head)
    assert LONGEST // 2 < len(head) <= LONGEST
    assert whole == body


async def test_a_crowd_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes again; who is inside is served."""
    monkeypatch.setattr("mailer.transport.reception._CONNECTIONS", 1)
    desk = Desk()
    async with reception(desk.door, at="127.0.0.1:0") as where:
        host, _, port = where.rpartition(":")
        inside, writer = await asyncio.open_connection(host, int(port))
        assert (await inside.readline()).startswith(b"220")
        outside, second = await asyncio.open_connection(host, int(port))
        assert b"421" in await outside.read()
        second.close()
        writer.write(b"LHLO x\r\n")
        assert (await inside.readline()).startswith(b"250")
        writer.close()
