"""The messages of a run: compiled once per variant, written per reader.

Those of plain text, and those for readers who agreed to be measured, are compiled when
the first of them comes. Everybody else's message is the same byte for byte, whether or
not anything is measured.
"""

from __future__ import annotations

from functools import cached_property

from mailer.audience.token import Purpose
from mailer.delivery.dkim import Template
from mailer.delivery.message import Envelope
from mailer.delivery.reader import Addressing
from mailer.delivery.return_path import Enveloping
from mailer.delivery.trail import Trail
from mailer.edition.model import Variant
from mailer.flows.ports import Claim, Run
from mailer.flows.sending.desk import SendingDesk
from mailer.flows.sending.templates import templates_of
from mailer.rendering.model import Frozen


class Letters:
    """Writes to the readers of *run* what was frozen for it."""

    def __init__(self, run: Run, frozen: Frozen, desk: SendingDesk) -> None:
        self.frozen = frozen
        self._run, self._desk = run, desk
        measures = desk.measures_clicks or desk.measures_opens
        self._measures = measures and bool(desk.public_url)
        self._templates = self._compiled(frozen)
        self._addressing = {
            variant: Addressing(
                publication=frozen.publication,
                edition=frozen.edition,
                variant=variant,
                keyring=desk.keyring,
            )
            for variant in self._templates
        }
        self._enveloping = Enveloping(
            frozen.publication.return_path,
            run=run.id,
            bounces=desk.bounces,
            keyring=desk.keyring,
        )

    def write(self, claim: Claim) -> tuple[Envelope, bytes]:
        """What the reader of *claim* gets; InputError if nothing can be addressed."""
        templates = self._plain if claim.text_only else self._templates
        is_measured = claim.measured and self._measures and not claim.text_only
        reader = self._addressing[claim.variant].reader(
            subscriber=claim.subscriber, email=claim.email, name=claim.name
        )
        if is_measured:
            templates = self._measured
            reader.measure_token = self._desk.keyring.sign(
                Purpose.MEASURE, self.frozen.publication.id, str(claim.subscriber)
            )
        envelope = self._enveloping.envelope(
            subscriber=claim.subscriber, email=claim.email
        )
        return envelope, templates[claim.variant].write(reader)

    @cached_property
    def _plain(self) -> dict[Variant, Template]:
        return self._compiled(self.frozen.as_text())

    @cached_property
    def _measured(self) -> dict[Variant, Template]:
        trail = Trail(
            base=(self._desk.public_url or "").rstrip("/"),
            publication=self.frozen.publication.id,
            edition=self.frozen.edition.name,
            keyring=self._desk.keyring,
            clicks=self._desk.measures_clicks,
            opens=self._desk.measures_opens,
        )
        return self._compiled(self.frozen, trail)

    def _compiled(
        self, frozen: Frozen, trail: Trail | None = None
    ) -> dict[Variant, Template]:
        return templates_of(
            frozen,
            date=self._run.started,
            public_url=self._desk.public_url,
            signers=self._desk.signers,
            trail=trail,
        )
