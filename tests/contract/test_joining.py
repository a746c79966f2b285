"""Joining: a request changes nothing but a letter; a confirmation subscribes, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from mailer.audience.subscriber import Action, Reason, Standing, Suppression
from mailer.audience.token import Keyring
from mailer.flows.ports import Admission
from mailer.flows.readers.correspondence import ClaimedLetter, LetterKind
from mailer.flows.readers.joining import Asking, SignupLimits, Visit, traces_of
from mailer.flows.readers.retention import Terms
from mailer.store.barring import ERASED
from mailer.store.people.joining import SqlJoining
from mailer.store.people.letters import SqlLetters
from mailer.store.people.retention import SqlRetention
from mailer.store.schema import suppression
from tests.contract.house import NOW, PAPER, House

WEEK = timedelta(days=7)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEYRING = Keyring([b"0123456789abcdef"])
VISIT = Visit(ip="192.0.2.7", agent="Firefox", form="https://lettres.example/p/x")
ADA = "ada@example.org"


@dataclass
class Site:
    """A house whose door is open."""

    house: House
    joining: SqlJoining
    letters: SqlLetters
    limits: SignupLimits = field(default_factory=SignupLimits)

    async def ask(
        self, email: str = ADA, *, at: datetime = NOW, ip: str = VISIT.ip
    ) -> bool:
        asking = Asking(
            email=email,
            publication=PAPER.id,
            lang="fr",
            wording="I want it",
            version="abc",
            visit=replace(VISIT, ip=ip),
            traces=traces_of(email, PAPER.id, ip, KEYRING),
        )
        return await self.joining.ask(asking, limits=self.limits, lasts=WEEK, now=at)

    async def confirm(
        self, *, asked: datetime = NOW, at: datetime = NOW + HOUR, number: int = 1
    ) -> bool:
        visit = Visit(ip="198.51.100.9", agent="Safari", form="confirm")
        found = await self.joining.confirm(
            number, PAPER.id, at=asked, visit=visit, lang="", now=at
        )
        return found is not None

    async def posted(self, at: datetime = NOW + DAY) -> list[tuple[LetterKind, str]]:
        """The letters to be sent, which are claimed by it."""
        found: list[ClaimedLetter] = list(
            await self.letters.claim(worker="a", limit=99, now=at, lease=30 * DAY)
        )
        return [(each.kind, each.email) for each in found]

    async def standing(self, email: str = ADA) -> Standing | None:
        person = await self.house.readers.find(email)
        return person.subscriptions[0].standing if person else None

    async def actions(self, email: str = ADA) -> list[Action]:
        person = await self.house.readers.find(email)
        return [each.action for each in person.consents] if person else []


@pytest.fixture
async def site(url: str) -> AsyncIterator[Site]:
    house = await House.open(url)
    yield Site(house, SqlJoining(house.store), SqlLetters(house.store))
    await house.store.close()


async def test_who_asks_and_confirms_is_subscribed_and_it_can_be_proved(
    site: Site,
) -> None:
    """Twice asked to confirm is once confirmed, and welcomed once."""
    assert await site.ask()
    assert await site.standing() is Standing.PENDING
    assert await site.confirm()
    assert await site.confirm(at=NOW + 2 * HOUR)
    assert await site.standing() is Standing.ACTIVE
    assert await site.posted() == [
        (LetterKind.CONFIRM, ADA),
        (LetterKind.WELCOME, ADA),
    ]
    person = await site.house.readers.find(ADA)
    assert person is not None
    asked, confirmed = person.consents
    assert (asked.action, asked.at, asked.ip) == (Action.ASKED, NOW, VISIT.ip)
    assert (asked.agent, asked.form) == (VISIT.agent, VISIT.form)
    assert confirmed.action is Action.CONFIRMED
    assert (confirmed.at, confirmed.ip) == (NOW + HOUR, "198.51.100.9")
    assert (confirmed.agent, confirmed.form) == ("Safari", "confirm")
    assert {(each.wording, each.version) for each in person.consents} == {
        ("I want it", "abc")
    }


async def test_a_link_that_names_no_request_confirms_nobody(site: Site) -> None:
    """Another moment, another person: a number given again opens no door."""
    await site.ask()
    assert not await site.confirm(asked=NOW - HOUR)
    assert not await site.confirm(number=2)
    assert await site.joining.asked(1, "other", at=NOW) is None
    assert await site.standing() is Standing.PENDING


async def test_who_reads_already_is_told_so_by_mail(site: Site) -> None:
    """And stays as they are."""
    await site.house.admit(ADA)
    assert await site.ask()
    assert await site.posted() == [(LetterKind.PRESENT, ADA)]
    assert await site.standing() is Standing.ACTIVE


async def test_who_left_is_away_until_they_confirm(site: Site) -> None:
    """A stranger's request alone brings nobody back, nor does an old link."""
    await site.ask()
    await site.confirm()
    await site.house.readers.leave(ADA, publication=PAPER.id, now=NOW + DAY)
    assert not await site.confirm(at=NOW + 2 * DAY)
    assert await site.ask(at=NOW + 3 * DAY)
    assert await site.standing() is Standing.LEFT
    assert await site.confirm(asked=NOW + 3 * DAY, at=NOW + 4 * DAY)
    assert await site.standing() is Standing.ACTIVE


