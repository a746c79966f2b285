"""Taking in the export of another tool: who left there, when they joined, what is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mailer.audience.cells import Departure
from mailer.audience.roster import Row
from mailer.audience.subscriber import Action, Reason, Standing, Subscriber, Tier
from mailer.delivery.ledger import State
from mailer.flows.ports import Admission
from tests.contract.house import NOW, PAPER, House

EARLIER = NOW - timedelta(days=400)
LATER = NOW + timedelta(days=1)
A = "a@lecteurs.example"


def gone(reason: Reason, at: datetime | None = None, email: str = A) -> Row:
    return Row(line=2, email=email, gone=Departure(reason, at))


async def admit(
    house: House, *rows: Row, dry_run: bool = False, update: bool = False
) -> list[Admission]:
    return await house.admit_rows(
        rows, source="Ghost", now=LATER, dry_run=dry_run, update=update
    )


async def found(house: House, email: str = A) -> Subscriber:
    person = await house.readers.find(email)
    assert person is not None
    return person


async def test_what_a_file_knows_of_a_reader_is_kept(house: House) -> None:
    """Since when, in which language, under which tags, and how they agreed."""
    row = Row(
        line=2,
        email=A,
        joined=EARLIER,
        lang="en",
        tags=("presse", "vip"),
        evidence="Mailchimp, confirmed 2018-02-12",
    )
    assert await admit(house, row) == [Admission.ADDED]
    person = await found(house)
    assert (person.lang, person.tags) == ("en", ("presse", "vip"))
    assert person.subscriptions[0].since == EARLIER
    (consent,) = person.consents
    assert consent.source == "Ghost (Mailchimp, confirmed 2018-02-12)"
    assert (consent.at, consent.action) == (LATER, Action.JOINED)
    ahead = Row(line=3, email="b@x.example", joined=datetime(2031, 1, 1, tzinfo=UTC))
    await admit(house, ahead)  # a clock may be wrong: nobody joins in the future
    assert (await found(house, ahead.email)).subscriptions[0].since == LATER


async def test_who_left_elsewhere_stays_away(house: House) -> None:
    """No later import takes them in; the log says why."""
    assert await admit(house, gone(Reason.UNSUBSCRIBED)) == [Admission.GONE]
    person = await found(house)
    assert person.subscriptions[0].standing is Standing.LEFT
    assert [consent.action for consent in person.consents] == [Action.LEFT]
    assert await house.admit(A) == [Admission.LEFT]
    assert await admit(house, gone(Reason.UNSUBSCRIBED)) == [Admission.LEFT]


async def test_who_bounced_or_complained_elsewhere_is_suppressed(house: House) -> None:
    """With the reason and the day; no subscriber is made of them."""
    reasons = (Reason.BOUNCED, Reason.COMPLAINED, Reason.MANUAL)
    rows = [gone(reason, EARLIER, f"{reason}@x.example") for reason in reasons]
    assert await admit(house, *rows) == [Admission.BARRED] * 3
    entries = await house.readers.suppressions()
    assert [(e.email, e.reason, e.at) for e in entries] == [
        (row.email, reason, EARLIER) for row, reason in zip(rows, reasons, strict=True)
    ]
    assert await house.readers.list_subscribers() == []
    again = await house.admit(*(row.email for row in rows))
    assert again == [Admission.SUPPRESSED] * 3


async def test_who_joined_here_after_that_goes_on_reading(house: House) -> None:
    """An old list takes nobody away."""
    await house.admit(A)
    for reason in (Reason.UNSUBSCRIBED, Reason.BOUNCED):
        for at in (None, EARLIER):
            assert await admit(house, gone(reason, at)) == [Admission.PRESENT]
    assert (await found(house)).subscriptions[0].standing is Standing.ACTIVE
    assert await house.readers.suppressions() == []


async def test_who_left_elsewhere_since_leaves_here_and_the_run(house: House) -> None:
    """What was not handed over is withdrawn."""
    run = await house.open_run(A, "b@lecteurs.example", "c@lecteurs.example")
    at = NOW + timedelta(hours=1)
    assert await admit(house, gone(Reason.UNSUBSCRIBED, at)) == [Admission.GONE]
    assert (await found(house)).subscriptions[0].standing is Standing.LEFT
    complaint = gone(Reason.COMPLAINED, email="c@lecteurs.example")
    assert await admit(house, complaint) == [Admission.BARRED]  # whenever it was
    assert await house.states(run) == {
        A: State.WITHDRAWN,
        "b@lecteurs.example": State.DUE,
        "c@lecteurs.example": State.WITHDRAWN,
    }


async def test_who_takes_another_publication_has_left_this_one(house: House) -> None:
    """They keep what they take."""
    await house.admit(A, publication="le-bruit")
    assert await admit(house, gone(Reason.UNSUBSCRIBED)) == [Admission.GONE]
    standings = {s.publication: s.standing for s in (await found(house)).subscriptions}
    assert standings == {"le-bruit": Standing.ACTIVE, PAPER.id: Standing.LEFT}


async def test_a_file_may_say_two_things_of_one_person(house: House) -> None:
    """The dry run sees it as the import does."""
    joined = Row(line=2, email=A, joined=EARLIER)
    after = gone(Reason.UNSUBSCRIBED, EARLIER + timedelta(days=1))
    twice = [after, gone(Reason.BOUNCED, email="b@x.example")]
    rows = [joined, *twice, *twice, joined]
    expected = [
        Admission.ADDED,
        Admission.GONE,
        Admission.BARRED,
        Admission.LEFT,
        Admission.SUPPRESSED,
        Admission.LEFT,
    ]
    assert await admit(house, *rows, dry_run=True) == expected
    assert await house.readers.find(A) is None
    assert await admit(house, *rows) == expected
    assert (await found(house)).subscriptions[0].standing is Standing.LEFT


async def test_tags_are_added_to_who_is_there_when_asked(house: House) -> None:
    """Beside those they have."""
    await admit(house, Row(line=2, email=A, tags=("presse",)))
    row = Row(line=2, email=A, tier=Tier.MEMBER, tags=("vip",))
    assert await admit(house, row) == [Admission.PRESENT]
    assert (await found(house)).tags == ("presse",)
    assert await admit(house, row, update=True) == [Admission.UPDATED]
    assert (await found(house)).tags == ("presse", "vip")
