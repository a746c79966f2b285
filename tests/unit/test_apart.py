"""Work in a process of its own comes back as if it had been done here."""

from __future__ import annotations

import os
import sys

import pytest

from mailer.apart import apart
from mailer.errors import EditionError, Finding, InputError, Severity
from mailer.phrases import say

FINDING = Finding(
    rule="x", severity=Severity.ERROR, message=say("no {name}", name="y"), file="a.md"
)


def elsewhere(value: object) -> tuple[object, int]:
    sys.stdout.write("a word that is nobody's answer")
    return value, os.getpid()


def refuses(kind: str) -> None:
    if kind == "edition":
        raise EditionError((FINDING,))
    if kind == "input":
        message = say("{count} is too many", count=3)
        raise InputError(message, file="mailer.toml", line=7, hint=say("take two"))
    raise ZeroDivisionError


def test_what_is_returned_comes_back() -> None:
    """The value is equal, and made in another process; what it prints is no answer."""
    value, process = apart(elsewhere, {"a": (1, say("hello {name}", name="you"))})
    assert value == {"a": (1, "hello you")}
    assert process != os.getpid()


def test_what_is_refused_is_refused_here() -> None:
    """An error keeps its kind, its words, its place and its way out."""
    with pytest.raises(InputError) as raised:
        apart(refuses, "input")
    error = raised.value
    assert str(error) == "mailer.toml:7: 3 is too many\n  take two"
    assert (error.file, error.line, error.hint) == ("mailer.toml", 7, "take two")
    assert error.message.values == {"count": 3}
    with pytest.raises(EditionError) as found:
        apart(refuses, "edition")
    assert found.value.findings == (FINDING,)
    assert str(found.value) == str(EditionError((FINDING,)))


def test_a_crash_is_no_answer(capfd: pytest.CaptureFixture[str]) -> None:
    """What was not foreseen is told where it happened, and ends the command."""
    with pytest.raises(RuntimeError, match="refuses ended with 1"):
        apart(refuses, "crash")
    assert "ZeroDivisionError" in capfd.readouterr().err
