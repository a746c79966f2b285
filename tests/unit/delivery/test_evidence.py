"""What a mail proves of a delivery in doubt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.evidence import read_evidence
from mailer.delivery.ledger import State

OURS = "<ele-meridien-118.apxzaandiqlt24q4f3ul@meridien.example>"
ORIGINAL = f"From: lettre@meridien.example\nMessage-ID: {OURS}\nSubject: Les ports\n"


def report(
    action: str = "failed",
    returned: str = "message/rfc822",
    diagnosis: str = "Diagnostic-Code: smtp; 550 5.1.1 unknown\n   user\n",
) -> bytes:
    """A notification as Postfix writes it."""
    return f"""\
From: MAILER-DAEMON@relay.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
Message-Id: <20261124.1@relay.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Description: Notification

I'm sorry about {OURS.strip("<>")}.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
X-Postfix-Queue-ID: 4XyZ

Final-Recipient: rfc822; claire@example.org
Action: {action}
Status: 5.1.1
{diagnosis}
--b
Content-Type: {returned}

{ORIGINAL}
body

--b--
""".encode()


def proved(raw: bytes) -> list[tuple[str, State, str]]:
    return [(e.message_id, e.state, str(e.words)) for e in read_evidence(raw)]


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_a_bounce_names_the_message_it_returns(returned: str) -> None:
    """The relay had taken it: not in doubt any more, and not arrived."""
    assert proved(report(returned=returned)) == [
        (OURS, State.BOUNCED, "550 5.1.1 unknown user")
    ]


def test_a_bounce_without_a_diagnosis_has_its_status() -> None:
    """The code that every notification has."""
    assert proved(report(diagnosis="")) == [(OURS, State.BOUNCED, "5.1.1")]


@pytest.mark.parametrize("action", ["delayed", "delivered", "Relayed", "expanded"])
def test_any_other_notice_says_that_it_was_taken(action: str) -> None:
    """Late or passed on: somebody has it in hand."""
    words = f"reported as {action.lower()}"
    assert proved(report(action=action)) == [(OURS, State.ACCEPTED, words)]


def test_a_copy_that_was_carried_proves_itself() -> None:
    """From a mailbox of ours, or from the relay's own folder."""
    for header in ("Received: from us by them", "Delivered-To: claire@example.org"):
        raw = f"{header}\n{ORIGINAL}\nbody".encode()
        assert proved(raw) == [(OURS, State.ACCEPTED, "a copy of the message")]


def test_a_rendered_file_proves_nothing() -> None:
    """It has the same Message-ID, and nobody has carried it."""
    assert proved(f"{ORIGINAL}\nbody".encode()) == []


def test_an_answer_proves_that_it_was_read() -> None:
    """Of a reader or of their absence note."""
    for header in ("In-Reply-To", "References"):
        raw = f"From: claire@example.org\n{header}: <x@y.example>\n {OURS}\n\nMerci".encode()
        assert (OURS, State.ACCEPTED, "an answer to the message") in proved(raw)


def test_words_about_a_message_prove_nothing() -> None:
    """Anybody can write who bounced; nobody knows the Message-ID who has not had it."""
    about = b"Subject: claire@example.org does not exist\n\nFinal-Recipient: claire"
    assert proved(about) == []
    quoted = f"Subject: x\nContent-Type: text/plain\n\n{ORIGINAL}".encode()
    assert proved(quoted) == []


def test_a_message_that_comes_back_without_a_report_was_taken() -> None:
    """Old relays attach it, and say why in prose."""
    raw = report().replace(b"message/delivery-status", b"text/plain")
    assert proved(raw) == [(OURS, State.ACCEPTED, "the message came back")]


@given(st.binary(max_size=300))
def test_no_bytes_are_too_strange(raw: bytes) -> None:
    """Whatever lies in a mailbox, reading it raises nothing."""
    assert read_evidence(raw) == [] or b"@" in raw


@given(st.data())
def test_no_broken_report_is_too_strange(data: st.DataObject) -> None:
    """Cut, doubled and scrambled anywhere, it proves this message's fate or nothing."""
    whole = report()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    noise = data.draw(st.binary(max_size=20))
    for raw in (whole[start:end], whole[:start] + noise + whole[end:]):
        for evidence in read_evidence(raw):
            assert evidence.state in {State.ACCEPTED, State.BOUNCED}
