"""A proof as it was received: what its receiver says of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailer.doctor.line import Condition
from mailer.doctor.proof import examine

_SIGNATURE = (
    b"DKIM-Signature: v=1; a=rsa-sha256; d=meridien.example; s=m1;\r\n"
    b" h=from:subject:list-unsubscribe:\r\n list-unsubscribe-post; b=xx\r\n"
)
_ONE_CLICK = (
    b"List-Unsubscribe: <https://x.example/u/1>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
)


def _mail(results: bytes, *more: bytes) -> bytes:
    head = b"Authentication-Results: " + results + b"\r\n" + b"".join(more)
    return head + b"From: a@meridien.example\r\n\r\nBonjour\r\n"


_BELIEVED = (
    b"mx.google.com;\r\n dkim=pass header.i=@meridien.example header.s=m1;\r\n"
    b" spf=pass (google.com: domain of x designates 1.2.3.4) smtp.mailfrom=x;\r\n"
    b" dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=meridien.example"
)


def test_a_proof_that_was_believed_is_well() -> None:
    """Each verdict with who gave it, and the one-click fields signed."""
    lines = examine(_mail(_BELIEVED, _SIGNATURE, _ONE_CLICK), "proof.eml")
    assert [(line.condition, str(line.found)) for line in lines] == [
        (Condition.WELL, "mx.google.com says dkim=pass (meridien.example)"),
        (Condition.WELL, "mx.google.com says spf=pass"),
        (Condition.WELL, "mx.google.com says dmarc=pass (meridien.example)"),
        (Condition.WELL, "a signature covers the one-click fields"),
    ]


def test_what_was_not_believed_says_what_to_do() -> None:
    """A failure, and a verdict that is not there, are faults with a way out."""
    lines = examine(_mail(b"mx.example; dkim=fail header.d=other.example"), "p.eml")
    assert {line.condition for line in lines} == {Condition.FAULT}
    assert [str(line.found) for line in lines] == [
        "mx.example says dkim=fail (other.example)",
        "mx.example says spf=none",
        "mx.example says dmarc=none",
    ]
    assert all(line.do for line in lines)


def test_one_good_signature_is_enough() -> None:
    """A second one that fails, of a list on the way say, takes nothing away."""
    results = b"mx.example; dkim=pass header.d=a.example; dkim=fail header.d=b.example"
    assert examine(_mail(results), "p.eml")[0].condition is Condition.WELL


def test_only_the_last_receiver_is_believed() -> None:
    """A verdict further down may have been written by anybody."""
    forged = b"Authentication-Results: mx.google.com; dkim=pass\r\n"
    lines = examine(_mail(b"mx.example; dkim=fail", forged), "p.eml")
    assert str(lines[0].found) == "mx.example says dkim=fail"


def test_one_click_that_is_not_signed_is_a_fault() -> None:
    """Gmail shows no button for what nobody vouches for."""
    loose = _SIGNATURE.replace(b"list-unsubscribe-post", b"to")
    last = examine(_mail(_BELIEVED, loose, _ONE_CLICK), "p.eml")[-1]
    assert last.condition is Condition.FAULT
    assert "list-unsubscribe-post" in last.found


def test_a_mail_that_nobody_received_says_so() -> None:
    """What `mailer render --format eml` writes has no verdict."""
    (line,) = examine(b"From: a@b.example\r\n\r\nx\r\n", "draft.eml")
    assert line.condition is Condition.WARNING
    assert "draft.eml" in line.found


@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    """Whatever the file is."""
    examine(data, "x")
    examine(b"Authentication-Results: " + data, "x")
