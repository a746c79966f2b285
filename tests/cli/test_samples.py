"""The samples of `mailer init`: whatever day they are made, nothing is wrong with them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from mailer.config.places import shipped
from mailer.wiring import SystemClock
from mailer.workspace.starter import create
from tests.cli.conftest import TUESDAY, Command


@pytest.mark.parametrize("theme", ["presse", "pop", "texte"])
@pytest.mark.parametrize("days", [4, 291], ids=["saturday", "december"])
def test_a_sample_passes_its_own_check(
    theme: str, days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No error and no warning: the first thing a newsroom sees is a clean report."""
    now = TUESDAY.replace(hour=12).fromtimestamp(
        TUESDAY.timestamp() + days * 86400, TUESDAY.tzinfo
    )
    monkeypatch.setattr(SystemClock, "now", lambda _: now)
    create(
        tmp_path / "ws",
        theme=theme,
        templates=shipped("templates"),
        today=date.fromordinal(now.toordinal()),
        data=tmp_path / "data",
        secret=b"s" * 32,
    )
    editions = [str(path) for path in (tmp_path / "ws").glob("editions/*/2*")]
    done = Command(tmp_path / "ws")("check", "--json", *editions)
    reports = json.loads(done.stdout)["editions"]
    assert [report["findings"] for report in reports] == [[]] * len(editions)
    assert done.exit_code == 0
