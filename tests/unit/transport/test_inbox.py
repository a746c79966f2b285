"""The trial inbox: what was sent is what is kept, and hostile mail is only mail."""

from __future__ import annotations

import asyncio
import mailbox as standard
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Attempt, Stage
from mailer.errors import ConfigError, InputError, NotFoundError
from mailer.transport.chaos import Chaos
from mailer.transport.inbox import Mailbox, smtp_inbox
from mailer.transport.whims import read_whim
from tests.fakes.carrying import carry
from tests.relay import smtp_relay

TRACE = b"Return-Path: <lettre@m.example>\r\nDelivered-To: r@x.example\r\n"
MAIL = (Path(__file__).parents[2] / "data" / "inbox" / "pictures.eml").read_bytes()


async def send(
    port: int, *bodies: bytes, recipient: str = "r@x.example"
) -> list[Attempt]:
    relay = smtp_relay(port)
    envelope = Envelope(return_path="lettre@m.example", recipient=recipient)

    async def yes() -> bool:
        return True

    async with relay.session() as session:
        return [await carry(session, envelope, body, yes) for body in bodies]


def put(folder: Path, content: bytes, name: str = "1.P1Q1.localhost") -> Mailbox:
    (folder / "new").mkdir(exist_ok=True)
    (folder / "new" / name).write_bytes(content)
    return Mailbox(folder)


async def test_the_bytes_are_kept_as_they_came(tmp_path: Path) -> None:
    """A mail is on the disk as sent, its envelope above it, when its 250 leaves."""
    async with smtp_inbox(tmp_path) as port:
        (attempt,) = await send(port, MAIL)
        (path,) = (tmp_path / "new").iterdir()
        assert path.read_bytes() == TRACE + MAIL
    assert (attempt.stage, attempt.reply.code) == (Stage.DOT, 250)
    assert not list((tmp_path / "tmp").iterdir())


async def test_the_folder_is_a_maildir(tmp_path: Path) -> None:
    """The standard library reads what we keep."""
    async with smtp_inbox(tmp_path) as port:
        await send(port, MAIL)
    (message,) = standard.Maildir(tmp_path)
    assert message["Delivered-To"] == "r@x.example"


@pytest.mark.parametrize(
    "wire",
    [
        b"..\r\n",
        b"",
        b"\r\n",
        b"Subject: x\r\n\r\n...two dots\r\n..\r\nend\r\n",
        b"\n.\n\r\n",
    ],
)
async def test_doubled_dots_become_one(tmp_path: Path, wire: bytes) -> None:
    """Only CRLF-dot-CRLF ends a mail, and a dot that opens a line is one too many."""
    async with smtp_inbox(tmp_path) as port:
        await send(port, wire)
    (path,) = (tmp_path / "new").iterdir()
    lines = path.read_bytes().removeprefix(TRACE).split(b"\r\n")
    assert lines == [line.removeprefix(b".") for line in wire.split(b"\r\n")]


async def test_a_mail_too_large_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """552 for what exceeds the limit, and the next mail on the connection is taken."""
    monkeypatch.setattr("mailer.transport.inbox._Dialogue.line_length_limit", 5000)
    async with smtp_inbox(tmp_path) as port:
        large, small = await send(port, b"x" * 70_000 + b"\r\n", b"small\r\n")
    assert (large.reply.code, small.reply.code) == (552, 250)


async def test_a_full_disk_is_said(tmp_path: Path) -> None:
    """What cannot be kept is answered 451, never 250."""
    async with smtp_inbox(tmp_path) as port:
        (tmp_path / "tmp").rmdir()
        (attempt,) = await send(port, MAIL)
    assert attempt.reply.code == 451


async def test_every_recipient_has_a_copy(tmp_path: Path) -> None:
    """One mail to two readers is two mails, each to one; commands out of order wait."""
    async with smtp_inbox(tmp_path) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        said = [await reader.readline()]
        for line in (
            "HELO me",
            "DATA",
            "MAIL FROM:<>",
            "RCPT TO:<a@x.example>",
            "RCPT TO:<b@x.example>",
            "DATA now",
            "DATA",
            "Subject: x\r\n\r\n.",
            "QUIT",
        ):
            writer.write(line.encode() + b"\r\n")
            said.append(await reader.readline())
        writer.close()
    codes = [int(line[:3]) for line in said]
    assert codes == [220, 250, 503, 250, 250, 250, 501, 354, 250, 221]
    assert sorted(Mailbox(tmp_path).recipients()) == ["a@x.example", "b@x.example"]


