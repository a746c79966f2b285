"""What comes back: taken in once, believed only where it is proved, acted upon at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailer.audience.subscriber import How, Standing
from mailer.audience.subscriber import Reason as Bar
from mailer.audience.token import Keyring, Purpose
from mailer.delivery.bounce.model import Kind, Reason, Return
from mailer.delivery.bounce.policy import Terms
from mailer.delivery.ledger import State
from mailer.delivery.providers.event import Event
from mailer.delivery.reply import Attempt, Reply, judge
from mailer.delivery.reply import Stage as At
from mailer.delivery.return_path import ReturnPaths
from mailer.edition.model import Variant
from mailer.errors import StoreError
from mailer.flows.ports import Run, Settlement
from mailer.flows.readers.leaving import Exit, Farewell
from mailer.flows.returning.aftermath import settle_open
from mailer.flows.returning.arrivals import (
    LEAVE,
    Arrival,
    Proof,
    Toll,
    Upshot,
    Wanted,
    Worry,
)
from mailer.flows.returning.intake import (
    IntakeDesk,
    collect,
    digest,
    take_events,
    take_mail,
)
from mailer.flows.returning.refusals import sweep
from mailer.store.people.arrivals import SqlArrivals
from mailer.transport.maildir import Keeper
from mailer.transport.maildrop import MaildirDrop
from tests.contract.house import NOW, PAPER, House, settlement
from tests.database import new_database
from tests.fakes.clock import FakeClock

A = "a@lecteurs.example"
B = "b@lecteurs.example"
LEAVE_TO = "unsubscribe@meridien.example"
RAW = b"Subject: returned\r\n\r\nno such user\r\n"


class Stage:
    """A house with one edition sent to two readers, and a desk that takes in.

    What a mail is, the test says beforehand: ``means`` is what the parser answers.
    """

    def __init__(self, house: House, run: Run) -> None:
        self.house = house
        self.run = run
        self.clock = FakeClock(NOW)
        self.keyring = Keyring([b"k" * 32])
        self.paths = ReturnPaths(self.keyring)
        self.means = Return(kind=Kind.NONE)
        self.left: list[Exit] = []
        self.arrivals = SqlArrivals(house.store)
        self.desk = IntakeDesk(
            arrivals=self.arrivals,
            leave=self._leave,
            parse=lambda _raw: self.means,
            paths=self.paths,
            keyring=self.keyring,
            terms=lambda _publication: Terms(),
            leaves={LEAVE_TO: frozenset({PAPER.id})},
            clock=self.clock,
            answered=self._answered,
            trusted="mx.meridien.example",
        )

    async def _answered(self, raw: bytes) -> bool:
        return b"In-Reply-To: <ours>" in raw

    async def _leave(self, leaving: Exit) -> Farewell | None:
        self.left.append(leaving)
        emails = {p.id: p.email for p in await self.house.readers.list_subscribers()}
        email = emails.get(leaving.subscriber)
        if email is None:
            return None
        await self.house.readers.leave(
            email, publication=leaving.publication, now=self.clock.now()
        )
        return Farewell(
            exit=leaving, ended=(PAPER.id,), active=1, since=self.clock.now()
        )

    async def number(self, email: str) -> int:
        person = await self.house.readers.find(email)
        assert person is not None
        return person.id

    async def return_path(self, email: str) -> str:
        key = self.paths.key(self.run.id, await self.number(email))
        return f"b+{key}@bounces.example.org"

    async def message_id(self, email: str) -> str:
        who = f"{self.run.edition} {Variant.FREE} {await self.number(email)} {email}"
        return f"<ele-meridien-118.{self.keyring.digest('message-id', who)}@x.example>"

    async def token(self, email: str) -> str:
        number = str(await self.number(email))
        return self.keyring.sign(Purpose.UNSUBSCRIBE, PAPER.id, number)

    async def take(self, raw: bytes = RAW, *to: str) -> Arrival:
        """Take *raw* in and settle it; as it stands afterwards."""
        kept = await take_mail(raw, self.desk, way="lmtp", recipients=to)
        assert kept is not None
        await settle_open(self.desk)
        found = await self.arrivals.find(kept.id)
        assert found is not None
        return found

    async def states(self) -> dict[str, State]:
        return await self.house.states(self.run)

    async def barred(self) -> dict[str, Bar]:
        return {s.email: s.reason for s in await self.house.readers.suppressions()}

    async def standing(self, email: str) -> Standing:
        person = await self.house.readers.find(email)
        assert person is not None
        return person.subscriptions[0].standing


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    house = await House.open(new_database(tmp_path))
    run = await house.open_run(A, B)
    for claim in await house.claim(run):
        await house.hand_over(claim, now=NOW)
        await house.settle(settlement(claim, State.ACCEPTED), now=NOW)
    try:
        yield Stage(house, run)
    finally:
        await house.store.close()


HARD = Return(
    kind=Kind.HARD,
    recipient=A,
    reason=Reason.UNKNOWN_USER,
    status="5.1.1",
    evidence=("Status: 5.1.1",),
)
COMPLAINT = Return(kind=Kind.COMPLAINT, reason=Reason.COMPLAINT)


async def test_a_bounce_to_our_return_path_suppresses(stage: Stage) -> None:
    """Ledger, suppression and subscription say the same, and the arrival says why."""
    stage.means = HARD
    found = await stage.take(RAW, await stage.return_path(A))
    assert (found.upshot, found.proof) == (Upshot.SUPPRESSED, Proof.RETURN_PATH)
    assert (found.run, found.edition) == (stage.run.id, stage.run.edition)
    assert found.words
    assert await stage.states() == {A: State.BOUNCED, B: State.ACCEPTED}
    assert await stage.barred() == {A: Bar.BOUNCED}
    assert await stage.standing(A) is Standing.LEFT
    assert await stage.standing(B) is Standing.ACTIVE
    assert [each.how for each in stage.left] == [How.BOUNCE]


async def test_the_same_mail_twice_counts_once(stage: Stage) -> None:
    """By LMTP and out of a Maildir, with another server's lines on top."""
    stage.means = HARD
    path = await stage.return_path(A)
    await stage.take(RAW, path)
    again = b"Return-Path: <>\nDelivered-To: x\nReceived: from y\n\tby z\n" + RAW
    assert await take_mail(again, stage.desk, way="maildir") is None
    assert len(await stage.arrivals.latest(Wanted(), limit=9)) == 1
    assert digest(RAW) == digest(RAW.replace(b"\r\n", b"\n"))
    assert digest(RAW) != digest(RAW + b"x")


