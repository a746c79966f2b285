"""A process that has asked goes on as another program: same id, nothing lost on the way."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from mailer.cli.invocation import Invocation
from mailer.cli.signals import drain_on_signals

_BECOMES = """\
import os, signal
from pathlib import Path
from mailer.cli.invocation import Invocation
from mailer.cli.process import become
from mailer.cli.speech import Speech
from tests.cli.test_process import drained

def execv(*words, become=os.execv):
    os.kill(os.getpid(), signal.SIGTERM)
    become(*words)

os.execv = execv
call = Invocation(folder=Path("du café"), color=False, speech=Speech(lang="fr"))
become(call, drained, {"word": "voilà"})
"""


async def drained(call: Invocation, *, word: str) -> int:
    """Wait for a signal, then tell who waited and what for."""
    stop = asyncio.Event()
    with drain_on_signals(stop, lambda: None):
        async with asyncio.timeout(30):
            await stop.wait()
    call.print_json([word, os.getpid(), str(call.folder), call.color, call.speech.lang])
    return 7


def test_a_signal_waits_until_the_new_program_listens() -> None:
    """As it would have to nobody: it neither ends the process half way nor is lost."""
    with subprocess.Popen(
        [sys.executable, "-c", _BECOMES],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 7
    assert said.split() == (
        f'[ "voilà", {process.pid}, "du café", false, "fr" ]'.split()
    )
