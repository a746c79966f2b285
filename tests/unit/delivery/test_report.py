"""The balance sheet of a run."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.report import (
    Tally,
    as_json,
    assert_balanced,
    balance_line,
    exit_code,
)
from mailer.errors import BalanceError

COUNTS = st.integers(0, 10_000_000)
ENDS = ("accepted", "refused", "in_doubt", "withdrawn", "expired", "waiting")
BALANCED = st.fixed_dictionaries(dict.fromkeys(ENDS, COUNTS)).map(
    lambda counts: Tally(audience=sum(counts.values()), **counts)
)
TALLIES = st.builds(Tally, audience=COUNTS, **dict.fromkeys(ENDS, COUNTS))
SATURDAY = Tally(audience=8430, accepted=8397, refused=21, withdrawn=12)


def test_the_balance_sheet_is_one_line() -> None:
    """Everybody is on it, in words, with thousands set apart."""
    assert balance_line(SATURDAY) == (
        "8,430 = 8,397 accepted + 21 refused + 0 in doubt"
        " + 12 withdrawn + 0 expired + 0 waiting"
    )


@given(TALLIES)
def test_the_line_can_be_added_up_again(tally) -> None:
    """The numbers printed are those counted, and the sign between them is true."""
    numbers = re.findall(r"\d+", balance_line(tally).replace(",", ""))
    audience, *entries = map(int, numbers)
    assert (audience == sum(entries)) == tally.balanced
    assert (" = " in balance_line(tally)) == tally.balanced


@given(BALANCED)
def test_a_balanced_run_passes(tally) -> None:
    """What adds up raises nothing and does not end as a defect."""
    assert_balanced(tally, "le-meridien-118-1")
    assert exit_code(tally) != BalanceError.exit_code


def test_somebody_missing_is_a_defect_with_the_run_s_name() -> None:
    """The error names the run and shows the sheet; the exit code is 70."""
    tally = Tally(audience=3, accepted=2)
    with pytest.raises(BalanceError, match=r"run le-meridien-118-1 .* 3 ≠ 2 accepted"):
        assert_balanced(tally, "le-meridien-118-1")
    assert exit_code(tally) == 70


@pytest.mark.parametrize(
    ("tally", "code"),
    [
        (Tally(audience=0), 0),
        (Tally(audience=3, accepted=2, withdrawn=1), 0),
        (Tally(audience=2, accepted=1, expired=1), 0),
        (Tally(audience=2, accepted=1, refused=1), 1),
        (Tally(audience=2, accepted=1, in_doubt=1), 1),
        (Tally(audience=3, accepted=1, refused=1, waiting=1), 75),
        (Tally(audience=3, waiting=1), 70),
    ],
)
def test_the_exit_code_tells_how_it_ended(tally, code) -> None:
    """The gravest thing wins: a defect, then what still waits, then what failed."""
    assert exit_code(tally) == code


def test_the_report_for_programs_has_a_fixed_shape() -> None:
    """Schema 1: these keys, in plain JSON."""
    report = as_json(
        SATURDAY,
        run="le-meridien-118-1",
        edition="le-meridien/118",
        state="sent",
        seconds=432.5,
    )
    assert json.loads(json.dumps(report)) == {
        "schema": 1,
        "run": "le-meridien-118-1",
        "edition": "le-meridien/118",
        "state": "sent",
        "audience": 8430,
        "accepted": 8397,
        "refused": 21,
        "in_doubt": 0,
        "withdrawn": 12,
        "expired": 0,
        "waiting": 0,
        "deferred": 0,
        "balanced": True,
        "seconds": 432.5,
    }
