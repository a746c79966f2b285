"""The Readers port: who is taken in, who leaves, and who is never written to again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select

from mailer.audience.roster import Row
from mailer.audience.subscriber import (
    Action,
    Consent,
    Reason,
    Standing,
    Subscription,
    Suppression,
    Tier,
)
from mailer.errors import InputError
from mailer.flows.ports import Admission
from mailer.phrases import say
from mailer.store.schema import subscription
from tests.contract.house import NOW, PAPER, House

LATER = NOW + timedelta(days=1)


async def test_who_is_new_is_added_with_consent(house: House) -> None:
    """A row becomes a subscriber, an active subscription and a consent."""
    row = Row(line=2, email="Zoé@lecteurs.example", name="Zoé", tier=Tier.MEMBER)
    admitted = await house.admit_rows([row])
    person = await house.readers.find("ZOÉ@lecteurs.example")
    assert admitted == [Admission.ADDED]
    assert person is not None
    assert (person.email, person.name, person.created) == (row.email, row.name, NOW)
    assert person.subscriptions == (
        Subscription(
            publication=PAPER.id,
            tier=Tier.MEMBER,
            standing=Standing.ACTIVE,
            since=NOW,
        ),
    )
    assert person.consents == (
        Consent(publication=PAPER.id, source="Salon 2026", at=NOW),
    )
    assert person.suppression is None


async def test_who_is_present_keeps_their_tier(house: House) -> None:
    """A second import changes nothing about who is there already."""
    await house.admit("a@lecteurs.example", tier=Tier.MEMBER)
    before = await house.readers.find("a@lecteurs.example")
    assert await house.admit("A@lecteurs.example") == [Admission.PRESENT]
    assert await house.readers.find("a@lecteurs.example") == before


async def test_a_person_may_take_two_publications(house: House) -> None:
    """A second publication is a second subscription of the same person."""
    await house.admit("a@lecteurs.example")
    assert await house.admit("a@lecteurs.example", publication="le-bruit") == [
        Admission.ADDED
    ]
    person = await house.readers.find("a@lecteurs.example")
    assert person is not None
    assert [s.publication for s in person.subscriptions] == ["le-bruit", PAPER.id]
    assert len(person.consents) == 2


async def test_an_address_twice_in_one_roster_is_one_person(house: House) -> None:
    """The second row of the same person finds them present."""
    assert await house.admit("a@lecteurs.example", "A@lecteurs.example") == [
        Admission.ADDED,
        Admission.PRESENT,
    ]


async def test_an_import_never_revives_who_left(house: House) -> None:
    """Who left stays away, whatever the roster says."""
    await house.admit("a@lecteurs.example")
    await house.leave("a@lecteurs.example")
    before = await house.readers.find("a@lecteurs.example")
    assert await house.admit("a@lecteurs.example") == [Admission.LEFT]
    assert await house.readers.find("a@lecteurs.example") == before


async def test_an_import_never_passes_the_suppression_list(house: House) -> None:
    """A suppressed address is not taken in, not even by another spelling."""
    await house.suppress("parti@lecteurs.example")
    assert await house.admit("Parti@Lecteurs.example") == [Admission.SUPPRESSED]
    assert await house.readers.find("parti@lecteurs.example") is None


async def test_a_long_roster_is_asked_for_as_it_goes_in(house: House) -> None:
    """Of a thousand rows the first are answered before the last are read; all count."""
    asked: list[int] = []
    told: list[tuple[int, Admission]] = []
    ahead = 0

    def rows() -> Iterator[Row]:
        nonlocal ahead
        for line in range(1, 1202):
            asked.append(line)
            ahead = max(ahead, len(asked) - len(told))
            yield Row(line=line, email=f"r{line % 1200}@x.example")

    await house.readers.admit(
        rows(),
        publication=PAPER.id,
        source="essai",
        now=NOW,
        told=lambda row, admission: told.append((row.line, admission)),
    )
    said = [Admission.ADDED] * 1200 + [Admission.PRESENT]
    assert told == list(enumerate(said, 1))
    assert ahead <= 500
    assert len(await house.readers.list_subscribers()) == 1200


async def test_a_roster_that_breaks_off_brings_nobody(house: House) -> None:
    """What goes wrong at the thousandth line undoes the others."""

    def rows() -> Iterator[Row]:
        for line in range(1, 1001):
            yield Row(line=line, email=f"r{line}@x.example")
        raise InputError(say("the file is broken"), line=1001)

    with pytest.raises(InputError, match="broken"):
        await house.readers.admit(rows(), publication=PAPER.id, source="essai", now=NOW)
    assert await house.readers.list_subscribers() == []


async def test_a_dry_run_tells_all_and_writes_nothing(house: House) -> None:
    """The admissions are those of the real thing; the database stays as it was."""
    await house.admit("a@lecteurs.example")
    rows = [Row(line=2, email="a@lecteurs.example"), Row(line=3, email="b@x.example")]
    said = await house.admit_rows(rows, dry_run=True)
    assert said == [Admission.PRESENT, Admission.ADDED]
    assert [p.email for p in await house.readers.list_subscribers()] == [
        "a@lecteurs.example"
    ]
    assert await house.admit_rows(rows) == said


async def test_leaving_ends_one_or_all(house: House) -> None:
    """One publication, or every one; the count says how many ended now."""
    for publication in (PAPER.id, "le-bruit", "la-dalle"):
        await house.admit("a@lecteurs.example", publication=publication)
    leave = house.readers.leave
    email = "A@LECTEURS.example"
    assert await leave(email, publication=PAPER.id, now=LATER) == 1
    assert await leave(email, publication=PAPER.id, now=LATER) == 0
    assert await leave(email, publication=None, now=LATER) == 2
    assert await leave("nobody@x.example", publication=None, now=LATER) == 0
    person = await house.readers.find("a@lecteurs.example")
    assert person is not None
    assert {(s.standing, s.since) for s in person.subscriptions} == {
        (Standing.LEFT, LATER)
    }
    assert [(c.action, c.source) for c in person.consents] == [
        *[(Action.JOINED, "Salon 2026")] * 3,
        *[(Action.LEFT, "operator")] * 3,
    ]


async def test_who_never_confirmed_leaves_without_being_counted(house: House) -> None:
    """A pending subscription ends too, so that no later click makes it active."""
    await house.admit("a@x.example")
    await house.store.write(
        lambda c: c.execute(subscription.update().values(standing=Standing.PENDING))
    )
    assert await house.admit("a@x.example") == [Admission.PRESENT]
    assert await house.leave("a@x.example") == 0
    person = await house.readers.find("a@x.example")
    assert person is not None
    assert person.subscriptions[0].standing is Standing.LEFT


async def test_two_that_suppress_one_address_write_one_line(
    house: House, other: House
) -> None:
    """One is told that it was new."""
    said = await asyncio.gather(
        *(each.suppress("a@x.example") for each in (house, other) * 3)
    )
    assert sorted(said) == [False] * 5 + [True]


async def test_the_suppression_list_keeps_the_first_word(house: House) -> None:
    """An address is on the list once, with its first reason and date."""
    first = Suppression(email="b@x.example", reason=Reason.COMPLAINED, at=NOW)
    again = Suppression(email="B@x.example", reason=Reason.MANUAL, at=LATER)
    earlier = Suppression(email="a@x.example", reason=Reason.ERASED, at=LATER, note="!")
    assert await house.readers.suppress(first)
    assert not await house.readers.suppress(again)
    assert await house.readers.suppress(earlier)
    assert await house.readers.suppressions() == [earlier, first]


async def test_what_is_held_includes_the_suppression(house: House) -> None:
    """Somebody suppressed later is still found, with the reason."""
    await house.admit("a@lecteurs.example")
    await house.suppress("A@lecteurs.example")
    person = await house.readers.find("a@lecteurs.example")
    assert person is not None
    assert person.suppression is not None
    assert person.suppression.reason is Reason.BOUNCED


async def test_the_list_is_by_address_and_can_be_narrowed(house: House) -> None:
    """Publication, standing and tier hold of one and the same subscription."""
    await house.admit("c@x.example", "a@x.example")
    await house.admit("b@x.example", tier=Tier.MEMBER)
    await house.admit("a@x.example", publication="le-bruit", tier=Tier.MEMBER)
    await house.leave("c@x.example")

    async def emails(**narrowed: object) -> list[str]:
        people = await house.readers.list_subscribers(**narrowed)
        assert all(person.consents == () for person in people)
        return [person.email for person in people]

    assert await emails() == ["a@x.example", "b@x.example", "c@x.example"]
    assert await emails(limit=1) == ["a@x.example"]
    assert await emails(publication=PAPER.id, tier=Tier.MEMBER) == ["b@x.example"]
    assert await emails(standing=Standing.LEFT) == ["c@x.example"]
    assert await emails(publication="le-bruit", standing=Standing.LEFT) == []


async def test_admitting_is_all_or_nothing(house: House) -> None:
    """A roster that cannot be taken whole leaves nobody behind."""
    long_ago = NOW.replace(tzinfo=None)  # what no database of ours can keep
    rows = [Row(line=2, email="a@x.example")]
    try:
        await house.readers.admit(rows, publication="p", source="s", now=long_ago)
    except Exception:  # noqa: BLE001 - which one is not the promise
        assert await house.readers.list_subscribers() == []
    else:
        raise AssertionError


async def test_imports_side_by_side_make_one_person(house: House, other: House) -> None:
    """Two processes that import the same roster leave everybody there once."""
    emails = [f"r{n}@x.example" for n in range(40)]
    one, two = await asyncio.gather(house.admit(*emails), other.admit(*emails))
    assert {tuple(one), tuple(two)} == {
        (Admission.ADDED,) * 40,
        (Admission.PRESENT,) * 40,
    }
    people = await house.readers.list_subscribers()
    assert sorted(p.email for p in people) == sorted(emails)
    assert all(len(p.subscriptions) == 1 for p in people)


async def test_a_reading_sees_one_moment(house: House, other: House) -> None:
    """What another process writes meanwhile is not half seen."""
    await house.admit("a@x.example")
    loop = asyncio.get_running_loop()

    def work(connection: Connection) -> list[int]:
        count = select(func.count()).select_from(subscription)
        before = connection.execute(count).scalar_one()
        admitting = other.admit("b@x.example")
        asyncio.run_coroutine_threadsafe(admitting, loop).result()
        return [before, connection.execute(count).scalar_one()]

    assert await house.store.read(work) == [1, 1]
    assert len(await house.readers.list_subscribers()) == 2


async def test_a_roster_of_thousands_is_taken_in(house: House) -> None:
    """The parts in which a roster is written do not show."""
    emails = [f"r{n:04}@x.example" for n in range(1203)]
    await house.admit(*emails[:700])
    admitted = await house.admit(*emails)
    assert admitted == [Admission.PRESENT] * 700 + [Admission.ADDED] * 503
    assert [p.email for p in await house.readers.list_subscribers()] == emails
