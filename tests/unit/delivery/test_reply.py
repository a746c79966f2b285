"""What relays say, and what it means."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.reply import (
    Attempt,
    Fault,
    Outcome,
    Reply,
    Stage,
    _read_lines,
    judge,
    read_reply,
)

TABLE = Path(__file__).parents[2] / "data" / "replies.toml"
ROWS = tomllib.loads(TABLE.read_text(encoding="utf-8"))["reply"]
STAGES = st.sampled_from(Stage)
SETTLING = st.one_of(st.integers(200, 299), st.integers(400, 599))
ENHANCED = st.from_regex(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True)


def attempt(stage: Stage, reply: Reply | None) -> Attempt:
    return Attempt(relay="principal", stage=stage, reply=reply)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['who']}-{row['code']}")
def test_the_world_s_replies_are_understood(row) -> None:
    """Each reply on record has the outcome it deserves, and blames whom it should."""
    reply = read_reply(row["code"], row["text"])
    verdict = judge(attempt(Stage(row["stage"]), reply))
    assert (verdict.outcome, verdict.fault) == (row["outcome"], row["fault"])


@given(STAGES, SETTLING, st.text(max_size=60))
def test_a_well_formed_reply_is_never_in_doubt(stage, code, text) -> None:
    """Doubt is only for silence: a reply that says yes or no settles the attempt."""
    verdict = judge(attempt(stage, read_reply(code, text)))
    assert verdict.outcome is not Outcome.IN_DOUBT


@given(st.integers(-1, 999), st.text(max_size=60))
def test_only_the_dot_is_accepted_or_doubted(code, text) -> None:
    """Before the body is out nothing can have been taken, whatever the relay says."""
    for stage in set(Stage) - {Stage.DOT}:
        verdict = judge(attempt(stage, read_reply(code, text)))
        assert verdict.outcome in {Outcome.DEFERRED, Outcome.REFUSED}


@given(STAGES, st.integers(400, 499), st.text(max_size=60))
def test_what_is_temporary_is_tried_again(stage, code, text) -> None:
    """No wording turns a 4yz into the end of a delivery."""
    verdict = judge(attempt(stage, read_reply(code, text)))
    assert verdict.outcome is Outcome.DEFERRED


@given(SETTLING, st.text(max_size=60))
def test_a_setting_of_ours_costs_no_reader_their_letter(code, text) -> None:
    """Who is only out of reach through our login or sender stays due."""
    for stage in Stage:
        verdict = judge(attempt(stage, read_reply(code, text)))
        if verdict.fault is Fault.RUN:
            assert verdict.outcome is Outcome.DEFERRED


@pytest.mark.parametrize("stage", Stage)
def test_silence_is_in_doubt_only_at_the_dot(stage) -> None:
    """A connection lost before the dot handed nothing over; after it nobody knows."""
    verdict = judge(attempt(stage, None))
    expected = Outcome.IN_DOUBT if stage is Stage.DOT else Outcome.DEFERRED
    assert (verdict.outcome, verdict.fault) == (expected, Fault.RELAY)
    assert verdict.reason == f"no reply at {stage}"


def test_a_verdict_quotes_the_relay() -> None:
    """The reason is ours in words, and the evidence beside it."""
    reply = read_reply(550, "5.1.1 <x@example.org>: User unknown")
    verdict = judge(attempt(Stage.RCPT, reply))
    assert verdict.reason == (
        "no such recipient: 550 5.1.1 <x@example.org>: User unknown"
    )


@given(ENHANCED, st.from_regex(r"[a-z]{1,8}( [a-z]{1,8}){0,3}", fullmatch=True))
def test_the_enhanced_code_is_taken_off_every_line(enhanced, words) -> None:
    """The code that opens the lines is read once, and not said again in the text."""
    code = int(enhanced[0]) * 100 + 50
    reply = read_reply(code, f"{enhanced} {words}\n{enhanced} {words}")
    assert reply == Reply(code, f"{words} {words}", enhanced)
    assert str(reply) == f"{code} {enhanced} {words} {words}"


@pytest.mark.parametrize(
    "text",
    [
        "4.2.1 of another class",
        "5.1.1.7 is an address",
        "version 5.1.1 of something",
        "55.1.1 is none",
        "5.1 is none",
        "no code at all",
        "",
    ],
)
def test_what_only_looks_like_an_enhanced_code_is_text(text) -> None:
    """Addresses, versions and codes of another class stay where they are."""
    assert read_reply(550, text) == Reply(550, text)


@given(st.integers(-1, 999), st.text())
def test_any_reply_fits_on_a_line(code, text) -> None:
    """Whatever a relay sends is one printable line of bounded length in our ledger."""
    reply = read_reply(code, text)
    assert str(reply).isprintable()
    assert len(reply.text) <= 1000


def test_a_flood_of_words_is_cut() -> None:
    """A hostile relay does not fill our ledger."""
    assert len(read_reply(550, "spam " * 10_000).text) == 1000


@given(
    st.sampled_from([250, 421, 450, 550]),
    st.text(st.sampled_from("250.14 #()-;:ok\té\n"), max_size=30),
)
def test_one_line_is_read_as_many_are(code: int, text: str) -> None:
    """The quick way for a reply of one line says what the long way says."""
    assert read_reply(code, text) == _read_lines(code, text)
