"""What is said when settings are wrong: every fault at once, at its file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mailer.config.origins import nearest
from mailer.phrases import NOTHING, Phrase, say
from mailer.reading import Fault, UnreadableError

_PASSWORD = re.compile(r"(://[^:/@]+:).*(?=@)|((?<=password=)[^&]*)")
NAMED_BY = {"relays": "name", "dkim": "selector"}
"""Lists of tables, and the key of an entry that people know it by."""


def faults_of(
    error: UnreadableError, values: Mapping[str, Any], origins: Mapping[str, str]
) -> Phrase:
    """Every fault on a line: origin, key, what is wrong, and a suggestion."""
    said = NOTHING
    for fault in error.faults:
        origin = nearest(fault.place, origins) or _file(origins)
        line = _words(fault)
        where = ": ".join(filter(None, (origin, by_name(fault.place, values))))
        if where:
            line = say("{where}: {fault}", where=where, fault=line)
        said = say("{before}\n{last}", before=said, last=line) if said else line
    return said


def _file(origins: Mapping[str, str]) -> str:
    """The file itself, for what is wrong between its tables."""
    files = (where.rpartition(":") for where in origins.values())
    return next((file for file, _, line in files if line.isdecimal()), "")


def _words(fault: Fault) -> Phrase:
    """What is wrong, and what stood there, unless it is a table or nobody's business."""
    if fault.got is None or isinstance(fault.got, dict):
        return fault.words
    if is_secret(".".join(fault.place)):
        return fault.words
    got = veiled(repr(fault.got))
    return say("{fault} (got {value})", fault=fault.words, value=got)


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
