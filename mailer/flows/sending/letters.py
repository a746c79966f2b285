"""The messages of an edition: compiled once per variant, written per reader.

For a run, and for whoever wants to see the very bytes somebody gets. Those of plain
text, and those for readers who agreed to be measured, are compiled when the first of
them comes. Everybody else's message is the same byte for byte, whether or not anything
is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from mailer.audience.token import Purpose
from mailer.delivery.dkim import Template
from mailer.delivery.message import Envelope
from mailer.delivery.reader import Addressing
from mailer.delivery.return_path import Enveloping
from mailer.delivery.trail import Trail
from mailer.edition.model import Variant
from mailer.flows.ports import Claim
from mailer.flows.sending.desk import Stationery
from mailer.flows.sending.templates import templates_of
from mailer.rendering.model import Frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Whom a message outside any run is for, and how; in a run a claim says it."""

    subscriber: int
    email: str
    name: str
    variant: Variant
    text_only: bool = False
    measured: bool = False


class Letters:
    """Writes what was frozen to its readers, all dated *date*; *prefix* marks a proof.

    *run* is where their envelopes lead back to.
    """

    def __init__(
        self,
        frozen: Frozen,
        stationery: Stationery,
        *,
        date: datetime,
        run: int = 0,
        prefix: str = "",
    ) -> None:
        self.frozen = frozen
        self._date, self._prefix, self._with = date, prefix, stationery
        measures = stationery.measures_clicks or stationery.measures_opens
        self._measures = measures and bool(stationery.public_url)
        self._templates = self._compiled(frozen)
        self._addressing = {
            variant: Addressing(
                publication=frozen.publication,
                edition=frozen.edition,
                variant=variant,
                keyring=stationery.keyring,
            )
            for variant in self._templates
        }
        self._enveloping = Enveloping(
            frozen.publication.return_path,
            run=run,
            bounces=stationery.bounces,
            keyring=stationery.keyring,
        )

    def write(self, to: Claim | Addressee) -> tuple[Envelope, bytes]:
        """What *to* gets; InputError if nothing can be addressed."""
        templates = self._plain if to.text_only else self._templates
        is_measured = to.measured and self._measures and not to.text_only
        reader = self._addressing[to.variant].reader(
            subscriber=to.subscriber, email=to.email, name=to.name
        )
        if is_measured:
            templates = self._measured
            reader.measure_token = self._with.keyring.sign(
                Purpose.MEASURE, self.frozen.publication.id, str(to.subscriber)
            )
        envelope = self._enveloping.envelope(subscriber=to.subscriber, email=to.email)
        return envelope, templates[to.variant].write(reader)

    @cached_property
    def _plain(self) -> dict[Variant, Template]:
        return self._compiled(self.frozen.as_text())

    @cached_property
    def _measured(self) -> dict[Variant, Template]:
        trail = Trail(
            base=(self._with.public_url or "").rstrip("/"),
            publication=self.frozen.publication.id,
            edition=self.frozen.edition.name,
            keyring=self._with.keyring,
            clicks=self._with.measures_clicks,
            opens=self._with.measures_opens,
        )
        return self._compiled(self.frozen, trail)

    def _compiled(
        self, frozen: Frozen, trail: Trail | None = None
    ) -> dict[Variant, Template]:
        return templates_of(
            frozen,
            date=self._date,
            public_url=self._with.public_url,
            signers=self._with.signers,
            prefix=self._prefix,
            trail=trail,
        )
