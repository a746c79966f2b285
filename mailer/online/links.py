"""Whether addresses answer: HEAD, then GET, two at a time per host, never in a hurry.

Nothing of a body is read. Redirections are followed a few steps, each through the
guard; only those that are for good are told.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urljoin

import httpcore

from mailer.online.guard import (
    FOR_GOOD,
    PORTS,
    REDIRECTS,
    GuardedBackend,
    RefusedError,
    is_public,
    unasked,
)
from mailer.phrases import NOTHING, Phrase, say
from mailer.rendering.checks.links import host_of
from mailer.rendering.checks.online import Answer, State

_PER_HOST = 2
_AT_ONCE = 16
_HOPS = 5
_SECONDS = 10.0  # for each step of one address
_ALL_SECONDS = 90.0
_DEAD = frozenset({404, 410})
_MEANINGS = {
    401: say("a password is asked for"),
    403: say("access refused"),
    404: say("not found"),
    410: say("gone for good"),
    429: say("asked too often"),
}
_FAULT = say("a fault of its server")  # 500 to 599
_HEADERS = [
    (b"User-Agent", b"mailer-link-check/1 (+checks links before a newsletter leaves)"),
    (b"Accept", b"*/*"),
]


class LinkProber:
    """Asks for addresses. *ports* and *allowed* are widened by tests only."""

    def __init__(
        self,
        *,
        allowed: Callable[[str], bool] = is_public,
        ports: Mapping[str, int] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        seconds: float = _SECONDS,
    ) -> None:
        self._allowed = allowed
        self._ports = PORTS if ports is None else ports
        self._ssl = ssl_context
        self._seconds = seconds

    async def ask(self, addresses: Sequence[str]) -> dict[str, Answer]:
        """An answer for every address; what takes too long is unknown."""
        hosts: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(_PER_HOST)
        )
        all_ = asyncio.Semaphore(_AT_ONCE)
        answers = dict.fromkeys(addresses, _unknown(say("there was no time left")))
        async with httpcore.AsyncConnectionPool(
            ssl_context=self._ssl,
            max_connections=_AT_ONCE,
            max_keepalive_connections=0,
            network_backend=GuardedBackend(self._allowed),
        ) as pool:

            async def one(address: str) -> None:
                host = host_of(address)
                async with hosts[host], all_:
                    answers[address] = await self._answer(pool, address)

            try:
                async with asyncio.timeout(_ALL_SECONDS), asyncio.TaskGroup() as tasks:
                    for address in answers:
                        tasks.create_task(one(address))
            except TimeoutError:
                pass  # what was answered stands, the rest is unknown
        return answers

    async def _answer(self, pool: httpcore.AsyncConnectionPool, address: str) -> Answer:
        if fault := unasked(address, self._ports):
            return _unknown(fault)
        try:
            answer = await self._follow(pool, address)
            if address.startswith("http://") and answer.state is State.FINE:
                secure = "https" + address.removeprefix("http")
                if not unasked(secure, self._ports):
                    twin = await self._quietly(pool, secure)
                    answer = replace(answer, secure=twin)
        except RefusedError:
            return _unknown(say("it is not a public address"))
        except socket.gaierror as error:
            if error.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", -5)}:
                return Answer(state=State.DEAD, reason=say("there is no such host"))
            return _unknown(say("its name could not be looked up"))
        except (TimeoutError, httpcore.TimeoutException):
            return _unknown(say("it did not answer in time"))
        except (OSError, ssl.SSLError, httpcore.NetworkError) as error:
            return _unknown(say("no connection: {error}", error=str(error)[:80]))
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError):
            return _unknown(say("its answer makes no sense"))
        return answer

    async def _quietly(self, pool: httpcore.AsyncConnectionPool, address: str) -> bool:
        """Whether *address* answers well; whatever goes wrong is no."""
        try:
            return (await self._follow(pool, address)).state is State.FINE
        except (OSError, ValueError, httpcore.NetworkError, httpcore.TimeoutException):
            return False
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            return False

    async def _follow(self, pool: httpcore.AsyncConnectionPool, address: str) -> Answer:
        """What *address* leads to in the end."""
        here, moved = address, ""
        is_for_good = True
        for _ in range(_HOPS):
            status, location = await self._status(pool, here)
            if status not in REDIRECTS or not location:
                return _judged(status, moved)
            here = urljoin(here, location)
            if fault := unasked(here, self._ports):
                return _unknown(say("it leads elsewhere: {fault}", fault=fault))
            is_for_good = is_for_good and status in FOR_GOOD
            moved = here if is_for_good else moved
        return _unknown(say("it leads from one address to the next"))

    async def _status(
        self, pool: httpcore.AsyncConnectionPool, address: str
    ) -> tuple[int, str]:
        """The status and where it points; GET where HEAD is not understood."""
        status, location = await self._request(pool, "HEAD", address)
        if status >= 400:
            status, location = await self._request(pool, "GET", address)
        return status, location

    async def _request(
        self, pool: httpcore.AsyncConnectionPool, method: str, address: str
    ) -> tuple[int, str]:
        waits = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)
        async with (
            asyncio.timeout(2 * self._seconds),
            pool.stream(
                method,
                address.partition("#")[0].encode("ascii", "strict").decode(),
                headers=_HEADERS,
                extensions={"timeout": waits},
            ) as response,
        ):
            location = next(
                (v for k, v in response.headers if k.lower() == b"location"), b""
            )
            return response.status, location.decode("latin-1")


def _unknown(reason: Phrase) -> Answer:
    return Answer(state=State.UNKNOWN, reason=reason)


def _said(status: int) -> Phrase:
    """``it answers 404, not found``."""
    meaning = _MEANINGS.get(status, _FAULT if status >= 500 else NOTHING)
    if not meaning:
        return say("it answers {status}", status=str(status))
    return say("it answers {status}, {meaning}", status=str(status), meaning=meaning)


def _judged(status: int, moved: str) -> Answer:
    if status in _DEAD:
        return Answer(state=State.DEAD, reason=_said(status))
    if status >= 400:
        return _unknown(_said(status))
    if moved:
        return Answer(state=State.MOVED, target=moved)
    return Answer(state=State.FINE)
