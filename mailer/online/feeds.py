"""Feeds, fetched as if each were hostile: guarded, small, quick, conditional, kept.

Every step of a redirection is judged anew. What a feed said last is kept, so that one
that fails today says what it said then. Nothing that a feed does raises.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpcore

from mailer.edition.gathering.entries import Feed
from mailer.online.guard import (
    FOR_GOOD,
    PORTS,
    REDIRECTS,
    GuardedBackend,
    RefusedError,
    is_public,
    unasked,
)
from mailer.online.keeping import Kept, feed_of, keep, kept
from mailer.phrases import Phrase, say

MOST_BYTES = 2_000_000
SECONDS = 20.0  # for one feed, all redirections included
_PARSING_SECONDS = 20.0
_HOPS = 5
_AT_ONCE = 4
_CHUNK = 65_536
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "SYSTEMROOT")
_HEADERS = [
    (b"User-Agent", b"mailer-feeds/1 (+quotes headlines in a newsletter)"),
    (
        b"Accept",
        b"application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8",
    ),
    (b"Accept-Encoding", b"gzip"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a feed is. ``private``: at its own host and port the guard looks away."""

    url: str
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back: its final address, and what a conditional request needs.

    ``content`` is None where nothing has changed since.
    """

    url: str
    content: bytes | None
    etag: str = ""
    modified: str = ""
    moved: str = ""


class FeedError(Exception):
    """A feed that is not read, in words."""


class FeedReader:
    """Reads the feeds called by name in *addresses*, and keeps them in *folder*.

    The keyword arguments are for tests.
    """

    def __init__(
        self,
        addresses: Mapping[str, Address],
        folder: Path,
        *,
        now: Callable[[], datetime],
        allowed: Callable[[str], bool] = is_public,
        ports: Mapping[str, int] = PORTS,
        ssl_context: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._addresses = addresses
        self._folder = folder
        self._now = now
        self._allowed = allowed
        self._ports = ports
        self._ssl = ssl_context
        self._seconds = seconds

    async def read(self, names: frozenset[str]) -> dict[str, Feed]:
        """What each of the feeds called *names* says; never an error."""
        found: dict[str, Feed] = {}
        all_ = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> None:
            async with all_:
                found[name] = await self._one(name, self._addresses[name])

        async with asyncio.TaskGroup() as tasks:
            for name in sorted(names & self._addresses.keys()):
                tasks.create_task(one(name))
        return found

    async def _one(self, name: str, address: Address) -> Feed:
        before = kept(self._folder, address.url)
        try:
            async with asyncio.timeout(self._seconds):
                response = await self._follow(address, before)
            told = before.told if before else {}
            if response.content is not None:
                told = await _parsed(response.content, response.url)
        except FeedError as error:
            return feed_of(name, before, fault=_words(error))
        except RefusedError:
            return feed_of(name, before, fault=say("it is not a public address"))
        except (TimeoutError, httpcore.TimeoutException):
            return feed_of(name, before, fault=say("it did not answer in time"))
        except (OSError, ssl.SSLError, httpcore.NetworkError) as error:
            fault = say("no connection: {error}", error=str(error)[:80])
            return feed_of(name, before, fault=fault)
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError):
            return feed_of(name, before, fault=say("its answer makes no sense"))
        now = Kept(
            url=address.url,
            etag=response.etag,
            modified=response.modified,
            at=self._now(),
            told=told,
        )
        keep(self._folder, now)
        return feed_of(name, now, moved=response.moved)

    async def _follow(self, address: Address, before: Kept | None) -> Response:
        here, moved, is_for_good = address.url, "", True
        for _ in range(_HOPS + 1):
            own = address.private and _place(here) == _place(address.url)
            if not own and (fault := unasked(here, self._ports)):
                raise FeedError(fault)
            allowed = _anywhere if own else self._allowed
            status, headers, content = await self._get(here, allowed, before)
            location = headers.get("location", "")
            if status not in REDIRECTS or not location:
                return _response(here, status, headers, content, before, moved)
            here = urljoin(here, location)
            is_for_good = is_for_good and status in FOR_GOOD
            moved = here if is_for_good else moved
        raise FeedError(say("it leads from one address to the next"))

    async def _get(
        self, url: str, allowed: Callable[[str], bool], before: Kept | None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and the body, at most so many bytes of it."""
        headers = list(_HEADERS)
        if before and before.etag:
            headers.append((b"If-None-Match", before.etag.encode("latin-1")))
        if before and before.modified:
            headers.append((b"If-Modified-Since", before.modified.encode("latin-1")))
        waits = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._ssl,
                network_backend=GuardedBackend(allowed),
            ) as pool,
            pool.stream(
                "GET",
                url.partition("#")[0],
                headers=headers,
                extensions={"timeout": waits},
            ) as response,
        ):
            told = {
                key.decode("latin-1").lower(): value.decode("latin-1")
                for key, value in response.headers
            }
            body = bytearray()
            if response.status == 200:
                async for chunk in response.aiter_stream():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise FeedError(_too_big())
            return response.status, told, _unpacked(bytes(body), told)


def _response(
    url: str,
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    before: Kept | None,
    moved: str,
) -> Response:
    if status == 304 and before is not None:
        return Response(
            url=url,
            content=None,
            etag=before.etag,
            modified=before.modified,
            moved=moved,
        )
    if status != 200:
        raise FeedError(say("it answers {status}", status=str(status)))
    return Response(
        url=url,
        content=content,
        etag=_header(headers, "etag"),
        modified=_header(headers, "last-modified"),
        moved=moved,
    )


def _header(headers: Mapping[str, str], name: str) -> str:
    """A header that is sent back as it came: short and printable, or not at all."""
    value = headers.get(name, "")
    return value if len(value) <= 200 and value.isprintable() else ""


def _unpacked(body: bytes, headers: Mapping[str, str]) -> bytes:
    packing = headers.get("content-encoding", "identity").strip().lower()
    if packing in {"", "identity"}:
        return body
    if packing not in {"gzip", "x-gzip"}:
        raise FeedError(say("it is packed in a way we did not ask for"))
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        content = unpacker.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise FeedError(say("its answer makes no sense")) from error
    if len(content) > MOST_BYTES:
        raise FeedError(_too_big())
    return content


def _too_big() -> Phrase:
    return say("it is larger than {most} bytes", most=MOST_BYTES)


def _place(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _anywhere(_: str) -> bool:
    return True


def _words(error: FeedError) -> Phrase:
    said = error.args[0]
    return said if isinstance(said, Phrase) else say("its answer makes no sense")


async def _parsed(content: bytes, url: str) -> dict[str, object]:
    """What the child process makes of *content*; FeedError if it is no feed."""
    import json

    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-B",
        "-P",
        "-m",
        "mailer.online.parsing",
        url,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
    )
    try:
        async with asyncio.timeout(_PARSING_SECONDS):
            out, _ = await child.communicate(content)
    except TimeoutError as error:
        raise FeedError(say("it takes too long to read")) from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        raise FeedError(say("it takes too long to read"))
    told: dict[str, object] = json.loads(out)
    match told.get("fault"):
        case "broken":
            line = str(told.get("line", ""))
            raise FeedError(say("it is no well-formed XML: line {line}", line=line))
        case str():
            raise FeedError(say("it is neither RSS nor Atom"))
    return told
