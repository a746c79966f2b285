"""Where the log goes: one line an event, for whoever runs the process.

Text where somebody sits, JSON where a program reads. Under systemd each line begins with
its priority, ``<4>``, as sd-daemon(3) has it. A reader's address is a keyed hash before
its domain: two lines about one reader are seen to be, and nobody is named.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TextIO

_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@((?:[\w-]+\.)+[\w-]+)")
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_WIDTH = 10  # of a hash, in hexadecimal digits: enough for a million readers

Event = MutableMapping[str, Any]


class Form(StrEnum):
    """How a line of the log is written; ``auto`` is text on a terminal, else JSON."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


def log_to(
    stream: TextIO,
    level: int,
    *,
    form: Form = Form.TEXT,
    key: bytes | None,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Have events of *level* and above written to *stream*.

    *key* makes the hashes of addresses; None leaves addresses as they are.
    """
    import logging

    with _without("rich"), _without("greenlet"):
        import structlog

    # It has its own tracebacks to tell of mails that a pattern stumbled over.
    logging.getLogger("flufl.bounce").disabled = True
    is_json = written_as(form, stream) is Form.JSON
    render = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if is_json
        else structlog.processors.KeyValueRenderer(key_order=["timestamp", "event"])
    )
    chain: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts")
        if is_json
        else structlog.processors.TimeStamper(fmt="%H:%M:%S"),
        structlog.processors.format_exc_info,
    ]
    if key is not None:
        chain.append(masking(key))
    if is_json:
        chain.append(_in_order)
    if is_journal(stream, environ):
        chain += [_prioritised(render)]
    else:
        chain.append(render)
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Let nothing find the module *name* meanwhile.

    structlog can draw tracebacks with rich, and would load four megabytes of it and of
    what that loads, in every process of ours; greenlet, which it would know tasks by, is
    another. No form of our log draws anything, and there are no greenlets.
    """
    kept = sys.modules.pop(name, None)
    sys.modules[name] = None  # type: ignore[assignment]  # how Python says: not to be had
    try:
        yield
    finally:
        del sys.modules[name]
        if kept is not None:
            sys.modules[name] = kept


def written_as(form: Form, stream: TextIO) -> Form:
    """TEXT or JSON."""
    if form is not Form.AUTO:
        return form
    return Form.TEXT if stream.isatty() else Form.JSON


def is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether *stream* leads into systemd's journal: it says so by device and inode."""
    said = environ.get("JOURNAL_STREAM", "")
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return said == f"{found.st_dev}:{found.st_ino}"


def masking(key: bytes) -> Callable[[Any, str, Event], Event]:
    """A step that hides the local part of every address in an event."""

    def hidden(found: re.Match[str]) -> str:
        address = found[0].lower().encode()
        digest = hmac.new(key, address, hashlib.sha256).hexdigest()[:_WIDTH]
        return f"~{digest}@{found[1].lower()}"

    def mask(_: Any, __: str, event: Event) -> Event:  # noqa: ANN401 - structlog's shape
        for name, value in event.items():
            if isinstance(value, str) and "@" in value:
                event[name] = _ADDRESS.sub(hidden, value)
        return event

    return mask


def _in_order(_: Any, __: str, event: Event) -> Event:  # noqa: ANN401 - structlog's shape
    """When, how grave and what first; then the particulars as they were given."""
    first = {key: event.pop(key) for key in ("ts", "level", "event") if key in event}
    return {**first, **event}


def _prioritised(render: Callable[..., Any]) -> Callable[[Any, str, Event], str]:
    def prioritised(logger: Any, name: str, event: Event) -> str:  # noqa: ANN401 - structlog's shape
        priority = _PRIORITIES.get(str(event.get("level")), 6)
        lines = str(render(logger, name, event)).split("\n")
        return "\n".join(f"<{priority}>{line}" for line in lines)

    return prioritised
