"""The other end of the daemon's socket, for commands: asked, answered, done.

Commands work without a daemon too: ``ask`` says None where nobody listens.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mailer.daemon.control import reachable
from mailer.errors import GuardError, InputError, NotFoundError, StoreError
from mailer.phrases import verbatim

_PATIENCE_SECONDS = 30.0
"""A pause is answered when what is on the wire has been finished."""

_KINDS: Mapping[int, type[InputError]] = {
    kind.exit_code: kind for kind in (GuardError, NotFoundError)
}


def ask(path: Path, do: str, **more: str) -> Mapping[str, Any] | None:
    """What the daemon at *path* answers; None if there is none.

    Raises what the daemon raised: GuardError, NotFoundError, else StoreError.
    """
    question = json.dumps({"do": do, **more}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX) as line, reachable(path) as address:
            line.settimeout(_PATIENCE_SECONDS)
            line.connect(address)
            line.sendall(question)
            with line.makefile("rb") as answers:
                said = answers.readline()
    except OSError:
        return None
    try:
        answer: dict[str, Any] = json.loads(said)
    except ValueError:
        return None  # it died over our question
    if answer.pop("ok", False):
        return answer
    kind = _KINDS.get(int(answer["code"]))
    if kind is None:
        raise StoreError(verbatim(answer["error"]))
    raise kind(verbatim(answer["error"]), hint=str(answer["hint"]))
