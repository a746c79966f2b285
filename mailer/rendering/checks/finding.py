"""How checks say what they found: at a place, under a rule, with a way out."""

from __future__ import annotations

from collections.abc import Iterable

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


def in_order(
    findings: Iterable[Finding], ignored: Iterable[str]
) -> tuple[Finding, ...]:
    """*findings* as an editor reads them, without the warnings that are *ignored*."""
    unheard = frozenset(ignored)
    kept = (
        f for f in findings if f.severity is Severity.ERROR or f.rule not in unheard
    )
    return tuple(
        sorted(dict.fromkeys(kept), key=lambda f: (f.file, f.line, f.column, f.rule))
    )


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
