"""An hour is written into the head of a file, and nothing else of it changes."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.workspace.planning import planned_text

NOON = datetime(2026, 3, 14, 12, 0)  # noqa: DTZ001 - local wall time
LINE = "send_at: 2026-03-14 12:00"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("---\ndate: 2026-03-14\n---\nx", f"---\ndate: 2026-03-14\n{LINE}\n---\nx"),
        ("---\r\ntitle: T\r\n---\r\n", f"---\r\ntitle: T\r\n{LINE}\r\n---\r\n"),
        ("\ufeff---\n---", f"\ufeff---\n{LINE}\n---"),
        (
            "---\nsend_at: 2026-03-14 07:00\ntitle: T\n...\n",
            f"---\n{LINE}\ntitle: T\n...\n",
        ),
    ],
)
def test_the_hour_stands_in_the_head(before: str, after: str) -> None:
    """After the date, in place of the old one, with the file's own line ends."""
    assert planned_text(before, NOON) == after


@pytest.mark.parametrize("text", ["", "title: T\n", "---\ntitle: T\n", "# News\n---\n"])
def test_without_a_head_there_is_nowhere_to_write(text: str) -> None:
    """A head that does not end is none."""
    assert planned_text(text, NOON) is None


@given(
    st.lists(
        st.sampled_from(["title: T", "date: 2026-03-14", "tags:", "  - x", "é: ü"])
    ),
    st.text(alphabet="ab-:\n é", max_size=40),
    st.sampled_from(["\n", "\r\n"]),
)
def test_planned_and_cleared_is_as_it_was(keys: list[str], body: str, end: str) -> None:
    """Every other byte stays."""
    text = end.join(["---", *keys, "---", body])
    planned = planned_text(text, NOON)
    assert planned is not None
    assert planned.count(LINE) == 1
    assert planned_text(planned, None) == text
