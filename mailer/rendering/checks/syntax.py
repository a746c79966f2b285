"""Checks of what was left unfinished; what cannot be read the parser says itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailer.edition.blocks import Source
from mailer.edition.finding import error
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.inspection import Inspection

_UNFINISHED = re.compile(r"\b(?:TODO|XXX|FIXME|(?i:lorem ipsum|lorem))\b|\{\{|\}\}")
_DUMMY = re.compile(r"(?i)(?<![\w-])(?:[\w-]+\.)*example\.(?:com|net|org)\b")
_FENCE = re.compile(r" {0,3}:{3}")
_IN_FENCE = re.compile(r"(?i)(?<![\w-])(?:todo|xxx|fixme)(?![\w-])")
_CODE = re.compile(r"`[^`]*`")


def check_syntax(inspection: Inspection) -> Iterator[Finding]:
    """Findings about what the editor meant to come back to."""
    for passage in inspection.passages:
        for match in _UNFINISHED.finditer(passage.text):
            at, column = passage.at(match.start())
            message = say("unfinished: {words}", words=match[0])
            yield error("placeholder-left", at, message, column=column)
    for file, text in inspection.edition.sources.items():
        for number, line in enumerate(text.split("\n"), 1):
            bare = _CODE.sub(lambda code: " " * len(code[0]), line)
            found = [*_DUMMY.finditer(bare)]
            if _FENCE.match(line):  # an advertiser's name, a poll's id are no passages
                found += _IN_FENCE.finditer(line)
            for match in found:
                message = say("unfinished: {words}", words=match[0])
                at = Source(file, number)
                yield error("placeholder-left", at, message, column=match.start() + 1)
