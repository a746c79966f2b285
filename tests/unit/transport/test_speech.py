"""A relay's bytes become replies, however the network cuts them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Reply, Stage
from mailer.flows.sending.carriage import Message
from mailer.transport.speech import MALFORMED, Features, Replies, refusal, reply

_STREAM = (
    b"250 2.1.0 ok\r\n250-first\r\n250-second\r\n250 last\r\n354 go\n550\r\n421 bye\r\n"
)
_SAID = [
    (250, [b"250 2.1.0 ok\r"]),
    (250, [b"250-first\r", b"250-second\r", b"250 last\r"]),
    (354, [b"354 go"]),
    (550, [b"550\r"]),
    (421, [b"421 bye\r"]),
]


@given(cuts=st.lists(st.integers(0, len(_STREAM)), max_size=12))
def test_replies_are_whole_wherever_they_are_cut(cuts: list[int]) -> None:
    """Byte by byte or all at once, the same replies come out in the same order."""
    edges = [0, *sorted(cuts), len(_STREAM)]
    replies = Replies()
    said = [
        (code, list(lines))
        for start, end in itertools.pairwise(edges)
        for code, lines in replies.feed(_STREAM[start:end])
    ]
    assert said == _SAID


@pytest.mark.parametrize(
    "line",
    [b"hello", b"25 ok", b"2500 ok", b"199 no", b"600 no", b"250+ok", b"", b"-1 x"],
)
def test_what_is_no_reply_is_malformed(line: bytes) -> None:
    """Three digits of a class that SMTP has, and a space, a hyphen or the end."""
    ((code, _),) = Replies().feed(line + b"\r\n")
    assert code == MALFORMED


@pytest.mark.parametrize("piece", [b"x" * 1000, b"250-more\r\n" * 100])
def test_a_reply_without_end_is_given_up(piece: bytes) -> None:
    """However it is long, in one line or in lines, it does not fill the memory."""
    replies = Replies()
    for _ in range(20):
        if said := replies.feed(piece):
            break
    assert [code for code, _ in said] == [MALFORMED]


@given(st.binary(max_size=300))
def test_no_bytes_of_a_relay_raise(data: bytes) -> None:
    """Whatever comes, it is a reply or malformed."""
    for code, lines in Replies().feed(data + b"\r\n"):
        assert code == MALFORMED or 200 <= code < 600
        assert reply(code, lines).code == code
        assert refusal(code, lines).code in {code, MALFORMED}


def test_many_lines_are_one_text() -> None:
    """The enhanced code of every line is taken off, the words are kept."""
    ((code, lines),) = Replies().feed(b"550-5.1.1 no such\r\n550 5.1.1 user\r\n")
    assert reply(code, lines) == Reply(550, "no such user", "5.1.1")


def test_an_acceptance_out_of_place_is_none() -> None:
    """250 where 354 was due lets no body go."""
    assert refusal(250, [b"250 2.0.0 odd"]).code == MALFORMED
    assert refusal(554, [b"554 5.7.1 spam"]).code == 554


def _message(recipient: str, content: bytes = b"x") -> Message:
    envelope = Envelope(return_path="a@b.example", recipient=recipient)
    return Message(envelope=envelope, content=content)


def test_an_envelope_is_one_write() -> None:
    """The whole group, with the size where the relay knows it."""
    message = _message("r@x.example", b"12345")
    group = b"RCPT TO:<r@x.example>\r\nDATA\r\n"
    assert Features().group(message) == b"MAIL FROM:<a@b.example>\r\n" + group
    sized = Features(sizes=True).group(message)
    assert sized == b"MAIL FROM:<a@b.example> SIZE=5\r\n" + group


def test_an_accented_address_is_announced_or_refused() -> None:
    """SMTPUTF8 where it is offered; elsewhere a refusal of our own, with the reason."""
    message = _message("élise@x.example")
    assert b" SMTPUTF8\r\n" in Features(smtputf8=True).mail(message)
    assert Features(smtputf8=True).impossible(message, "r") is None
    refused = Features().impossible(message, "r")
    assert refused is not None
    assert (refused.stage, refused.reply and refused.reply.enhanced) == (
        Stage.RCPT,
        "5.6.7",
    )


def test_what_is_too_big_is_refused_here() -> None:
    """The margin for trace headers counts; a relay that names no limit takes all."""
    message = _message("r@x.example", b"x" * 9_000)
    assert Features(size=0).impossible(message, "r") is None
    assert Features(size=10_024).impossible(message, "r") is None
    refused = Features(size=10_023).impossible(message, "r")
    assert refused is not None
    assert (refused.stage, refused.reply and refused.reply.code) == (Stage.MAIL, 552)


@pytest.mark.parametrize(
    ("recipient", "original"),
    [
        ("r@x.example", "rfc822;r@x.example"),
        ("r+a=b@x.example", "rfc822;r+2Ba+3Db@x.example"),
        ("é+1@x.example", "utf-8;é\\x{2B}1@x.example"),
    ],
)
def test_a_report_of_failure_is_asked_for_where_it_can_be_had(
    recipient: str, original: str
) -> None:
    """RFC 3461: the envelope's id and the address come back as we wrote them."""
    envelope = Envelope(
        return_path="b+1.2.ab@b.example", recipient=recipient, envelope_id="1.2.ab"
    )
    message = Message(envelope=envelope, content=b"x")
    asked = Features(dsn=True).group(message).decode()
    assert " RET=HDRS ENVID=1.2.ab" in asked.splitlines()[0]
    rcpt = f"RCPT TO:<{recipient}> NOTIFY=FAILURE ORCPT={original}"
    assert asked.splitlines()[1] == rcpt
    plain = Features().group(message).decode()
    assert "ENVID" not in plain
    assert f"RCPT TO:<{recipient}>\r\n" in plain
