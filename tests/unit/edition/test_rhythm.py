"""A schedule in the words of a page."""

from __future__ import annotations

import pytest

from mailer.edition.rhythm import rhythm


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("", ""),
        ("sat 07:00", "Every Saturday"),
        ("mon,thu 07:30", "Every Monday and Thursday"),
        ("mon,wed,fri 07:30", "Every Monday, Wednesday and Friday"),
        ("mon-fri 06:30", "From Monday to Friday"),
        ("mon-sun 06:30", "Every day"),
        ("first sat 09:00", "The first Saturday of the month"),
        ("last sun 09:00", "The last Sunday of the month"),
        ("fortnightly sat 07:00 from 2026-03-14", "Every other Saturday"),
        ("first sat 09:00, mon 07:00", ""),
    ],
)
def test_few_words_say_how_often(schedule: str, words: str) -> None:
    """Nothing is said where few words cannot say it."""
    assert rhythm(schedule) == words
