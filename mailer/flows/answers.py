"""Who wrote back: noted once for each mail, for segments that ask for ``replies``.

A mail counts where it is from the address that got the message it answers to: our
Message-IDs are signed, so nobody is noted for a mail that they were never sent. The mail
itself stays where it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailer.audience.token import Keyring
from mailer.delivery.answering import read_answer
from mailer.flows.ports import Clock
from mailer.flows.returning.arrivals import Arrivals, Copy

_NEWEST = 200
"""Messages to an address that an answer is compared with."""

_TOGETHER = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """That a subscriber wrote back to a publication, with the mail's own Message-ID."""

    subscriber: int
    publication: str
    message_id: str
    at: datetime


class Answers(Protocol):
    """The port to who wrote back. Durable when it returns; StoreError, and nothing is."""

    async def note(self, written: Sequence[Written]) -> int:
        """Note each mail once; how many were new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersDesk:
    """What noting answers needs."""

    arrivals: Arrivals
    answers: Answers
    keyring: Keyring
    clock: Clock


async def note_answers(mails: Iterable[bytes], desk: AnswersDesk) -> Mapping[str, int]:
    """Note every answer among *mails*: how many are ``noted``, ``known`` and ``other``.

    What is no answer of a reader to a message of ours is other.
    """
    counts: Counter[str] = Counter({"noted": 0, "known": 0, "other": 0})
    waiting: list[Written] = []
    for raw in mails:
        written = await _written(raw, desk)
        if not written:
            counts["other"] += 1
            continue
        waiting.append(written)
        if len(waiting) >= _TOGETHER:
            await _note(waiting, desk, counts)
    await _note(waiting, desk, counts)
    return dict(counts)


async def note_answer(raw: bytes, desk: AnswersDesk) -> bool:
    """Note *raw*, if it is an answer to a message of ours; whether it is one."""
    written = await _written(raw, desk)
    if written:
        await desk.answers.note([written])
    return written is not None


async def _note(
    waiting: list[Written], desk: AnswersDesk, counts: Counter[str]
) -> None:
    fresh = await desk.answers.note(waiting) if waiting else 0
    counts["noted"] += fresh
    counts["known"] += len(waiting) - fresh
    waiting.clear()


async def _written(raw: bytes, desk: AnswersDesk) -> Written | None:
    """Whose answer *raw* is, if it is one to a message that they were sent."""
    answer = read_answer(raw)
    if answer is None:
        return None
    now = desk.clock.now()
    for copy in await desk.arrivals.copies(answer.sender, limit=_NEWEST):
        if desk.keyring.digest("message-id", _who(copy)) in answer.digests:
            return Written(
                subscriber=copy.subscriber,
                publication=copy.publication,
                message_id=answer.message_id,
                at=min(answer.at or now, now),
            )
    return None


def _who(copy: Copy) -> str:
    """What the Message-ID of a message is made of (``delivery.reader``)."""
    return f"{copy.edition} {copy.variant} {copy.subscriber} {copy.email}"
