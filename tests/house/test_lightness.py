"""What sends carries nothing that it does not need: a long run is a small process."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("jinja2", "mjml", "markdown_it", "cryptography", "PIL")


@pytest.mark.parametrize(
    "module", ["mailer.flows.sending.send", "mailer.flows.departing.depart"]
)
def test_what_sends_loads_no_renderer(module: str) -> None:
    """Templates, Markdown and pictures are for who assembles an edition."""
    code = f"import {module}, sys; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    code = code.replace(repr(HEAVY), repr(set(HEAVY)))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_a_log_is_written_without_what_could_draw_it() -> None:
    """Coloured tracebacks cost four megabytes; who draws tables still finds rich."""
    code = """
import sys
import rich.console
from mailer.cli.logs import log_to
log_to(sys.stderr, 20, key=None)
import rich
print(*sorted({"pygments", "attr", "rich.traceback"} & sys.modules.keys()))
print(rich is sys.modules["rich"], rich.console is sys.modules["rich.console"])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]


def test_a_store_is_loaded_when_it_is_asked_for(tmp_path) -> None:
    """A process that sends has no use for what pages and members need."""
    code = """
import asyncio, sys
from mailer.stores import open_stores
async def look():
    async with open_stores(f"sqlite:///{sys.argv[1]}/m.db") as stores:
        stores.ledger
        print(*(m for m in ("dossier", "patrons", "voting") if f"mailer.store.{m}" in sys.modules))
        stores.ballots
        print("mailer.store.people.voting" in sys.modules)
asyncio.run(look())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True"]


def test_a_preview_is_there_before_what_it_may_never_need() -> None:
    """Whoever opens it waits for all that is loaded until then."""
    code = """
import sys
import mailer.cli.editing.studio, mailer.cli.previewing.hands, mailer.web.preview.app
import mailer.workspace.newsroom
heavy = {"fastapi", "pydantic", "email_validator", "PIL.Image", "sqlalchemy", "babel.core"}
print(*sorted(heavy & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
