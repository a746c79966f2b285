"""`mailer schedule`: what leaves when, and what never would."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from mailer.errors import ConfigError
from tests.cli.conftest import Command, said

Make = Callable[..., Command]


def revise(mailer: Command, old: str, new: str) -> None:
    file = mailer.folder / "config" / "mailer.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_next_departures_by_both_clocks(workspace: Make) -> None:
    """Local time with its offset, UTC, and the edition that fits."""
    done = workspace()("schedule", "--json", "-p", "le-meridien", "--count", "4")
    rows = json.loads(done.stdout)["departures"]
    assert [(row["leaves"], row["utc"]) for row in rows] == [
        ("2026-03-14T07:00:00+01:00", "2026-03-14T06:00:00+00:00"),
        ("2026-03-21T07:00:00+01:00", "2026-03-21T06:00:00+00:00"),
        ("2026-03-28T07:00:00+01:00", "2026-03-28T06:00:00+00:00"),
        ("2026-04-04T07:00:00+02:00", "2026-04-04T05:00:00+00:00"),  # summer time
    ]
    assert [row["edition"] for row in rows] == ["le-meridien/118", None, None, None]


def test_publications_take_their_turn_on_one_screen(workspace: Make) -> None:
    """In the order in which they leave, within eighty columns, nothing cut."""
    done = workspace()("schedule", "--count", "2")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[0].split() == ["Leaves", "UTC", "Publication", "Edition"]
    assert lines[1].split() == (
        "Sat 14 Mar 07:00 CET Sat 14 Mar 06:00 le-meridien 118".split()
    )
    assert lines[2].split()[-2:] == ["le-meridien-bourse", "24"]
    assert lines[3].endswith("none yet")
    assert max(map(len, lines)) <= 80


def test_an_edition_that_would_never_leave_is_told(workspace: Make) -> None:
    """Dated a Friday where Saturdays leave, and a date that two editions bear."""
    mailer = workspace()
    begin = ("--publication", "le-meridien", "--date", "2026-03-20")
    assert mailer("new", "Un vendredi", *begin).exit_code == 0
    double = mailer.folder / "editions" / "le-meridien" / "2026-03-14-double"
    double.mkdir()
    head = "---\ntitle: Un double\ndate: 2026-03-14\nnumber: 120\n---\n"
    (double / "index.md").write_text(head, encoding="utf-8")
    shown = " ".join(mailer("schedule").stdout.split())
    assert "le-meridien/119 is dated 2026-03-20, which is no day" in shown
    assert "le-meridien/118, le-meridien/120 bear the same date, 2026-03-14" in shown


def test_an_exception_of_no_departure_names_its_key(workspace: Make) -> None:
    """The day of the slip is said; nothing is guessed."""
    mailer = workspace()
    line = 'schedule   = "sat 07:00"'
    revise(mailer, line, f'{line}\nexceptions = ["2026-03-13: none"]')
    fault = said(mailer("schedule"))
    assert isinstance(fault, ConfigError)
    assert "publications.le-meridien" in str(fault)
    assert "no departure on 2026-03-13, a fri" in str(fault)


@pytest.mark.parametrize(
    ("exception", "leaves"),
    [
        ("2026-03-14: none", "2026-03-21T07:00:00+01:00"),
        ("2026-03-14: 2026-03-16 08:00", "2026-03-16T08:00:00+01:00"),
    ],
)
def test_exceptions_are_kept(workspace: Make, exception: str, leaves: str) -> None:
    """A date without an edition, and one that moves."""
    mailer = workspace()
    line = 'schedule   = "sat 07:00"'
    revise(mailer, line, f'{line}\nexceptions = ["{exception}"]')
    done = mailer("schedule", "--json", "-p", "le-meridien", "--count", "1")
    assert json.loads(done.stdout)["departures"][0]["leaves"] == leaves
