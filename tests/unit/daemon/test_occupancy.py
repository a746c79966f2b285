"""A restore and a daemon never work on one database."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.daemon.occupancy import occupying
from mailer.errors import GuardError


def test_daemons_share_what_a_restore_has_alone(tmp_path: Path) -> None:
    """Whoever comes second is told, and it is free again when the first has ended."""
    socket = tmp_path / "folder" / "mailer.sock"
    with occupying(socket), occupying(socket):
        with (
            pytest.raises(GuardError, match="the daemon runs"),
            occupying(socket, alone=True),
        ):
            pytest.fail("a daemon works on it")
    with occupying(socket, alone=True):
        with pytest.raises(GuardError, match="restored"), occupying(socket):
            pytest.fail("it is being replaced")
    with occupying(socket):
        pass
