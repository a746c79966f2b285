"""Alerts posted to a program of the operator's."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from mailer.online.webhook import post

NOW = datetime(2026, 3, 14, 6, tzinfo=UTC)
TOLD = {"schema": 1, "event": "run.paused", "text": "arrêté"}


@asynccontextmanager
async def program(*statuses: int) -> AsyncIterator[tuple[str, list[tuple[str, bytes]]]]:
    """Answers the statuses one after the other; yields what it heard."""
    heard: list[tuple[str, bytes]] = []

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next(
            int(line.partition(":")[2])
            for line in head.splitlines()
            if line.startswith("content-length")
        )
        heard.append((head, await reader.readexactly(length)))
        status = statuses[min(len(heard), len(statuses)) - 1]
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", heard


async def test_what_is_posted_is_signed() -> None:
    """Over the moment and the body: nobody else writes it, nobody repeats it."""
    async with program(200) as (url, heard):
        assert not await post(url, TOLD, key=b"secret", now=NOW)
    ((head, body),) = heard
    assert json.loads(body) == TOLD
    moment = int(NOW.timestamp())
    signed = f"{moment}.".encode() + body
    digest = hmac.new(b"secret", signed, hashlib.sha256).hexdigest()
    assert f"mailer-signature: t={moment},v1={digest}" in head


async def test_without_a_key_nothing_is_signed() -> None:
    """Rather than with a key that everybody knows."""
    async with program(204) as (url, heard):
        assert not await post(url, TOLD, key=b"", now=NOW)
    assert "mailer-signature" not in heard[0][0]


@pytest.mark.parametrize(
    ("statuses", "said", "times"),
    [((500, 200), "", 2), ((500,), "it answers 500", 3), ((302,), "it answers 302", 3)],
)
async def test_it_is_tried_a_little(
    statuses: tuple[int, ...], said: str, times: int
) -> None:
    """Three times, and no redirection is followed."""
    async with program(*statuses) as (url, heard):
        assert await post(url, TOLD, key=b"", now=NOW, pauses=(0, 0)) == said
    assert len(heard) == times


async def test_nobody_there_is_said(unused_port: int) -> None:
    """And nothing is raised."""
    url = f"http://127.0.0.1:{unused_port}/"
    fault = await post(url, TOLD, key=b"", now=NOW, pauses=())
    assert "no connection" in fault