async def test_many_may_send_at_once(tmp_path: Path) -> None:
    """No mail is lost or mixed up between connections."""
    bodies = [b"Subject: %d\r\n\r\n" % n + b"x\r\n" * 9000 for n in range(6)]
    async with smtp_inbox(tmp_path) as port:
        await asyncio.gather(*(send(port, body, body) for body in bodies))
    kept = sorted(path.read_bytes() for path in (tmp_path / "new").iterdir())
    assert kept == sorted(TRACE + body for body in bodies * 2)


async def test_stopping_ends_open_connections(tmp_path: Path) -> None:
    """Who is connected when the inbox closes is let go, in the middle of a mail too."""
    async with smtp_inbox(tmp_path) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()


async def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """A port that is taken is the operator's to change."""
    async with smtp_inbox(tmp_path) as port:
        with pytest.raises(ConfigError, match=f"port {port}"):
            async with smtp_inbox(tmp_path, port=port):
                pass


async def test_an_address_beyond_ascii_is_kept(tmp_path: Path) -> None:
    """The recipient of the envelope is read back as it was written (RFC 6532)."""
    async with smtp_inbox(tmp_path) as port:
        await send(port, MAIL, recipient="élise@x.example")
    assert Mailbox(tmp_path).recipients() == ["élise@x.example"]


def test_a_mail_is_taken_apart(tmp_path: Path) -> None:
    """Both parts, the pictures and the headers of a letter, decoded."""
    box = put(tmp_path, TRACE + MAIL)
    (entry,) = box.entries()
    mail = box.read(entry.id)
    assert entry.subject == "Les ports de l’hiver : « été »"
    assert entry.sender == "Le Méridien <lettre@m.example>"
    assert mail.text.strip() == "Bonjour à tous"
    assert "<h1>Bonjour à tous</h1>" in mail.html
    assert mail.pictures["hash@mailer"].type == "image/png"
    assert mail.pictures["hash@mailer"].content.startswith(b"\x89PNG")
    assert mail.headers[1] == ("Delivered-To", "r@x.example")
    assert mail.source == TRACE + MAIL


def test_the_newest_comes_first(tmp_path: Path) -> None:
    """Mail is listed from the newest to the oldest, wherever in the Maildir it lies."""
    for name in ("3.a", "1.a", "2.a"):
        box = put(tmp_path, TRACE + MAIL, name)
    (tmp_path / "cur").mkdir()
    (tmp_path / "new" / "1.a").rename(tmp_path / "cur" / "1.a:2,S")
    (tmp_path / "new" / ".hidden").write_bytes(b"")
    assert [entry.id for entry in box.entries()] == ["3.a", "2.a", "1.a:2,S"]
    assert box.read("1.a:2,S").text
    (tmp_path / "new" / "3.a").unlink()
    assert [entry.id for entry in box.entries()] == ["2.a", "1.a:2,S"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../new/1.a", "1.a/../1.a", "2.a", "\0", "é"]
)
def test_only_mail_is_read(tmp_path: Path, name: str) -> None:
    """A name that is no mail's is not found, whatever it is made of."""
    with pytest.raises(NotFoundError):
        put(tmp_path, MAIL, "1.a").read(name)


def test_an_empty_folder_is_an_empty_mailbox(tmp_path: Path) -> None:
    """A mailbox may be opened before the first mail came."""
    assert Mailbox(tmp_path / "not yet").entries() == []