@pytest.mark.parametrize(
    ("reason", "letters"),
    [
        (Reason.UNSUBSCRIBED, 1),
        (Reason.BOUNCED, 1),
        (Reason.COMPLAINED, 0),
        (Reason.MANUAL, 0),
    ],
)
async def test_a_readers_own_hand_lifts_what_was_theirs(
    site: Site, reason: Reason, letters: int
) -> None:
    """A complaint and the operator's word stand; to who asks nothing differs."""
    await site.house.readers.suppress(Suppression(email=ADA, reason=reason, at=NOW))
    assert await site.ask()
    assert len(await site.posted()) == letters
    assert await site.confirm() is bool(letters)
    assert len(await site.house.readers.suppressions()) == 1 - letters


async def test_who_was_erased_comes_back_by_their_own_hand(site: Site) -> None:
    """Of them a hash is left, which an import respects and a confirmation ends."""
    site.house.store._fingerprint = lambda key: f"hash of {key}"
    gone = {"email": "", "reason": Reason.ERASED, "at": NOW, "note": ""}
    listed = insert(suppression).values(email_key=f"{ERASED}hash of {ADA}", **gone)
    await site.house.store.write(lambda c: c.execute(listed))
    assert await site.house.admit(ADA) == [Admission.SUPPRESSED]
    assert await site.ask()
    assert await site.confirm()
    assert await site.house.readers.suppressions() == []


async def test_a_mailbox_gets_one_letter_a_day_and_three_a_month(site: Site) -> None:
    """However it is spelt, and in silence."""
    sent = 0
    spelt = ["ada@gmail.com", "a.d.a@gmail.com", "ADA+x@googlemail.com"]
    for day in range(20):
        for number, email in enumerate(spelt):
            when = NOW + day * DAY + timedelta(minutes=number)
            assert await site.ask(email, at=when, ip=f"192.0.2.{day}")
        sent += len(await site.posted(NOW + (day + 1) * DAY))
    assert sent == 3


@pytest.mark.parametrize(
    ("limits", "ip", "taken"),
    [
        (SignupLimits(ip_hourly=3), "192.0.2.7", 3),
        (SignupLimits(ip_hourly=0, network_hourly=4), "192.0.2.{n}", 4),
        (SignupLimits(network_hourly=4), "2001:db8::{n}", 4),
        (SignupLimits(domain_hourly=5), "192.0.{n}.1", 5),
        (SignupLimits(domain_hourly=0, hourly=6), "192.0.{n}.1", 6),
        (SignupLimits(domain_hourly=0, hourly=0), "192.0.{n}.1", 8),
    ],
)
async def test_a_visitor_a_network_a_domain_and_all_have_their_limit(
    site: Site, limits: SignupLimits, ip: str, taken: int
) -> None:
    """An hour later it goes on; known and unknown addresses count alike."""
    site.limits = limits
    await site.house.admit("r0@example.org", "r1@example.org")
    answers = [await site.ask(f"r{n}@example.org", ip=ip.format(n=n)) for n in range(8)]
    assert answers == [n < taken for n in range(8)]
    assert await site.ask("late@example.org", at=NOW + HOUR, ip=ip.format(n=0))


async def test_what_nobody_confirmed_is_forgotten(site: Site) -> None:
    """With its letter; who is known otherwise only loses what a stranger asked."""
    await site.ask()
    await site.house.admit("bob@example.org")
    await site.house.readers.leave("bob@example.org", publication=PAPER.id, now=NOW)
    await site.ask("bob@example.org", at=NOW)
    await site.ask("eve@example.org")
    eve = await site.house.readers.find("eve@example.org")
    assert eve is not None
    assert await site.confirm(number=eve.id)
    terms = Terms(replies=None, unconfirmed=WEEK)
    retention = SqlRetention(site.house.store)
    assert not await retention.purge(terms, NOW + WEEK)
    assert (await retention.purge(terms, NOW + WEEK + HOUR)).unconfirmed == 1
    assert await site.house.readers.find(ADA) is None
    assert await site.actions("bob@example.org") == [Action.JOINED, Action.LEFT]
    assert await site.actions("eve@example.org") == [Action.ASKED, Action.CONFIRMED]
