"""Sending a run: what every kind of answer does to the ledger."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from mailer.audience.subscriber import Reason, Suppression
from mailer.audience.token import Keyring
from mailer.cli.speech import Speech
from mailer.delivery.ledger import State
from mailer.delivery.message import Envelope
from mailer.delivery.reply import Reply, Stage
from mailer.delivery.return_path import Bearer, BounceAddress, ReturnPaths
from mailer.errors import GuardError, StoreError
from mailer.flows.ports import RunState
from mailer.flows.sending.send import send
from tests.fakes.relay import OK
from tests.flows.conftest import PAPER, Desk

FRENCH = Speech(lang="fr")
READERS = [f"r{n}@lecteurs.example" for n in range(40)]


async def test_everybody_gets_the_edition_once(desk: Desk) -> None:
    """Nobody is lost and nobody is written to twice."""
    await desk.subscribe(*READERS)
    run = await send(await desk.open_run(), desk.sending)
    assert run.state is RunState.SENT
    assert sorted(email for email, _ in desk.relay.accepted) == sorted(READERS)
    tally = await desk.tally(run)
    assert (tally.audience, tally.accepted, tally.balanced) == (40, 40, True)


async def test_what_comes_back_will_say_whose_it_was(desk: Desk) -> None:
    """Each reader has a return path of their own; the key names the run and them."""
    await desk.subscribe(*READERS[:3])
    seen: dict[str, Envelope] = {}

    def look(envelope: Envelope, _: int) -> tuple[Stage, Reply | None]:
        seen[envelope.recipient] = envelope
        return Stage.DOT, OK

    desk.relay.answer = look
    bounces = BounceAddress(domain="bounces.meridien.example")
    paper = replace(desk.sending.stationery, bounces=bounces)
    run = await send(await desk.open_run(), replace(desk.sending, stationery=paper))
    paths = ReturnPaths(paper.keyring)
    for email, envelope in seen.items():
        reader = await desk.readers.find(email)
        assert reader is not None
        whose = Bearer(run=run.id, subscriber=reader.id)
        assert paths.read(envelope.return_path) == whose
        assert paths.read(envelope.envelope_id) == whose
    assert len({each.return_path for each in seen.values()}) == 3


async def test_a_deferred_reader_is_tried_again_at_their_hour(desk: Desk) -> None:
    """A greylisting relay gets the message later, in the same run."""

    def greylist(envelope: Envelope, attempt: int) -> tuple[Stage, Reply | None]:
        if envelope.recipient == READERS[0] and attempt == 1:
            return Stage.RCPT, Reply(450, "greylisted", "4.7.1")
        return Stage.DOT, OK

    desk.relay.answer = greylist
    await desk.subscribe(*READERS[:3])
    run = await desk.open_run()
    run = await send(run, desk.sending)
    assert run.state is RunState.SENT
    assert desk.relay.attempts[READERS[0]] == 2
    assert desk.clock.now() - run.started >= timedelta(minutes=15)


async def test_nobody_lingers_for_what_is_due_too_late(desk: Desk) -> None:
    """A delivery deferred beyond `linger` pauses the run at once, and says until when."""
    desk.relay.answer = lambda envelope, attempt: (
        Stage.RCPT,
        Reply(450, "greylisted", "4.7.1"),
    )
    await desk.subscribe(*READERS[:3])
    policy = replace(desk.sending.policy, linger=timedelta(minutes=1))
    run = await desk.open_run()
    run = await send(run, replace(desk.sending, policy=policy))
    assert run.state is RunState.PAUSED
    assert "07:15 CET" in run.reason, "on the publication's own clock"
    known = await desk.sending.ledger.find_run(run.name)
    assert known is not None
    assert FRENCH.said(known.reason) == (
        "les envois différés attendent le samedi 14 mars 2026, 07:15 CET"
    ), "and in the reader's language, whenever it is read"
    assert desk.clock.now() == run.started, "no time was spent waiting"


async def test_a_refusal_is_final(desk: Desk) -> None:
    """An unknown mailbox is refused once and not tried again."""
    desk.relay.answer = lambda envelope, attempt: (
        (Stage.RCPT, Reply(550, "no such user", "5.1.1"))
        if envelope.recipient == READERS[1]
        else (Stage.DOT, OK)
    )
    await desk.subscribe(*READERS[:3])
    run = await send(await desk.open_run(), desk.sending)
    tally = await desk.tally(run)
    assert (tally.accepted, tally.refused, run.state) == (2, 1, RunState.SENT)
    assert desk.relay.attempts[READERS[1]] == 1


async def test_silence_after_the_dot_is_in_doubt_and_not_repeated(desk: Desk) -> None:
    """Whoever may have the message already is not written to again by itself."""
    desk.relay.answer = lambda envelope, attempt: (
        (Stage.DOT, None) if envelope.recipient == READERS[0] else (Stage.DOT, OK)
    )
    await desk.subscribe(*READERS[:5])
    run = await send(await desk.open_run(), desk.sending)
    tally = await desk.tally(run)
    assert (tally.in_doubt, tally.accepted) == (1, 4)
    assert desk.relay.attempts[READERS[0]] == 1


async def test_doubt_is_resent_where_the_operator_says_so(desk: Desk) -> None:
    """With `resend`, silence after the dot is tried again."""
    desk.relay.answer = lambda envelope, attempt: (
        (Stage.DOT, None if attempt == 1 else OK)
    )
    await desk.subscribe(READERS[0])
    policy = replace(desk.sending.policy, resend_doubt=True)
    run = await send(await desk.open_run(), replace(desk.sending, policy=policy))
    assert (await desk.tally(run)).accepted == 1
    assert desk.relay.attempts[READERS[0]] == 2


async def test_silence_before_the_dot_is_tried_again(desk: Desk) -> None:
    """A connection lost before any body byte costs nobody their edition."""
    desk.relay.answer = lambda envelope, attempt: (
        (Stage.DATA, None) if attempt == 1 else (Stage.DOT, OK)
    )
    await desk.subscribe(*READERS[:4])
    run = await send(await desk.open_run(), desk.sending)
    assert (await desk.tally(run)).accepted == 4
    assert len(desk.relay.accepted) == 4


async def test_who_leaves_meanwhile_is_not_written_to(desk: Desk) -> None:
    """Leaving during a run takes effect in that run."""
    await desk.subscribe(*READERS)
    run = await desk.open_run()
    left = READERS[-1]

    async def leave_once(envelope: Envelope) -> None:
        await desk.readers.leave(left, publication=None, now=desk.clock.now())
        await desk.readers.suppress(
            Suppression(
                email=READERS[-2], reason=Reason.COMPLAINED, at=desk.clock.now()
            )
        )

    desk.relay.before_reply = leave_once
    run = await send(run, desk.sending)
    written = {email for email, _ in desk.relay.accepted}
    assert not written & {left, READERS[-2]}
    tally = await desk.tally(run)
    assert (tally.withdrawn, tally.accepted, tally.balanced) == (2, 38, True)


async def test_a_refused_sender_stops_the_run_and_blames_nobody(desk: Desk) -> None:
    """When the relay refuses our From, every reader keeps waiting, unspent."""
    desk.relay.answer = lambda envelope, attempt: (
        Stage.MAIL,
        Reply(550, "sender not allowed", "5.7.1"),
    )
    await desk.subscribe(*READERS[:10])
    run = await send(await desk.open_run(), desk.sending)
    tally = await desk.tally(run)
    assert run.state is RunState.PAUSED
    assert "sender not allowed" in run.reason
    assert (tally.waiting, tally.refused) == (10, 0)


async def test_an_unreachable_relay_pauses_and_resuming_finishes(desk: Desk) -> None:
    """A relay that does not answer leaves everybody waiting; later all get it once."""
    await desk.subscribe(*READERS)
    run = await desk.open_run()
    desk.relay.refuse_sessions = True
    run = await send(run, desk.sending)
    assert (run.state, run.reason) == (
        RunState.PAUSED,
        "relay fake is set aside: connection refused",
    )
    desk.relay.refuse_sessions = False
    run = await send(run, desk.sending)
    assert run.state is RunState.SENT
    assert len(desk.relay.accepted) == 40


async def test_a_stop_finishes_what_is_on_the_wire(desk: Desk) -> None:
    """The first signal ends claiming; messages under way keep their outcome."""
    await desk.subscribe(*READERS)
    run = await desk.open_run()

    async def stop(envelope: Envelope) -> None:
        desk.sending.stop.set()

    desk.relay.before_reply = stop
    run = await send(run, desk.sending)
    tally = await desk.tally(run)
    assert run.state is RunState.PAUSED
    assert tally.accepted == len(desk.relay.accepted) <= desk.relay.connections
    assert tally.waiting == 40 - tally.accepted
    assert tally.in_doubt == 0


async def test_what_waits_too_long_expires(desk: Desk) -> None:
    """A mailbox that never opens is given up after the run's patience, with a date."""
    desk.relay.answer = lambda envelope, attempt: (
        Stage.RCPT,
        Reply(450, "try later", "4.2.0"),
    )
    await desk.subscribe(*READERS[:2])
    run = await send(await desk.open_run(), desk.sending)
    tally = await desk.tally(run)
    assert (run.state, tally.expired, tally.waiting) == (RunState.SENT, 2, 0)