_MULTIPART = b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n"
DEEP = b"".join(_MULTIPART % (n, n) for n in range(2000))
HOSTILE = {
    "no header": b"\r\n\r\nbody",
    "nothing": b"",
    "charset": b"Content-Type: text/html; charset=nobody\r\n\r\n\xff\xfe",
    "charset with NUL": b'Content-Type: text/html; charset="a\0b"\r\n\r\nx',
    "codec that is none": b"Content-Type: text/html; charset=base64\r\n\r\nx",
    "punycode": b"Content-Type: text/html; charset=punycode\r\n\r\n\xff-\xff",
    "encoded word": b"Subject: =?utf-8?b?!!!?= =?nobody?q?x?= =?utf-7?q?+2AA-?=\r\n\r\n",
    "half a pair": b"Subject: =?utf-8?q?=ED=A0=80?= =?utf-16?b?2AA=?=\r\n\r\n",
    "raw octets": b"Subject: \xff\xe9\xc3\xa9\r\nFrom: \x80\r\n\r\n",
    "base64": b"Content-Transfer-Encoding: base64\r\n\r\n!a=b=",
    "uuencode": b"Content-Transfer-Encoding: x-uue\r\n\r\nbegin 666 \r\n\xff\r\nend",
    "parameters": b"Content-Type: text/html; charset*0*=utf-8'x; charset*1=%ff\r\n\r\nx",
    "deep": DEEP,
    "long line": b"Subject: " + b"x" * 400_000 + b"\r\n\r\nx",
    "content id": b"Content-Type: image/png\r\nContent-ID: =?x?q?\xff?=\r\n\r\nx",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mail_is_only_mail(tmp_path: Path, content: bytes) -> None:
    """Broken mail is listed, and opened or refused in words; all of it can be encoded."""
    box = put(tmp_path, content)
    (entry,) = box.entries()
    with suppress(InputError):
        mail = box.read(entry.id)
        f"{entry}{mail.text}{mail.html}{mail.headers}{list(mail.pictures)}".encode()


def test_mail_in_mail_without_end_is_refused_in_words(tmp_path: Path) -> None:
    """A nest of multiparts too deep to read is an InputError, not a crash."""
    with pytest.raises(InputError, match="taken apart"):
        put(tmp_path, DEEP, "1.a").read("1.a")


_SCRAPS = st.sampled_from([*HOSTILE.values(), *MAIL.splitlines(keepends=True)])


@settings(max_examples=60)
@given(st.lists(st.one_of(_SCRAPS, st.binary(max_size=40)), max_size=12))
def test_no_mail_breaks_the_mailbox(
    tmp_path_factory: pytest.TempPathFactory, scraps: list[bytes]
) -> None:
    """Any octets at all are listed; to open them raises InputError at most."""
    box = put(tmp_path_factory.mktemp("box"), b"".join(scraps))
    (entry,) = box.entries()
    with suppress(InputError):
        mail = box.read(entry.id)
        assert mail.source == b"".join(scraps)
        f"{entry}{mail.text}{mail.html}{mail.headers}{list(mail.pictures)}".encode()


@pytest.mark.parametrize(
    ("whim", "codes"),
    [
        ("rcpt:550 5.1.1@every=2", [250, 550, 250, 550]),
        ("dot:451 4.3.0@first=1", [451, 250, 250, 250]),
        ("dot:lines 3", [250, 250, 250, 250]),
    ],
)
async def test_with_chaos_it_keeps_what_it_accepts(
    tmp_path: Path, whim: str, codes: list[int]
) -> None:
    """A misbehaving inbox keeps exactly the mail that it says it keeps, byte for byte."""
    bodies = [MAIL, b"", b"Subject: x\r\n\r\n...two dots\r\n", b"\n.\n\r\n"]
    async with smtp_inbox(tmp_path, chaos=Chaos([read_whim(whim)])) as port:
        attempts = await send(port, *(stuffed(body) for body in bodies))
    assert [attempt.reply.code for attempt in attempts] == codes
    taken = [body for body, code in zip(bodies, codes, strict=True) if code == 250]
    kept = sorted(path.read_bytes() for path in (tmp_path / "new").iterdir())
    assert kept == sorted(TRACE + body for body in taken)
    assert not list((tmp_path / "tmp").iterdir())


def stuffed(body: bytes) -> bytes:
    """As it goes over the wire: a dot that opens a line is doubled."""
    lines = body.split(b"\r\n")
    return b"\r\n".join(b"." + x if x.startswith(b".") else x for x in lines)


async def test_with_chaos_a_full_disk_is_said_too(tmp_path: Path) -> None:
    """What cannot be kept is answered 451, whatever else is played."""
    async with smtp_inbox(tmp_path, chaos=Chaos()) as port:
        (tmp_path / "tmp").rmdir()
        (attempt,) = await send(port, MAIL)
    assert attempt.reply.code == 451


async def test_without_pipelining_nobody_speaks_ahead(tmp_path: Path) -> None:
    """A server that offers no PIPELINING sends away who does not wait (RFC 2920)."""
    for whim, answers in (
        ("ehlo:without PIPELINING", [b"250", b"421"]),
        ("ehlo:without SIZE", [b"250", b"250", b"250"]),
    ):
        async with smtp_inbox(tmp_path, chaos=Chaos([read_whim(whim)])) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await reader.readline()
            writer.write(b"EHLO me\r\n")
            while not (line := await reader.readline()).startswith(b"250 "):
                pass
            said = [line[:3]]
            writer.write(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n")
            said += [(await reader.readline())[:3] for _ in answers[1:]]
            writer.close()
        assert said == answers
