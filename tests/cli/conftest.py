"""The command in this process, in a workspace of its own, at a moment of our choosing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from mailer.cli.main import app
from mailer.config.places import shipped
from mailer.wiring import SystemClock
from mailer.workspace.starter import create

TUESDAY = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


@dataclass
class Command:
    """``mailer -C folder``; errors come back as ``result.exception``."""

    folder: Path

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["-C", str(self.folder), *words])


@pytest.fixture(scope="session")
def starters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each starter, made once on the Tuesday; tests work on copies."""
    home = tmp_path_factory.mktemp("starters")
    for theme in ("presse", "pop"):
        create(
            home / theme,
            theme=theme,
            templates=shipped("templates"),
            today=date(2026, 3, 10),
            data=home / f"{theme}-data",
            secret=b"s" * 32,
        )
    return {theme: home / theme for theme in ("presse", "pop")}


@pytest.fixture
def workspace(
    starters: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    warm: str,
) -> Callable[[str], Command]:
    """A copy of a starter with a data folder of its own, on Tuesday 10 March 2026."""

    def copy(theme: str = "presse") -> Command:
        folder = tmp_path / theme
        shutil.copytree(starters[theme], folder)
        shutil.copytree(starters[theme].with_name(f"{theme}-data"), tmp_path / "data")
        monkeypatch.setenv("MAILER_STORAGE__FOLDER", str(tmp_path / "data"))
        monkeypatch.setenv("MAILER_SEND__APPROVAL", "auto")
        monkeypatch.setattr(SystemClock, "now", lambda _: TUESDAY)
        monkeypatch.setattr(sys, "executable", warm)  # where an edition is assembled
        return Command(folder)

    return copy


def said(result: Result) -> Any:
    """What went wrong, whole; fails if nothing did."""
    assert result.exit_code != 0, result.output
    return result.exception