async def test_an_edition_is_not_sent_while_its_run_is_unfinished(desk: Desk) -> None:
    """A second run of the same edition cannot start beside the first."""
    await desk.subscribe(*READERS[:2])
    await desk.open_run()
    with pytest.raises(GuardError):
        await desk.open_run()


async def test_a_second_run_skips_who_has_it(desk: Desk) -> None:
    """New readers get the edition; the others are not written to again."""
    await desk.subscribe(*READERS[:3])
    await send(await desk.open_run(), desk.sending)
    await desk.subscribe(READERS[3])
    await send(await desk.open_run(), desk.sending)
    assert sorted(email for email, _ in desk.relay.accepted) == READERS[:4]


async def test_only_one_process_sends_a_run(desk: Desk) -> None:
    """A second sender of the same run is turned away while the first works."""
    await desk.subscribe(*READERS[:2])
    run = await desk.open_run()
    async with desk.ledger.sole_sender(run):
        with pytest.raises(GuardError):
            await send(run, desk.sending)
    assert desk.relay.accepted == []


async def test_an_outcome_is_offered_until_the_ledger_takes_it(desk: Desk) -> None:
    """A database that stumbles after 250 loses nothing: the outcome is kept."""
    await desk.subscribe(*READERS[:6])
    run = await desk.open_run()
    stumbles = _StumblingLedger(desk, failures=3)
    run = await send(run, replace(desk.sending, ledger=stumbles))
    assert run.state is RunState.SENT
    tally = await desk.tally(run)
    assert (tally.accepted, tally.in_doubt) == (6, 0)
    assert len(desk.relay.accepted) == 6
    assert stumbles.failures == 0
    assert desk.clock.elapsed >= 3, "it was not hammered"


