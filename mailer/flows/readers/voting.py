"""Votes: a link of the reader's own is looked at, confirmed, counted, and shown as results.

Looking changes nothing, however often a program does it. Who holds a link that opens
nothing is told the same, whatever is wrong with it: None here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from mailer.audience.bearer import read_bearer
from mailer.audience.token import Keyring, Purpose
from mailer.edition.ballot import Ballot
from mailer.edition.gathering.literal import literal
from mailer.edition.gathering.results import Choice, PollResult
from mailer.edition.model import Variant
from mailer.errors import InputError, NotFoundError, TokenError
from mailer.phrases import did_you_mean, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll of an edition that went out, as it was frozen.

    ``edition`` is ``publication/number``, ``slug`` its page; ``zone`` is where its last
    day ends. ``shown_to`` are the variants that ask it; it is ``asked_of_all`` if every
    reader of the edition was asked.
    """

    publication: str
    edition: str
    slug: str
    title: str
    zone: str
    ballot: Ballot
    shown_to: frozenset[Variant]
    asked_of_all: bool

    @property
    def name(self) -> str:
        """How commands call it: ``le-meridien/118/passerelle``."""
        return f"{self.edition}/{self.ballot.id}"

    @property
    def is_public(self) -> bool:
        """Whether everybody may read its question."""
        return Variant.WEB in self.shown_to

    def is_open(self, now: datetime) -> bool:
        """Whether one may answer *now*."""
        return self.ballot.is_open(now, self.zone)

    def shows_results(self, now: datetime) -> bool:
        """Whether readers may see *now* what was answered."""
        return self.ballot.shows_results(now, self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One answer with who gave it and when, of a poll that is not anonymous."""

    email: str
    choice: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """Who votes. ``mark`` is what an anonymous poll knows of them, before its own key."""

    subscriber: int
    mark: str


class Ballots(Protocol):
    """Polls of what was sent, and their votes. Durable when it returns; StoreError."""

    async def polls(self, publication: str | None = None) -> Sequence[Poll]:
        """Every poll of editions that began to leave, the newest edition first."""

    async def poll(self, publication: str, slug: str, id_: str) -> Poll | None:
        """One of them, by the address of its edition's page."""

    async def variant_sent(self, poll: Poll, subscriber: int) -> Variant | None:
        """As which variant *subscriber* was sent the poll's edition; None: they were not."""

    async def vote(self, poll: Poll, voter: Voter, choice: int, now: datetime) -> bool:
        """Write down *choice* in place of an earlier one; False once the box is sealed."""

    async def vote_of(self, poll: Poll, voter: Voter) -> int | None:
        """What *voter* answered, as far as it can be known."""

    async def counts(self, poll: Poll) -> Sequence[int]:
        """How many chose each choice, in their order."""

    async def votes(self, poll: Poll) -> Sequence[Vote]:
        """Every answer with its reader, by address; none of an anonymous poll."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VotingDesk:
    """What votes are taken with."""

    ballots: Ballots
    keyring: Keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A vote that somebody holds in their hand and may cast: a link that is theirs."""

    poll: Poll
    voter: Voter
    choice: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A poll as a page shows it. ``counts`` is None where results are not shown.

    ``given`` is what this reader answered, if they did and it can be known.
    """

    poll: Poll
    is_open: bool
    given: int | None = None
    counts: Sequence[int] | None = None


async def slip_of(
    desk: VotingDesk, publication: str, slug: str, token: str, id_: str, choice: str
) -> Slip | None:
    """The vote that a link holds; None if it is nobody's, or of no poll they were sent."""
    if not (slug + id_).isprintable():  # no database takes a NUL
        return None
    try:
        bearer = read_bearer(desk.keyring, Purpose.VOTE, token)
        subscriber, place = bearer.subscriber, int(choice)
    except (TokenError, ValueError):
        return None
    if bearer.publication != publication:
        return None
    poll = await desk.ballots.poll(publication, slug, id_)
    if poll is None:
        return None
    if str(place) != choice or not 1 <= place <= len(poll.ballot.choices):
        return None
    variant = await desk.ballots.variant_sent(poll, subscriber)
    if variant is None or variant not in poll.shown_to:
        return None
    mark = desk.keyring.digest("vote", f"{poll.name}\0{subscriber}")
    voter = Voter(subscriber=subscriber, mark=mark)
    return Slip(poll=poll, voter=voter, choice=place)


async def look(desk: VotingDesk, slip: Slip, now: datetime) -> Standing:
    """How the poll stands for who holds *slip*: results only for who has answered."""
    given = await desk.ballots.vote_of(slip.poll, slip.voter)
    is_open = slip.poll.is_open(now)
    shown = slip.poll.shows_results(now) and (given is not None or not is_open)
    counts = await desk.ballots.counts(slip.poll) if shown else None
    return Standing(poll=slip.poll, is_open=is_open, given=given, counts=counts)


async def cast(desk: VotingDesk, slip: Slip, now: datetime) -> bool:
    """Count *slip*, in place of an earlier answer; False if the poll is over."""
    if not slip.poll.is_open(now):
        return False
    return await desk.ballots.vote(slip.poll, slip.voter, slip.choice, now)


async def results(
    ballots: Ballots, publication: str, slug: str, id_: str, now: datetime
) -> Standing | None:
    """The poll for who comes without a link; None if it is not everybody's to read."""
    if not (publication + slug + id_).isprintable():
        return None
    poll = await ballots.poll(publication, slug, id_)
    if poll is None or not poll.is_public:
        return None
    counts = await ballots.counts(poll) if poll.shows_results(now) else None
    return Standing(poll=poll, is_open=poll.is_open(now), counts=counts)


async def last_result(
    ballots: Ballots, publication: str, *, before: date, now: datetime
) -> PollResult | None:
    """The newest poll of *publication* that was over *before* that day, if any.

    It is over *now* too: what is printed stands. Not one that only some readers were asked, nor one whose results nobody is shown.
    """
    over = [
        poll
        for poll in await ballots.polls(publication)
        if poll.asked_of_all
        and poll.ballot.results != "never"
        and poll.ballot.until is not None
        and poll.ballot.until < before
        and not poll.is_open(now)
    ]
    if not over:
        return None
    newest = max(over, key=lambda poll: poll.ballot.until or before)
    counts = await ballots.counts(newest)
    return PollResult(
        poll=newest.name,
        question=literal(newest.ballot.question),
        choices=[
            Choice(literal(words), count)
            for words, count in zip(newest.ballot.choices, counts, strict=True)
        ],
    )


def poll_called(polls: Sequence[Poll], name: str) -> Poll:
    """The one of *polls* that is called *name*, or has that id or stands alone in it.

    NotFoundError if there is none, InputError if there are several.
    """
    found = [poll for poll in polls if name in {poll.name, poll.edition}]
    found = found or [poll for poll in polls if poll.ballot.id == name]
    if len(found) == 1:
        return found[0]
    if not found:
        message = say("no poll {name}", name=name)
        known = [poll.name for poll in polls]
        raise NotFoundError(
            message, hint=did_you_mean(name, known) or "mailer polls list"
        )
    message = say("several polls are called {name}", name=name)
    names = ", ".join(poll.name for poll in found)
    raise InputError(message, hint=say("there are: {names}", names=names))
