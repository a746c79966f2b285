"""Transactions against a model of a strict relay: any answers, cut anywhere."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Attempt, Outcome, Stage, judge
from mailer.flows.sending.carriage import Message
from mailer.transport.dial import Timeouts
from mailer.transport.speech import Features
from mailer.transport.wire import SmtpSession

_REFUSALS = ["450 4.2.0 not now", "550 5.1.1 unknown", "421 4.3.2 closing", "nonsense"]
_STAGES = ["mail", "rcpt", "data", "dot"]


@dataclass
class StrictRelay:
    """Knows RFC 5321 to the letter: nested MAIL is refused, every command answered.

    ``script`` says what is answered for a reader at a stage; ``drop`` is silence, after
    the message was taken if ``drop`` came at the dot with a plus.
    """

    script: dict[tuple[str, str], str]
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    bodies_open: int = 0
    sender: str | None = None
    recipient: str = ""
    named: str = ""  # of the current transaction, taken or not
    in_data: bool = False
    closed: bool = False
    rest: bytes = b""

    def hear(self, data: bytes) -> bytes:
        """Our bytes in, its answers out."""
        self.rest += data
        said = b""
        while not self.closed:
            end = b"\r\n.\r\n" if self.in_data else b"\r\n"
            if self.in_data and self.rest.startswith(b".\r\n"):
                body, self.rest = b"", self.rest[3:]
            elif end in self.rest:
                body, _, self.rest = self.rest.partition(end)
            else:
                break
            answer = self._dot(body) if self.in_data else self._command(body.decode())
            said += answer.encode() + b"\r\n" if answer else b""
        return said

    def _told(self, stage: str, ordinary: str) -> str:
        told = self.script.get((self.named, stage), ordinary)
        if told.startswith(("drop", "421")):
            self.closed = True
        return "" if told.startswith("drop") else told

    def _command(self, line: str) -> str:
        verb = line[:4]
        if verb == "MAIL":
            if self.sender is not None:
                return "503 5.5.1 nested MAIL command"
            self.named = line.partition("<")[2].partition("@")[0]
            answer = self._told("mail", "250 2.1.0 ok")
            self.sender = line if answer.startswith("250") else None
            return answer
        if verb == "RCPT":
            if self.sender is None:
                return "503 5.5.1 MAIL first"
            answer = self._told("rcpt", "250 2.1.5 ok")
            self.recipient = self.named if answer.startswith("250") else ""
            return answer
        if verb == "DATA":
            if not self.recipient:
                return "554 5.5.1 no valid recipients"
            answer = self._told("data", "354 go on")
            self.in_data = answer.startswith("354")
            return answer
        assert verb == "RSET", line
        self._forget()
        return "250 2.0.0 flushed"

    def _dot(self, body: bytes) -> str:
        self.in_data = False
        told = self.script.get((self.named, "dot"), "250 2.0.0 queued")
        if told.startswith("250") or told == "drop+":
            self.taken.append((self.recipient, body))
        answer = self._told("dot", "250 2.0.0 queued")
        self._forget()
        return answer

    def _forget(self) -> None:
        self.sender, self.recipient = None, ""


class Wire(asyncio.Transport):
    """A transport in memory; what the relay says comes back in pieces of *cut* bytes."""

    def __init__(self, relay: StrictRelay, cut: int) -> None:
        super().__init__()
        self.relay, self.cut = relay, cut
        self.protocol: asyncio.Protocol | None = None
        self.closing = False
        self.writes: list[bytes] = []

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    def write(self, data: bytes) -> None:
        self.writes.append(data)
        said = self.relay.hear(data)
        loop = asyncio.get_running_loop()
        for at in range(0, len(said), self.cut):
            loop.call_soon(self._say, said[at : at + self.cut])
        if self.relay.closed:
            loop.call_soon(self._lose)

    def _say(self, data: bytes) -> None:
        if not self.closing and self.protocol:
            self.protocol.data_received(data)

    def _lose(self) -> None:
        if not self.closing and self.protocol:
            self.closing = True
            self.protocol.connection_lost(None)

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    abort = close


@dataclass
class Readers:
    """A carrier of messages to readers, marking as told; it remembers everything."""

    session: SmtpSession
    waiting: deque[str]
    refuse_marks: frozenset[str] = frozenset()
    marked: list[str] = field(default_factory=list)
    ended: dict[str, Attempt | None] = field(default_factory=dict)

    def next(self) -> Message | None:
        if not self.waiting:
            self.session.leave()
            return None
        name = self.waiting.popleft()
        envelope = Envelope(return_path=f"{name}@x.example", recipient=f"{name}@y.fr")
        return Message(envelope=envelope, content=f"To: {name}\r\n".encode())

    def ready(self, message: Message) -> None:
        name = _name(message)
        held = name not in self.refuse_marks
        asyncio.get_running_loop().call_soon(self._answer, name, held)

    def _answer(self, name: str, held: bool) -> None:
        if held:
            self.marked.append(name)
        self.session.go(held)

    def done(self, message: Message, attempt: Attempt) -> None:
        assert _name(message) not in self.ended
        self.ended[_name(message)] = attempt

    def undone(self, message: Message) -> None:
        assert _name(message) not in self.ended
        self.ended[_name(message)] = None


def _name(message: Message) -> str:
    return message.envelope.recipient.partition("@")[0]


async def _carry(
    names: list[str],
    script: dict[tuple[str, str], str],
    *,
    pipelining: bool = True,
    cut: int = 1000,
    refuse_marks: frozenset[str] = frozenset(),
    messages: int = 1000,
) -> tuple[StrictRelay, Readers, Wire]:
    relay = StrictRelay(script)
    wire = Wire(relay, cut)
    session = SmtpSession(
        wire,
        relay="principal",
        features=Features(pipelining=pipelining),
        timeouts=Timeouts(connect=5, command=5, data=5, dot=5),
        messages=messages,
    )
    readers = Readers(session, deque(names), refuse_marks)
    async with asyncio.timeout(5):
        await session.carry(readers)
    return relay, readers, wire


_NAMES = [f"r{n}" for n in range(6)]
_SCRIPTS = st.dictionaries(
    st.tuples(st.sampled_from(_NAMES), st.sampled_from(_STAGES)),
    st.sampled_from([*_REFUSALS, "250 2.0.0 odd", "drop", "drop+"]),
    max_size=4,
)


@given(
    script=_SCRIPTS,
    pipelining=st.booleans(),
    cut=st.sampled_from([1, 7, 1000]),
    unmarked=st.sampled_from([*_NAMES, ""]),
)
def test_whatever_is_answered_the_ledger_is_told_the_truth(
    script: dict[tuple[str, str], str], pipelining: bool, cut: int, unmarked: str
) -> None:
    """Accepted has a copy, a copy was marked, and silence alone is a doubt."""
    relay, readers, _ = asyncio.run(
        _carry(
            list(_NAMES),
            script,
            pipelining=pipelining,
            cut=cut,
            refuse_marks=frozenset({unmarked}),
        )
    )
    copies = [name for name, _ in relay.taken]
    assert len(copies) == len(set(copies))
    assert set(copies) <= set(readers.marked)
    assert len(readers.marked) == len(set(readers.marked))
    begun = set(_NAMES) - set(readers.waiting)
    assert begun == readers.ended.keys(), "nobody is forgotten, nobody told of twice"
    for name, attempt in readers.ended.items():
        outcome = judge(attempt).outcome if attempt else Outcome.DEFERRED
        if name in copies:
            assert outcome in {Outcome.ACCEPTED, Outcome.IN_DOUBT}
        else:
            assert outcome is not Outcome.ACCEPTED
        if outcome is Outcome.IN_DOUBT:
            assert script[name, "dot"] in {"drop", "drop+", "nonsense"}
    for name, body in relay.taken:
        assert body == f"To: {name}".encode(), "nobody gets another's message"


@given(script=_SCRIPTS, pipelining=st.booleans())
def test_nobody_is_blamed_for_somebody_else(
    script: dict[tuple[str, str], str], pipelining: bool
) -> None:
    """No good reader is ever answered *nested MAIL*: a refusal is always cleaned up."""
    _, readers, _ = asyncio.run(_carry(list(_NAMES), script, pipelining=pipelining))
    for name, attempt in readers.ended.items():
        if attempt and attempt.reply and "nested" in attempt.reply.text:
            raise AssertionError((name, script))
        if not any((name, stage) in script for stage in _STAGES) and attempt:
            assert attempt.reply, "silence strikes those alone whose turn it was"
            assert attempt.reply.code == 250


async def test_a_body_and_the_next_envelope_leave_together() -> None:
    """One write per message: body, dot, and the envelope of the next reader."""
    _, _, wire = await _carry(["a", "b", "c"], {})
    assert wire.writes == [
        b"MAIL FROM:<a@x.example>\r\nRCPT TO:<a@y.fr>\r\nDATA\r\n",
        b"To: a\r\n.\r\nMAIL FROM:<b@x.example>\r\nRCPT TO:<b@y.fr>\r\nDATA\r\n",
        b"To: b\r\n.\r\nMAIL FROM:<c@x.example>\r\nRCPT TO:<c@y.fr>\r\nDATA\r\n",
        b"To: c\r\n.\r\n",
    ]


async def test_without_pipelining_every_command_waits_for_its_answer() -> None:
    """A relay that does not announce it never hears two commands at once."""
    _, _, wire = await _carry(["a", "b"], {("a", "rcpt"): "550 no"}, pipelining=False)
    assert wire.writes == [
        b"MAIL FROM:<a@x.example>\r\n",
        b"RCPT TO:<a@y.fr>\r\n",
        b"RSET\r\n",
        b"MAIL FROM:<b@x.example>\r\n",
        b"RCPT TO:<b@y.fr>\r\n",
        b"DATA\r\n",
        b"To: b\r\n.\r\n",
    ]


async def test_a_refusal_is_cleaned_up_on_the_way() -> None:
    """RSET travels with the next envelope and costs no round trip."""
    _, readers, wire = await _carry(["a", "b"], {("a", "rcpt"): "550 5.1.1 no"})
    assert wire.writes[1].startswith(b"RSET\r\nMAIL FROM:<b@x.example>")
    assert [a and a.stage for a in readers.ended.values()] == [Stage.RCPT, Stage.DOT]


async def test_a_connection_carries_its_share_and_no_envelope_more() -> None:
    """The last message of a connection brings no look-ahead."""
    relay, readers, wire = await _carry(["a", "b", "c"], {}, messages=2)
    assert [name for name, _ in relay.taken] == ["a", "b"]
    assert list(readers.waiting) == ["c"]
    assert wire.writes[-1] == b"To: b\r\n.\r\n"


@pytest.mark.parametrize("reply", ["drop", "421 4.3.2 closing"])
async def test_the_next_reader_is_not_begun_when_the_line_breaks(reply: str) -> None:
    """An envelope alone hands nothing over: they go out again, unspent."""
    _, readers, _ = await _carry(["a", "b"], {("a", "dot"): reply})
    assert readers.ended["b"] is None
