"""All checks in one call; which findings an edition does not want to hear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailer.errors import Finding, Severity
from mailer.rendering.checks.additions import check_additions
from mailer.rendering.checks.audience import check_audience
from mailer.rendering.checks.images import check_images
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.checks.links import check_links
from mailer.rendering.checks.metadata import check_metadata
from mailer.rendering.checks.output import check_output
from mailer.rendering.checks.poll import check_polls
from mailer.rendering.checks.shape import check_shape
from mailer.rendering.checks.spam import check_spam
from mailer.rendering.checks.sponsor import check_sponsors
from mailer.rendering.checks.syntax import check_syntax
from mailer.rendering.checks.text import check_text

_CHECKS = (
    check_metadata,
    check_syntax,
    check_text,
    check_links,
    check_images,
    check_audience,
    check_sponsors,
    check_polls,
    check_output,
    check_additions,
    check_spam,
    check_shape,
)


def check(inspection: Inspection) -> tuple[Finding, ...]:
    """Every finding about an edition, the parser's warnings too, in reading order.

    Warnings that the edition or the configuration ignores are left out; errors never.
    """
    found = (*inspection.edition.warnings, *_all(inspection))
    return in_order(found, inspection.ignored)


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


def _all(inspection: Inspection) -> Iterator[Finding]:
    for check_group in _CHECKS:
        yield from check_group(inspection)
