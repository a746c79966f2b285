"""The warm interpreter of these tests does what an interpreter does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

_SHOWS = (
    "import os, sys; print(sys.stdin.read(), sys.argv, os.getcwd(), dict(os.environ))"
)


@pytest.mark.parametrize(
    "code",
    [
        _SHOWS,
        "raise SystemExit(7)",
        "import sys; sys.exit()",
        "import atexit; atexit.register(print, 'at the end')",
        "import threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.01), print('late'))).start()",
        "import os, sys\n"
        "os.execv(sys.executable, [sys.executable, '-c', 'print(5); raise SystemExit(6)'])",
        f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})",
        f"import os; os.kill(os.getpid(), {int(signal.SIGTERM)})",
    ],
)
def test_it_does_what_an_interpreter_does(warm: str, tmp_path: Path, code: str) -> None:
    """Streams, words, folder, environment, exit code: all are those of the call."""

    def done(python: str) -> tuple[int, str, str]:
        # LC_CTYPE: an interpreter that finds no other adds it
        environ = {
            "SAID": "é",
            "LC_ALL": "C",
            "LC_CTYPE": "C",
            "PATH": os.environ["PATH"],
        }
        asked = subprocess.run(
            [python, "-c", code, "a word", "é"],
            cwd=tmp_path,
            env=environ,
            input="typed\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return asked.returncode, asked.stdout, asked.stderr

    assert done(warm) == done(sys.executable)


def test_what_wants_an_interpreter_of_its_own_gets_one(warm: str) -> None:
    """Options of the interpreter are its own to follow."""
    code = "import sys; print(sys.flags.isolated, 'mailer' in sys.modules)"
    done = subprocess.run([warm, "-I", "-c", code], capture_output=True, check=True)
    assert done.stdout == b"1 False\n"


def test_who_waits_no_longer_takes_the_process_along(warm: str) -> None:
    """A test that runs out of patience leaves nothing behind."""
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with subprocess.Popen([warm, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert pid != process.pid
        process.kill()
        assert process.stdout.read() == b""  # nobody holds the other end any more
