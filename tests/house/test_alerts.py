"""Alert rules and dashboard that ship name only figures that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import yaml

from mailer.flows.sending.meter import RESULTS
from mailer.web.metrics import METRICS
from tests.house.test_operating import PAGE
from tests.house.test_rules import ROOT

RULES = yaml.safe_load((ROOT / "config" / "alerts.yml").read_text("utf-8"))
BOARD = json.loads((ROOT / "config" / "grafana.json").read_text("utf-8"))
LABELS = {"up": {"job", "instance"}, "job": set()}
PARTS = ("_bucket", "_sum", "_count")


def _rules() -> list[dict[str, object]]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def _expressions() -> Iterator[str]:
    for rule in _rules():
        yield str(rule["expr"])
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for annotation in BOARD["annotations"]["list"]:
        yield annotation["expr"]


def _base(name: str) -> str:
    for part in PARTS:
        if name.removesuffix(part) in METRICS:
            return name.removesuffix(part)
    return name


def test_every_figure_that_is_watched_exists() -> None:
    """A rule over a figure that nobody exposes never fires."""
    named = {
        _base(name)
        for text in _expressions()
        for name in re.findall(r"mailer_\w+", text)
    }
    assert len(named) > 12
    assert named <= METRICS.keys()


def test_every_label_that_is_asked_for_exists() -> None:
    """And `result` has the values that rules look for."""
    for text in _expressions():
        for name, inside in re.findall(r"(mailer_\w+)\{([^}]*)\}", text):
            asked = set(re.findall(r"(\w+)=", inside))
            assert asked <= set(METRICS[_base(name)].labels), text
        for result in re.findall(r'result="(\w+)"', text):
            assert result in RESULTS
        for state in re.findall(r'mailer_runs\{state="(\w+)"', text):
            assert state in {"armed", "sending", "paused"}
        for state in re.findall(r'mailer_queue\{state=~?"([\w|]+)"', text):
            assert set(state.split("|")) <= {"waiting", "deferred", "in_doubt"}


def test_every_rule_says_what_is_wrong_and_what_to_do() -> None:
    """At night, to somebody who has not read the manual."""
    names = [rule["alert"] for rule in _rules()]
    assert len(names) == len(set(names)) >= 8
    for rule in _rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}  # type: ignore[index]
        assert set(rule["annotations"]) == {"summary", "do"}  # type: ignore[call-overload]


def test_panels_stand_beside_each_other() -> None:
    """None lies upon another, none reaches beyond the edge, each has its own id."""
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def test_every_figure_is_told_in_the_manual() -> None:
    """Name and labels, as they are exposed."""
    for name, described in METRICS.items():
        shown = f"{name}{{{','.join(described.labels)}}}" if described.labels else name
        assert f"`{shown}`" in PAGE, shown
