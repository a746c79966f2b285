"""The Ballots port: who may answer, what is counted, and what is known of whom."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from mailer.audience.subscriber import Tier
from mailer.audience.token import Purpose
from mailer.edition.ballot import Ballot
from mailer.edition.gathering.results import Choice
from mailer.edition.model import Variant
from mailer.flows.readers.retention import Purged, Terms
from mailer.flows.readers.voting import (
    last_result,
    look,
)
from mailer.store.people.retention import SqlRetention
from mailer.store.schema import ballot_box, vote
from tests.contract.house import NOW, PAPER, House
from tests.contract.polling import (
    BRIDGE,
    KEYRING,
    LAST,
    OVER,
    SECRET,
    A,
    B,
    Polling,
    asking,
)

EVER = Terms(replies=None, unconfirmed=None)


@pytest.fixture
def polling(house: House) -> Polling:
    return Polling(house)


@pytest.fixture(params=[BRIDGE, SECRET], ids=["named", "anonymous"])
def ballot(request: pytest.FixtureRequest) -> Ballot:
    found: Ballot = request.param
    return found


async def test_each_reader_has_one_vote_that_may_change(
    polling: Polling, ballot: Ballot
) -> None:
    """Twice the same is one; another choice takes the place of the first."""
    await polling.send(asking(ballot), A, B)
    assert await polling.counts() == [0, 0, 0]
    for choice in (1, 1, 3):
        assert await polling.vote(A, choice)
    assert await polling.vote(B, 3)
    assert await polling.counts() == [0, 0, 2]
    assert (await polling.given(A), await polling.given(B)) == (3, 3)


async def test_looking_counts_nothing(polling: Polling, ballot: Ballot) -> None:
    """A scanner that opens every link leaves no row, and no key either."""
    await polling.send(asking(ballot), A)
    for choice in ("1", "2", "3"):
        slip = await polling.slip(A, choice)
        assert slip is not None
        standing = await look(polling.desk, slip, NOW)
        assert (standing.given, standing.counts, standing.is_open) == (None, None, True)
    await polling.counts()
    rows = await polling.house.store.read(
        lambda c: [c.execute(select(table)).all() for table in (vote, ballot_box)]
    )
    assert rows == [[], []]


async def test_an_answer_counts_until_its_last_day_is_over(
    polling: Polling, ballot: Ballot
) -> None:
    """By the publication's own clock, and for no second longer."""
    await polling.send(asking(ballot), A)
    assert await polling.vote(A, 1, now=OVER - timedelta(seconds=1))
    assert not await polling.vote(A, 2, now=OVER)
    assert await polling.counts(now=OVER) == [1, 0, 0]


FORGED: Sequence[tuple[dict[str, str], str]] = (
    ({"token": "AAAA"}, "1"),
    ({"token": KEYRING.sign(Purpose.WEB, PAPER.id, "1")}, "1"),
    ({"token": KEYRING.sign(Purpose.VOTE, "le-bruit", "1")}, "1"),
    ({"token": KEYRING.sign(Purpose.VOTE, PAPER.id, "999")}, "1"),
    ({"token": KEYRING.sign(Purpose.VOTE, PAPER.id)}, "1"),
    ({"publication": "le-bruit"}, "1"),
    ({"id_": "autre"}, "1"),
    ({"slug": "quais"}, "1"),
    ({"slug": 'ports","x":"'}, "1"),
    ({"slug": "ports\0"}, "1"),
    ({"id_": "\ud800"}, "1"),
    *(({}, choice) for choice in ("0", "4", "01", "-1", "un", "")),
)


async def test_a_link_that_is_nobodys_opens_nothing(polling: Polling) -> None:
    """Forged, of another purpose, paper, edition, poll or choice: all the same."""
    await polling.send(asking(BRIDGE), A)
    for changed, choice in FORGED:
        assert await polling.slip(A, choice, **changed) is None  # type: ignore[arg-type]
    assert await polling.slip(A, "1") is not None


async def test_only_who_was_sent_the_edition_answers(polling: Polling) -> None:
    """Not who is still due, nor who came later, nor of an edition that never left."""
    await polling.send(asking(BRIDGE), A, B, to=1)
    await polling.house.admit("c@lecteurs.example")
    assert await polling.slip(A) is not None
    assert await polling.slip(B) is None
    assert await polling.slip("c@lecteurs.example") is None
    armed = asking(BRIDGE, number=119)
    await polling.house.ledger.open_run(armed, now=NOW, departs=OVER)
    assert await polling.slip(A, slug="ports-119") is None
    assert [p.name for p in await polling.house.ballots.polls()] == [
        "le-meridien/118/passerelle"
    ]


async def test_a_poll_of_members_is_theirs_alone(polling: Polling) -> None:
    """Free readers can neither answer nor read it, with whatever link."""
    frozen = asking(BRIDGE, to=[Variant.MEMBER, Variant.MEMBER_WEB])
    await polling.house.admit(B)
    await polling.send(frozen, A, tier=Tier.MEMBER)
    assert await polling.slip(B) is None
    assert await polling.vote(A, 2)
    assert await polling.counts() is None
    (poll,) = await polling.house.ballots.polls()
    assert (poll.is_public, poll.asked_of_all) == (False, False)
    assert (
        await last_result(polling.house.ballots, PAPER.id, before=OVER.date(), now=OVER)
        is None
    )


