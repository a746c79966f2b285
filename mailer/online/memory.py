"""What the network said is remembered for a day, so that nobody is asked twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from mailer.files import replacing
from mailer.phrases import NOTHING, put_together, taken_apart
from mailer.rendering.checks.online import Answer, State

_KEPT = timedelta(hours=24)
_SCHEMA = 2  # 1 kept reasons in English


class Asks(Protocol):
    """Whoever answers for addresses."""

    async def ask(self, addresses: Sequence[str]) -> dict[str, Answer]:
        """An answer for every address."""


class RememberingProber:
    """Asks *prober* for what *file* does not know; a file that cannot be read is empty.

    What could not be found out is known as that, and asked again the next time.
    """

    def __init__(self, prober: Asks, file: Path, *, now: datetime) -> None:
        self._prober = prober
        self._file = file
        self._now = now

    async def ask(self, addresses: Sequence[str]) -> dict[str, Answer]:
        """An answer for every address, those of the last day from memory."""
        known = self.known()
        settled = {a for a, v in known.items() if v.state is not State.UNKNOWN}
        missing = [each for each in addresses if each not in settled]
        fresh = await self._prober.ask(missing) if missing else {}
        if fresh:
            self._write(fresh)
        return {each: fresh.get(each) or known[each] for each in addresses}

    def known(self) -> dict[str, Answer]:
        """What was said in the last day, by address; asks nobody."""
        return {address: answer for address, (_, answer) in self._rows().items()}

    def _rows(self) -> dict[str, tuple[datetime, Answer]]:
        """What is still fresh; nothing of what cannot be understood."""
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            rows = json.loads(self._file.read_text("utf-8"))["answers"]
            read = {address: _row(row) for address, row in rows.items()}
            return {
                address: (at, answer)
                for address, (at, answer) in read.items()
                if timedelta() <= self._now - at < _KEPT
            }
        return {}

    def _write(self, fresh: Mapping[str, Answer]) -> None:
        kept = self._rows() | {a: (self._now, answer) for a, answer in fresh.items()}
        rows = {
            address: {"at": at.isoformat(), "answer": _kept(answer)}
            for address, (at, answer) in kept.items()
        }
        with suppress(OSError):  # a memory that cannot be kept is no reason to fail
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._file) as out:
                out.write(json.dumps({"schema": _SCHEMA, "answers": rows}).encode())


def _kept(answer: Answer) -> dict[str, object]:
    return asdict(replace(answer, reason=NOTHING)) | {
        "reason": taken_apart(answer.reason)
    }


def _row(row: dict[str, Any]) -> tuple[datetime, Answer]:
    said = row["answer"]
    answer = Answer(
        state=State(said["state"]),
        reason=put_together(said["reason"]),
        target=str(said["target"]),
        secure=bool(said["secure"]),
    )
    return datetime.fromisoformat(row["at"]), answer
