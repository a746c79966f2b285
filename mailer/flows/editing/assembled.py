"""An edition as it was assembled, and what is asked of it before it may leave.

Nothing here renders: what sends an edition loads this, and not the typesetting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from mailer.edition.model import Edition
from mailer.errors import EditionError, Finding, GuardError, NotFoundError, Severity
from mailer.flows.approvals import Acceptance
from mailer.phrases import did_you_mean, say
from mailer.rendering.model import Frozen, Scene

if TYPE_CHECKING:
    from mailer.rendering.checks.rule import Rule

_AGE = "date-past"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """An edition, rendered in every variant, with all that was found about it."""

    edition: Edition
    scene: Scene
    frozen: Frozen
    findings: tuple[Finding, ...]
    accepted: tuple[Acceptance, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that block sending: errors that nobody has accepted."""
        return tuple(
            f
            for f in self.findings
            if f.severity is Severity.ERROR and not self.accepted_by(f)
        )

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is shown and stops nobody, accepted errors aside."""
        return tuple(f for f in self.findings if f.severity is Severity.WARNING)

    def accepted_by(self, finding: Finding) -> str:
        """Who accepted this finding's rule; empty if nobody did."""
        return next((a.by for a in self.accepted if a.rule == finding.rule), "")


AssembledT = TypeVar("AssembledT", bound=Assembled)


def accept(
    assembled: AssembledT, names: Sequence[str], *, by: str, rules: Mapping[str, Rule]
) -> AssembledT:
    """*assembled* with the findings of these rules accepted by *by*.

    NotFoundError if there is no such rule, GuardError if nobody may accept it: what it
    finds would break a promise to readers, or cannot be rendered at all.
    """
    for name in names:
        if name not in rules:
            message = say("no rule {name}", name=name)
            raise NotFoundError(message, hint=did_you_mean(name, rules))
        if not rules[name].acceptable:
            message = say("nobody can accept {name}", name=name)
            raise GuardError(message, hint=f"mailer check --explain {name}")
    there = dict.fromkeys(f.rule for f in assembled.findings if f.rule in names)
    accepted = tuple(Acceptance(rule, by) for rule in there)
    return replace(assembled, accepted=accepted)


def sent_before(assembled: AssembledT) -> AssembledT:
    """*assembled* of an edition that left once already: it may be as old as it is."""
    kept = tuple(f for f in assembled.findings if f.rule != _AGE)
    return replace(assembled, findings=kept)


def aimed_at(assembled: AssembledT, segment: str) -> AssembledT:
    """*assembled* for the readers of *segment* alone."""
    edition = replace(assembled.edition, segment=segment)
    frozen = replace(
        assembled.frozen, edition=replace(assembled.frozen.edition, segment=segment)
    )
    return replace(assembled, edition=edition, frozen=frozen)


def require_clean(assembled: Assembled) -> None:
    """Raise EditionError with every blocking finding, if there is one."""
    if assembled.errors:
        raise EditionError(assembled.errors)
