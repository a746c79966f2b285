"""What filters hold against a mail, from a short list of our own."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.edition.finding import warning
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.checks.passages import Kind

_INBOX = frozenset({"subject", "preheader"})


def check_spam(inspection: Inspection) -> Iterator[Finding]:
    """Findings about phrases; each phrase once for a file."""
    has_subject = bool(inspection.edition.subject)
    for phrase in inspection.lexicon.spam:
        if phrase.lang not in {"", inspection.lang}:
            continue
        for passage in inspection.passages:
            key = passage.key if passage.kind is Kind.HEAD else "text"
            if key == "title" and not has_subject:
                key = "subject"
            if phrase.where == "subject" and key not in _INBOX:
                continue
            if found := phrase.pattern.search(passage.text):
                at, column = passage.at(found.start())
                message = say(
                    "filters hold this against a mail: {what} (“{words}”)",
                    what=phrase.said,
                    words=found[0].strip()[:40],
                )
                yield warning("spam-rule", at, message, column=column)
                break
