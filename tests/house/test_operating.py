"""What the operator's page says can be typed, and the codes it explains are ours."""

from __future__ import annotations

import re
import shlex

import pytest
import typer

from mailer.cli.main import app
from mailer.edition.states import diagram
from mailer.errors import MailerError
from tests.house.test_rules import ROOT

PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    {
        re.split(r" \|\||  +#| > ", line)[0].strip()
        for line in re.findall(r"(?<!-u )(?<!exec )\bmailer (?!runs|is\b)[^`\n]*", PAGE)
        if re.match(r"mailer (-C \S+ )?[a-z]+", line) and "`" not in line
    }
)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_page_exists(line: str) -> None:
    """Nobody finds out at night that an option was renamed."""
    command = typer.main.get_command(app)
    _, *words = shlex.split(line)
    if words[:1] == ["-C"]:
        words = words[2:]
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands, line
        command = command.commands[words.pop(0)]
    known = {name for option in command.params for name in option.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_every_exit_code_is_explained() -> None:
    """Each code that an error can end with has its line, and what to do."""

    def codes(kind: type[MailerError]) -> set[int]:
        return {kind.exit_code}.union(*map(codes, kind.__subclasses__()))

    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert codes(MailerError) | {0, 75, 130} == explained


def test_the_states_of_an_edition_are_drawn_as_the_law_says() -> None:
    """The picture is printed from the table, and not drawn by hand."""
    assert f"```mermaid\n{diagram()}```" in PAGE
