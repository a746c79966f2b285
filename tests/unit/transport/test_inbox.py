"""The trial relay and its Maildir."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import aiosmtplib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.errors import ConfigError, InputError, NotFoundError
from mailer.transport.inbox import Mailbox, smtp_inbox

RAW = (
    b"From: =?utf-8?q?Le_M=C3=A9ridien?= <lettre@meridien.example>\r\n"
    b"Subject: =?utf-8?q?Samedi_=3A_la_for=C3=AAt?=\r\n"
    b'Content-Type: multipart/alternative; boundary="a"\r\n\r\n'
    b"--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nBonjour.\r\n.dot\r\n"
    b'--a\r\nContent-Type: multipart/related; boundary="r"\r\n\r\n'
    b"--r\r\nContent-Type: text/html; charset=x-unknown\r\n\r\n<p>Bonjour</p>\r\n"
    b"--r\r\nContent-Type: image/png\r\nContent-ID: <a@b>\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nUE5H\r\n--r--\r\n--a--\r\n"
)


async def send(port: int, recipients: list[str], raw: bytes) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
        await client.sendmail("bounce@meridien.example", recipients, raw)


def keep(folder: Path, raw: bytes, name: str = "1.a") -> Mailbox:
    (folder / "new").mkdir(parents=True, exist_ok=True)
    (folder / "new" / name).write_bytes(raw)
    return Mailbox(folder)


async def test_mail_is_kept_byte_for_byte(tmp_path: Path) -> None:
    """What came over the wire stands below its envelope, CRLF and dots unchanged."""
    async with smtp_inbox(tmp_path) as port:
        await send(port, ["claire@lecteurs.example"], RAW)
    (path,) = (tmp_path / "new").iterdir()
    assert path.read_bytes() == (
        b"Return-Path: <bounce@meridien.example>\r\n"
        b"Delivered-To: claire@lecteurs.example\r\n" + RAW
    )
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_each_recipient_has_a_copy(tmp_path: Path) -> None:
    """The envelope counts: one message per recipient, whatever the headers say."""
    async with smtp_inbox(tmp_path) as port:
        await send(port, ["a@x.example", "b@x.example"], RAW)
        await asyncio.gather(*(send(port, ["c@x.example"], RAW) for _ in range(5)))
    assert sorted(Mailbox(tmp_path).recipients()) == [
        "a@x.example",
        "b@x.example",
        *["c@x.example"] * 5,
    ]


async def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    """A second inbox on the same port is refused, with its number."""
    async with smtp_inbox(tmp_path / "a") as port:
        with pytest.raises(ConfigError, match=str(port)):
            async with smtp_inbox(tmp_path / "b", port=port):
                pass


def test_a_mail_is_taken_apart(tmp_path: Path) -> None:
    """Headers are decoded, both bodies found, pictures by Content-ID."""
    mail = keep(tmp_path, b"Delivered-To: c@x.example\r\n" + RAW).read("1.a")
    assert mail.entry.sender == "Le Méridien <lettre@meridien.example>"
    assert mail.entry.subject == "Samedi : la forêt"
    assert mail.entry.recipient == "c@x.example"
    assert (mail.html, mail.text) == ("<p>Bonjour</p>", "Bonjour.\r\n.dot")
    assert mail.pictures["a@b"].content == b"PNG"
    assert mail.source.endswith(RAW)


def test_the_newest_mail_comes_first(tmp_path: Path) -> None:
    """The list runs from new to old, and forgets what was deleted."""
    keep(tmp_path, RAW, "1.a")
    mailbox = keep(tmp_path, RAW, "2.a")
    assert [entry.id for entry in mailbox.entries()] == ["2.a", "1.a"]
    (tmp_path / "new" / "2.a").unlink()
    assert [entry.id for entry in mailbox.entries()] == ["1.a"]


@pytest.mark.parametrize("name", ["nobody", "", "..", "../new/1.a", ".hidden", "a\0b"])
def test_no_name_leads_out_of_the_mailbox(tmp_path: Path, name: str) -> None:
    """Whatever is no mail of this box is not found."""
    mailbox = keep(tmp_path / "box", RAW)
    with pytest.raises(NotFoundError):
        mailbox.read(name)


def test_an_empty_folder_is_an_empty_box(tmp_path: Path) -> None:
    """A mailbox that nobody has written to has no mail."""
    assert Mailbox(tmp_path / "nowhere").recipients() == []


_LINES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=a",
        b"Content-Type: text/html; charset=\xff",
        b"Content-Type: text/plain; charset=rot13",
        b"Content-Type: text/html; charset*0*=utf-8'%ff; charset*1=x",
        b"Content-Type: message/rfc822",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: x-uuencode",
        b"Subject: =?utf-8?b?////?= =?nope?q?=ff?=",
        b"From: \x00\xff=?utf-8?q?a\r\n b?=",
        b"Content-ID: <\xff>",
        b"begin 666 x",
        b"--a",
        b"--a--",
        b"",
    ]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.one_of(_LINES, st.binary(max_size=30)), max_size=14))
def test_no_mail_is_too_hostile(tmp_path: Path, lines: list[bytes]) -> None:
    """Any bytes are listed, and read or refused in words; nothing else is raised."""
    mailbox = keep(tmp_path, b"\r\n".join(lines))
    assert len(mailbox.entries()) == 1
    with suppress(InputError):
        mail = mailbox.read("1.a")
        assert mail.source == b"\r\n".join(lines)
        (mail.text + mail.html).encode()


def test_mail_in_mail_without_end_is_refused_in_words(tmp_path: Path) -> None:
    """A nest of multiparts too deep to read is an InputError, not a crash."""
    nest = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(3000)
    )
    with pytest.raises(InputError):
        keep(tmp_path, nest).read("1.a")