async def test_a_forged_return_path_does_nothing(stage: Stage) -> None:
    """One letter of the key changed, and the bounce is nobody's."""
    stage.means = HARD
    path = await stage.return_path(A)
    for at in range(2, path.index("@")):
        other = "1" if path[at] != "1" else "2"
        raw = RAW + str(at).encode()
        found = await stage.take(raw, path[:at] + other + path[at + 1 :])
        assert (found.upshot, found.subscriber) == (Upshot.UNPROVED, None)
    assert await stage.barred() == {}
    assert await stage.states() == {A: State.ACCEPTED, B: State.ACCEPTED}


async def test_a_bounce_that_merely_names_somebody_does_nothing(stage: Stage) -> None:
    """Anybody can write one."""
    stage.means = HARD
    found = await stage.take()
    assert (found.upshot, found.recipient) == (Upshot.UNPROVED, A)
    assert await stage.barred() == {}
    stage.means = replace(HARD, message_ids=("<ele-meridien-118." + "0" * 24 + "@x>",))
    assert (await stage.take(RAW + b"2")).upshot is Upshot.UNPROVED


async def test_a_returned_message_of_ours_is_proof(stage: Stage) -> None:
    """Its Message-ID is signed for one reader; another reader's is no proof."""
    stage.means = replace(HARD, message_ids=(await stage.message_id(B),))
    assert (await stage.take()).upshot is Upshot.UNPROVED
    stage.means = replace(HARD, message_ids=(await stage.message_id(A),))
    found = await stage.take(RAW + b"2")
    assert (found.upshot, found.proof) == (Upshot.SUPPRESSED, Proof.MESSAGE_ID)


