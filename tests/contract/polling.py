"""A poll, readers who were sent it, and the links that they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from mailer.audience.subscriber import Tier
from mailer.audience.token import Keyring, Purpose
from mailer.delivery.ledger import State
from mailer.edition.ballot import Ballot
from mailer.edition.model import Publication, Variant
from mailer.flows.readers.voting import Slip, VotingDesk, cast, look, results, slip_of
from mailer.rendering.model import Frozen
from tests.contract.house import NOW, PAPER, House, frozen_edition, settlement

A, B = "a@lecteurs.example", "b@lecteurs.example"
LAST = date(2026, 3, 18)
OVER = datetime(2026, 3, 18, 23, tzinfo=UTC)  # midnight in Paris
BRIDGE = Ballot(
    id="passerelle",
    question="Qui décide ?",
    choices=("Oui", "Non", "À deux"),
    until=LAST,
)
SECRET = replace(BRIDGE, anonymous=True)
KEYRING = Keyring([b"k" * 16])


def asking(
    *ballots: Ballot,
    number: int = 118,
    to: Sequence[Variant] = tuple(Variant),
    publication: Publication = PAPER,
) -> Frozen:
    """An edition whose *to* variants ask *ballots*."""
    frozen = frozen_edition(number, publication=publication)
    renderings = tuple(
        replace(each, polls=ballots if each.variant in to else ())
        for each in frozen.renderings
    )
    return replace(frozen, renderings=renderings)


class Polling:
    """Readers who were sent an edition, and the links that they hold."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.desk = VotingDesk(ballots=house.ballots, keyring=KEYRING)

    async def send(
        self,
        frozen: Frozen,
        *emails: str,
        tier: Tier = Tier.FREE,
        to: int | None = None,
    ) -> None:
        """Send *frozen* to *emails*; only the first *to* of them get it."""
        await self.house.admit(*emails, tier=tier, publication=frozen.publication.id)
        run = await self.house.ledger.open_run(frozen, now=NOW)
        for claim in (await self.house.claim(run))[:to]:
            await self.house.hand_over(claim, now=NOW)
            await self.house.settle(settlement(claim, State.ACCEPTED), now=NOW)

    async def number(self, email: str) -> int:
        person = await self.house.readers.find(email)
        assert person is not None
        return person.id

    async def slip(
        self, email: str = A, choice: str = "1", *, slug: str = "ports", **other: str
    ) -> Slip | None:
        number = str(await self.number(email))
        token = KEYRING.sign(Purpose.VOTE, PAPER.id, number)
        said = {"publication": PAPER.id, "token": token, "id_": "passerelle"} | other
        return await slip_of(self.desk, slug=slug, choice=choice, **said)

    async def vote(
        self,
        email: str = A,
        choice: int = 1,
        *,
        slug: str = "ports",
        now: datetime = NOW,
    ) -> bool:
        slip = await self.slip(email, str(choice), slug=slug)
        assert slip is not None
        return await cast(self.desk, slip, now)

    async def counts(self, slug: str = "ports", now: datetime = NOW) -> object:
        found = await results(self.house.ballots, PAPER.id, slug, "passerelle", now)
        return found and found.counts

    async def given(self, email: str = A, now: datetime = NOW) -> int | None:
        slip = await self.slip(email)
        assert slip is not None
        return (await look(self.desk, slip, now)).given
