"""The table of commands, and what registers them."""

from __future__ import annotations

import re
from collections import defaultdict
from importlib import import_module

import pytest
import typer
from typer.main import get_group
from typer.testing import CliRunner

from mailer.cli.main import app
from mailer.cli.rooms import PLACES

BY_MODULE: dict[str, set[str]] = defaultdict(set)
for name, place in PLACES.items():
    BY_MODULE[place].add(name)


@pytest.mark.parametrize("place", BY_MODULE)
def test_the_table_says_what_a_module_registers(place: str) -> None:
    """Every name of it and no other."""
    room = typer.Typer()
    import_module(f"mailer.cli.{place}").register(room)
    assert get_group(room).commands.keys() == BY_MODULE[place]


def test_help_tells_of_every_command() -> None:
    """Each in a line of its own, in the order of the table."""
    said = CliRunner().invoke(app, ["--help"]).output
    assert re.findall(r"^│ (\w+) ", said, re.MULTILINE) == list(PLACES)


def test_a_slip_is_answered_with_what_was_meant() -> None:
    """By its name alone: nothing is imported for it."""
    result = CliRunner().invoke(app, ["sned"])
    assert result.exit_code == 2
    assert "Did you mean 'send'?" in result.output