async def test_nothing_is_claimed_while_the_ledger_takes_nothing(desk: Desk) -> None:
    """A database that stays full ends the run after its patience, and says why."""
    await desk.subscribe(*READERS)
    run = await desk.open_run()
    stumbles = _StumblingLedger(desk, failures=1000)
    run = await send(run, replace(desk.sending, ledger=stumbles))
    assert run.state is RunState.PAUSED
    assert "no space" in run.reason
    assert desk.relay.accepted == [], "no mark, no body"
    run = await send(run, desk.sending)
    tally = await desk.tally(run)
    assert (tally.accepted, tally.in_doubt, tally.waiting) == (40, 0, 0)


async def test_a_ledger_that_takes_nothing_more_still_ends_in_words(desk: Desk) -> None:
    """A disk that is full to the end leaves a paused run, not a bare error."""
    await desk.subscribe(*READERS[:6])
    run = await desk.open_run()
    full = _FullLedger(desk)
    run = await send(run, replace(desk.sending, ledger=full))
    assert run.state is RunState.PAUSED
    assert "no space" in run.reason
    run = await send(run, desk.sending)
    tally = await desk.tally(run)
    assert (tally.accepted + tally.in_doubt, tally.waiting) == (6, 0)
    assert len(desk.relay.accepted) <= 6


