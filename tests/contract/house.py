"""A publication, an edition, some readers: what the contract suites play with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from mailer.audience.roster import Row
from mailer.audience.subscriber import Reason, Suppression, Tier
from mailer.delivery.ledger import State
from mailer.delivery.reply import Attempt, Fault, Outcome, Reply, Stage, Verdict
from mailer.edition.blocks import Source
from mailer.edition.model import Edition, Publication, Variant
from mailer.flows.ports import Admission, Claim, Run, Settlement
from mailer.phrases import say
from mailer.rendering.model import FeedEntry, Frozen, Picture, Rendering
from mailer.store.engine import Store
from mailer.store.figures import SqlFigures
from mailer.store.ledger.approvals import SqlApprovals
from mailer.store.ledger.control import SqlControl
from mailer.store.ledger.deliveries import SqlLedger
from mailer.store.ledger.notices import SqlNotices
from mailer.store.ledger.pace import SqlPaceKeeper
from mailer.store.ledger.proposals import SqlProposals
from mailer.store.ledger.relays import SqlRelayBook
from mailer.store.people.archive import SqlArchive
from mailer.store.people.census import SqlSegments
from mailer.store.people.faces import SqlFaces
from mailer.store.people.membership import SqlMemberships
from mailer.store.people.patrons import SqlPatrons
from mailer.store.people.readers import SqlReaders
from mailer.store.people.voting import SqlBallots

NOW = datetime(2026, 3, 14, 6, 0, 0, 123456, tzinfo=UTC)
LEASE = timedelta(minutes=5)
MAILS = (Variant.FREE, Variant.MEMBER)

PAPER = Publication(
    id="le-meridien",
    name="Le Méridien",
    sender="Le Méridien <lettre@meridien.example>",
    list_id="le-meridien.meridien.example",
    audiences=MAILS,
)
PICTURE = Picture(
    name="port.jpg",
    src="cid:port",
    content=b"\xff\xd8\x00port",
    media_type="image/jpeg",
    width=1200,
    height=800,
    shown_width=600,
)


ENTRY = FeedEntry(
    title="Les ports, l’été",
    summary="Deux ports",
    published=date(2026, 3, 14),
    authors=("Claire Aubry",),
    tags=("ports",),
    permalink="https://lettres.example.org/archive/p/ports",
)


def frozen_edition(
    number: int | None = 118,
    *,
    variants: Sequence[Variant] = tuple(Variant),
    publication: Publication = PAPER,
    slug: str | None = None,
) -> Frozen:
    """An edition of *publication*, rendered for *variants*.

    Each number has a slug of its own: two that were sent never share one.
    """
    slug = slug or ("ports" if number in {None, 118} else f"ports-{number}")
    edition = Edition(
        at=Source("index.md", 1),
        publication=publication.id,
        folder=f"2026-03-14-{slug}",
        slug=slug,
        title="Les ports, l’été",
        date=date(2026, 3, 14),
        number=number,
        tokens={"ink": ("#111111", "#eeeeee")},
        send_at=datetime(2026, 3, 14, 7, 0),  # noqa: DTZ001 - local wall time
    )
    renderings = tuple(
        Rendering(
            variant=variant,
            lang="fr",
            subject="Les ports",
            preheader="Deux ports",
            html=f"<p>{variant} {{{{ name }}}}</p>",
            text=f"{variant}\n" if variant.is_mail else "",
            pictures=(PICTURE,),
            entry=ENTRY if variant is Variant.FEED else None,
        )
        for variant in variants
    )
    return Frozen(edition=edition, publication=publication, renderings=renderings)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Readers and ledger of one database, with the words that tests use."""

    url: str
    store: Store
    readers: SqlReaders
    faces: SqlFaces
    ledger: SqlLedger
    proposals: SqlProposals
    control: SqlControl
    pace: SqlPaceKeeper
    approvals: SqlApprovals
    notices: SqlNotices
    relay_book: SqlRelayBook
    figures: SqlFigures
    memberships: SqlMemberships
    archive: SqlArchive
    ballots: SqlBallots
    patrons: SqlPatrons
    segments: SqlSegments

    @classmethod
    async def open(cls, url: str) -> House:
        store = await Store.open(url)
        return cls(
            url=url,
            store=store,
            readers=SqlReaders(store),
            faces=SqlFaces(store),
            ledger=SqlLedger(store),
            proposals=SqlProposals(store),
            control=SqlControl(store),
            pace=SqlPaceKeeper(store),
            approvals=SqlApprovals(store),
            notices=SqlNotices(store),
            relay_book=SqlRelayBook(store),
            figures=SqlFigures(store),
            memberships=SqlMemberships(store),
            archive=SqlArchive(store),
            ballots=SqlBallots(store),
            patrons=SqlPatrons(store),
            segments=SqlSegments(store),
        )

    async def admit(
        self, *emails: str, tier: Tier = Tier.FREE, publication: str = PAPER.id
    ) -> list[Admission]:
        rows = [
            Row(line=n, email=email, name=email.partition("@")[0].title(), tier=tier)
            for n, email in enumerate(emails, 2)
        ]
        return await self.admit_rows(rows, publication=publication)

    async def admit_rows(
        self,
        rows: Iterable[Row],
        *,
        publication: str = PAPER.id,
        source: str = "Salon 2026",
        now: datetime = NOW,
        **how: bool,
    ) -> list[Admission]:
        """What became of each of *rows*."""
        heard: list[Admission] = []
        await self.readers.admit(
            rows,
            publication=publication,
            source=source,
            now=now,
            told=lambda _, admission: heard.append(admission),
            **how,
        )
        return heard

    async def leave(self, email: str) -> int:
        return await self.readers.leave(email, publication=PAPER.id, now=NOW)

    async def suppress(self, email: str) -> bool:
        entry = Suppression(email=email, reason=Reason.BOUNCED, at=NOW, note="5.1.1")
        return await self.readers.suppress(entry)

    async def open_run(self, *emails: str, number: int = 118) -> Run:
        """A run to *emails*, who are admitted first."""
        await self.admit(*emails)
        return await self.ledger.open_run(frozen_edition(number), now=NOW)

    async def claim(
        self, run: Run, *, limit: int = 100, now: datetime = NOW
    ) -> list[Claim]:
        return await self.ledger.claim(
            run, worker="a", limit=limit, now=now, lease=LEASE
        )

    async def one_claim(self, run: Run) -> Claim:
        (claim,) = await self.claim(run, limit=1)
        return claim

    async def hand_over(self, claim: Claim, *, now: datetime) -> bool:
        """Mark one claim, as a group of one."""
        run = await self._run_of(claim)
        committed = await self.ledger.commit(run, marks=[claim], now=now)
        (held,) = committed.held
        return held

    async def settle(self, written: Settlement, *, now: datetime) -> None:
        """Write one outcome, as a group of one."""
        run = await self._run_of(written.claim)
        await self.ledger.commit(run, settlements=[written], now=now)

    async def _run_of(self, claim: Claim) -> Run:
        runs = await self.ledger.runs()
        return next(run for run in runs if run.id == claim.run)

    async def states(self, run: Run) -> dict[str, State]:
        """Every delivery's state by address; the tally is balanced on the way."""
        tally = await self.ledger.tally(run)
        entries = await self.ledger.entries(run)
        assert tally.balanced
        assert tally.audience == len(entries)
        return {entry.email: entry.state for entry in entries}


def settlement(
    claim: Claim,
    state: State,
    *,
    next_attempt: datetime | None = None,
    fault: Fault = Fault.RECIPIENT,
) -> Settlement:
    """What one attempt left: *state*, with evidence to match."""
    outcome = {
        State.ACCEPTED: Outcome.ACCEPTED,
        State.REFUSED: Outcome.REFUSED,
        State.IN_DOUBT: Outcome.IN_DOUBT,
    }.get(state, Outcome.DEFERRED)
    reply = None if state is State.IN_DOUBT else Reply(450, "later", "4.2.0")
    return Settlement(
        claim=claim,
        state=state,
        attempt=Attempt(relay="principal", stage=Stage.DOT, reply=reply),
        verdict=Verdict(
            outcome=outcome, fault=fault, reason=say("because {state}", state=state)
        ),
        next_attempt=next_attempt,
    )
