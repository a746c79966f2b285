"""The catalogue of rules that ships with mailer, read from its one file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mailer.config.places import shipped
from mailer.errors import Severity
from mailer.phrases import say
from mailer.rendering.checks.rule import Group, Rule, Sample

RULES = Path("checks") / "rules.toml"


def rules() -> Mapping[str, Rule]:
    """The catalogue that ships."""
    return load_rules(shipped("templates"))


@cache
def load_rules(templates: Path) -> Mapping[str, Rule]:
    """Every rule by its id, in the order of the catalogue. Ours: a fault is a defect."""
    tables = tomllib.loads((templates / RULES).read_text(encoding="utf-8"))
    return {name: _rule(name, table) for name, table in tables.items()}


def _rule(name: str, table: Mapping[str, Any]) -> Rule:
    said = dict(table)
    return Rule(
        id=name,
        group=Group(said.pop("group")),
        severity=Severity(said.pop("severity")),
        poor=_sample(said.pop("poor")),
        good=_sample(said.pop("good")),
        title=say(said.pop("title")),
        why=say(said.pop("why")),
        mend=say(said.pop("mend")),
        **said,
    )


def _sample(said: str | Mapping[str, Any]) -> Sample:
    if isinstance(said, str):
        return Sample(edition=said)
    values = dict(said)
    repeat = values.pop("repeat", 1)
    edition = values.pop("edition") * repeat + values.pop("after", "")
    return Sample(edition=edition, **values)