async def test_what_was_written_ahead_goes_over_the_next_connection(
    desk: Desk,
) -> None:
    """A message is written while the one before it is marked, and is not lost with it."""
    await desk.subscribe(*READERS[:6])
    desk.relay.connections = 1

    def answer(envelope: Envelope, attempt: int) -> tuple[Stage, Reply | None]:
        return Stage.DOT, None if envelope.recipient == READERS[0] else OK

    desk.relay.answer = answer
    tally = await desk.tally(await send(await desk.open_run(), desk.sending))
    assert (tally.in_doubt, tally.accepted, tally.waiting) == (1, 5, 0)


async def test_a_defect_stops_a_run_and_is_told(desk: Desk) -> None:
    """What nobody foresaw is raised, and no connection waits for ever."""
    await desk.subscribe(*READERS)
    run = await desk.open_run()

    class Broken(_StumblingLedger):
        async def commit(self, *args: object, **named: object) -> object:
            raise LookupError

    with pytest.raises(LookupError):
        await send(run, replace(desk.sending, ledger=Broken(desk, failures=0)))
    assert desk.relay.accepted == []
    run = await send(run, desk.sending)
    assert (await desk.tally(run)).accepted == 40


async def test_a_defect_in_what_is_written_ahead_is_told(desk: Desk) -> None:
    """It stops the run as any other would, and nobody is forgotten."""
    await desk.subscribe(*READERS[:6])
    desk.relay.connections = 1
    run = await desk.open_run()

    class Broken(Keyring):
        def digest(self, label: str, text: str) -> str:
            if text.endswith(READERS[1]):
                raise LookupError
            return super().digest(label, text)

    broken = replace(desk.sending.stationery, keyring=Broken((b"k" * 32,)))
    with pytest.raises(LookupError):
        await send(run, replace(desk.sending, stationery=broken))
    tally = await desk.tally(await send(run, desk.sending))
    assert (tally.accepted + tally.in_doubt, tally.waiting) == (6, 0)
    assert sorted(reader for reader, _ in desk.relay.accepted) == sorted(READERS[:6])


class _FullLedger:
    """The real ledger, which takes claims and hand-overs, and then nothing more."""

    def __init__(self, desk: Desk) -> None:
        self._ledger = desk.ledger
        self._is_full = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    async def commit(self, *args: object, **named: object) -> object:
        self._is_full = self._is_full or bool(named["settlements"])
        if self._is_full:
            raise StoreError(_FULL)
        return await self._ledger.commit(*args, **named)

    async def mark_run(self, *args: object, **named: object) -> object:
        if self._is_full:
            raise StoreError(_FULL)
        return await self._ledger.mark_run(*args, **named)


_FULL = "no space left on the disk"


class _StumblingLedger:
    """The real ledger, whose first outcomes do not fit on the disk."""

    def __init__(self, desk: Desk, failures: int) -> None:
        self._ledger = desk.ledger
        self.failures = failures

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    async def commit(self, *args: object, **named: object) -> object:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise StoreError(_FULL)
        return await self._ledger.commit(*args, **named)


async def test_a_crash_leaves_what_was_on_the_wire_in_doubt(desk: Desk) -> None:
    """Handing over when the process died is in doubt; merely claimed goes out again."""
    await desk.subscribe(*READERS[:4])
    run = await desk.open_run()
    claims = await desk.ledger.claim(
        run,
        worker="dead",
        limit=3,
        now=desk.clock.now(),
        lease=timedelta(minutes=5),
    )
    await desk.ledger.commit(run, marks=claims[:1], now=desk.clock.now())
    run = await send(run, desk.sending)
    tally = await desk.tally(run)
    assert (tally.in_doubt, tally.accepted) == (1, 3)
    entries = await desk.ledger.entries(run, states=[State.IN_DOUBT])
    assert [entry.email for entry in entries] == [claims[0].email]
    assert claims[0].email not in dict(desk.relay.accepted)


async def test_the_message_names_its_list(desk: Desk) -> None:
    """What leaves is the compiled message, addressed to its reader."""
    await desk.subscribe(READERS[0])
    await send(await desk.open_run(), desk.sending)
    ((_, content),) = desk.relay.accepted
    assert f"To: <{READERS[0]}>".encode() in content
    assert PAPER.list_id.encode() in content
