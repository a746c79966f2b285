"""What a check is handed: an edition, its renderings, and what it is compared with."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from mailer.edition.blocks import Source
from mailer.edition.model import Edition, Publication
from mailer.rendering.model import Frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``[checks]`` of the configuration: how much is too much, and for whom."""

    clients: tuple[str, ...] = ()
    warn_html_kb: int = 85
    max_html_kb: int = 102
    ignore: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an edition is compared with, read by somebody who may touch disks."""

    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Everything that a check may look at; ``today`` is the site's local date."""

    frozen: Frozen
    today: dt.date
    surroundings: Surroundings = field(default_factory=Surroundings)

    @property
    def edition(self) -> Edition:
        """The edition as written, before any cut."""
        return self.frozen.edition

    @property
    def publication(self) -> Publication:
        """Whose edition it is."""
        return self.frozen.publication

    @property
    def limits(self) -> Limits:
        """How much is too much."""
        return self.surroundings.limits

    @property
    def at(self) -> Source:
        """The edition as a whole."""
        return Source(self.edition.at.file, 0)
