"""From a name to a frozen edition with its findings: the one path to a rendering.

``check``, ``render``, ``send`` and proofs all start here, so that none of them can see
another edition than the others do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from mailer.edition.finding import error
from mailer.edition.model import Edition
from mailer.errors import (
    EditionError,
    Finding,
    GuardError,
    NotFoundError,
    Severity,
)
from mailer.flows.approvals import Acceptance
from mailer.phrases import did_you_mean, say
from mailer.rendering.checks.check import check, in_order
from mailer.rendering.checks.inspection import Inspection, Surroundings
from mailer.rendering.checks.online import Answer, addresses_of, judge_links
from mailer.rendering.checks.rule import Rule
from mailer.rendering.model import Frozen, Scene
from mailer.rendering.render import freeze

_AGE = "date-past"


class Newsroom(Protocol):
    """The workspace as this flow needs it."""

    def edition(self, name: str, *, today: date) -> Edition:
        """The edition called *name*; NotFoundError or EditionError."""

    def scene(self, edition: Edition) -> Scene:
        """Theme, pictures, authors and sentences for *edition*."""

    def surroundings(self, edition: Edition) -> Surroundings:
        """What *edition* is compared with by the checks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """An edition, rendered in every variant, with all that was found about it."""

    edition: Edition
    scene: Scene
    frozen: Frozen
    inspection: Inspection
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


def assemble(name: str, newsroom: Newsroom, *, today: date) -> Assembled:
    """Read, render and check the edition called *name*.

    EditionError if it cannot be read or rendered; findings of the checks do not raise,
    see ``require_clean``.
    """
    edition = newsroom.edition(name, today=today)
    scene = newsroom.scene(edition)
    edition = replace(edition, sender=_mailbox(edition, scene))
    frozen = freeze(edition, scene)
    inspection = Inspection(
        frozen=frozen,
        today=today,
        surroundings=newsroom.surroundings(edition),
        theme=scene.theme,
    )
    return Assembled(
        edition=edition,
        scene=scene,
        frozen=frozen,
        inspection=inspection,
        findings=check(inspection),
    )


class Prober(Protocol):
    """Whoever asks the network about addresses."""

    async def ask(self, addresses: Sequence[str]) -> Mapping[str, Answer]:
        """An answer for every address; never an error."""


async def probed(assembled: Assembled, prober: Prober) -> Assembled:
    """*assembled* with what *prober* finds out about its links."""
    inspection = assembled.inspection
    answers = await prober.ask(addresses_of(assembled.edition))
    found = (*assembled.findings, *judge_links(inspection, answers))
    return replace(assembled, findings=in_order(found, inspection.ignored))


def accept(
    assembled: Assembled, names: Sequence[str], *, by: str, rules: Mapping[str, Rule]
) -> Assembled:
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


def sent_before(assembled: Assembled) -> Assembled:
    """*assembled* of an edition that left once already: it may be as old as it is."""
    kept = tuple(f for f in assembled.findings if f.rule != _AGE)
    return replace(assembled, findings=kept)


def require_clean(assembled: Assembled) -> None:
    """Raise EditionError with every blocking finding, if there is one."""
    if assembled.errors:
        raise EditionError(assembled.errors)


def _mailbox(edition: Edition, scene: Scene) -> str:
    """The edition's own From, an author's key resolved to name and address."""
    author = scene.authors.get(edition.sender)
    if author is None:
        return edition.sender
    if not author.email:
        message = say("{name} has no address to send from", name=author.name)
        hint = say("give [{key}] an email in authors.toml", key=author.key)
        finding = error("from-mailbox", edition.at, message, hint)
        raise EditionError((finding,))
    return f"{author.name} <{author.email}>"