@pytest.mark.parametrize(
    ("showing", "open_", "over"),
    [
        ("always", [1, 0, 0], [1, 0, 0]),
        ("end", None, [1, 0, 0]),
        ("never", None, None),
    ],
)
async def test_results_are_shown_when_the_poll_says_so(
    polling: Polling, showing: str, open_: object, over: object
) -> None:
    """To everybody alike; one who has not answered is told nothing before the end."""
    ballot = replace(BRIDGE, results=showing)  # type: ignore[arg-type]
    await polling.send(asking(ballot), A, B)
    await polling.vote(A, 1)
    assert await polling.counts() == open_
    assert await polling.counts(now=OVER) == over
    for email, early in ((A, open_), (B, None)):
        slip = await polling.slip(email)
        assert slip is not None
        assert (await look(polling.desk, slip, NOW)).counts == early
        assert (await look(polling.desk, slip, OVER)).counts == over


async def test_an_anonymous_poll_names_nobody(polling: Polling) -> None:
    """No number, no hour, and no mark that the site's secret alone could repeat."""
    await polling.send(asking(SECRET), A)
    await polling.vote(A, 2)
    slip = await polling.slip(A)
    assert slip is not None
    (row,) = await polling.house.store.read(lambda c: c.execute(select(vote)).all())
    assert (row.subscriber_id, row.voted_at, row.choice) == (None, None, 2)
    assert row.voter not in {str(slip.voter.subscriber), slip.voter.mark}
    (poll,) = await polling.house.ballots.polls()
    assert await polling.house.ballots.votes(poll) == []


async def test_what_is_over_keeps_its_counts_alone(polling: Polling) -> None:
    """Sealed once: no answer, no key, the same result, and no vote any more."""
    await polling.send(asking(SECRET), A, B)
    await polling.vote(A, 2)
    await polling.vote(B, 3)
    retention = SqlRetention(polling.house.store)
    assert await retention.purge(EVER, OVER - timedelta(seconds=1)) == Purged()
    assert await retention.due(EVER, OVER) == Purged(polls=1)
    assert await retention.purge(EVER, OVER) == Purged(polls=1)
    assert await retention.purge(EVER, OVER) == Purged()
    assert await polling.counts(now=OVER) == [0, 1, 1]
    assert await polling.given(A, now=OVER) is None
    rows = await polling.house.store.read(
        lambda c: (
            c.execute(select(vote)).all(),
            c.execute(select(ballot_box.c.key)).all(),
        )
    )
    assert rows == ([], [(None,)])
    # A clock that was set back opens no sealed box.
    assert not await polling.vote(A, 1, now=NOW)
    assert await polling.counts(now=OVER) == [0, 1, 1]


async def test_a_named_poll_is_not_sealed(polling: Polling) -> None:
    """Who answered what stays for the newsroom."""
    await polling.send(asking(BRIDGE), A)
    await polling.vote(A, 2)
    assert await SqlRetention(polling.house.store).purge(EVER, OVER) == Purged()
    (poll,) = await polling.house.ballots.polls()
    (found,) = await polling.house.ballots.votes(poll)
    assert (found.email, found.choice, found.at) == (A, 2, NOW)


async def test_many_vote_at_once(polling: Polling, ballot: Ballot) -> None:
    """Everybody, twice, at the same moment: nobody is lost and nobody counts twice."""
    emails = [f"{n}@lecteurs.example" for n in range(8)]
    await polling.send(asking(ballot), *emails)
    both = [polling.vote(email, n % 3 + 1) for n, email in enumerate(emails)]
    again = [polling.vote(email, n % 3 + 1) for n, email in enumerate(emails)]
    assert all(await asyncio.gather(*both, *again))
    assert await polling.counts() == [3, 3, 2]


async def test_the_last_result_is_of_the_newest_poll_that_is_over(
    polling: Polling,
) -> None:
    """One that ends later waits; Markdown in a choice is said, not obeyed."""
    starred = replace(BRIDGE, choices=("*Oui*", "Non", "À deux"))
    await polling.send(asking(starred), A)
    later = replace(BRIDGE, until=date(2026, 3, 25))
    await polling.send(asking(later, number=119))
    await polling.vote(A, 1)
    await polling.vote(A, 2, slug="ports-119")

    async def last(day: date) -> object:
        found = await last_result(
            polling.house.ballots,
            PAPER.id,
            before=day,
            now=datetime(day.year, day.month, day.day, 9, tzinfo=UTC),
        )
        return found and (found.poll, found.choices[0], found.votes)

    assert await last(LAST) is None
    first = ("le-meridien/118/passerelle", Choice("\\*Oui\\*", 1), 1)
    assert await last(date(2026, 3, 25)) == first
    second = ("le-meridien/119/passerelle", Choice("Oui", 0), 1)
    assert await last(date(2026, 3, 26)) == second


async def test_polls_come_back_as_they_were_frozen(polling: Polling) -> None:
    """Whatever they say, and under the seal of the edition."""
    frozen = asking(replace(SECRET, results="end", question="« Qui ? » 🧀"))
    await polling.send(frozen, A)
    (run,) = await polling.house.ledger.runs()
    assert (await polling.house.ledger.frozen(run)).renderings == frozen.renderings
    assert frozen.sha256 != asking().sha256
