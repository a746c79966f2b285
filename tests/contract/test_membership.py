"""The Memberships port: who reads as a member, until which day, and as what afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from mailer.audience.roster import Row
from mailer.audience.subscriber import Subscription, Tier
from mailer.edition.model import Variant
from mailer.errors import InputError
from mailer.flows.ports import Admission
from mailer.flows.readers.correspondence import LetterKind
from mailer.flows.readers.membership import Effect, Grant, remind
from mailer.store.people.letters import SqlLetters
from mailer.store.people.membership import is_member
from tests.contract.house import NOW, PAPER, House, frozen_edition

A = "a@lecteurs.example"
LAST = date(2026, 3, 31)
# Midnight after the last day strikes in Paris two hours before it does in UTC.
AFTER = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)


def grant(email: str = A, **said: object) -> Grant:
    values = {"publication": PAPER.id, "tier": Tier.MEMBER, "until": LAST, **said}
    return Grant(email=email, **values)  # type: ignore[arg-type]


async def subscription_of(house: House, email: str = A) -> Subscription:
    person = await house.readers.find(email)
    assert person is not None
    (found,) = person.subscriptions
    return found


async def test_a_membership_ends_after_its_last_day(house: House) -> None:
    """Member to the last second of the day in the publication's zone, then free."""
    await house.admit(A)
    assert await house.memberships.grant(grant(), now=NOW) is Effect.CHANGED
    edition = frozen_edition()
    before = AFTER - timedelta(seconds=1)
    plans = [await house.ledger.plan(edition, now=when) for when in (before, AFTER)]
    assert [plan.recipients[Variant.MEMBER] for plan in plans] == [1, 0]
    assert [plan.recipients[Variant.FREE] for plan in plans] == [0, 1]
    run = await house.ledger.open_run(edition, now=AFTER)
    (entry,) = await house.ledger.entries(run)
    assert entry.variant is Variant.FREE
    found = await subscription_of(house)
    assert found.tier_on(LAST) is Tier.MEMBER
    assert found.tier_on(LAST + timedelta(days=1)) is Tier.FREE


async def test_pages_ask_who_is_a_member_today(house: House) -> None:
    """Only who takes the publication, and only until the last day."""
    await house.admit(A)
    await house.memberships.grant(grant(), now=NOW)
    person = await house.readers.find(A)
    assert person is not None

    async def asked(publication: str, day: date) -> bool:
        return await house.store.read(
            lambda c: is_member(c, publication, person.id, day)
        )

    assert await asked(PAPER.id, LAST)
    assert not await asked(PAPER.id, LAST + timedelta(days=1))
    assert not await asked("le-bruit", LAST)
    await house.leave(A)
    assert not await asked(PAPER.id, LAST)


async def test_the_same_grant_twice_changes_nothing(house: House) -> None:
    """A program may say it as often as it likes."""
    await house.admit(A)
    effects = [await house.memberships.grant(grant(), now=NOW) for _ in range(2)]
    assert effects == [Effect.CHANGED, Effect.UNCHANGED]
    free = grant(tier=Tier.FREE, until=None)
    assert await house.memberships.grant(free, now=NOW) is Effect.CHANGED
    assert (await subscription_of(house)).tier is Tier.FREE


async def test_who_is_not_known_is_added_only_with_a_consent(house: House) -> None:
    """Nobody is written to because of a slip in an address."""
    assert await house.memberships.grant(grant(), now=NOW) is Effect.UNKNOWN
    assert await house.readers.find(A) is None
    paid = grant(source="stripe cs_1", name="Ada")
    assert await house.memberships.grant(paid, now=NOW) is Effect.ADDED
    person = await house.readers.find(A)
    assert person is not None
    assert (person.name, person.consents[0].source) == ("Ada", "stripe cs_1")
    assert person.subscriptions[0].until == LAST


async def test_a_grant_revives_nobody(house: House) -> None:
    """Who left may be a member, and is written to no more; the suppressed stay out."""
    await house.admit(A)
    await house.leave(A)
    assert await house.memberships.grant(grant(source="x"), now=NOW) is Effect.CHANGED
    assert (await subscription_of(house)).standing == "left"
    await house.suppress("s@lecteurs.example")
    barred = grant("s@lecteurs.example", source="x")
    assert await house.memberships.grant(barred, now=NOW) is Effect.SUPPRESSED
    assert await house.readers.find("s@lecteurs.example") is None


async def test_an_import_changes_tiers_only_when_told_to(house: House) -> None:
    """Present keeps, updated takes; who left stays as they are."""
    await house.admit(A, "b@lecteurs.example")
    await house.leave("b@lecteurs.example")
    rows = [
        Row(line=n, email=email, tier=Tier.MEMBER, until=LAST)
        for n, email in enumerate((A, "b@lecteurs.example", A), 2)
    ]

    async def admitted(**how: bool) -> list[Admission]:
        return await house.admit_rows(rows, source="", **how)

    kept = [Admission.PRESENT, Admission.LEFT, Admission.PRESENT]
    changed = [Admission.UPDATED, Admission.LEFT, Admission.PRESENT]
    assert await admitted() == kept
    assert await admitted(update=True, dry_run=True) == changed
    assert (await subscription_of(house)).tier is Tier.FREE
    assert await admitted(update=True) == changed
    assert (await subscription_of(house)).until == LAST
    assert (await subscription_of(house, "b@lecteurs.example")).tier is Tier.FREE
    assert await admitted(update=True) == kept


def test_only_a_membership_has_a_last_day() -> None:
    """A free reader until a day would be nonsense."""
    with pytest.raises(InputError, match="only a membership has a last day"):
        grant(tier=Tier.FREE)


async def test_a_member_is_told_once_before_the_last_day(house: House) -> None:
    """Within the time ahead, of each last day once; not who left, nor what is over."""
    emails = [A, "late@x.example", "over@x.example", "left@x.example", "free@x.example"]
    await house.admit(*emails)
    days = [LAST, LAST + timedelta(days=1), date(2026, 3, 23), LAST]
    for email, last in zip(emails, days, strict=False):
        await house.memberships.grant(grant(email, until=last), now=NOW)
    await house.leave("left@x.example")
    now = datetime(2026, 3, 24, 8, tzinfo=UTC)
    letters = SqlLetters(house.store)

    async def reminded(when: datetime = now) -> int:
        return await remind(
            house.memberships,
            letters,
            {PAPER.id: "Europe/Paris"},
            timedelta(days=7),
            when,
        )

    assert [await reminded(), await reminded()] == [1, 0]
    assert await reminded(now + timedelta(days=1)) == 1
    (first, _) = await letters.claim(
        worker="a", limit=9, now=now + timedelta(days=1), lease=timedelta(minutes=1)
    )
    assert (first.email, first.kind) == (A, LetterKind.ENDING)
    assert first.values == {"until": "2026-03-31"}
    longer = LAST + timedelta(days=3)
    await house.memberships.grant(grant(until=longer), now=now)
    assert await reminded(now + timedelta(days=4)) == 1
