"""What is said when settings are wrong: every fault at once, at its file and line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mailer.config.origins import nearest
from mailer.config.settings import Settings
from mailer.phrases import NOTHING, Phrase, say, verbatim

_PASSWORD = re.compile(r"(://[^:/@]+:).*(?=@)|((?<=password=)[^&]*)")
NAMED_BY = {"relays": "name", "dkim": "selector"}
"""Lists of tables, and the key of an entry that people know it by."""

_OURS = {
    "model_type": say("should be a table"),
    "dict_type": say("should be a table"),
    "tuple_type": say("should be a list"),
    "missing": say("is missing"),
    "int_type": say("should be a whole number"),
    "int_parsing": say("should be a whole number"),
    "int_from_float": say("should be a whole number"),
    "float_type": say("should be a number"),
    "float_parsing": say("should be a number"),
    "bool_type": say("should be true or false"),
    "bool_parsing": say("should be true or false"),
    "string_type": say("should be a text"),
}


def faults_of(
    error: ValidationError, values: Mapping[str, Any], origins: Mapping[str, str]
) -> Phrase:
    """Every fault on a line: origin, key, what is wrong, and a suggestion."""
    said = NOTHING
    for fault in error.errors():
        place = [str(step) for step in fault["loc"] if step != "[key]"]
        origin = nearest(place, origins) or _file(origins)
        line = _words(fault, place)
        where = ": ".join(filter(None, (origin, by_name(place, values))))
        if where:
            line = say("{where}: {fault}", where=where, fault=line)
        said = say("{before}\n{last}", before=said, last=line) if said else line
    return said


def _file(origins: Mapping[str, str]) -> str:
    """The file itself, for what is wrong between its tables."""
    files = (where.rpartition(":") for where in origins.values())
    return next((file for file, _, line in files if line.isdecimal()), "")


def _words(fault: ErrorDetails, place: list[str]) -> Phrase:
    """What is wrong: in our words where we have some, else in pydantic's."""
    if fault["type"] == "extra_forbidden":
        return _unknown(place)
    own = fault.get("ctx", {}).get("error")
    pydantics = str(fault["msg"]).removeprefix("Value error, ")
    words = _OURS.get(fault["type"]) or verbatim(own or pydantics)
    if fault["type"] == "missing" or isinstance(fault.get("input"), dict):
        return words
    if is_secret(".".join(place)):
        return words
    got = veiled(repr(fault.get("input")))
    return say("{fault} (got {value})", fault=words, value=got)


def by_name(place: Sequence[str], values: Mapping[str, Any]) -> str:
    """``relays.principal.port`` rather than ``relays.0.port``, however deep it stands."""
    steps: list[str] = []
    here: Any = values
    for step in place:
        if isinstance(here, list | tuple) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
            key = NAMED_BY.get(steps[0], "name")
            named = here.get(key, step) if isinstance(here, dict) else step
            steps.append(str(named))
        else:
            here = here.get(step) if isinstance(here, dict) else None
            steps.append(step)
    return ".".join(steps)


def is_secret(key: str) -> bool:
    """Whether the value of *key* is for nobody's eyes."""
    return key.rsplit(".", 1)[-1] in {"password", "secret_key"}


def veiled(text: str) -> str:
    """*text* with the password of any URL in it hidden."""
    return _PASSWORD.sub(r"\1••••••", text)


def _unknown(place: list[str]) -> Phrase:
    known = _siblings(place)
    if close := difflib.get_close_matches(place[-1], known, 1, 0.7):
        return say("unknown key; did you mean {word}?", word=close[0])
    if known:
        return say("unknown key; there are: {names}", names=", ".join(sorted(known)))
    return say("unknown key")


def _siblings(place: list[str]) -> list[str]:
    """The keys that the table around *place* may have."""
    model: Any = Settings
    for step in place[:-1]:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue
        found = model.model_fields.get(step)
        model = _inner(found.annotation) if found else model
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [f.alias or n for n, f in model.model_fields.items()]


def _inner(annotation: Any) -> Any:
    """The table inside ``tuple[Table, ...]`` or ``dict[str, Table]``."""
    for part in getattr(annotation, "__args__", ()):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return annotation
