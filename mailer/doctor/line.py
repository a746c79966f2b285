"""What the doctor says: one line for each thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailer.phrases import NOTHING, Phrase


class Condition(StrEnum):
    """How it stands; only a fault makes the command end with 1."""

    WELL = "well"
    NOTE = "note"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing: its ``topic`` (``dkim``), which one, what was found, what to do.

    ``copy`` is what is to be typed or published, as it is.
    """

    topic: str
    condition: Condition
    found: Phrase
    name: str = ""
    do: Phrase = NOTHING
    copy: str = ""

    def as_json(self) -> dict[str, str]:
        """The line for programs."""
        return {
            "topic": self.topic,
            "name": self.name,
            "condition": str(self.condition),
            "found": str(self.found),
            "do": str(self.do),
            "copy": self.copy,
        }


def well(topic: str, found: Phrase, *, name: str = "") -> Line:
    """Nothing is to be done."""
    return Line(topic=topic, condition=Condition.WELL, found=found, name=name)
