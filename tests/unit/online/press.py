"""A server on loopback that publishes feeds, well or badly."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Reply = Callable[[asyncio.StreamWriter, dict[str, str]], Awaitable[None]]

GOOD = b"""\
<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <title>La Houle</title><id>urn:houle</id><updated>2026-03-10T09:00:00Z</updated>
  <entry>
    <title>Le phare s\xe2\x80\x99allume</title><id>urn:1</id>
    <link href="https://houle.fr/phare"/><updated>2026-03-10T09:00:00Z</updated>
    <summary type="html">&lt;p&gt;Une diode &lt;b&gt;remplace&lt;/b&gt; la lampe.&lt;/p&gt;</summary>
  </entry>
</feed>
"""


def rss(*items: str, title: str = "La Houle") -> bytes:
    """An RSS feed with *items*, each the inside of one."""
    inside = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>{title}</title>{inside}</channel></rss>"
    ).encode()


@dataclass
class Press:
    """Where it listens, what it was asked, and what it answers by path."""

    port: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)

    def url(self, path: str) -> str:
        """The address of *path*."""
        return f"http://127.0.0.1:{self.port}{path}"

    def says(self, path: str, content: bytes, status: int = 200, **more: str) -> None:
        """Answer *path* with *content*, its length and *more* headers."""

        async def reply(out: asyncio.StreamWriter, _: dict[str, str]) -> None:
            out.write(head(status, length=str(len(content)), **more) + content)
            await out.drain()

        self.replies[path] = reply


def head(status: int, *, length: str = "", **more: str) -> bytes:
    """The first lines of an answer."""
    headers = {key.replace("_", "-"): value for key, value in more.items()}
    if length:
        headers["Content-Length"] = length
    lines = [f"HTTP/1.1 {status} Said", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")


@asynccontextmanager
async def press() -> AsyncIterator[Press]:
    """A press at work; what is unknown to it is 404."""
    here = Press()
    open_: set[asyncio.Task[None]] = set()

    async def serve(read: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            lines = (await read.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = lines[0].split(" ")[1]
            pairs = (line.partition(": ") for line in lines[1:] if line)
            told = {key.lower(): value for key, _, value in pairs}
            here.asked.append((path, told))
            if path in here.replies:
                await here.replies[path](out, told)
            else:
                out.write(head(404, length="0"))
                await out.drain()
        out.close()
        with suppress(OSError):
            await out.wait_closed()
        open_.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()
        for task in open_:
            task.cancel()
        await asyncio.gather(*open_, return_exceptions=True)


async def endless(out: asyncio.StreamWriter, _: dict[str, str]) -> None:
    """A body that never ends."""
    out.write(head(200))
    while not out.is_closing():
        out.write(b"<a>" * 20_000)
        await out.drain()


async def trickle(out: asyncio.StreamWriter, _: dict[str, str]) -> None:
    """A byte now and then, for ever."""
    out.write(head(200, length="1000000"))
    while not out.is_closing():
        out.write(b" ")
        await out.drain()
        await asyncio.sleep(0.02)


async def silent(out: asyncio.StreamWriter, _: dict[str, str]) -> None:
    """Nothing at all, until whoever asks goes away."""
    await out.wait_closed()


async def gibberish(out: asyncio.StreamWriter, _: dict[str, str]) -> None:
    """Not HTTP."""
    out.write(b"\x00\xff" * 200 + b"\r\n\r\n")
    await out.drain()


async def cut(out: asyncio.StreamWriter, _: dict[str, str]) -> None:
    """A body that ends before its time."""
    out.write(head(200, length="5000") + GOOD[:100])
    await out.drain()


async def many_headers(out: asyncio.StreamWriter, _: dict[str, str]) -> None:
    """Headers without end."""
    out.write(b"HTTP/1.1 200 Said\r\n")
    while not out.is_closing():
        out.write(b"X-More: " + b"x" * 4_000 + b"\r\n")
        await out.drain()


def entity_bomb() -> bytes:
    """A billion laughs: a hundred letters that mean a gigabyte."""
    entities = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10)
    )
    return (
        f'<?xml version="1.0"?><!DOCTYPE rss [{entities}]>'
        '<rss version="2.0"><channel><title>&l9;</title>'
        "<item><title>&l9;</title><link>https://a.fr/</link></item></channel></rss>"
    ).encode()


def gzip_bomb() -> bytes:
    """A hundred megabytes of blanks in a hundred kilobytes."""
    return gzip.compress(b" " * 100_000_000, 1)


OUTSIDER = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b'<rss version="2.0"><channel><title>&x;</title><item><title>&x;</title>'
    b"<link>https://a.fr/</link></item></channel></rss>"
)
