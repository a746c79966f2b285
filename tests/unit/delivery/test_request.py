"""Mails that ask to leave: by token, by a sender somebody vouches for, never by a machine."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.request import read_request

TOKEN = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo_-12345"


def mail(*headers: str, body: str = "") -> bytes:
    return "\r\n".join([*headers, "", body]).encode()


def test_the_subject_that_we_ask_for() -> None:
    """What a mail program sends at a click."""
    request = read_request(mail(f"Subject: unsubscribe {TOKEN}", "From: a@b.example"))
    assert (request.tokens, request.exact) == ((TOKEN,), True)
    assert not request.is_automatic
    assert request.sender == ""


@pytest.mark.parametrize(
    "subject",
    [
        f"Re: unsubscribe {TOKEN}",
        f"=?utf-8?q?unsubscribe_{TOKEN.replace('_', '=5F')}?=",
        f"unsubscribe\r\n {TOKEN}",
    ],
)
def test_a_token_in_any_subject_is_found(subject: str) -> None:
    """Answered, encoded, folded."""
    assert TOKEN in read_request(mail(f"Subject: {subject}")).tokens


def test_a_token_in_the_text_is_found() -> None:
    """The link of the letter's foot, pasted by hand."""
    body = f"Bonjour,\r\nje pars : https://l.example/unsubscribe/{TOKEN}\r\n"
    request = read_request(mail("Subject: adieu", body=body))
    assert TOKEN in request.tokens
    assert not request.exact


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated",
        "Return-Path: <>",
        "Precedence: bulk",
        "X-Autoreply: yes",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
    ],
)
def test_a_machine_asks_for_nothing(header: str) -> None:
    """A vacation notice or a bounce quotes our letter, token and all."""
    request = read_request(mail(header, "Subject: absent", body=TOKEN))
    assert request.is_automatic
    assert request.tokens == ()


def test_a_click_may_be_carried_out_by_a_machine() -> None:
    """Generated is not answered: RFC 3834 tells the two apart."""
    subject = f"Subject: unsubscribe {TOKEN}"
    assert not read_request(
        mail("Auto-Submitted: auto-generated", subject)
    ).is_automatic
    assert read_request(mail("Auto-Submitted: auto-replied", subject)).is_automatic


RESULTS = "Authentication-Results: mx.our.example; spf=pass; dmarc=pass (p=none) header.from=b.example"


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ([RESULTS, "From: A <a@b.example>"], "a@b.example"),
        (["From: A <a@b.example>"], ""),
        ([RESULTS, "From: a@evil.example"], ""),
        ([RESULTS, "From: a@b.example, c@b.example"], ""),
        ([RESULTS.replace("pass (", "fail ("), RESULTS, "From: a@b.example"], ""),
        ([RESULTS.replace("mx.our", "mx.their"), "From: a@b.example"], ""),
        ([RESULTS.replace("dmarc=pass", "(dmarc=pass)"), "From: a@b.example"], ""),
    ],
)
def test_a_sender_counts_where_our_server_vouches(
    headers: list[str], sender: str
) -> None:
    """Anybody can write a From; only the topmost word of our own server is believed."""
    request = read_request(mail(*headers), trusted="MX.our.example")
    assert request.sender == sender
    assert request.claimed in {"", "a@b.example", "a@evil.example"}
    assert read_request(mail(*headers)).sender == ""


@given(st.binary(max_size=400))
def test_nothing_raises(raw: bytes) -> None:
    """Whatever arrives."""
    read_request(raw, trusted="mx.our.example")
    read_request(b"Subject: " + raw + b"\r\nTo: " + raw, trusted="mx.our.example")


def test_a_hostile_megabyte_is_read_in_no_time() -> None:
    """Deep, long, and of one letter."""
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n)
        for n in range(300)
    )
    begun = time.process_time()
    for raw in (
        deep,
        b"Subject: unsubscribe " + b"a" * 1_000_000,
        b"Subject: x\r\n\r\n" + b"A" * 1_000_000,
        b"Authentication-Results: mx.our.example; " + b"(" * 500_000 + b"\r\n\r\n",
        b"From: " + b"<a@b>," * 100_000 + b"\r\n\r\n",
    ):
        read_request(raw, trusted="mx.our.example")
    assert time.process_time() - begun < 30  # or minutes, if it were quadratic
