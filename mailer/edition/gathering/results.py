"""What readers answered to a poll, as a section of the next edition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailer.edition.ballot import shares_of
from mailer.edition.drafts.skeleton import Pen
from mailer.edition.gathering.piece import Piece
from mailer.language import percent
from mailer.phrases import say, say_many

_HEAD = (say("Answer"), say("Share"))


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer, as Markdown on one line, and how many gave it."""

    words: str
    votes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PollResult:
    """A poll that is over: its id, its question as Markdown, its choices in order."""

    poll: str
    question: str
    choices: Sequence[Choice]

    @property
    def votes(self) -> int:
        """How many answered."""
        return sum(choice.votes for choice in self.choices)


def result_piece(result: PollResult, pen: Pen) -> Piece | None:
    """*result* as a chart, the most frequent answer first; None if nobody answered."""
    if not result.votes:
        return None
    lang = pen.sentences.lang
    answer, share = map(pen.sentences.translate, _HEAD)
    shares = shares_of([choice.votes for choice in result.choices])
    both = zip(result.choices, shares, strict=True)
    ranked = sorted(both, key=lambda pair: -pair[0].votes)
    rows = [
        f"| {_cell(choice.words)} | {percent(share, lang)} |"
        for choice, share in ranked
    ]
    answers = say_many("{count} answer", "{count} answers", result.votes)
    lines = [
        "::: chart",
        f"## {result.question}",
        "",
        f"| {answer} | {share} |",
        "|:--|--:|",
        *rows,
        ":::",
        "",
        f"*{pen.sentences.translate(answers)}.*",
    ]
    return Piece(
        name=result.poll, text="\n".join(lines), keys=frozenset({f"poll:{result.poll}"})
    )


def _cell(words: str) -> str:
    return words.replace("|", r"\|")
