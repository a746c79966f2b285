"""What a process loads: a long run is a small process, and a command is there at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

_RENDERER = "jinja2 mjml markdown_it cryptography PIL"


@pytest.mark.parametrize(
    ("loaded", "heavy"),
    [
        # Asking for help loads neither database, templates, SMTP nor web server.
        (
            "mailer.cli.main; mailer.cli.main.app(['--help'], standalone_mode=False)",
            "babel pydantic sqlalchemy jinja2 aiosmtplib fastapi mjml asyncio",
        ),
        # A command loads none of its neighbours, and reads its options without help.
        (
            "mailer.cli.main; mailer.cli.main.app(['run', '--help'], standalone_mode=False)",
            "mailer.cli.editing mailer.cli.sending mailer.cli.readers pydantic",
        ),
        # Sending loads nothing of rendering, nor keys where nobody signs, nor a
        # dialect before it knows which one.
        (
            "mailer.cli.logs; mailer.cli.logs.log_to(sys.stderr, 50, key=None); "
            "import mailer.cli.sending.runs, mailer.apart, mailer.flows.departing.arming, "
            "mailer.wiring, mailer.store.ledger.deliveries, mailer.flows.sending.send, "
            "mailer.transport.smtp, mailer.store.schema, mailer.store.ledger.slots",
            "jinja2 markdown_it mjml PIL nh3 cryptography alembic fastapi pydantic "
            "babel email_validator uvloop "
            "greenlet rich._emoji_codes sqlalchemy.dialects.postgresql sqlalchemy.dialects.sqlite sqlite3",
        ),
        # Templates, Markdown and pictures are for who assembles an edition.
        ("mailer.flows.sending.send", _RENDERER),
        ("mailer.flows.departing.depart", _RENDERER),
        # Whoever opens a preview waits for all that is loaded until then.
        (
            "mailer.cli.editing.studio, mailer.cli.previewing.hands, "
            "mailer.web.preview.app, mailer.workspace.newsroom",
            "fastapi pydantic email_validator PIL.Image sqlalchemy babel.core",
        ),
        # What sends for an hour holds no command line, nor bars where nobody looks.
        (
            "mailer.cli.process, mailer.cli.sending.carrying; "
            "import mailer.cli.sending.countdown, mailer.cli.sending.progress, "
            "mailer.cli.operating.helping",
            "typer pydantic rich.live rich.progress rich.table babel email_validator",
        ),
    ],
    ids=["help", "run", "sending", "send", "depart", "preview", "sender"],
)
def test_a_process_loads_what_it_needs(loaded: str, heavy: str) -> None:
    """Start-up and memory are paid for what is used, and nothing else."""
    code = f"import sys, {loaded}; print(sorted({set(heavy.split())} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


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
