"""The real command in real processes: workspaces, inboxes, and how to run `mailer`."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mailer.trial import TrialInbox, trial_inbox
from tests.relay import ScriptedRelay


@dataclass(kw_only=True)
class Mailer:
    """The command, in one workspace, with its own home and its own environment.

    What runs to its end does so in a *warm* interpreter; what a test signals or watches
    is the program as everybody starts it.
    """

    folder: Path
    warm: str
    environ: dict[str, str] = field(default_factory=dict)

    def command(self, *words: str, python: str = sys.executable) -> list[str]:
        return [python, "-m", "mailer", "-C", str(self.folder), *words]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "NO_COLOR": "1", "COLUMNS": "100", **self.environ}

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run to the end; never raises for an exit code."""
        return subprocess.run(
            self.command(*words, python=self.warm),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def json(self, *words: str) -> Any:
        """What the command prints, read; fails with its words if it is no JSON."""
        done = self(*words)
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            pytest.fail(f"{words} exited {done.returncode}: {done.stderr}{done.stdout}")

    async def run(self, *words: str) -> tuple[int, str, str]:
        """Like calling, without blocking the loop that serves the inbox."""
        process = await self.start(*words, python=self.warm)
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    async def start(
        self, *words: str, python: str = sys.executable
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.command(*words, python=python),
            env=self.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    def use_relay(self, port: int, *, rate: str = "", **more: object) -> None:
        """Point the starter's relay at *port* on loopback."""
        self.environ["MAILER_RELAYS__PRINCIPAL__PORT"] = str(port)
        if rate:
            self.environ["MAILER_RELAYS__PRINCIPAL__RATE"] = rate
        for key, value in more.items():
            self.environ[f"MAILER_RELAYS__PRINCIPAL__{key.upper()}"] = str(value)

    def import_readers(self, count: int, *, extra: str = "") -> list[str]:
        """Subscribe *count* readers, every fifth a member; their addresses."""
        emails = [f"lecteur{n:04d}@lecteurs.example" for n in range(count)]
        rows = "".join(
            f"{email};Lecteur {n};{'member' if n % 5 == 0 else 'free'}\n"
            for n, email in enumerate(emails)
        )
        roster = self.folder / "roster.csv"
        roster.write_text("email;nom;formule\n" + rows + extra, encoding="utf-8")
        done = self(
            "subscribers",
            "import",
            str(roster),
            "--publication",
            "le-meridien",
            "--consent",
            "test",
            "--yes",
        )
        assert done.returncode == 0, done.stderr
        return emails


@pytest.fixture(scope="session")
def template_workspace(tmp_path_factory: pytest.TempPathFactory, warm: str) -> Path:
    """One starter workspace, made once; tests work on copies."""
    home = tmp_path_factory.mktemp("starter")
    done = subprocess.run(
        [warm, "-m", "mailer", "init", str(home / "ws")],
        env={**os.environ, "XDG_DATA_HOME": str(home / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return home / "ws"


@pytest.fixture
def mailer(template_workspace: Path, tmp_path: Path, warm: str) -> Mailer:
    """A fresh copy of the starter workspace, with a data folder of its own."""
    import shutil

    folder = tmp_path / "ws"
    shutil.copytree(template_workspace, folder)
    data = tmp_path / "data"
    data.mkdir()
    key = data / "secret_key"
    key.write_text("0123456789abcdef0123456789abcdef\n", encoding="ascii")
    key.chmod(0o600)
    return Mailer(
        folder=folder,
        warm=warm,
        environ={
            "XDG_DATA_HOME": str(tmp_path / "home"),
            "MAILER_STORAGE__FOLDER": str(data),
            # Most stories begin when somebody has said yes: test_approval has the others.
            "MAILER_SEND__APPROVAL": "auto",
            "MAILER_SEND__GRACE": "0s",
        },
    )


@pytest.fixture
async def inbox(tmp_path: Path) -> AsyncIterator[TrialInbox]:
    """A trial relay on a free port."""
    async with trial_inbox(tmp_path / "inbox") as trial:
        yield trial


async def reached(
    relay: ScriptedRelay, count: int, process: asyncio.subprocess.Process
) -> None:
    """Come back when *count* messages arrived; fail if the process ends before."""
    arrival = asyncio.create_task(relay.wait_for(count))
    end = asyncio.create_task(process.wait())
    await asyncio.wait({arrival, end}, return_when=asyncio.FIRST_COMPLETED)
    early = not arrival.done()
    for task in (arrival, end):
        task.cancel()
    if early:
        _, err = await process.communicate()
        pytest.fail(f"ended after {len(relay.accepted)} messages: {err.decode()}")
