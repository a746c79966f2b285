"""``[segments]``: rules over subscribers that have a name."""

from __future__ import annotations

from typing import Annotated

from mailer.audience.expression import read_name, read_segment
from mailer.config.values import Name
from mailer.errors import InputError
from mailer.phrases import say
from mailer.reading import After, Fault, UnreadableError


def _all_read(segments: dict[str, str]) -> dict[str, str]:
    """Each can be read, those it names spelt out."""
    for name in segments:
        try:
            read_name(name)
            read_segment(name, named=segments)
        except InputError as error:
            message = error.message
            if error.hint:
                message = say("{error} ({hint})", error=message, hint=error.hint)
            # Not shown again: the message quotes it where it matters.
            fault = Fault(place=(name,), words=message)
            raise UnreadableError([fault]) from error
    return segments


Segments = Annotated[dict[Name, str], After(_all_read)]
