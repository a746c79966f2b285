"""SMTP by the book, but for what its script says.

A script maps a moment of the dialogue (``connect ehlo auth starttls mail rcpt data body
dot``) to a behaviour: a reply line (``"450 4.7.1 greylisted"``) or one of

``drop``        close the connection instead of answering
``stall``       say nothing until somebody leaves
``wait``        answer ordinarily, but not before ``released`` is set
``garbage``     answer with something that is no reply
``partial``     send half a reply, then close
``accept-drop`` at the dot only: take the message, then close without a word

A function of (recipient, how often this moment came for them) may stand for a behaviour,
and gives one, or None for the ordinary answer.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

Behaviour = str | Callable[[str, int], str | None]

_GREETING = "220 relay.example ESMTP"
_ORDINARY = {"mail": "250 2.1.0 ok", "rcpt": "250 2.1.5 ok", "data": "354 go ahead"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A message the relay took. ``time`` is the loop's; ``content`` ends before the dot."""

    sender: str
    recipient: str
    content: bytes
    time: float
    connection: int


class _ClosedError(Exception):
    """The script says to close now."""


@dataclass(kw_only=True)
class ScriptedRelay:
    """``async with ScriptedRelay(script={"rcpt": "550 5.1.1 no"}) as relay: …``."""

    script: Mapping[str, Behaviour] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SIZE 30000000")
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    credentials: tuple[str, str] | None = None
    accepted: list[Accepted] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    async def __aenter__(self) -> Self:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Condition()
        self.stalled, self.left = asyncio.Event(), asyncio.Event()
        self._connections = 0
        self._server = await asyncio.start_server(
            self._serve,
            "127.0.0.1",
            0,
            ssl=self.tls if self.implicit_tls else None,
            limit=2**16,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def wait_for(self, count: int) -> None:
        """Come back when *count* messages were accepted."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.accepted) >= count)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._connections += 1
        dialogue = _Dialogue(self, reader, writer, self._connections)
        try:
            await dialogue.run()
        except (
            _ClosedError,
            ConnectionError,
            asyncio.CancelledError,  # by us alone, when the relay closes
            asyncio.IncompleteReadError,
            ssl.SSLError,
        ):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)
            self.left.set()

    def behaviour(self, moment: str, recipient: str = "") -> str | None:
        said = self.script.get(moment)
        if said is None or isinstance(said, str):
            return said
        self._counts[moment, recipient] += 1
        return said(recipient, self._counts[moment, recipient])

    async def take(self, accepted: Accepted) -> None:
        async with self._arrived:
            self.accepted.append(accepted)
            self._arrived.notify_all()


@dataclass
class _Dialogue:
    """One connection."""

    relay: ScriptedRelay
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    sender: str = ""
    recipient: str = ""
    secured: bool = False

    async def run(self) -> None:
        self.secured = self.relay.implicit_tls
        await self._say("connect", _GREETING)
        while line := await self.reader.readline():
            text = line.decode("utf-8", "replace").strip()
            self.relay.commands.append(text)
            await self._command(text)

    async def _command(self, text: str) -> None:
        verb = text.split(" ", 1)[0].split(":", 1)[0].upper()
        match verb:
            case "EHLO":
                await self._ehlo()
            case "STARTTLS":
                await self._starttls()
            case "AUTH":
                await self._auth(text)
            case "MAIL":
                self.sender = _address(text)
                await self._say("mail", _ORDINARY["mail"])
            case "RCPT":
                self.recipient = _address(text)
                await self._say("rcpt", _ORDINARY["rcpt"])
            case "DATA":
                if await self._say("data", _ORDINARY["data"]):
                    await self._body()
            case "RSET" | "NOOP":
                await self._write("250 2.0.0 ok")
            case "QUIT":
                await self._write("221 2.0.0 bye")
                raise _ClosedError
            case _:
                await self._write("500 5.5.1 what?")

    async def _ehlo(self) -> None:
        words = [*self.relay.extensions]
        if self.relay.tls and not self.secured:
            words.append("STARTTLS")
        if self.relay.credentials:
            words.append("AUTH PLAIN LOGIN")
        lines = ["relay.example", *words]
        reply = "\r\n".join(f"250-{word}" for word in lines[:-1])
        reply = f"{reply}\r\n250 {lines[-1]}".lstrip("\r\n")
        await self._say("ehlo", reply)

    async def _starttls(self) -> None:
        if not await self._say("starttls", "220 2.0.0 go") or self.relay.tls is None:
            return
        await self.writer.start_tls(self.relay.tls)
        self.secured = True

    async def _auth(self, text: str) -> None:
        if not await self._say("auth", "", silent=True):
            return
        words = text.split(" ")
        if words[1].upper() == "PLAIN":
            said = words[2] if len(words) > 2 else await self._prompt("")
            _, user, password = base64.b64decode(said).decode().split("\0")
        else:
            said = words[2] if len(words) > 2 else await self._prompt("VXNlcm5hbWU6")
            user = base64.b64decode(said).decode()
            password = base64.b64decode(await self._prompt("UGFzc3dvcmQ6")).decode()
        right = (user, password) == self.relay.credentials
        await self._write("235 2.7.0 ok" if right else "535 5.7.8 bad credentials")

    async def _prompt(self, words: str) -> str:
        await self._write(f"334 {words}")
        return (await self.reader.readline()).decode().strip()

    async def _body(self) -> None:
        if self.relay.behaviour("body", self.recipient) == "drop":
            await self.reader.readline()
            raise _ClosedError
        content = b""
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                raise _ClosedError
            content += line.removeprefix(b".") if line.startswith(b"..") else line
        said = self.relay.behaviour("dot", self.recipient)
        if said in {None, "accept-drop", "wait"} or said.startswith("2"):
            await self.relay.take(
                Accepted(
                    sender=self.sender,
                    recipient=self.recipient,
                    content=content,
                    time=asyncio.get_running_loop().time(),
                    connection=self.number,
                )
            )
        await self._behave(
            "drop" if said == "accept-drop" else said, "250 2.0.0 queued"
        )

    async def _say(self, moment: str, ordinary: str, *, silent: bool = False) -> bool:
        """Answer as scripted, or ordinarily; whether it was the ordinary answer."""
        said = self.relay.behaviour(moment, self.recipient)
        if said is None and silent:
            return True
        await self._behave(said, ordinary)
        return said is None or said[:3] == ordinary[:3]

    async def _behave(self, said: str | None, ordinary: str) -> None:
        match said:
            case "drop":
                raise _ClosedError
            case "stall":
                self.relay.stalled.set()
                while await self.reader.read(1024):
                    pass
                raise _ClosedError
            case "wait":
                await self.relay.released.wait()
                await self._write(ordinary)
            case "garbage":
                await self._write("!!! not smtp at all")
            case "partial":
                self.writer.write(b"25")
                await self.writer.drain()
                raise _ClosedError
            case None:
                await self._write(ordinary)
            case _:
                await self._write(said)

    async def _write(self, line: str) -> None:
        self.writer.write(line.encode() + b"\r\n")
        await self.writer.drain()


def _address(text: str) -> str:
    return text.partition("<")[2].partition(">")[0]
