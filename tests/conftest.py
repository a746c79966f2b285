"""Fixtures that every floor of the house may use."""

from __future__ import annotations

import socket

import pytest
from hypothesis import settings

settings.register_profile("mailer", deadline=None)
settings.load_profile("mailer")


@pytest.fixture
def unused_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
