"""What comes back is taken in, once, and bound to whom it is proved to be about.

Taking in comes first and is durable before anybody is told so: ``take_mail`` and
``take_events`` read what it is and whose, and keep it once. What is done about it
(``aftermath``) is decided afterwards.

Mail is anybody's. Nobody is suppressed for what a mail merely says: it must have come to a
return path that we made, carry back a token or a Message-ID of ours, or be the signed word
of a provider that we were told to trust.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from mailer.audience.bearer import read_bearer
from mailer.audience.token import Keyring, Purpose
from mailer.delivery.bounce.model import Kind, Return
from mailer.delivery.bounce.policy import Terms
from mailer.delivery.providers.event import Event
from mailer.delivery.request import Request, read_request
from mailer.delivery.return_path import ReturnPaths
from mailer.errors import TokenError
from mailer.flows.ports import Clock
from mailer.flows.readers.leaving import Exit, Farewell
from mailer.flows.returning.arrivals import (
    ANSWER,
    LEAVE,
    Arrival,
    Arrivals,
    Copy,
    Proof,
    Upshot,
)

log = structlog.get_logger()

LONGEST = 1024 * 1024
"""Bytes of a mail that are read: a report says what it is about long before."""

_NEWEST = 50
"""Messages to an address that a returned Message-ID is compared with."""

_MESSAGE_ID = re.compile(r"<e[A-Za-z0-9-]*\.([a-z0-9]{24})@[^<>@\s]+>")
_WAY_OUT = re.compile(r"[A-Za-z0-9_-]{22,160}")
_TRACE = re.compile(
    rb"(?:(?:return-path|delivered-to|x-original-to|received):[^\n]*\n(?:[ \t][^\n]*\n)*)*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeDesk:
    """What taking in and settling need.

    ``parse`` says what a mail is; ``terms`` is the policy of a publication; ``leaves``
    maps the addresses that take mails that unsubscribe to the publications they are of.
    ``trusted`` is the name of the server whose word on DMARC is believed, or empty.
    ``answered`` notes a mail that answers a message of ours, and says whether it does.
    """

    arrivals: Arrivals
    leave: Callable[[Exit], Awaitable[Farewell | None]]
    parse: Callable[[bytes], Return]
    paths: ReturnPaths
    keyring: Keyring
    terms: Callable[[str], Terms]
    leaves: Mapping[str, frozenset[str]]
    clock: Clock
    answered: Callable[[bytes], Awaitable[bool]]
    trusted: str = ""
    settled: Callable[[Arrival, Upshot], None] = lambda _arrival, _upshot: None


class Maildrop(Protocol):
    """A place where what came back lies until we fetch it.

    ``way`` is its kind (``maildir``, ``imap``), ``name`` which one it is.
    """

    @property
    def way(self) -> str:
        """Its kind, as arrivals tell it."""

    @property
    def name(self) -> str:
        """Which one it is, as errors tell it."""

    async def collect(
        self, take: Callable[[bytes], Awaitable[None]], *, limit: int
    ) -> int:
        """Hand each mail to *take*, at most *limit*, and put it aside; how many.

        It is put aside after *take* has returned; what *take* raises leaves it there.
        IntakeError if the place cannot be reached.
        """


class _EnoughError(Exception):
    """Between two mails somebody has said to stop."""


async def collect(
    drop: Maildrop,
    desk: IntakeDesk,
    *,
    limit: int = 500,
    is_enough: Callable[[], bool] = lambda: False,
) -> int:
    """Take in what lies in *drop*; how many mails. IntakeError, StoreError.

    Where *is_enough* says so, what was not begun stays there.
    """
    taken = 0

    async def take(raw: bytes) -> None:
        nonlocal taken
        if is_enough():
            raise _EnoughError
        await take_mail(raw, desk, way=drop.way)
        taken += 1

    with suppress(_EnoughError):
        await drop.collect(take, limit=limit)
    return taken


# -- taken in -------------------------------------------------------------------


async def take_mail(
    raw: bytes, desk: IntakeDesk, *, way: str, recipients: Sequence[str] = ()
) -> Arrival | None:
    """Keep the mail *raw*, which came to *recipients*; None if it is known.

    Durable when it returns. StoreError, and then it was not taken.
    """
    raw = raw[:LONGEST]
    about, request = await asyncio.to_thread(_understood, raw, desk)
    arrival = Arrival(
        digest=digest(raw),
        at=desk.clock.now(),
        way=way,
        kind=about.kind,
        recipient=about.recipient,
        reason=about.reason,
        status=about.status,
        said=_said(about),
        evidence=about.evidence,
        raw=raw,
    )
    asked = about.kind in {Kind.NONE, Kind.REPLY} and await _asked(
        arrival, request, recipients, desk
    )
    if asked:
        arrival = asked
    elif about.kind is Kind.NONE and await desk.answered(raw):
        arrival = replace(arrival, kind=ANSWER, raw=None)
    else:
        arrival = await _whose(arrival, about, recipients, desk)
    return next(iter(await desk.arrivals.keep([arrival])), None)


async def take_events(
    events: Sequence[Event], desk: IntakeDesk, *, way: str
) -> list[Arrival]:
    """Keep what a provider reports, whose signature was verified; those that are new.

    Durable when it returns. StoreError, and then none was taken.
    """
    arrivals = []
    for event in events:
        about = event.about
        arrival = Arrival(
            digest=hashlib.sha256(f"{way} {event.key}".encode()).hexdigest(),
            at=desk.clock.now(),
            way=way,
            kind=LEAVE if event.leaves else about.kind,
            recipient=about.recipient,
            reason="" if event.leaves else about.reason,
            status=about.status,
            said=_said(about),
            evidence=about.evidence,
        )
        arrivals.append(await _reported(arrival, about, desk))
    return await desk.arrivals.keep(arrivals)


def digest(raw: bytes) -> str:
    """Under which a mail is kept once, by whichever ways it comes.

    What servers put on top of it on the way, and how its lines end, makes no other mail.
    """
    lines = raw.replace(b"\r\n", b"\n")
    trace = _TRACE.match(lines)
    return hashlib.sha256(lines[trace.end() if trace else 0 :]).hexdigest()


def _understood(raw: bytes, desk: IntakeDesk) -> tuple[Return, Request]:
    return desk.parse(raw), read_request(raw, trusted=desk.trusted)


def _said(about: Return) -> str:
    """One line of who reports, for ledger and list."""
    for fate in about.fates:
        if fate.said:
            return fate.said
    return ""


# -- whose ----------------------------------------------------------------------


async def _asked(
    arrival: Arrival, request: Request, recipients: Sequence[str], desk: IntakeDesk
) -> Arrival | None:
    """*arrival* as a mail that asks to leave; None if it does not.

    A token of ours is enough, wherever it came to. Without one it must have come to an
    address that takes such mails, and be from somebody for whom our server vouches; then
    they leave what that address is of.
    """
    if request.is_automatic:
        return None
    arrival = replace(arrival, kind=LEAVE, reason="", status="", said="")
    came_to = {address.lower() for address in (*recipients, *request.to)}
    publications = frozenset[str]().union(
        *(desk.leaves.get(_bare(address), frozenset()) for address in came_to)
    )
    if request.exact or publications:
        for token in request.tokens:
            if named := _named(token, desk):
                return await _newest(arrival, *named, desk)
    if request.names_leaving:
        for address in came_to:
            bearer = desk.paths.read(address)
            copy = bearer and await desk.arrivals.copy(bearer.run, bearer.subscriber)
            if copy:
                return _bound(arrival, copy, Proof.RETURN_PATH)
    if not publications:
        return None
    arrival = replace(arrival, recipient=request.claimed)
    if request.sender:
        for copy in await desk.arrivals.copies(request.sender, limit=_NEWEST):
            if copy.publication in publications:
                return _bound(arrival, copy, Proof.SENDER)
    return arrival


async def _whose(
    arrival: Arrival, about: Return, recipients: Sequence[str], desk: IntakeDesk
) -> Arrival:
    """*arrival* with the message of ours that it is proved to be about, if it is."""
    for text in (*recipients, *about.addresses, about.envelope_id):
        bearer = desk.paths.read(text)
        copy = bearer and await desk.arrivals.copy(bearer.run, bearer.subscriber)
        if copy:
            return _bound(arrival, copy, Proof.RETURN_PATH)
    for url in about.ways_out:
        for token in _WAY_OUT.findall(url):
            if named := _named(token, desk):
                return await _newest(arrival, *named, desk)
    copies = await _copies(about.recipient, desk)
    if copy := _returned(about, copies, desk):
        return _bound(arrival, copy, Proof.MESSAGE_ID)
    return arrival


async def _reported(arrival: Arrival, about: Return, desk: IntakeDesk) -> Arrival:
    """*arrival* with the message that a provider's event is about.

    A provider may carry other mail of the house than ours: an event that names another
    message is none of our business.
    """
    for text in (*about.addresses, about.envelope_id):
        bearer = desk.paths.read(text)
        copy = bearer and await desk.arrivals.copy(bearer.run, bearer.subscriber)
        if copy:
            return _bound(arrival, copy, Proof.PROVIDER)
    copies = await _copies(about.recipient, desk)
    if copy := _returned(about, copies, desk):
        return _bound(arrival, copy, Proof.PROVIDER)
    if about.message_ids or not copies:
        return arrival
    return _bound(arrival, copies[0], Proof.PROVIDER)


def _bound(arrival: Arrival, copy: Copy, proof: Proof) -> Arrival:
    return replace(
        arrival,
        proof=proof,
        subscriber=copy.subscriber,
        run=copy.run,
        publication=copy.publication,
        edition=copy.edition,
        recipient=copy.email,
    )


async def _newest(
    arrival: Arrival, publication: str, subscriber: int, desk: IntakeDesk
) -> Arrival:
    """*arrival* about the newest message of *publication* to *subscriber*."""
    copies = await desk.arrivals.copies_to(subscriber, publication)
    if copies:
        return _bound(arrival, copies[-1], Proof.TOKEN)
    return replace(
        arrival, proof=Proof.TOKEN, publication=publication, subscriber=subscriber
    )


async def _copies(email: str, desk: IntakeDesk) -> list[Copy]:
    return await desk.arrivals.copies(email, limit=_NEWEST) if email else []


def _returned(about: Return, copies: Sequence[Copy], desk: IntakeDesk) -> Copy | None:
    """Which of *copies* has a Message-ID that came back; they are signed by us."""
    digests = {found[1] for x in about.message_ids if (found := _MESSAGE_ID.search(x))}
    if not digests:
        return None
    for copy in copies:
        who = f"{copy.edition} {copy.variant} {copy.subscriber} {copy.email}"
        if desk.keyring.digest("message-id", who) in digests:
            return copy
    return None


def _named(token: str, desk: IntakeDesk) -> tuple[str, int] | None:
    try:
        bearer = read_bearer(desk.keyring, Purpose.UNSUBSCRIBE, token)
    except TokenError:
        return None
    return bearer.publication, bearer.subscriber


def _bare(address: str) -> str:
    """``unsubscribe+anything@x`` is read as ``unsubscribe@x``."""
    name, _, domain = address.rpartition("@")
    return f"{name.partition('+')[0]}@{domain}"
