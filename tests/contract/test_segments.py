"""Segments in the database say what ``matches`` says, and a run is frozen by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Connection, create_engine, insert, select

from mailer.audience.address import address_key
from mailer.audience.expression import read_segment
from mailer.audience.segment import Count, Person, Rule, matches
from mailer.audience.subscriber import Standing, Tier
from mailer.errors import GuardError
from mailer.flows.readers.segments import Census
from mailer.rendering.changes import Basis
from mailer.rendering.model import Frozen
from mailer.store.ledger.segments import Place, in_segment
from mailer.store.schema import answer, measured, subscriber, subscription, tag, vote
from tests.contract.house import NOW, PAPER, House, frozen_edition
from tests.fakes.segments import RULES, VALUES, Trait

PARIS = ZoneInfo(PAPER.timezone)
DOMAINS = ("orange.fr", "x.gouv.fr", "gouv.fr", "a_b.example", "axb.example")
MOMENTS = [NOW - timedelta(hours=n) for n in (-20, 0, 9, 25, 33, 49)]


def _people() -> list[Person]:
    """Few, and no two alike."""
    tags = VALUES[Trait.TAG]
    return [
        Person(
            email=f"r{n}@{DOMAINS[n % 5]}",
            tier=Tier.MEMBER if n % 3 else Tier.FREE,
            joined=MOMENTS[n % 6],
            language="en" if n % 5 == 2 else "fr",
            publications=[PAPER.id, "le-bruit"] if n % 4 == 1 else [PAPER.id],
            tags=[name for at, name in enumerate(tags) if n >> at & 1],
            deeds={
                Count.VOTES: MOMENTS[n % 3 : n % 5],
                Count.REPLIES: MOMENTS[: n % 4],
                Count.CLICKS: MOMENTS[n % 5 : n % 7],
            },
        )
        for n in range(30)
    ]


def _fill(url: str, people: list[Person]) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for number, person in enumerate(people, 1):
            key = address_key(person.email)
            connection.execute(
                insert(subscriber).values(
                    id=number,
                    created_at=NOW,
                    email=person.email,
                    email_key=key,
                    name="",
                    # Who chose none reads the publication's own.
                    lang="en"
                    if person.language == "en"
                    else (None, "", "fr")[number % 3],
                )
            )
            for paper in person.publications:
                connection.execute(
                    insert(subscription).values(
                        subscriber_id=number,
                        publication=paper,
                        tier=Tier.MEMBER if number % 7 == 0 else person.tier,
                        until=date(2026, 3, 13 + (person.tier is Tier.MEMBER))
                        if number % 7 == 0
                        else None,
                        standing=Standing.ACTIVE,
                        since=person.joined,
                    )
                )
            for name in person.tags:
                connection.execute(insert(tag).values(subscriber_id=number, tag=name))
            for at, when in enumerate(person.deeds[Count.VOTES]):
                _vote(connection, f"{PAPER.id}/{at}", number, when)
            _vote(connection, "le-meridien-bis/1", number, NOW)  # another paper's
            for at, when in enumerate(person.deeds[Count.REPLIES]):
                connection.execute(
                    insert(answer).values(
                        subscriber_id=number,
                        publication=PAPER.id,
                        message_id=f"<{number}.{at}@x>",
                        at=when,
                    )
                )
            for when in person.deeds[Count.CLICKS]:
                _click(connection, number, when, automatic=False)
            _click(connection, number, NOW, automatic=True)  # counts for nothing
    engine.dispose()


def _vote(connection: Connection, edition: str, number: int, when: datetime) -> None:
    connection.execute(
        insert(vote).values(
            edition=edition,
            poll="lire",
            voter=str(number),
            subscriber_id=number,
            choice=1,
            voted_at=when,
        )
    )


def _click(
    connection: Connection, number: int, when: datetime, *, automatic: bool
) -> None:
    connection.execute(
        insert(measured).values(
            subscriber_id=number,
            publication=PAPER.id,
            edition="le-meridien/118",
            kind="click",
            target="https://x.example",
            automatic=automatic,
            at=when,
        )
    )


def test_the_database_agrees_with_the_rule(url: str) -> None:
    """Whatever a segment says, SQL finds whom Python finds."""
    people = _people()
    _fill(url, people)
    engine = create_engine(url)
    place = Place(PAPER, NOW)

    @given(RULES)
    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    def agree(rule: Rule) -> None:
        statement = (
            select(subscriber.c.id)
            .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
            .where(subscription.c.publication == PAPER.id)
            .where(in_segment(rule, place))
        )
        with engine.connect() as connection:
            found = set(connection.scalars(statement))
        wanted = {
            number
            for number, person in enumerate(people, 1)
            if matches(rule, person, now=NOW, zone=PARIS)
        }
        assert found == wanted

    try:
        agree()
    finally:
        engine.dispose()


def aimed(rule: str, number: int = 118) -> Frozen:
    """An edition for the readers of *rule* alone."""
    frozen = frozen_edition(number)
    return replace(frozen, edition=replace(frozen.edition, segment=rule))


async def test_a_run_is_frozen_by_its_segment(house: House) -> None:
    """Who is outside is counted as that and not written to, then or at a resume."""
    await house.admit("a@orange.fr", "b@orange.fr", "c@free.fr")
    await house.leave("b@orange.fr")
    frozen = aimed("domain = orange.fr")
    plan = await house.ledger.plan(frozen, now=NOW)
    assert plan.audience == 1
    assert plan.skipped == {"left": 1, "not in the segment": 1}
    run = await house.ledger.open_run(frozen, now=NOW)
    assert run.segment == "domain = orange.fr"
    assert (await house.ledger.find_run(run.name) or run).segment == run.segment
    await house.admit("d@orange.fr")  # joins later: the run is what it was
    assert {entry.email for entry in await house.ledger.entries(run)} == {"a@orange.fr"}
    assert (await house.ledger.frozen(run)).segment == "domain = orange.fr"


async def test_a_later_run_reaches_who_was_outside(house: House) -> None:
    """Part by part everybody gets an edition once."""
    await house.admit("a@orange.fr", "c@free.fr")
    first = await house.ledger.open_run(aimed("domain = orange.fr"), now=NOW)
    await house.ledger.cancel(first, now=NOW)
    again = await house.ledger.open_run(aimed("not domain = orange.fr"), now=NOW)
    assert {entry.email for entry in await house.ledger.entries(again)} == {"c@free.fr"}


async def test_a_segment_with_nobody_in_it_opens_no_run(house: House) -> None:
    """As no run is opened where everybody has left."""
    await house.admit("a@orange.fr")
    with pytest.raises(GuardError, match="nobody to send"):
        await house.ledger.open_run(aimed("tag = presse"), now=NOW)


async def test_the_rule_is_under_the_approval(house: House) -> None:
    """What is approved for some readers has another hash than for all."""
    for_all, for_some = frozen_edition(), aimed("tag = presse")
    assert for_all.sha256 == aimed("everybody").sha256 == aimed("").sha256
    assert for_some.sha256 != for_all.sha256
    approval = await house.approvals.approve(
        for_some, by="claire", now=NOW, basis=Basis()
    )
    kept = await house.approvals.approved(approval)
    assert kept.segment == "tag = presse"
    assert kept.sha256 == approval.sha256 == for_some.sha256


async def test_people_are_tagged_all_or_none(house: House) -> None:
    """A tag is given once, taken where it is, and an unknown address stops it all."""
    await house.admit("a@orange.fr", "b@orange.fr")
    both = ["A@orange.fr", "b@orange.fr"]
    assert await house.segments.tag(both, add=["presse", "vip"]) == []
    assert await house.segments.tag(both, add=["presse"], remove=["vip"]) == []
    unknown = ["a@orange.fr", "x@orange.fr"]
    assert await house.segments.tag(unknown, remove=["presse"]) == ["x@orange.fr"]
    assert await house.segments.tags() == {"presse": 2}
    person = await house.readers.find("a@orange.fr")
    assert person is not None
    assert person.tags == ("presse",)


async def test_a_segment_is_counted_among_active_readers(house: House) -> None:
    """Who left, is suppressed or reads another publication is in no segment."""
    await house.admit("a@orange.fr", "b@orange.fr", "c@free.fr", "d@orange.fr")
    await house.admit("e@orange.fr", publication="le-bruit")
    await house.leave("b@orange.fr")
    await house.suppress("d@orange.fr")
    rule = read_segment("domain = orange.fr")
    now = datetime(2026, 3, 15, tzinfo=UTC)
    census = await house.segments.count(rule, publication=PAPER, now=now)
    assert census == Census(inside=1, active=2)
    people = await house.segments.members(rule, publication=PAPER, now=now, limit=5)
    assert [person.email for person in people] == ["a@orange.fr"]