@pytest.mark.parametrize("where", ["addresses", "envelope_id"])
async def test_the_key_may_stand_in_the_report(stage: Stage, where: str) -> None:
    """In the return path of what came back, or as its ENVID."""
    path = await stage.return_path(A)
    if where == "addresses":
        stage.means = replace(HARD, addresses=("postmaster@x.example", path))
    else:
        key = path.removeprefix("b+").partition("@")[0]
        stage.means = replace(HARD, envelope_id=key)
    assert (await stage.take()).upshot is Upshot.SUPPRESSED


async def test_a_complaint_without_a_name_finds_its_reader(stage: Stage) -> None:
    """Providers black out the address; the way out of our letter names the reader."""
    url = f"https://l.example/unsubscribe/{await stage.token(B)}"
    stage.means = replace(COMPLAINT, ways_out=(url,))
    found = await stage.take()
    assert (found.upshot, found.recipient) == (Upshot.SUPPRESSED, B)
    assert await stage.states() == {A: State.ACCEPTED, B: State.COMPLAINED}
    assert await stage.barred() == {B: Bar.COMPLAINED}
    assert [(each.publication, each.how) for each in stage.left] == [
        (None, How.COMPLAINT)
    ]


@pytest.mark.parametrize("kind", [Kind.DELAYED, Kind.REPLY, Kind.DELIVERED, Kind.NONE])
async def test_what_is_no_bounce_changes_nothing(stage: Stage, kind: Kind) -> None:
    """A delay, a holiday, good news."""
    stage.means = replace(HARD, kind=kind)
    found = await stage.take(RAW, await stage.return_path(A))
    assert found.upshot is Upshot.IGNORED
    assert found.words
    assert await stage.states() == {A: State.ACCEPTED, B: State.ACCEPTED}
    assert await stage.barred() == {}


async def test_what_a_reader_wrote_back_is_noted_and_not_kept(stage: Stage) -> None:
    """It counts for segments; a machine's answer does not, whatever it refers to."""
    stage.means = Return(kind=Kind.NONE)
    found = await stage.take(b"In-Reply-To: <ours>\r\n\r\nMerci !")
    assert (found.kind, found.upshot, found.raw) == ("answer", Upshot.COUNTED, None)
    stage.means = Return(kind=Kind.REPLY)
    found = await stage.take(b"In-Reply-To: <ours>\r\n\r\nAbsent.")
    assert (found.kind, found.upshot) == ("reply", Upshot.IGNORED)
    assert await stage.barred() == {}


async def test_a_bounce_waits_for_its_sender(stage: Stage) -> None:
    """A relay next door may report before its 250 is written down."""
    run = await stage.house.open_run(number=119)
    stage.run = run
    claims = {claim.email: claim for claim in await stage.house.claim(run)}
    await stage.house.hand_over(claims[A], now=NOW)
    stage.means = HARD
    assert (await stage.take(RAW, await stage.return_path(A))).upshot is Upshot.OPEN
    await stage.house.settle(settlement(claims[A], State.ACCEPTED), now=NOW)
    assert await settle_open(stage.desk) == 1
    assert (await stage.states())[A] is State.BOUNCED


async def test_a_bounce_waits_for_a_dead_sender_an_hour(stage: Stage) -> None:
    """Then it counts, and the doubt ends by it when it is one."""
    stage.run = run = await stage.house.open_run(number=119)
    claims = {claim.email: claim for claim in await stage.house.claim(run)}
    await stage.house.hand_over(claims[A], now=NOW)
    stage.means = HARD
    await stage.take(RAW, await stage.return_path(A))
    await stage.house.ledger.recover(run, now=NOW, all_leases=True)
    assert (await stage.states())[A] is State.IN_DOUBT
    await settle_open(stage.desk)
    assert (await stage.states())[A] is State.BOUNCED


