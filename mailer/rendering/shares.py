"""Bars from a table: how large each row's number is beside the greatest."""

from __future__ import annotations

import re

from mailer.edition.blocks import Custom, plain
from mailer.edition.finding import error
from mailer.errors import EditionError
from mailer.phrases import Phrase, say

_NUMBER = re.compile(r"[-−]?\d[\d\s.,'’]*")
_MOST = 100


def shares(block: Custom, lang: str) -> list[int]:
    """Per row of the table of *block*, its last cell's number in percent of the greatest.

    EditionError at the block's line where there is no table, or no number in a row.
    """
    if block.table is None:
        message = say("{name} is drawn from a table, and holds none", name=block.name)
        hint = say("| what | how much | with a line for each bar")
        raise refusal(block, message, hint)
    numbers = []
    for row in block.table.rows:
        words = plain(row[-1].main)
        number = _number(words, lang)
        if number is None:
            message = say(
                "{name}: there is no number in “{words}”", name=block.name, words=words
            )
            raise refusal(block, message, say("the last column holds the numbers"))
        numbers.append(number)
    greatest = max(numbers, default=0)
    if greatest <= 0:
        return [0] * len(numbers)
    return [round(_MOST * max(0.0, number) / greatest) for number in numbers]


def refusal(block: Custom, message: Phrase, hint: str = "") -> EditionError:
    """What a theme's block says when it cannot be drawn, at the line it stands in."""
    return EditionError((error("block-refused", block.at, message, hint),))


def _number(words: str, lang: str) -> float | None:
    """``6 200,50 €`` is 6200.5 in French, ``$6,200.50`` in English."""
    found = _NUMBER.search(words)
    if found is None:
        return None
    digits = re.sub(r"[\s'’]", "", found[0]).replace("−", "-")
    point, thousands = (",", ".") if lang == "fr" else (".", ",")
    if lang == "fr" and point not in digits and digits.count(".") == 1:
        point, thousands = ".", ","  # typed as calculators do
    digits = digits.replace(thousands, "").replace(point, ".").rstrip(".")
    try:
        return float(digits)
    except ValueError:
        return None
