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
)
from mailer.flows.editing.assembled import Assembled
from mailer.phrases import say
from mailer.rendering.checks.check import check, in_order
from mailer.rendering.checks.inspection import Inspection, Surroundings
from mailer.rendering.checks.online import Answer, addresses_of, judge_links
from mailer.rendering.model import Scene
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
class Inspected(Assembled):
    """With what its checks were handed, for those that are asked later."""

    inspection: Inspection


def assemble(
    name: str, newsroom: Newsroom, *, today: date, before: Inspected | None = None
) -> Inspected:
    """Read, render and check the edition called *name*.

    EditionError if it cannot be read or rendered; findings of the checks do not raise,
    see ``require_clean``. What was made of the same *before* is not rendered again.
    """
    edition, scene = read(name, newsroom, today=today)
    if before and (before.edition, before.scene) == (edition, scene):
        frozen = before.frozen
    else:
        frozen = freeze(edition, scene)
    inspection = Inspection(
        frozen=frozen,
        today=today,
        surroundings=newsroom.surroundings(edition),
        theme=scene.theme,
    )
    return Inspected(
        edition=edition,
        scene=scene,
        frozen=frozen,
        inspection=inspection,
        findings=check(inspection),
    )


def read(name: str, newsroom: Newsroom, *, today: date) -> tuple[Edition, Scene]:
    """The edition called *name*, and all it takes to render it; EditionError."""
    edition = newsroom.edition(name, today=today)
    scene = newsroom.scene(edition)
    return replace(edition, sender=_mailbox(edition, scene)), scene


class Prober(Protocol):
    """Whoever asks the network about addresses."""

    async def ask(self, addresses: Sequence[str]) -> Mapping[str, Answer]:
        """An answer for every address; never an error."""


async def probed(assembled: Inspected, prober: Prober) -> Inspected:
    """*assembled* with what *prober* finds out about its links."""
    inspection = assembled.inspection
    answers = await prober.ask(addresses_of(assembled.edition))
    found = (*assembled.findings, *judge_links(inspection, answers))
    return replace(assembled, findings=in_order(found, inspection.ignored))


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
