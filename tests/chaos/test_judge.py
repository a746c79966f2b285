"""The judge sees every broken promise; a suite that cannot fail proves nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.judge import Evidence, Row, judge
from tests.chaos.witness import Copy

READERS = ["a@x.example", "b@x.example", "c@x.example"]


def copy(reader: str, **more: object) -> Copy:
    words = {
        "recipient": reader,
        "message_id": f"<{reader}>",
        "digest": reader,
        "data": 10.0,
        "connection": 1,
    }
    return Copy(**{**words, **more})  # type: ignore[arg-type]


def status(**more: object) -> dict[str, object]:
    counts = dict.fromkeys(
        ("refused", "in_doubt", "withdrawn", "expired", "waiting"), 0
    )
    return (
        {"audience": 3, "accepted": 3, "balanced": True, "state": "sent"}
        | counts
        | more
    )


HONEST = Evidence(
    audience=READERS,
    rows=[Row(email=reader, state="accepted") for reader in READERS],
    status=status(),
    copies=[copy(reader) for reader in READERS],
)


def rows(state: str, reason: str = "because") -> list[Row]:
    """The first reader in *state*, the others accepted."""
    return [Row(email=READERS[0], state=state, reason=reason), *HONEST.rows[1:]]


def test_an_honest_run_is_not_reproached() -> None:
    """Everybody has their copy, and the sums agree."""
    verdict = judge(HONEST)
    assert verdict.broken == []
    assert verdict.counts["copies"] == 3
    assert verdict.counts["lost"] == verdict.counts["doubled"] == 0


def test_doubt_within_its_bound_is_not_reproached() -> None:
    """A crash leaves at most one message a connection unknown."""
    doubtful = replace(
        HONEST,
        rows=rows("in doubt"),
        status=status(accepted=2, in_doubt=1),
        copies=HONEST.copies[1:],
        crashes=1,
    )
    assert judge(doubtful).broken == []
    assert "in doubt, more than" in judge(replace(doubtful, crashes=0)).broken[-1]


CRIMES = {
    "lost": replace(HONEST, copies=HONEST.copies[1:]),
    "doubled": replace(HONEST, copies=[*HONEST.copies, copy(READERS[0])]),
    "has no row": replace(HONEST, rows=HONEST.rows[1:], status=status(accepted=2)),
    "not in the audience": replace(
        HONEST, rows=[*HONEST.rows, Row(email="d@x.example", state="accepted")]
    ),
    "has 2 rows": replace(HONEST, rows=[*HONEST.rows, HONEST.rows[0]]),
    "is still claimed": replace(HONEST, rows=rows("claimed")),
    "status says accepted": replace(HONEST, status=status(accepted=2)),
    "status says balanced": replace(HONEST, status=status(balanced=False)),
    "status says state": replace(HONEST, status=status(state="paused")),
    "is refused without a reason": replace(HONEST, rows=rows("refused", "")),
    "has a copy and is refused": replace(HONEST, rows=rows("refused")),
    "has a copy and is expired": replace(HONEST, rows=rows("expired")),
    "got what is not theirs": replace(
        HONEST, copies=[*HONEST.copies, copy("d@x.example")]
    ),
    "copies with 2 Message-IDs": replace(
        HONEST, copies=[*HONEST.copies, copy(READERS[0], message_id="<other>")]
    ),
    "differ": replace(
        HONEST, copies=[*HONEST.copies, copy(READERS[0], digest="other")]
    ),
    "readers share": replace(
        HONEST, copies=[copy(reader, message_id="<one>") for reader in READERS]
    ),
    "s before their DATA": replace(HONEST, left={READERS[0]: 9.0}),
    "extra copies, more than": replace(
        HONEST, mode="resend", copies=[*HONEST.copies, copy(READERS[0])]
    ),
    "copies, not 2": replace(
        HONEST,
        mode="resend",
        crashes=1,
        connections=4,
        copies=[*HONEST.copies, copy(READERS[0]), copy(READERS[0])],
    ),
    "left in doubt, not sent again": replace(
        HONEST, mode="resend", rows=rows("in doubt"), crashes=1
    ),
}


@pytest.mark.parametrize("words", CRIMES)
def test_every_broken_promise_is_told(words: str) -> None:
    """Each crime is named, by whom it hurts or what does not agree."""
    assert any(words in line for line in judge(CRIMES[words]).broken)


def test_who_left_after_their_data_may_have_a_copy() -> None:
    """What is on the wire cannot be called back."""
    assert judge(replace(HONEST, left={READERS[0]: 11.0})).broken == []


def test_a_copy_sent_again_after_a_crash_is_allowed() -> None:
    """With *resend* a reader may have one more per crash, the same message."""
    again = replace(
        HONEST, mode="resend", crashes=1, copies=[*HONEST.copies, copy(READERS[0])]
    )
    assert judge(again).broken == []
    assert judge(again).counts["again"] == 1
