"""The table of rules in docs/checks.md, made from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mailer.rendering.checks.rule import Group, Rule
from mailer.workspace.rulebook import rules

DOCS = Path(__file__).parents[2] / "docs" / "checks.md"
BEGIN = "<!-- rules: made by python -m tests.checks.manual -->\n"
END = "<!-- end of rules -->\n"


def table() -> str:
    """Every rule by group, in the order of the catalogue."""
    return "".join(_lines(list(rules().values())))


def written() -> str:
    """What stands in docs/checks.md now."""
    return DOCS.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def _lines(known: list[Rule]) -> Iterator[str]:
    for group in Group:
        theirs = [rule for rule in known if rule.group is group]
        if not theirs:
            continue
        yield f"\n### {group.title()}\n\n| rule | | says |\n|---|---|---|\n"
        for rule in theirs:
            traits = [str(rule.severity)]
            traits += ["`--fix`"] * rule.fixable
            traits += ["accept"] * (rule.severity == "error" and rule.acceptable)
            yield f"| `{rule.id}` | {', '.join(traits)} | {rule.title} |\n"
    yield "\n"


if __name__ == "__main__":
    before, _, after = DOCS.read_text("utf-8").partition(BEGIN)
    ending = after.partition(END)[2]
    DOCS.write_text(before + BEGIN + table() + END + ending, encoding="utf-8")
