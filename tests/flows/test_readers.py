"""Taking readers in, line by line."""

from __future__ import annotations

from io import BytesIO

import pytest

from mailer.audience.roster import open_roster
from mailer.flows.readers.roster import count_readers, take_in
from tests.flows.conftest import PAPER, Desk

ROSTER = (
    "email;name\n"
    "a@x.example;A\n"
    "no address;B\n"
    "A@x.example;A again\n"
    "info@x.example;\n"
    "rené@x.example;René\n"
)


@pytest.mark.parametrize("dry_run", [True, False])
async def test_every_line_is_accounted_for(desk: Desk, *, dry_run: bool) -> None:
    """Added, invalid and repeated lines are counted, the same in a dry run."""
    await desk.subscribe("info@x.example")
    intake = await take_in(
        open_roster(BytesIO(ROSTER.encode())),
        desk.readers,
        desk.clock,
        publication=PAPER.id,
        source="test",
        dry_run=dry_run,
    )
    assert intake.counts == {
        "added": 2,
        "present": 1,
        "updated": 0,
        "suppressed": 0,
        "left": 0,
        "gone": 0,
        "barred": 0,
        "invalid": 1,
        "duplicates": 1,
    }
    assert [problem.line for problem in intake.problems] == [3]
    assert (intake.roles, intake.smtputf8) == ([], ["rené@x.example"])


def test_the_question_counts_people() -> None:
    """Who stands in the file twice is one of those to be imported."""
    assert count_readers(open_roster(BytesIO(ROSTER.encode()))) == 3