async def test_a_mail_with_our_token_leaves(stage: Stage) -> None:
    """Wherever it came to, whoever it is from."""
    raw = f"From: x@y.example\r\nSubject: unsubscribe {await stage.token(A)}\r\n\r\n"
    found = await stage.take(raw.encode(), "lettre@meridien.example")
    assert (found.kind, found.upshot) == (LEAVE, Upshot.LEFT)
    assert await stage.standing(A) is Standing.LEFT
    assert [(each.publication, each.how) for each in stage.left] == [
        (PAPER.id, How.MAIL)
    ]
    assert await stage.barred() == {}


async def test_a_token_in_the_text_leaves_where_one_leaves(stage: Stage) -> None:
    """At the address for it; elsewhere somebody may just be quoting the letter."""
    raw = f"Subject: bonjour\r\n\r\n> {await stage.token(A)}\r\n".encode()
    assert (await stage.take(raw, "lettre@meridien.example")).upshot is Upshot.IGNORED
    assert await stage.standing(A) is Standing.ACTIVE
    found = await stage.take(b"X: 1\r\n" + raw, "Unsubscribe+x@Meridien.example")
    assert found.upshot is Upshot.LEFT


@pytest.mark.parametrize("header", ["Auto-Submitted: auto-replied", "Return-Path: <>"])
async def test_a_machine_does_not_leave(stage: Stage, header: str) -> None:
    """A vacation notice quotes the letter, and is never answered."""
    raw = f"{header}\r\nSubject: unsubscribe {await stage.token(A)}\r\n\r\n".encode()
    stage.means = Return(kind=Kind.REPLY)
    assert (await stage.take(raw, LEAVE_TO)).upshot is Upshot.IGNORED
    assert await stage.standing(A) is Standing.ACTIVE


VOUCHED = (
    "Authentication-Results: mx.meridien.example; dmarc=pass"
    " header.from=lecteurs.example\r\n"
)


@pytest.mark.parametrize(("head", "leaves"), [(VOUCHED, True), ("", False)])
async def test_a_sender_leaves_only_if_vouched_for(
    stage: Stage, head: str, leaves: bool
) -> None:
    """Without a token, a From that anybody can write is shown to people, and no more."""
    raw = f"{head}From: Zoé <{A}>\r\nSubject: stop\r\n\r\n".encode()
    found = await stage.take(raw, LEAVE_TO)
    assert found.kind == LEAVE
    assert found.upshot is (Upshot.LEFT if leaves else Upshot.UNPROVED)
    assert await stage.standing(A) is (Standing.LEFT if leaves else Standing.ACTIVE)


async def test_a_provider_is_believed(stage: Stage) -> None:
    """By its signature, verified before; each event counts once."""
    event = Event(key="evt-1", about=HARD)
    assert len(await take_events([event, event], stage.desk, way="mailgun")) == 1
    assert await take_events([event], stage.desk, way="mailgun") == []
    assert await settle_open(stage.desk) == 1
    assert await stage.barred() == {A: Bar.BOUNCED}
    assert await stage.states() == {A: State.BOUNCED, B: State.ACCEPTED}


async def test_a_provider_may_carry_other_mail_of_the_house(stage: Stage) -> None:
    """An event that names another message is none of ours."""
    about = replace(HARD, message_ids=("<invoice-7@shop.example>",))
    stranger = replace(HARD, recipient="x@lecteurs.example")
    events = [Event(key="1", about=about), Event(key="2", about=stranger)]
    await take_events(events, stage.desk, way="ses")
    await settle_open(stage.desk)
    found = await stage.arrivals.latest(Wanted(), limit=9)
    assert [each.upshot for each in found] == [Upshot.UNPROVED] * 2
    assert await stage.barred() == {}


async def test_what_could_not_be_kept_was_not_taken(stage: Stage) -> None:
    """Whoever brings a mail hears it, and brings it again."""
    await stage.house.store.close()
    with pytest.raises((StoreError, RuntimeError)):
        await take_mail(RAW, stage.desk, way="lmtp")


async def test_a_crash_between_taking_and_settling_costs_nothing(stage: Stage) -> None:
    """What is open is settled by the next look, hours later."""
    stage.means = HARD
    path = await stage.return_path(A)
    await take_mail(RAW, stage.desk, way="lmtp", recipients=[path])
    stage.clock.advance(timedelta(hours=9))
    assert await settle_open(stage.desk) == 1
    assert await settle_open(stage.desk) == 0
    assert await stage.barred() == {A: Bar.BOUNCED}


