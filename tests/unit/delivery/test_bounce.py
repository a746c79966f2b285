"""A mail that came back says whose it was, what became of it, and by which lines."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.bounce import testimony
from mailer.delivery.bounce.model import Kind, Reason
from mailer.delivery.bounce.parse import parse
from mailer.delivery.bounce.weigh import weigh

MAILS = Path(__file__).parents[2] / "data" / "bounces"


def classify(status: str, said: str) -> Reason:
    """What a relay's own refusal of the address means."""
    told = testimony.Testimony(
        recipient="r@readers.example",
        action="failed",
        status=status,
        diagnosis=said,
        context="in reply to RCPT TO command",
    )
    return weigh(told).reason


ANSWERS = tomllib.loads((MAILS / "answers.toml").read_text(encoding="utf-8"))


def read(name: str) -> bytes:
    return (MAILS / f"{name}.eml").read_bytes()


def test_every_sample_has_its_answer() -> None:
    """A mail put beside the others is one that is looked at."""
    assert {path.stem for path in MAILS.glob("*.eml")} == set(ANSWERS)


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_dialect_is_understood(name: str) -> None:
    """What each says, in the words of its server, and about whom."""
    found = parse(read(name))
    assert [found.kind, found.reason, found.recipient] == ANSWERS[name]


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_every_decision_shows_its_lines(name: str) -> None:
    """What it rests on stands in the mail, word by word."""
    found = parse(read(name))
    assert bool(found.evidence) is (found.kind is not Kind.NONE)
    if name in {"absence", "international", "quoted-and-coded"}:
        return  # the mail has other letters for it than we show
    words = "".join(read(name).decode().split())
    for line in found.evidence:
        told = line.partition(": ")[2] or line
        assert "".join(told.split())[:40] in words


def test_whose_message_it_was_is_told_in_every_way_there_is() -> None:
    """Return path, envelope id, Message-ID and the way out of what came back."""
    found = parse(read("postfix-unknown-user"))
    assert found.addresses == (
        "b+3.7.00112233445566778899@bounces.meridien.example",
        "lettre@meridien.example",
    )
    assert found.envelope_id == "3.7.00112233445566778899"
    assert found.message_ids == ("<e12.aa11bb22@meridien.example>",)
    assert found.ways_out == (
        "https://lettres.meridien.example/unsubscribe/AbC",
        "mailto:unsubscribe@meridien.example?subject=unsubscribe%20AbC",
    )
    complaint = parse(read("abuse-report"))
    assert complaint.feedback == "abuse"
    assert complaint.ways_out == found.ways_out


def test_each_recipient_has_a_fate_of_their_own() -> None:
    """One full, one gone: the mail is as bad as the worst of them."""
    fates = {each.recipient: each for each in parse(read("two-readers")).fates}
    assert fates["ami@lecteurs.example"].kind is Kind.SOFT
    assert fates["claire@lecteurs.example"].status == "5.1.1"


@pytest.mark.parametrize(
    ("status", "said", "reason"),
    [
        ("", "550 User unknown", Reason.UNKNOWN_USER),
        ("5.1.1", "550 5.1.1 no", Reason.UNKNOWN_USER),
        ("5.7.1", "550 5.7.1 user unknown, says our spam filter", Reason.SPAM),
        ("5.2.2", "552 5.2.2 no", Reason.MAILBOX_FULL),
        ("5.4.1", "550 5.4.1 Recipient address rejected", Reason.UNKNOWN_USER),
        ("5.4.4", "550 5.4.4 no", Reason.UNKNOWN_HOST),
        ("4.4.4", "450 4.4.4 domain not found", Reason.NETWORK),
        ("", "550 no", Reason.UNDEFINED),
    ],
)
def test_a_refusal_of_our_own_is_weighed_alike(
    status: str, said: str, reason: Reason
) -> None:
    """What a relay said to us and what it writes later mean the same."""
    assert classify(status, said) is reason


_PIECES = st.sampled_from(
    [
        b"From: MAILER-DAEMON@x.example",
        b"Content-Type: multipart/report; boundary=b",
        b'Content-Type: multipart/mixed; boundary="b"',
        b"Content-Type: text/plain; charset=punycode",
        b"Content-Type: message/delivery-status",
        b"Content-Type: message/feedback-report",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Subject: =?utf-8?b?4pyT=?= =?x?q?=ZZ?=",
        b"--b",
        b"--b--",
        b"",
        b"Final-Recipient: rfc822; a@b.example",
        b"Original-Recipient: utf-8; \\x{110000}+ZZ@b",
        b"Action: failed",
        b"Status: 5.1.1",
        b"Diagnostic-Code: smtp; 550 User unknown",
        b"<a@b.example>: 550 no",
        b"<<< 550 no",
        b"Received: by x",
        b'{"notificationType":"Bounce"',
        b" folded",
        b"\xff\x00@\xe9",
    ]
)


@given(st.lists(st.one_of(_PIECES, st.binary(max_size=20)), max_size=30))
def test_no_mail_is_too_strange(lines: list[bytes]) -> None:
    """Whatever comes, an answer comes out, and nothing is raised."""
    found = parse(b"\n".join(lines))
    assert found.kind in Kind
    assert all(len(line) <= 300 for line in found.evidence)


@given(st.sampled_from(sorted(ANSWERS)), st.integers(0, 3000), st.binary(max_size=9))
def test_a_damaged_mail_is_still_read(name: str, at: int, noise: bytes) -> None:
    """Cut anywhere and with noise in it: perhaps less is understood, nothing breaks."""
    raw = read(name)
    assert parse(raw[:at] + noise).kind in Kind
    assert parse(raw[:at] + noise + raw[at:]).kind in Kind


_HEAD = b"From: MAILER-DAEMON@x.example\nSubject: Undelivered\n"
_MEGABYTE = 1_000_000
HOSTILE = {
    "levels": _HEAD
    + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n)
        for n in range(18_000)
    ),
    "parts": _HEAD
    + b"Content-Type: multipart/mixed; boundary=a\n\n"
    + b"--a\n\nx\n" * 160_000,
    "folded": b"Subject: a\n" + b" b\n" * 330_000,
    "one line": _HEAD + b"\n" + b"a." * 500_000,
    "addresses": _HEAD + b"\n" + b"<a@b.example>: 550 user adresse mailbox\n" * 25_000,
    "tags": _HEAD + b"Content-Type: text/html\n\n" + b"<style>" * 140_000,
    "codes": _HEAD + b"\n" + b"550-5.1.1 adresse user (in reply to [" * 27_000,
    "blocks": _HEAD
    + b"\n"
    + b"Final-Recipient: a@b\nAction: failed\nStatus: 5.0.0\n" * 20_000,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_megabyte_is_read_in_a_second(name: str) -> None:
    """However it is nested, folded or repeated; measured in the time of this process."""
    raw = HOSTILE[name][:_MEGABYTE]
    begun = time.process_time()
    parse(raw)
    assert time.process_time() - begun < 10


def test_what_servers_say_to_an_address_is_known() -> None:
    """Two hundred ways to say no: which of them mean that nobody is there."""
    wrong = []
    for line in (MAILS / "replies.txt").read_text(encoding="utf-8").splitlines():
        kind, _, said = line.partition(" ")
        if kind != "#" and classify("", said).is_hard is not (kind == "hard"):
            wrong.append(line)
    assert wrong == []
