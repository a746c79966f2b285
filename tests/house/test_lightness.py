"""What sends carries nothing that it does not need: a long run is a small process."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("jinja2", "mjml", "markdown_it", "cryptography", "PIL")


@pytest.mark.parametrize("module", ["mailer.flows.send", "mailer.flows.depart"])
def test_what_sends_loads_no_renderer(module: str) -> None:
    """Templates, Markdown and pictures are for who assembles an edition."""
    code = f"import {module}, sys; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    code = code.replace(repr(HEAVY), repr(set(HEAVY)))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
