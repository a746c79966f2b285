"""From a name to a frozen edition with its findings: the one path to a rendering.

``check``, ``render``, ``send`` and proofs all start here, so that none of them can see
another edition than the others do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from mailer.edition.model import Edition
from mailer.errors import EditionError, Finding, Severity
from mailer.phrases import say
from mailer.rendering.checks.check import check
from mailer.rendering.checks.finding import error
from mailer.rendering.checks.inspection import Inspection, Surroundings
from mailer.rendering.model import Frozen, Scene
from mailer.rendering.render import freeze


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
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that block sending."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)


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
        frozen=frozen, today=today, surroundings=newsroom.surroundings(edition)
    )
    return Assembled(
        edition=edition, scene=scene, frozen=frozen, findings=check(inspection)
    )


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