async def refuse(stage: Stage, *, code: int, enhanced: str, text: str) -> Run:
    """A further run in which the relay refuses everybody at RCPT."""
    run = await stage.house.open_run(number=119)
    for claim in await stage.house.claim(run):
        await stage.house.hand_over(claim, now=NOW)
        attempt = Attempt(
            relay="principal", stage=At.RCPT, reply=Reply(code, text, enhanced)
        )
        refused = Settlement(
            claim=claim,
            state=State.REFUSED,
            attempt=attempt,
            verdict=judge(attempt),
        )
        await stage.house.settle(refused, now=NOW)
    return run


async def test_what_a_relay_refuses_at_once_counts_as_a_bounce(stage: Stage) -> None:
    """No report ever comes of it. Once, however often it is looked at."""
    run = await refuse(stage, code=550, enhanced="5.1.1", text="User unknown")
    off = replace(stage.desk, terms=lambda _: Terms(refusals=False))
    assert await sweep(run, off) == 0
    assert await sweep(run, stage.desk) == 2
    assert await sweep(run, stage.desk) == 0
    assert await stage.barred() == {A: Bar.BOUNCED, B: Bar.BOUNCED}
    found = await stage.arrivals.latest(Wanted(), limit=9)
    assert {(each.way, each.proof) for each in found} == {("relay", Proof.LEDGER)}
    assert await stage.house.states(run) == {A: State.REFUSED, B: State.REFUSED}


@pytest.mark.parametrize(
    ("code", "enhanced", "text"),
    [
        (552, "5.2.2", "mailbox full"),
        (554, "5.7.1", "blocked using zen.spamhaus.org"),
        (550, "5.7.26", "unauthenticated mail"),
    ],
)
async def test_other_refusals_say_nothing_of_the_address(
    stage: Stage, code: int, enhanced: str, text: str
) -> None:
    """They are about the moment, the message, or us."""
    run = await refuse(stage, code=code, enhanced=enhanced, text=text)
    assert await sweep(run, stage.desk) == 0
    assert await stage.barred() == {}
    assert await stage.arrivals.latest(Wanted(), limit=9) == []


@pytest.mark.parametrize(
    ("toll", "worries"),
    [
        ({"accepted": 1000, "hard": 40, "soft": 10}, []),
        ({"accepted": 1000, "hard": 41, "soft": 10}, [Worry.BOUNCES]),
        ({"accepted": 19, "hard": 19}, []),
        ({"accepted": 1000, "complaints": 3}, []),
        ({"accepted": 1000, "complaints": 4}, [Worry.COMPLAINTS]),
        ({"accepted": 10, "complaints": 2}, []),
        ({"accepted": 10, "ours": 10}, [Worry.BLOCKED]),
    ],
)
def test_when_a_person_must_hear_of_it(
    toll: dict[str, int], worries: list[Worry]
) -> None:
    """Shares that say something, and the providers' own limit for complaints."""
    found = Toll(publication=PAPER.id, edition="p/1", **toll)
    assert found.worries(blocked=10, ratio=0.05) == worries
    if Worry.COMPLAINTS not in worries:
        assert found.worries(blocked=0, ratio=0) == []


async def test_between_two_mails_one_may_stop(stage: Stage, tmp_path: Path) -> None:
    """What was not begun stays where it is, and is known when it is met again."""
    keeper = Keeper(tmp_path / "box")
    for n in range(3):
        keeper.keep("", ["x@y.example"], RAW + str(n).encode())
    drop = MaildirDrop(tmp_path / "box")
    answers = iter([False, True])
    taken = await collect(drop, stage.desk, is_enough=lambda: next(answers))
    assert taken == 1
    assert len(list((tmp_path / "box" / "new").iterdir())) == 2
    assert await collect(drop, stage.desk) == 2
    assert len(await stage.arrivals.latest(Wanted(), limit=9)) == 3
