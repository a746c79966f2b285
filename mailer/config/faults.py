"""What is said when settings are wrong: every fault at once, at its file and line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from mailer.config.origins import nearest
from mailer.config.settings import Settings

_PASSWORD = re.compile(r"(://[^:/@]+:).*(?=@)|((?<=password=)[^&]*)")
NAMED_BY = {"relays": "name", "dkim": "selector"}
"""Lists of tables, and the key of an entry that people know it by."""

_OURS = {
    "model_type": "should be a table",
    "dict_type": "should be a table",
    "tuple_type": "should be a list",
}


def faults_of(
    error: ValidationError, values: Mapping[str, Any], origins: Mapping[str, str]
) -> str:
    """Every fault on a line: origin, key, what is wrong, and a suggestion."""
    said = []
    for fault in error.errors():
        place = [str(step) for step in fault["loc"] if step != "[key]"]
        key = ".".join(place)
        origin = nearest(place, origins) or ""
        words = str(fault["msg"]).removeprefix("Value error, ")
        words = _OURS.get(str(fault["type"]), words)
        if fault["type"] == "extra_forbidden":
            words = "unknown key" + _suggestion(place)
        elif fault["type"] == "missing":
            words = "is missing"
        elif not isinstance(fault.get("input"), dict) and not is_secret(key):
            words += f" (got {veiled(repr(fault.get('input')))})"
        said.append(": ".join(filter(None, (origin, by_name(place, values), words))))
    return "\n".join(said)


def by_name(place: Sequence[str], values: Mapping[str, Any]) -> str:
    """``relays.principal.port`` rather than ``relays.0.port``."""
    if len(place) > 1 and place[0] in NAMED_BY and place[1].isdigit():
        entry = values[place[0]][int(place[1])]
        key = NAMED_BY[place[0]]
        name = entry.get(key, place[1]) if isinstance(entry, dict) else place[1]
        return ".".join([place[0], str(name), *place[2:]])
    return ".".join(place)


def is_secret(key: str) -> bool:
    """Whether the value of *key* is for nobody's eyes."""
    return key.rsplit(".", 1)[-1] in {"password", "secret_key"}


def veiled(text: str) -> str:
    """*text* with the password of any URL in it hidden."""
    return _PASSWORD.sub(r"\1••••••", text)


def _suggestion(place: list[str]) -> str:
    model: Any = Settings
    for step in place[:-1]:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue
        found = model.model_fields.get(step)
        model = _inner(found.annotation) if found else model
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ""
    names = [f.alias or n for n, f in model.model_fields.items()]
    close = difflib.get_close_matches(place[-1], names, 1)
    return f"; did you mean {close[0]}?" if close else ""


def _inner(annotation: Any) -> Any:
    """The table inside ``tuple[Table, ...]`` or ``dict[str, Table]``."""
    for part in getattr(annotation, "__args__", ()):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return annotation
