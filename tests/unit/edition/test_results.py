"""The answers to a poll, as a section: the whole, in order, or nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.blocks import Custom, plain
from mailer.edition.drafts.skeleton import Pen
from mailer.edition.feature import Feature, Form, Supply
from mailer.edition.gathering.results import Choice, PollResult, result_piece
from mailer.edition.gathering.writing import feature_text
from mailer.edition.reading.parse import parse_edition
from mailer.language import ENGLISH
from tests.fakes import specimen

FEATURE = Feature(
    name="sondage", supply=Supply.POLL, title="Vous avez répondu", form=Form.PROSE
)
CHOICES = (
    "💬 réponds poliment",
    "🔕 coupes les notifications",
    "🧀 manges | les preuves",
)


def result(*votes: int) -> PollResult:
    choices = [Choice(words, n) for words, n in zip(CHOICES, votes, strict=False)]
    return PollResult(
        poll="frigo-bavard", question="Ton frigo t’écrit. Toi, tu…", choices=choices
    )


def test_nobodys_answer_is_no_result() -> None:
    """A section that says nothing is left out."""
    assert result_piece(result(0, 0, 0), Pen(ENGLISH)) is None


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=3).filter(any))
def test_a_result_is_a_chart_of_every_choice(votes: list[int]) -> None:
    """The most frequent first, each with its share, and how many answered in all."""
    piece = result_piece(result(*votes), Pen(ENGLISH))
    assert piece is not None
    text = feature_text(FEATURE, [piece], Pen(ENGLISH))
    (section,) = parse_edition(
        "---\ntitle: A\ndate: 2026-03-14\n---\n\n" + text,
        file="a.md",
        folder="a",
        publication=specimen.publication(),
        theme_blocks={"chart": {"mjml", "html", "txt"}},
    ).sections
    chart, *_ = section.blocks
    assert isinstance(chart, Custom)
    assert plain(chart.title) == "Ton frigo t’écrit. Toi, tu…"
    assert chart.table is not None
    rows = [(plain(row[0].main), plain(row[1].main)) for row in chart.table.rows]
    ranked = sorted(zip(votes, CHOICES, strict=False), key=lambda pair: -pair[0])
    assert [words for words, _ in rows] == [words for _, words in ranked]
    shares = [int(share.rstrip("%")) for _, share in rows]
    assert shares == sorted(shares, reverse=True)
    assert abs(sum(shares) - 100) <= len(votes)
