"""Checks of what was left unfinished; what cannot be read the parser says itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.finding import error
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.checks.metadata import _lines

_UNFINISHED = re.compile(r"\b(TODO|XXX|FIXME|(?i:lorem ipsum))\b")


def check_syntax(inspection: Inspection) -> Iterator[Finding]:
    """Findings about what the editor meant to come back to."""
    for words, at in _lines(inspection.edition):
        if found := _UNFINISHED.search(words):
            yield error(
                "placeholder-left", at, say("unfinished: {words}", words=found[0])
            )
