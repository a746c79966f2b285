"""The messages of a run: compiled once per variant, written per reader."""

from __future__ import annotations

from mailer.delivery.message import Envelope
from mailer.delivery.reader import Addressing
from mailer.delivery.return_path import Enveloping
from mailer.flows.letters import templates_of
from mailer.flows.ports import Claim, Run
from mailer.flows.sending.desk import SendingDesk
from mailer.rendering.model import Frozen


class Letters:
    """Writes to the readers of *run* what was frozen for it."""

    def __init__(self, run: Run, frozen: Frozen, desk: SendingDesk) -> None:
        self.frozen = frozen
        self._templates = templates_of(
            frozen,
            date=run.started,
            public_url=desk.public_url,
            signers=desk.signers,
        )
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
        template = self._templates[claim.variant]
        reader = self._addressing[claim.variant].reader(
            subscriber=claim.subscriber, email=claim.email, name=claim.name
        )
        envelope = self._enveloping.envelope(
            subscriber=claim.subscriber, email=claim.email
        )
        return envelope, template.write(reader)
