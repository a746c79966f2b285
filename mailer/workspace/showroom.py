"""A theme's gallery as a newsroom, so that it is looked at as an edition is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from mailer.edition.model import Edition
from mailer.errors import NotFoundError
from mailer.phrases import did_you_mean, say
from mailer.rendering.checks.inspection import Limits, Surroundings
from mailer.rendering.model import Scene
from mailer.workspace.gallery import BUDGET_KB, NAMES, Gallery
from mailer.workspace.support import load_support


class Showroom:
    """The gallery in one theme; see ``Gallery`` for *templates* and *media*.

    What is compared with *clients* are the features it uses.
    """

    def __init__(
        self,
        theme: str,
        *,
        templates: Sequence[Path],
        media: Path,
        clients: tuple[str, ...] = (),
    ) -> None:
        self._gallery = Gallery(theme, templates=templates, media=media)
        self._support = load_support(templates[-1])
        self._clients = clients

    def edition(self, name: str, *, today: date) -> Edition:  # noqa: ARG002 - as a newsroom is asked
        """The edition called *name*; NotFoundError, ThemeError."""
        if name not in NAMES:
            message = say("the gallery has no {name}", name=name)
            raise NotFoundError(message, hint=did_you_mean(name, NAMES))
        return self._gallery.scene(name)[0]

    def scene(self, edition: Edition) -> Scene:
        """What *edition* is shown with."""
        return self._gallery.scene_of(edition)

    def surroundings(self, edition: Edition) -> Surroundings:  # noqa: ARG002 - nothing is compared
        """Only what a theme answers for: weight and features."""
        limits = Limits(clients=self._clients, warn_html_kb=BUDGET_KB)
        return Surroundings(limits=limits, support=self._support)
