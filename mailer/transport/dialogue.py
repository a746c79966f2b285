"""One SMTP dialogue, as a server: by the book, but for what it is told.

aiosmtpd speaks only as a server should: it cannot fall silent, lose a reply half way or
take a message and deny it. This one asks before each answer how to behave and obeys.

Sources: RFC 5321 section 4, RFC 1870 (SIZE), RFC 2920 (PIPELINING), RFC 3207
(STARTTLS), RFC 4954 (AUTH).
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn, Protocol, cast

from mailer.transport.chaos import Chaos, Decider, Occasion
from mailer.transport.doorkeeper import admit
from mailer.transport.whims import Act, Behaviour, Moment

LIMIT = 30 * 1024 * 1024
_BODY_END = b"\r\n.\r\n"
_LONGEST = 4096
_ENHANCED = re.compile(r"^(\d{3}) \d\.\d+\.\d+ ")
_MAIL_NEEDS = {
    "SIZE": "SIZE",
    "BODY": "8BITMIME",
    "SMTPUTF8": "SMTPUTF8",
    "AUTH": "AUTH",
    "RET": "DSN",
    "ENVID": "DSN",
}
_RCPT_NEEDS = {"NOTIFY": "DSN", "ORCPT": "DSN"}
_EXTENSIONS = (
    "PIPELINING",
    "8BITMIME",
    "SMTPUTF8",
    "DSN",
    "ENHANCEDSTATUSCODES",
    f"SIZE {LIMIT}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message as it came; ``content`` ends before the dot, dots are as they were."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    connection: int


class Take(Protocol):
    """Whoever keeps what comes; an OSError is answered 451."""

    def __call__(self, taken: Taken) -> Awaitable[None]:
        """Keep it, durably, and return."""


class EndError(Exception):
    """The connection ends now."""


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How a dialogue is held: who keeps the mail, who says how to behave, what is offered.

    ``contexts`` holds the TLS contexts by the fault of their certificate, the good one
    under ``""``; without any, TLS is not offered. ``pause`` waits, so that tests need
    not. ``credentials`` are the only ones that may log in, None lets everybody, and
    ``mechanisms`` are how.
    """

    take: Take
    decider: Decider = field(default_factory=Chaos)
    extensions: Sequence[str] = _EXTENSIONS
    contexts: Mapping[str, ssl.SSLContext] = field(default_factory=dict)
    credentials: tuple[str, str] | None = None
    mechanisms: str = "PLAIN LOGIN"
    clock: Callable[[], float] = time.time
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep
    hear: Callable[[str], None] = lambda _: None
    stalled: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Dialogue:
    """One connection."""

    manners: Manners
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)
    secured: bool = False
    extensions: dict[str, str] = field(default_factory=dict)
    terse: bool = False  # without ENHANCEDSTATUSCODES

    async def run(self) -> None:
        """Greet, and answer until one of the two leaves."""
        await self._answer(Moment.CONNECT, "220 inbox.localhost ESMTP")
        while line := await self.reader.readuntil(b"\n"):
            text = line.decode("utf-8", "replace").strip()
            self.manners.hear(text)
            if len(line) > _LONGEST:
                await self._say("500 5.5.6 a line too long")
                continue
            await self._no_hurry()
            await self._command(text)

    async def _command(self, text: str) -> None:
        verb, _, arguments = text.partition(" ")
        match verb.upper():
            case "EHLO":
                await self._ehlo()
            case "HELO":
                self._forget()
                self.extensions, self.terse = {}, True
                await self._say("250 inbox.localhost")
            case "STARTTLS" if "STARTTLS" in self.extensions:
                await self._starttls()
            case "AUTH" if "AUTH" in self.extensions:
                await self._auth(arguments)
            case "MAIL":
                await self._mail(arguments)
            case "RCPT":
                await self._rcpt(arguments)
            case "DATA":
                await self._data()
            case "RSET" | "NOOP":
                if verb.upper() == "RSET":
                    self._forget()
                await self._say("250 2.0.0 ok")
            case "QUIT":
                await self._say("221 2.0.0 bye")
                raise EndError
            case _:
                await self._say("500 5.5.1 what?")

    async def _ehlo(self) -> None:
        self._forget()
        words = [*self.manners.extensions]
        if self.manners.contexts and not self.secured:
            words.append("STARTTLS")
        if self.manners.credentials or self.manners.decider.offers("AUTH"):
            words.append(f"AUTH {self.manners.mechanisms}")
        self.extensions = {word.split(" ")[0]: word for word in words}
        for behaviour in self.manners.decider.announce(self._occasion(Moment.EHLO)):
            if behaviour.act is Act.SIZE:
                self.extensions["SIZE"] = f"SIZE {behaviour.number:.0f}"
            for word in behaviour.text.split():
                self.extensions.pop(word, None)
        self.terse = "ENHANCEDSTATUSCODES" not in self.extensions
        lines = ["inbox.localhost", *self.extensions.values()]
        reply = "".join(f"250-{word}\r\n" for word in lines[:-1])
        await self._answer(Moment.EHLO, f"{reply}250 {lines[-1]}")

    async def _starttls(self) -> None:
        behaviour = self._decide(Moment.STARTTLS)
        fault = ""
        if behaviour is not None and behaviour.act is Act.CERTIFICATE:
            fault, behaviour = behaviour.text, None
        if await self._pending():  # said in clear text, to be heard as if it were not
            raise EndError
        if _goes_on(behaviour, "220"):
            # A quick client begins as soon as it hears 220: that is not for us to read.
            cast("asyncio.Transport", self.writer.transport).pause_reading()
        if not await self._obey(behaviour, "220 2.0.0 go"):
            return
        await self.writer.start_tls(self.manners.contexts[fault])
        self.secured = True
        self._forget()

    async def _auth(self, arguments: str) -> None:
        behaviour = self._decide(Moment.AUTH)
        if behaviour is not None:
            await self._obey(behaviour, "235 2.7.0 ok")
            return
        mechanism, _, first = arguments.partition(" ")
        try:
            right = await admit(mechanism, first, self._ask, self.manners.credentials)
        except ValueError:
            await self._say("501 5.5.2 this is no login")
            return
        await self._say("235 2.7.0 ok" if right else "535 5.7.8 bad credentials")

    async def _ask(self, challenge: str) -> str:
        await self._say(f"334 {challenge}")
        return (await self.reader.readuntil(b"\n")).decode("ascii", "replace").strip()

    async def _mail(self, arguments: str) -> None:
        address, parameters = _path(arguments)
        if self.sender is not None:
            await self._say("503 5.5.1 one sender is enough")
            return
        if name := self._unknown(parameters, _MAIL_NEEDS):
            await self._say(f"555 5.5.4 no parameter {name} here")
            return
        for word in parameters:
            name, _, value = word.upper().partition("=")
            if name == "SIZE" and value.isdigit() and int(value) > self._size():
                await self._say(f"552 5.3.4 more than {self._size()} bytes")
                return
        self.sender = address
        if not await self._answer(Moment.MAIL, "250 2.1.0 ok"):
            self._forget()

    async def _rcpt(self, arguments: str) -> None:
        address, parameters = _path(arguments)
        if self.sender is None:
            await self._say("503 5.5.1 MAIL comes first")
            return
        if name := self._unknown(parameters, _RCPT_NEEDS):
            await self._say(f"555 5.5.4 no parameter {name} here")
            return
        if not address.isascii() and "SMTPUTF8" not in self.extensions:
            await self._say("553 5.6.7 no such address without SMTPUTF8")
            return
        self.recipients.append(address)
        if not await self._answer(Moment.RCPT, "250 2.1.5 ok"):
            self.recipients.pop()

    async def _data(self) -> None:
        if not self.recipients:
            await self._say("503 5.5.1 RCPT comes first")
            return
        behaviour = self._decide(Moment.DATA)
        if _goes_on(behaviour, "354"):
            # The body may be only a dot, the CRLF before it being that of the command.
            self.reader.feed_data(b"\r\n")
        if await self._obey(behaviour, "354 end with <CRLF>.<CRLF>"):
            await self._body()

    async def _body(self) -> None:
        behaviour = self._decide(Moment.BODY)
        if behaviour is not None:
            if behaviour.act is not Act.DELAY:
                await self.reader.readexactly(3)  # our CRLF, and a byte of the body
            await self._obey(behaviour, "")
            if behaviour.act is not Act.DELAY:
                raise EndError
        wire = await self.reader.readuntil(_BODY_END)
        content = wire[: -len(b".\r\n")].replace(b"\r\n.", b"\r\n")[2:]
        taken = Taken(
            sender=self.sender or "",
            recipients=tuple(self.recipients),
            content=content,
            connection=self.number,
        )
        behaviour = self._decide(Moment.DOT)
        self._forget()
        if len(content) > self._size():
            await self._say(f"552 5.3.4 more than {self._size()} bytes")
            return
        if _goes_on(behaviour, "250") or (behaviour is not None and behaviour.takes):
            try:
                await self.manners.take(taken)
            except OSError as error:
                await self._say(f"451 4.3.0 not kept: {error.strerror}")
                return
        await self._obey(behaviour, "250 2.0.0 kept")

    def _unknown(self, parameters: list[str], needs: Mapping[str, str]) -> str:
        """The first parameter whose extension is not offered, or nothing."""
        names = (word.upper().partition("=")[0] for word in parameters)
        return next((n for n in names if needs.get(n) not in self.extensions), "")

    def _decide(self, moment: Moment) -> Behaviour | None:
        return self.manners.decider.decide(self._occasion(moment))

    def _occasion(self, moment: Moment) -> Occasion:
        return Occasion(
            moment=moment,
            connection=self.number,
            now=self.manners.clock(),
            sender=self.sender or "",
            recipients=tuple(self.recipients),
        )

    async def _answer(self, moment: Moment, ordinary: str) -> bool:
        return await self._obey(self._decide(moment), ordinary)

    async def _obey(self, behaviour: Behaviour | None, ordinary: str) -> bool:
        """Do as told; whether the dialogue goes on as after the *ordinary* answer."""
        if behaviour is None:
            await self._say(ordinary)
            return True
        match behaviour.act:
            case Act.DELAY:
                await self.manners.pause(behaviour.number)
                if ordinary:
                    await self._say(ordinary)
            case Act.LINES:
                await self._write(f"{ordinary[:3]}-line\r\n" * int(behaviour.number))
                await self._say(ordinary)
            case Act.REPLY | Act.GARBAGE:
                await self._write(f"{behaviour.text}\r\n")
                if behaviour.act is Act.REPLY and behaviour.text.startswith("421"):
                    raise EndError
            case act:
                await self._fall_silent(act, ordinary)
        return _goes_on(behaviour, ordinary[:3])

    async def _fall_silent(self, act: Act, ordinary: str) -> NoReturn:
        """No whole answer comes any more."""
        match act:
            case Act.STALL:
                self.manners.stalled.set()
                while await self.reader.read(2**16):
                    pass
            case Act.PARTIAL:
                await self._write(ordinary[:2])
            case Act.ENDLESS:
                while not self.writer.is_closing():
                    await self._write(f"{ordinary[:3]}-and so on\r\n")
                    await asyncio.sleep(0)  # others have their turn
            case _:  # drop
                pass
        raise EndError

    async def _no_hurry(self) -> None:
        """Where PIPELINING is not offered, who speaks before the answer is sent away."""
        if not self.extensions or "PIPELINING" in self.extensions:
            return
        if await self._pending():
            await self._say("421 4.5.0 one command at a time, no PIPELINING here")
            raise EndError

    async def _pending(self) -> bytes:
        """What has come already, without waiting for more."""
        try:
            async with asyncio.timeout(0):
                return await self.reader.read(1)
        except TimeoutError:
            return b""

    def _size(self) -> int:
        _, _, number = self.extensions.get("SIZE", "").partition(" ")
        return int(number) if number.isdigit() else LIMIT

    def _forget(self) -> None:
        self.sender, self.recipients = None, []

    async def _say(self, line: str) -> None:
        """An answer of our own, without enhanced codes where they are not offered."""
        await self._write(
            (_ENHANCED.sub(r"\1 ", line) if self.terse else line) + "\r\n"
        )

    async def _write(self, text: str) -> None:
        self.writer.write(text.encode())
        await self.writer.drain()


def _goes_on(behaviour: Behaviour | None, code: str) -> bool:
    """Whether *behaviour* comes to what the answer *code* would come to."""
    if behaviour is None or behaviour.act in {Act.DELAY, Act.LINES}:
        return True
    return behaviour.act is Act.REPLY and behaviour.text[:1] == code[:1]


def _path(arguments: str) -> tuple[str, list[str]]:
    """The address between its brackets, and the parameters behind them."""
    _, _, rest = arguments.partition("<")
    address, _, parameters = rest.partition(">")
    return address, parameters.split()
