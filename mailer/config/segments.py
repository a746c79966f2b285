"""``[segments]``: rules over subscribers that have a name."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from mailer.audience.expression import read_name, read_segment
from mailer.config.values import Name
from mailer.errors import InputError
from mailer.phrases import say


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
            kind = PydanticCustomError("segment", "{error}", {"error": message})
            # The input is not shown again: the message quotes it where it matters.
            where = InitErrorDetails(type=kind, loc=(name,), input={})
            title = "segments"
            raise ValidationError.from_exception_data(title, [where]) from error
    return segments


Segments = Annotated[dict[Name, str], AfterValidator(_all_read)]
