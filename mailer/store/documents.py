"""One frozen value as a JSON document, and back.

What is written is what earlier versions wrote: a frozen edition is known again by its
text, letter for letter, and an older mailer can still open the database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from mailer.reading import iso_duration, read

_T = TypeVar("_T")


def dump(value: object) -> str:
    """*value* as JSON: dataclasses as tables, days and durations as ISO 8601."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def load(kind: type[_T], text: str) -> _T:
    """What ``dump`` wrote of a *kind*; a field that is not known here is passed over."""
    return read(kind, json.loads(text))


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case timedelta():
            return iso_duration(value)
        case Mapping():
            return dict(value)
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    message = f"no JSON can hold a {type(value).__name__}"
    raise TypeError(message)
