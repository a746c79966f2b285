"""The catalogue of rules: each one speaks where it should, and only there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from mailer.errors import EditionError
from mailer.flows.editing.assemble import assemble
from mailer.rendering.checks.rule import Group, Rule
from mailer.workspace.rulebook import rules
from tests.checks.manual import table, written
from tests.checks.workbench import FOLDER, TODAY, findings, lay_out

CATALOGUE = rules()
ROOT = Path(__file__).parents[2]
SAYERS = {"error", "warn", "warning", "Finding"}
_TABLE = "_slips"
"""Where rules stand in rows: the id is the first of each."""

COMPUTED = {"sponsor-by"}
"""Ids that the code puts together from parts."""


@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=list(CATALOGUE))
def test_a_rule_names_its_poor_sample(rule: Rule, tmp_path: Path) -> None:
    """The poor sample is named, with the severity that the catalogue promises."""
    found = [f for f in findings(rule.poor, tmp_path) if f.rule == rule.id]
    assert found
    assert {f.severity for f in found} == {rule.severity}
    assert rule.fixable or not any(f.fix for f in found)


@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=list(CATALOGUE))
def test_a_rule_leaves_its_good_sample_alone(rule: Rule, tmp_path: Path) -> None:
    """The good sample is the poor one mended: no error at all is left in it."""
    found = findings(rule.good, tmp_path)
    assert [f for f in found if f.rule == rule.id or f.severity == "error"] == []


def test_no_rule_speaks_that_the_catalogue_does_not_know() -> None:
    """Every id in the code stands in the catalogue, and the other way round."""
    nodes = [
        node
        for path in (ROOT / "mailer").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]
    emitted = {i for node in nodes if isinstance(node, ast.Call) for i in _ids(node)}
    written = {node.value for node in nodes if isinstance(node, ast.Constant)}
    assert len(emitted) > 40
    assert emitted - CATALOGUE.keys() == set()
    assert CATALOGUE.keys() - written - COMPUTED == set()


def _ids(call: ast.Call) -> set[str]:
    """The rule ids that a call is told: its first argument, or ``rule=``."""
    name = getattr(call.func, "id", "") or getattr(call.func, "attr", "")
    if name not in {*SAYERS, _TABLE}:
        return set()
    said = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "rule")]
    if name == _TABLE:
        said = [row.elts[0] for row in call.args if isinstance(row, ast.Tuple)]
    words = [
        value.value
        for value in said
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    ]
    return {word for word in words if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", word)}


@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=list(CATALOGUE))
def test_a_rule_explains_itself(rule: Rule) -> None:
    """One line that names it, a reason, a way out; its group is the tables'."""
    assert len(rule.title) <= 80
    assert "\n" not in rule.title
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert len(rule.why) > 30
    assert len(rule.mend) > 5
    assert rule.group in Group
    assert rule.acceptable or rule.severity == "error"


def test_the_manual_shows_every_rule() -> None:
    """The table in docs/checks.md is the catalogue's: python -m tests.checks.manual."""
    assert written() == table()


@pytest.mark.parametrize(
    "rule",
    [r for r in CATALOGUE.values() if r.severity == "error"],
    ids=lambda rule: rule.id,
)
def test_only_what_can_be_rendered_can_be_accepted(rule: Rule, tmp_path: Path) -> None:
    """Nobody is told that they may accept what no word can send."""
    house = lay_out(rule.poor, tmp_path)
    try:
        assemble(str(tmp_path / FOLDER), house.newsroom, today=TODAY)
    except EditionError:
        assert not rule.acceptable
