"""What parser and checks say of an edition: at a place, under a rule, with a way out."""

from __future__ import annotations

from mailer.edition.blocks import Source
from mailer.errors import Finding, Fix, Severity
from mailer.phrases import Phrase


def error(
    rule: str, at: Source, message: Phrase, hint: str = "", *, column: int = 0
) -> Finding:
    """Something that blocks sending."""
    return _finding(Severity.ERROR, rule, at, message, hint, column, None)


def warning(
    rule: str,
    at: Source,
    message: Phrase,
    hint: str = "",
    *,
    column: int = 0,
    fix: Fix | None = None,
) -> Finding:
    """Something to look at; *fix* mends it where a program can."""
    return _finding(Severity.WARNING, rule, at, message, hint, column, fix)


def _finding(
    severity: Severity,
    rule: str,
    at: Source,
    message: Phrase,
    hint: str,
    column: int,
    fix: Fix | None,
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        message=message,
        file=at.file,
        line=at.line,
        column=column or at.column,
        hint=hint,
        fix=fix,
    )
