"""A rule of the checks: its stable id, why it is there, how to mend what it finds.

All rules stand in one catalogue, ``templates/checks/rules.toml``; ``mailer check
--explain``, ``docs/checks.md`` and the tests that provoke each of them are made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mailer.errors import Severity


class Group(StrEnum):
    """What a rule is about; each group has its module beside this one."""

    METADATA = "metadata"
    SYNTAX = "syntax"
    TEXT = "text"
    LINKS = "links"
    IMAGES = "images"
    AUDIENCE = "audience"
    SPONSOR = "sponsor"
    POLL = "poll"
    OUTPUT = "output"
    SHAPE = "shape"
    THEME = "theme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A small workspace in which a rule speaks, or does not.

    ``edition`` is the whole file when it begins with ``---``, else its body. ``config``
    is laid over a plain configuration, ``files`` lie in the workspace by their path,
    ``theme`` overrides templates, ``pictures`` maps a name to what it is
    (``1600x900 jpeg``), ``answers`` an address to what the network says about it.
    """

    edition: str
    encoding: str = "utf-8"
    config: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    theme: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the catalogue.

    ``fixable``: ``--fix`` can mend it without changing what is said. ``acceptable``:
    an error of this kind may be sent nevertheless, under somebody's name; what would
    break a promise to readers may not.
    """

    id: str
    group: Group
    severity: Severity
    title: str
    why: str
    mend: str
    poor: Sample
    good: Sample
    fixable: bool = False
    acceptable: bool = True
