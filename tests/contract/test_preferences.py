"""The Preferences port: what readers choose is kept, logged, and obeyed by the next run."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailer.audience.subscriber import Action, Rhythm, Standing, Subscriber, Tier
from mailer.delivery.ledger import State
from mailer.edition.model import Variant
from mailer.flows.ports import Plan
from mailer.flows.readers.choosing import Choices, Chosen, Taking
from mailer.store.people.preferences import SqlPreferences
from tests.contract.house import NOW, PAPER, House, frozen_edition, settlement

A, B, C = "a@x.example", "b@x.example", "c@x.example"
LATER = NOW + timedelta(days=1)
TODAY = NOW.astimezone(ZoneInfo(PAPER.timezone)).date()


async def person(house: House, email: str) -> Subscriber:
    found = await house.readers.find(email)
    assert found is not None
    return found


async def choose(house: House, email: str, choices: Choices) -> Chosen | None:
    return await SqlPreferences(house.store).choose(
        (await person(house, email)).id, choices, publication=PAPER.id, now=LATER
    )


async def plan(house: House, number: int = 118, now: datetime = NOW) -> Plan:
    return await house.ledger.plan(frozen_edition(number), now=now)


async def test_what_is_chosen_is_kept(house: House) -> None:
    """Everything at once; said again, nothing changes and nothing is logged."""
    await house.admit(A)
    choices = Choices(
        takes={PAPER.id: Taking(rhythm=Rhythm.MONTHLY, paused_until=date(2026, 5, 1))},
        lang="en",
        text_only=True,
        tracking=False,
        tracking_wording="May we count?",
    )
    assert await choose(house, A, choices) == Chosen(changed=True)
    assert await choose(house, A, choices) == Chosen()
    a = await person(house, A)
    assert (a.lang, a.text_only, a.tracking) == ("en", True, False)
    (taken,) = a.subscriptions
    assert (taken.rhythm, taken.paused_until) == (Rhythm.MONTHLY, date(2026, 5, 1))
    assert [(c.action, c.wording) for c in a.consents[1:]] == [
        (Action.TRACKING_REFUSED, "May we count?")
    ]


async def test_what_is_not_named_stays(house: House) -> None:
    """Somebody who was never asked about measurement still was not."""
    await house.admit(A)
    assert await choose(house, A, Choices(lang="fr")) == Chosen(changed=True)
    a = await person(house, A)
    assert (a.text_only, a.tracking) == (False, None)
    assert a.subscriptions[0].standing is Standing.ACTIVE


async def test_joining_is_a_consent_with_its_wording(house: House) -> None:
    """Another publication of the house is active at once; leaving it is logged too."""
    await house.admit(A)
    joining = Choices(takes={"le-bruit": Taking(wording="Le Bruit, every Monday")})
    assert await choose(house, A, joining) == Chosen(joined=("le-bruit",), changed=True)
    leaving = Choices(takes={"le-bruit": None, PAPER.id: None})
    chosen = await choose(house, A, leaving)
    assert chosen is not None
    assert set(chosen.left) == {"le-bruit", PAPER.id}
    again = await choose(house, A, joining)
    assert again == Chosen(joined=("le-bruit",), changed=True)
    a = await person(house, A)
    assert [
        (c.action, c.source, c.wording)
        for c in a.consents
        if c.publication == "le-bruit"
    ] == [
        (Action.JOINED, "preferences", "Le Bruit, every Monday"),
        (Action.LEFT, "page", ""),
        (Action.REJOINED, "preferences", "Le Bruit, every Monday"),
    ]
    assert [s.tier for s in a.subscriptions] == [Tier.FREE, Tier.FREE]


async def test_a_suppressed_address_joins_nothing(house: House) -> None:
    """Whoever complained or bounced is not brought back by a tick."""
    await house.admit(A)
    await house.suppress(A)
    joining = Choices(takes={"le-bruit": Taking()})
    assert await choose(house, A, joining) == Chosen()
    assert len((await person(house, A)).subscriptions) == 1


async def test_nobody_chooses_nothing(house: House) -> None:
    """A number that is nobody's is None."""
    found = SqlPreferences(house.store).choose(
        4711, Choices(lang="fr"), publication=PAPER.id, now=NOW
    )
    assert await found is None


async def test_who_pauses_is_skipped_until_the_day(house: House) -> None:
    """The plan says how many; on the day itself they are written to again."""
    await house.admit(A, B)
    tomorrow = TODAY + timedelta(days=1)
    await choose(house, A, Choices(takes={PAPER.id: Taking(paused_until=tomorrow)}))
    assert (await plan(house)).skipped == {"paused": 1}
    assert (await plan(house, now=LATER)).skipped == {}


async def test_who_pauses_during_a_run_is_out_of_it(house: House) -> None:
    """What has not been handed over is withdrawn, and says why."""
    run = await house.open_run(A, B)
    until = TODAY + timedelta(days=30)
    await choose(house, A, Choices(takes={PAPER.id: Taking(paused_until=until)}))
    assert await house.states(run) == {A: State.WITHDRAWN, B: State.DUE}
    (entry,) = await house.ledger.entries(run, states=[State.WITHDRAWN])
    assert entry.reason == "paused meanwhile"


@pytest.mark.parametrize(
    ("days", "skipped"), [(7, {"had one this month": 1}), (21, {})]
)
async def test_once_a_month_is_the_first_edition_of_each(
    house: House, days: int, skipped: dict[str, int]
) -> None:
    """14 March was theirs: not the 21st, but 4 April; who wants all gets all."""
    await house.admit(A, B)
    await choose(house, A, Choices(takes={PAPER.id: Taking(rhythm=Rhythm.MONTHLY)}))
    await house.open_run(A, B)
    planned = await plan(house, 119, NOW + timedelta(days=days))
    assert planned.skipped == skipped
    assert planned.audience == 2 - len(skipped)


async def test_what_did_not_arrive_is_not_the_months(house: House) -> None:
    """Who was refused the first edition gets the next one."""
    await house.admit(A, B)
    await choose(house, A, Choices(takes={PAPER.id: Taking(rhythm=Rhythm.MONTHLY)}))
    run = await house.open_run(A, B)
    claims = {claim.email: claim for claim in await house.claim(run)}
    await house.settle(settlement(claims[A], State.REFUSED), now=NOW)
    assert (await plan(house, 119, LATER)).skipped == {}


async def test_a_claim_says_who_reads_plain_text(house: House) -> None:
    """As it was when the run opened: a later choice is for the next edition."""
    await house.admit(A, B, C)
    await choose(house, A, Choices(text_only=True))
    run = await house.open_run()
    await choose(house, B, Choices(text_only=True))
    claims = await house.claim(run)
    assert {claim.email: claim.text_only for claim in claims} == {
        A: True,
        B: False,
        C: False,
    }
    assert {claim.variant for claim in claims} == {Variant.FREE}
