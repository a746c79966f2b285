"""Our pages as a stranger reaches them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mailer.doctor.line import Condition
from mailer.doctor.pages import _one_click, examine
from mailer.online.outside import Answer, Visitor
from mailer.phrases import say


@asynccontextmanager
async def site(status: str, heard: list[bytes]) -> AsyncIterator[tuple[str, Visitor]]:
    """A site that answers everything with *status*."""

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = b""
        if head.startswith(b"POST"):
            body = await reader.readexactly(len(b"List-Unsubscribe=One-Click"))
        heard.append(head.split(b"\r\n")[0] + b" " + body)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        visitor = Visitor(allowed=lambda _: True, ports={"http": port})
        yield f"http://127.0.0.1:{port}", visitor


async def test_a_site_is_asked_and_its_post_too() -> None:
    """A page by GET; leaving by the POST that mail programs send."""
    heard: list[bytes] = []
    async with site("200 OK", heard) as (url, visitor):
        assert (await visitor.get(f"{url}/")).status == 200
        assert (await visitor.one_click(f"{url}/unsubscribe/x")).status == 200
        lines = await examine(url, visitor)
    assert heard[1].endswith(b"HTTP/1.1 List-Unsubscribe=One-Click")
    assert [line.condition for line in lines] == [
        Condition.WELL,
        Condition.FAULT,
    ]  # not https
    assert "not https" in lines[1].found


@pytest.mark.parametrize(
    ("answer", "mark"),
    [
        (Answer(status=400), Condition.WELL),
        (Answer(status=200), Condition.WELL),
        (Answer(status=404), Condition.WARNING),
        (Answer(status=302, location="/login"), Condition.FAULT),
        (Answer(status=405), Condition.FAULT),
        (Answer(status=502), Condition.FAULT),
        (Answer(fault=say("it did not answer in time")), Condition.FAULT),
    ],
)
def test_one_click(answer: Answer, mark: Condition) -> None:
    """A link of nobody may be refused; redirected or not let through it must not be."""
    line = _one_click("https://a.org", answer)
    assert line.condition is mark
    assert bool(line.do) is (mark is not Condition.WELL)


async def test_what_cannot_be_reached_says_why() -> None:
    """A private address, a reserved name, a server that fails, no server at all."""
    (line, *_) = await examine("http://127.0.0.1:1", Visitor(ports={"http": 1}))
    assert "private" in line.found
    (line, *_) = await examine("https://letter.example", Visitor())
    assert "reserved" in line.found
    async with site("503 Unavailable", []) as (url, visitor):
        (line, *_) = await examine(url, visitor)
    assert (line.condition, "503" in line.found) == (Condition.FAULT, True)
    (line, *_) = await examine(url, visitor)
    assert "no connection" in line.found
    (line,) = await examine(None, Visitor())
    assert line.condition is Condition.NOTE
