"""What is said on an SMTP connection: our commands as bytes, a relay's bytes as replies.

No socket here, and no order: ``wire`` knows what is said when.

Sources: RFC 5321 sections 4.1.1 (commands) and 4.2 (replies), RFC 1870 (SIZE), RFC 2920
section 3.1 (groups of commands), RFC 3461 section 4 (DSN), RFC 6531 section 3.4
(SMTPUTF8), RFC 6533 section 3 (utf-8 addresses in ORCPT).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.delivery.reply import Attempt, Reply, Stage, read_reply
from mailer.flows.sending.carriage import Message

MALFORMED = -1
"""The code of what is no reply."""

RESET = b"RSET\r\n"
DATA = b"DATA\r\n"
DOT = b".\r\n"
QUIT = b"QUIT\r\n"

_LONGEST = 16_384  # octets of a whole reply; RFC 5321 section 4.5.3.1.5: lines of 512
_SIZE_MARGIN = 1024  # trace headers that relays add count against their own limit
_UNITEXT = re.compile(r"[+=\\]")
_CONTINUED = 0
_OPENINGS = {
    **{f"{number:03}-".encode(): _CONTINUED for number in range(1000)},
    **{
        f"{code}{separator}".encode(): code
        for code in range(200, 600)
        for separator in ("", " ", "\r")
    },
}
"""How a line of a reply begins: with its code, and what may stand behind it in the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What the relay announced; ``size`` is its limit in bytes, 0 if it names none."""

    pipelining: bool = False
    smtputf8: bool = False
    sizes: bool = False
    dsn: bool = False
    size: int = 0

    def takes(self, size: int) -> bool:
        """Whether a message of *size* bytes may be offered."""
        return not self.size or size + _SIZE_MARGIN <= self.size

    def impossible(self, message: Message, relay: str) -> Attempt | None:
        """A refusal of our own, where the relay has said it cannot take *message*."""
        if not message.envelope.recipient.isascii() and not self.smtputf8:
            words = "this relay does not take such an address (no SMTPUTF8)"
            refusal = Reply(550, words, "5.6.7")
            return Attempt(relay=relay, stage=Stage.RCPT, reply=refusal)
        size = len(message.content)
        if not self.takes(size):
            words = f"the message has {size} bytes, the relay takes {self.size}"
            refusal = Reply(552, words, "5.3.4")
            return Attempt(relay=relay, stage=Stage.MAIL, reply=refusal)
        return None

    def mail(self, message: Message) -> bytes:
        """The command that opens a transaction."""
        envelope = message.envelope
        size = f" SIZE={len(message.content)}" if self.sizes else ""
        utf8 = "" if envelope.recipient.isascii() else " SMTPUTF8"
        report = ""
        if self.dsn and envelope.envelope_id:
            report = f" RET=HDRS ENVID={envelope.envelope_id}"
        return f"MAIL FROM:<{envelope.return_path}>{size}{report}{utf8}\r\n".encode()

    def rcpt(self, message: Message) -> bytes:
        """The command that names the reader, and asks for a report should it fail.

        Of delays none is asked for: nobody can do anything about one, and an hour's
        outage of a provider would send a mail about every reader there.
        """
        envelope = message.envelope
        address = envelope.recipient
        if not self.dsn or not envelope.envelope_id:
            return f"RCPT TO:<{address}>\r\n".encode()
        original = _original(address)
        return f"RCPT TO:<{address}> NOTIFY=FAILURE ORCPT={original}\r\n".encode()

    def group(self, message: Message) -> bytes:
        """The whole envelope, up to the body, in one write."""
        return b"".join((self.mail(message), self.rcpt(message), DATA))


class Replies:
    """Puts a relay's bytes together to replies, however they are cut on the way."""

    __slots__ = ("_lines", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> list[tuple[int, Sequence[bytes]]]:
        """The replies that are whole now: code and lines; ``MALFORMED`` ends them."""
        if self._rest:
            data = self._rest + data
        whole: list[tuple[int, Sequence[bytes]]] = []
        *lines, self._rest = data.split(b"\n")
        for line in lines:
            self._lines.append(line)
            code = _OPENINGS.get(line[:4], MALFORMED)
            if code == _CONTINUED:
                continue
            whole.append((code if len(line) <= _LONGEST else MALFORMED, self._lines))
            self._lines = []
        pending = self._lines or self._rest
        if pending and len(self._rest) + sum(map(len, self._lines)) > _LONGEST:
            whole.append((MALFORMED, (self._rest[:500],)))
        return whole


def reply(code: int, lines: Sequence[bytes]) -> Reply:
    """What was said, as it is kept: one line of text, the enhanced code apart."""
    start = 0 if code == MALFORMED else 4
    text = b"\n".join([line[start : start + 500].rstrip(b"\r") for line in lines])
    return read_reply(code, text.decode("utf-8", "replace"))


def refusal(code: int, lines: Sequence[bytes]) -> Reply:
    """A reply that does not let us go on: a 2yz where 354 was due is no acceptance."""
    said = reply(code, lines)
    return said if 400 <= code < 600 else Reply(MALFORMED, said.text)


def _original(address: str) -> str:
    """*address* as ORCPT has it, where plus, equals and backslash have a meaning."""
    if not address.isascii():
        return "utf-8;" + _UNITEXT.sub(lambda c: f"\\x{{{ord(c[0]):X}}}", address)
    if "+" in address or "=" in address:
        address = address.replace("+", "+2B").replace("=", "+3D")
    return f"rfc822;{address}"
