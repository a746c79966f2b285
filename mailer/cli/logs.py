"""Where the log goes: one line an event, for whoever runs the process."""

from __future__ import annotations

from typing import TextIO


def log_to(stream: TextIO, level: int) -> None:
    """Have events of *level* and above written to *stream*."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S"),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
