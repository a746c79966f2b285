"""A piece of work in a process of its own, so that its memory goes when it is done.

To render an edition takes thirty megabytes of programs and templates; to send it, which
may take an hour, takes none of them.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.flows.editing.assembled import Assembled

T = TypeVar("T")


def assembled_apart(
    name: str,
    *,
    config: Path | None,
    start: Path,
    environ: Mapping[str, str],
    now: datetime,
) -> Assembled:
    """The edition called *name* as it is at the moment *now*; raises as ``assemble``."""
    return apart(_assembled, name, config, start, dict(environ), now)


def apart(work: Callable[..., T], *values: object) -> T:
    """What *work* returns for *values*, or the MailerError that it raises.

    *work* is a function of a module; it, *values* and what comes back are pickled.
    RuntimeError if it ends in any other way, which it has told on stderr by itself.
    """
    done = subprocess.run(  # noqa: S603 - our own program and nothing else
        python_to("mailer.apart", "serve"),
        input=pickle.dumps((work, values)),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        message = f"{work.__name__} ended with {done.returncode}"
        raise RuntimeError(message)
    returned, error = pickle.loads(done.stdout)  # noqa: S301 - our own child wrote it
    if error is not None:
        raise _raised(*error)
    result: T = returned
    return result


def python_to(module: str, function: str) -> list[str]:
    """The words of a command that calls *function* of *module*, found as we found it."""
    path = f"import sys; sys.path[:] = {sys.path!r}"
    return [
        sys.executable,
        "-c",
        f"{path}; from {module} import {function}; {function}()",
    ]


def serve() -> None:
    """Do what is asked on stdin, answer on stdout: the other end of ``apart``."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever asked says what it means
    work, values = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent wrote it
    answer = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing that is printed may come between
    outcome: tuple[object, object]
    try:
        outcome = work(*values), None
    except MailerError as error:
        outcome = None, (type(error), error.args, error.__dict__)
    pickle.dump(outcome, answer)
    answer.flush()


def _raised(
    kind: type[MailerError], values: tuple[object, ...], state: dict[str, object]
) -> MailerError:
    """An error as it was; its own constructor may ask for other things."""
    error = kind.__new__(kind)
    error.args = values
    error.__dict__.update(state)
    return error


def _assembled(
    name: str,
    config: Path | None,
    start: Path,
    environ: Mapping[str, str],
    now: datetime,
) -> Assembled:
    from mailer.flows.editing.assemble import assemble
    from mailer.flows.editing.assembled import Assembled
    from mailer.wiring import House
    from mailer.workspace.newsroom import WorkspaceNewsroom

    house = House.open(config=config, start=start, environ=environ)
    newsroom = WorkspaceNewsroom(house.loaded, now=lambda: now)
    found = assemble(name, newsroom, today=now.astimezone(house.zone).date())
    return Assembled(
        edition=found.edition,
        scene=found.scene,
        frozen=found.frozen,
        findings=found.findings,
    )
