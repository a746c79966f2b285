"""What is done about an arrival: counted, suppressed, left; or nothing, and why.

What is proved to have come back is counted against the policy of its publication, with
all that came before it. Who complained or asked for it leaves. Each arrival is settled
once, in one transaction with what it does; what must wait, or was left open by a crash,
is settled by the next look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from mailer.audience.subscriber import How, Suppression
from mailer.audience.subscriber import Reason as Bar
from mailer.delivery.bounce.model import Kind
from mailer.delivery.bounce.policy import Action, rule
from mailer.delivery.ledger import State
from mailer.errors import StoreError
from mailer.flows.readers.leaving import Exit
from mailer.flows.returning.arrivals import (
    ANSWER,
    LEAVE,
    Arrival,
    Copy,
    Proof,
    Settling,
    Upshot,
)
from mailer.flows.returning.intake import IntakeDesk
from mailer.phrases import Phrase, say

log = structlog.get_logger()

_PATIENCE = timedelta(hours=1)
"""How long a report waits for the sender to write down that its message was taken."""

_GROUP = 100

_COUNTED = frozenset({Kind.HARD, Kind.SOFT, Kind.COMPLAINT})
_WENT = frozenset({State.ACCEPTED, State.BOUNCED, State.COMPLAINED})


async def settle_open(desk: IntakeDesk) -> int:
    """Settle what is open, the oldest first; how many were.

    In groups: thousands may come back within the hour of an edition, while it is sent.
    """
    return await settle(await desk.arrivals.open(limit=_GROUP), desk)


async def settle(arrivals: Sequence[Arrival], desk: IntakeDesk) -> int:
    """Do what *arrivals* ask for; how many. The others must wait, or are settled."""
    now = desk.clock.now()
    decided = await asyncio.gather(*(_safely(each, desk, now) for each in arrivals))
    settlings = [each for each in decided if each is not None]
    written = await desk.arrivals.settle(settlings, now=now)
    done = [each for each, is_new in zip(settlings, written, strict=True) if is_new]
    for settling in done:
        _tell(settling, desk)
    return len(done)


async def _safely(arrival: Arrival, desk: IntakeDesk, now: datetime) -> Settling | None:
    """What becomes of *arrival*; what we cannot judge must not hold up the others."""
    try:
        return await _decided(arrival, desk, now)
    except StoreError:
        raise
    except Exception:
        log.exception("arrival.defect", arrival=arrival.id)
        words = say("a defect of mailer's kept it from being judged: see the log")
        return Settling(arrival=arrival, upshot=Upshot.UNPROVED, words=words)


def _tell(settling: Settling, desk: IntakeDesk) -> None:
    arrival = settling.arrival
    desk.settled(arrival, settling.upshot)
    log.info(
        "arrival.settled",
        arrival=arrival.id,
        way=arrival.way,
        kind=arrival.kind,
        reason=arrival.reason,
        proof=str(arrival.proof),
        upshot=str(settling.upshot),
        publication=arrival.publication,
        subscriber=arrival.subscriber,
    )


async def _decided(
    arrival: Arrival, desk: IntakeDesk, now: datetime
) -> Settling | None:
    """What becomes of *arrival*; None while its message is still being handed over."""
    if arrival.kind == LEAVE:
        return await _leaves(arrival, desk)
    if arrival.kind == ANSWER:
        words = say("a reader wrote back: noted for segments")
        return Settling(arrival=arrival, upshot=Upshot.COUNTED, words=words)
    if arrival.kind not in _COUNTED:
        state = (
            State.ACCEPTED if arrival.kind in {Kind.DELAYED, Kind.DELIVERED} else None
        )
        return Settling(
            arrival=arrival,
            upshot=Upshot.IGNORED,
            words=_ignored(arrival),
            state=state if arrival.run is not None else None,
        )
    if arrival.proof is Proof.NONE or arrival.subscriber is None:
        words = say("nothing in it proves that it is about a message of ours")
        return Settling(arrival=arrival, upshot=Upshot.UNPROVED, words=words)
    copy = None
    if arrival.run is not None:
        copy = await desk.arrivals.copy(arrival.run, arrival.subscriber)
    is_fresh = now - arrival.at < _PATIENCE
    if copy is not None and copy.state is State.HANDING_OVER and is_fresh:
        return None
    return await _judged(arrival, copy, desk, now)


async def _leaves(arrival: Arrival, desk: IntakeDesk) -> Settling:
    if arrival.proof is Proof.NONE or arrival.subscriber is None:
        words = say("it asks to leave, and nothing in it says who: see to it by hand")
        return Settling(arrival=arrival, upshot=Upshot.UNPROVED, words=words)
    is_theirs = arrival.proof is Proof.PROVIDER
    leaving = Exit(
        subscriber=arrival.subscriber,
        publication=arrival.publication,
        how=How.PROVIDER if is_theirs else How.MAIL,
    )
    farewell = await desk.leave(leaving)
    if farewell is None:
        words = say("it asks to leave, and takes nothing any more")
        return Settling(arrival=arrival, upshot=Upshot.IGNORED, words=words)
    words = say("left {publication} by mail", publication=arrival.publication)
    if is_theirs:
        words = say(
            "left {publication} at the provider", publication=arrival.publication
        )
    return Settling(arrival=arrival, upshot=Upshot.LEFT, words=words)


async def _judged(
    arrival: Arrival, copy: Copy | None, desk: IntakeDesk, now: datetime
) -> Settling:
    """What the policy of its publication makes of *arrival*, with all that came before."""
    assert arrival.subscriber is not None  # noqa: S101 - proved
    incidents = await desk.arrivals.incidents(arrival.subscriber, arrival.publication)
    copies = await desk.arrivals.copies_to(arrival.subscriber, arrival.publication)
    sent = [each.edition for each in copies if each.state in _WENT]
    ruling = rule(
        incidents,
        sent=list(dict.fromkeys(sent)),
        terms=desk.terms(arrival.publication),
    )
    is_complaint = arrival.kind == Kind.COMPLAINT
    state: State | None = State.COMPLAINED if is_complaint else State.BOUNCED
    if arrival.proof is Proof.LEDGER or copy is None:
        state = None  # the ledger knew it first, or knows nothing of it
    if ruling.action is Action.KEEP and not is_complaint:
        return Settling(
            arrival=arrival, upshot=Upshot.COUNTED, words=ruling.words, state=state
        )
    how = How.COMPLAINT if is_complaint else How.BOUNCE
    await desk.leave(Exit(subscriber=arrival.subscriber, publication=None, how=how))
    email = copy.email if copy is not None else arrival.recipient
    if not email:  # a token alone names nobody's address
        return Settling(arrival=arrival, upshot=Upshot.LEFT, words=ruling.words)
    return Settling(
        arrival=arrival,
        upshot=Upshot.SUPPRESSED,
        words=ruling.words,
        state=state,
        suppression=Suppression(
            email=email,
            reason=Bar.COMPLAINED if is_complaint else Bar.BOUNCED,
            at=now,
            note=str(ruling.words),
        ),
    )


def _ignored(arrival: Arrival) -> Phrase:
    match arrival.kind:
        case Kind.DELAYED:
            return say("it is on its way: nothing is to be done")
        case Kind.DELIVERED:
            return say("it arrived")
        case Kind.REPLY:
            return say("a machine answers: nothing is to be done")
    return say("it says nothing about a message of ours")
