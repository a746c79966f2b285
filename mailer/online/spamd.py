"""SpamAssassin's daemon asked for its opinion, over SPAMC/1.5.

One connection a message: REPORT with its exact bytes, and back come the score and the
rules that fired. Nothing is waited for longer than half a minute, and a daemon that is
not there, is silent or talks nonsense is an answer too.

Source: spamd/PROTOCOL of SpamAssassin 4.0.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

from mailer.flows.editing.suspicion import Suspect, Suspicion
from mailer.phrases import Phrase, say

_SECONDS = 30.0  # its own rules take one or two; block lists that time out take more
_MOST = 256 * 1024  # bytes of an answer: a report has a few thousand
_STATUS = re.compile(r"SPAMD/[\d.]+ (\d+) (.*)")
_SCORE = re.compile(
    r"^Spam:\s*\w+\s*;\s*(-?[\d.]+)\s*/\s*(-?[\d.]+)\s*$", re.IGNORECASE | re.MULTILINE
)
_RULE = re.compile(r"^\s*(-?\d+(?:\.\d+)?) ([A-Z][A-Z0-9_]+)\s*(.*)$")
_MORE = re.compile(r"^\s{10,}(\S.*)$")
"""Words that did not fit on their rule's line stand below them."""


class Spamd:
    """The daemon at ``host:port``, or behind a socket ``/run/spamd.sock``."""

    def __init__(self, where: str, *, seconds: float = _SECONDS) -> None:
        self._where = where
        self._seconds = seconds

    async def judge(self, message: bytes) -> Suspicion:
        """See the port."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(message)
        except TimeoutError:
            return _silent(say("no answer within {seconds} s", seconds=self._seconds))
        except OSError as error:
            reason = error.strerror or str(error)
            return _silent(say("{where}: {reason}", where=self._where, reason=reason))
        return _read(answer.decode("utf-8", "replace"))

    async def _ask(self, message: bytes) -> bytes:
        reader, writer = await self._connected()
        try:
            head = f"REPORT SPAMC/1.5\r\nContent-length: {len(message)}\r\n\r\n"
            writer.write(head.encode() + message)
            await writer.drain()
            answer = b""
            while len(answer) < _MOST and (part := await reader.read(_MOST)):
                answer += part
            return answer
        finally:
            writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._where.startswith("/"):
            return await asyncio.open_unix_connection(self._where)
        host, _, port = self._where.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port))


def _silent(fault: Phrase) -> Suspicion:
    return Suspicion(fault=fault)


def _read(answer: str) -> Suspicion:
    """What spamd wrote; a fault where it is not what spamd writes."""
    head, _, report = answer.replace("\r\n", "\n").partition("\n\n")
    status = _STATUS.match(head)
    if status is None:
        return _silent(say("that is no spamd"))
    if status[1] != "0":
        return _silent(say("spamd refuses: {reason}", reason=status[2].strip()))
    score = _SCORE.search(head)
    if score is None:
        return _silent(say("spamd gave no score"))
    return Suspicion(
        score=float(score[1]), limit=float(score[2]), rules=tuple(_rules(report))
    )


def _rules(report: str) -> Iterator[Suspect]:
    """The table at the end of a report, whatever the letter above it says."""
    rule: Suspect | None = None
    for line in report.splitlines():
        if found := _RULE.match(line):
            if rule is not None:
                yield rule
            rule = Suspect(float(found[1]), found[2], found[3].strip())
        elif rule is not None and (more := _MORE.match(line)):
            rule = Suspect(rule.points, rule.name, f"{rule.words} {more[1].strip()}")
    if rule is not None:
        yield rule
