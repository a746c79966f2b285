"""How a process of ours begins and ends, and how one that has asked becomes one that works.

A command line knows much that is of no use for the hour that a run may take: what asks
lets go of it by becoming another program, ``exec``, with the same id, terminal, folder and
environment. What is worth keeping is in the ledger, or handed on as words.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from mailer.apart import python_to
from mailer.cli.invocation import Invocation, run_async
from mailer.cli.logs import log_to
from mailer.cli.signals import keep_signals
from mailer.cli.speech import Speech
from mailer.errors import MailerError

Work = Callable[..., Coroutine[Any, Any, int]]
"""``async def work(call: Invocation, **values)``, of a module; returns the exit code."""


@contextmanager
def as_process(speech: Speech) -> Iterator[None]:
    """Three streams to begin with, and whatever goes wrong as a message and a code."""
    _open_what_is_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # in step with stderr in a pipe
    try:
        yield
    except MailerError as error:
        print(speech.error(error), file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def begin_log(*, verbose: bool) -> None:
    """What happens, on stderr if somebody asked for it; readers by a hash of this run."""
    level = logging.INFO if verbose else logging.CRITICAL
    log_to(sys.stderr, level, key=os.urandom(16))


def become(call: Invocation, work: Work, values: Mapping[str, object]) -> NoReturn:
    """Go on as a process that does *work* for *call*, with *values*, which JSON can say.

    A signal that comes meanwhile waits until the new program listens (``heeding``).
    """
    said = {
        "work": [work.__module__, work.__name__],
        "values": values,
        "folder": str(call.folder),
        "config": None if call.config is None else str(call.config),
        "color": call.color,
        "verbose": call.verbose,
        "lang": call.speech.lang,
    }
    sys.stdout.flush()
    sys.stderr.flush()
    keep_signals()
    python = python_to("mailer.cli.process", "serve")
    typed = ["mailer", *sys.argv[1:]]  # for whoever looks for it among all processes
    os.execv(python[0], [*python, json.dumps(said), *typed])  # noqa: S606 - our own program and nothing else


def serve() -> NoReturn:
    """The other end of ``become``."""
    said = json.loads(sys.argv[1])
    speech = Speech(lang=said["lang"])
    with as_process(speech):
        begin_log(verbose=said["verbose"])
        call = Invocation(
            folder=Path(said["folder"]),
            config=None if said["config"] is None else Path(said["config"]),
            color=said["color"],
            verbose=said["verbose"],
            speech=speech,
        )
        module, name = said["work"]
        work: Work = getattr(import_module(module), name)
        raise SystemExit(run_async(work(call, **said["values"]), busy=True))


def _open_what_is_closed() -> None:
    """Have all three streams, whoever started us without one (``2>&-``).

    Python has None in its place then, and the next file opened would get its number:
    what is meant for people would be written into it.
    """
    modes = {"stdin": "r", "stdout": "w", "stderr": "w"}
    for number, (name, mode) in enumerate(modes.items()):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))
