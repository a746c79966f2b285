"""Links are asked for with manners, and nothing that is not public is ever asked."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailer.online.guard import GuardedBackend, RefusedError, is_public
from mailer.online.links import LinkProber
from mailer.online.memory import RememberingProber
from mailer.phrases import say
from mailer.rendering.checks.online import Answer, State

HOSTILE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0",  # noqa: S104 - nothing is bound
    "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.1", "192.168.0.1", "192.168.255.255", "169.254.1.1", "169.254.169.254",
    "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "::127.0.0.1", "fe80::1", "fe80::1%lo", "fc00::1",
    "fd00:ec2::254", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "2001:db8::1", "64:ff9b:1::a00:1",
    "192.0.0.192", "::ffff:192.0.0.192", "192.88.99.1", "fec0::1", "3fff::1", "5f00::1",
]  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
def test_what_is_not_public_is_refused(address: str) -> None:
    """Private, loopback, link-local, shared, metadata, and what hides one of them."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111"])
def test_what_is_public_is_not(address: str) -> None:
    """The rest of the world can be asked."""
    assert is_public(address)


HOSTILE_HOSTS = [
    "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "0x7f.1", "017700000001",
    "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "[::ffff:a9fe:a9fe]",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
async def test_an_address_in_disguise_is_refused(host: str) -> None:
    """Decimal, octal, short, mapped: judged after resolving, and nothing is opened."""
    backend = GuardedBackend()
    with pytest.raises((RefusedError, socket.gaierror)):
        await backend.connect_tcp(host.strip("[]"), 80, timeout=5)
    (answer,) = (await LinkProber().ask([f"http://{host}/"])).values()
    assert answer.state in {State.UNKNOWN, State.DEAD}


async def test_a_name_is_resolved_once_and_connected_where_it_was_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that answers differently the second time gains nothing."""
    asked: list[str] = []
    replies = iter([["93.184.216.34", "127.0.0.1"], ["127.0.0.1"]])

    async def resolve(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        return [(2, 1, 6, "", (address, port)) for address in next(replies)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with pytest.raises(RefusedError, match=r"127\.0\.0\.1"):
        await GuardedBackend().connect_tcp("rebind.test", 80, timeout=5)
    assert asked == ["rebind.test"]


@dataclass
class Site:
    """A server on loopback that answers by path, and remembers what it was asked."""

    port: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)
    open_now: int = 0
    most: int = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.open_now += 1
        self.most = max(self.most, self.open_now)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, path, _ = head.decode("latin-1").split(" ", 2)
            self.seen.append((method, path))
            await self.answer(method, path, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open_now -= 1
            writer.close()

    async def answer(
        self, method: str, path: str, writer: asyncio.StreamWriter
    ) -> None:
        word = path.strip("/").split("/")[0]
        more = ""
        match word:
            case "hang":
                await asyncio.sleep(5)
                return
            case "garbage":
                writer.write(b"\x00\x01 no HTTP\r\n\r\n")
                return
            case "nohead":
                word = "405" if method == "HEAD" else "200"
            case "moved" | "here":
                more = f"Location: {self.url('/200')}\r\n"
                word = "301" if word == "moved" else "302"
            case "loop":
                more, word = f"Location: {self.url('/loop')}\r\n", "301"
            case "inside":
                more, word = "Location: http://169.254.169.254/latest\r\n", "301"
            case "file":
                more, word = "Location: file:///etc/passwd\r\n", "301"
            case "endless":
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                await asyncio.sleep(0.01)
                return
        line = f"HTTP/1.1 {word} X\r\n{more}Content-Length: 0\r\nConnection: close\r\n"
        writer.write(f"{line}\r\n".encode())
        await writer.drain()


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    found = Site()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


def prober(where: Site, **more: float) -> LinkProber:
    """One that may go to loopback, and to nowhere else."""
    return LinkProber(
        allowed=lambda address: address == "127.0.0.1",
        ports={"http": where.port},
        **{"seconds": 0.5, **more},
    )


@pytest.mark.parametrize(
    ("path", "state", "said"),
    [
        ("/200", State.FINE, ""),
        ("/204", State.FINE, ""),
        ("/nohead", State.FINE, ""),
        ("/endless", State.FINE, ""),
        ("/here", State.FINE, ""),
        ("/404", State.DEAD, "it answers 404"),
        ("/410", State.DEAD, "it answers 410"),
        ("/moved", State.MOVED, "/200"),
        ("/403", State.UNKNOWN, "it answers 403"),
        ("/429", State.UNKNOWN, "it answers 429"),
        ("/500", State.UNKNOWN, "it answers 500"),
        ("/hang", State.UNKNOWN, "it did not answer in time"),
        ("/garbage", State.UNKNOWN, "its answer makes no sense"),
        ("/loop", State.UNKNOWN, "it leads from one address to the next"),
        ("/inside", State.UNKNOWN, "it is not a public address"),
        ("/file", State.UNKNOWN, "it leads elsewhere: it is no address"),
    ],
)
async def test_an_answer_is_judged(path: str, state: State, said: str) -> None:
    """Dead is only what says so; what cannot be known is said to be unknown."""
    async with site() as here:
        url = here.url(path)
        answer = (await prober(here).ask([url]))[url]
    assert answer.state is state
    assert said in (answer.target or answer.reason)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://meridien.example/x", "reserved for examples"),
        ("https://a.test/", "reserved for examples"),
        ("http://localhost/", "reserved for examples"),
        ("https://u:p@meridien.fr/", "a name or a password"),
        ("https://meridien.fr:8443/", "only the ports 80 and 443"),
        ("https://meridien.fr:99999/", "no address"),
        ("https://[::1/", "no address"),
        ("ftp://meridien.fr/", "no address"),
        ("https://méridien.fr/", "letters beyond ASCII"),
    ],
)
async def test_some_addresses_are_not_asked(
    url: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reserved names, passwords, other ports: unchecked, not dead, and nobody is asked."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError(url)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
    answer = (await LinkProber().ask([url]))[url]
    assert answer.state is State.UNKNOWN
    assert said in answer.reason


async def test_an_unknown_host_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody has registered leads nowhere; a resolver that fails may not."""
    codes = {"a.fr": socket.EAI_NONAME, "b.fr": socket.EAI_AGAIN}

    async def resolve(host: str, *_: object, **__: object) -> None:
        raise socket.gaierror(codes[host], "x")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    answers = await LinkProber().ask(["https://a.fr/", "https://b.fr/"])
    assert [a.state for a in answers.values()] == [State.DEAD, State.UNKNOWN]


async def test_a_host_is_asked_two_at_a_time() -> None:
    """Twenty links to one host do not look like an attack."""
    async with site() as here:
        urls = [here.url(f"/200/{n}") for n in range(20)]
        answers = await prober(here).ask(urls)
    assert {a.state for a in answers.values()} == {State.FINE}
    assert here.most <= 2
    assert Counter(method for method, _ in here.seen) == {"HEAD": 20}


@dataclass
class Counting:
    """A prober that counts what it is asked."""

    answers: dict[str, Answer]
    asked: list[str] = field(default_factory=list)

    async def ask(self, addresses: Sequence[str]) -> dict[str, Answer]:
        self.asked += addresses
        return {address: self.answers[address] for address in addresses}


async def test_an_answer_is_remembered_for_a_day(tmp_path: Path) -> None:
    """Nobody is asked twice in a day, but for what could not be found out."""
    now = datetime(2026, 3, 14, 6, tzinfo=UTC)
    moved = Answer(state=State.MOVED, target="https://x.fr/", secure=True)
    who = Counting({"a": moved, "b": Answer(state=State.UNKNOWN, reason=say("late"))})
    file = tmp_path / "deep" / "links.json"

    async def ask(later: timedelta) -> dict[str, Answer]:
        who.asked.clear()
        return await RememberingProber(who, file, now=now + later).ask(["a", "b"])

    assert await ask(timedelta()) == who.answers
    assert RememberingProber(who, file, now=now).known() == who.answers
    assert await ask(timedelta(hours=23)) == who.answers
    assert who.asked == ["b"]
    await ask(timedelta(hours=25))
    assert who.asked == ["a", "b"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "nonsense", '{"answers": {"a": 1}}', "\x00"]
)
async def test_a_memory_that_cannot_be_read_is_empty(
    tmp_path: Path, content: str
) -> None:
    """A damaged cache costs a request, not a check."""
    file = tmp_path / "links.json"
    file.write_text(content, encoding="utf-8")
    who = Counting({"a": Answer(state=State.FINE)})
    prober = RememberingProber(who, file, now=datetime(2026, 3, 14, tzinfo=UTC))
    assert await prober.ask(["a"]) == who.answers
    assert set(json.loads(file.read_text("utf-8"))["answers"]) == {"a"}
