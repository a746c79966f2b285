"""`mailer doctor`: everything that a send needs, looked at before it is needed."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailer.doctor import machine
from mailer.doctor.line import Condition, well
from mailer.errors import ConfigError
from mailer.phrases import say
from tests.cli.conftest import Command
from tests.fakes.dns import Zone, name_server


@pytest.fixture(autouse=True)
def _a_clock_that_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether NTP runs is the machine's business, and no part of these promises."""
    kept = well("clock", say("kept right by NTP"))
    monkeypatch.setattr(machine, "_clock", lambda: kept)


@pytest.fixture
def mailer(workspace: Callable[[str], Command]) -> Command:
    """The command in a fresh workspace."""
    return workspace("presse")


def _lines(command: Command, *more: str) -> dict[str, list[dict[str, str]]]:
    told = json.loads(command("doctor", "--json", *more).stdout)
    assert told["schema"] == 1
    found: dict[str, list[dict[str, str]]] = {}
    for line in told["lines"]:
        found.setdefault(line["topic"], []).append(line)
    return found


def test_a_fresh_workspace_is_well(mailer: Command) -> None:
    """Nothing is asked of the network, and it ends with 0."""
    done = mailer("doctor")
    assert done.exit_code == 0, done.output
    assert "✓ workspace  themes can be read; le-meridien" in done.stdout
    assert "· database   none yet" in done.stdout
    assert "--online asks relays, DNS and your site too." in done.stdout
    assert not {"relay", "spf", "site"} & _lines(mailer).keys()


def test_what_others_may_read_is_told_and_mended(mailer: Command) -> None:
    """The key that signs links, at mode 0644: exit 1, the command, and `--fix`."""
    (config,) = _lines(mailer)["config"]
    assert "keys from the file" in config["found"]
    assert mailer("status").exit_code == 0  # the database is there
    key = _data(mailer) / "secret_key"
    key.chmod(0o644)
    key.parent.chmod(0o755)
    done = mailer("doctor")
    assert done.exit_code == 1
    assert f"chmod 600 {key}" in done.stdout
    lines = _lines(mailer)
    assert [line["condition"] for line in lines["files"]] == ["fault", "warning"]
    assert lines["database"][0]["condition"] == "well"
    assert mailer("doctor", "--fix").exit_code == 0
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700


def test_a_damaged_database_is_told(mailer: Command) -> None:
    """Before the morning on which it would have been needed."""
    assert mailer("status").exit_code == 0
    file = _data(mailer) / "mailer.db"
    for beside in file.parent.glob("mailer.db-*"):
        beside.unlink()
    file.write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    done = mailer("doctor")
    assert done.exit_code == 1
    assert any(line["condition"] == "fault" for line in _lines(mailer)["database"])


def test_a_configuration_that_cannot_be_read_is_the_first_thing(
    mailer: Command,
) -> None:
    """78, with every fault at once, as everywhere."""
    file = mailer.folder / "config" / "mailer.toml"
    file.write_text(file.read_text("utf-8") + "\n[sendd]\n", "utf-8")
    done = mailer("doctor")
    assert isinstance(done.exception, ConfigError)


def test_online_the_relay_the_names_and_the_site_are_asked(mailer: Command) -> None:
    """A relay that is down, a domain with a record and without: each has its line."""
    zone: Zone = {
        ("meridien.example", "TXT"): ['"v=spf1 include:spf.relay.example -all"'],
        ("meridien.example", "MX"): ["10 mail.meridien.example."],
    }
    with _served(zone) as server:
        lines = _lines(mailer, "--online", "--nameserver", server)
    assert lines["relay"][0]["condition"] == "fault"
    assert lines["relay"][0]["copy"] == "mailer relays test principal"
    assert lines["spf"][0]["condition"] == "well"
    assert lines["bounces"][0]["condition"] == "well"
    (dmarc,) = lines["dmarc"]
    assert dmarc["condition"] == "fault"
    assert dmarc["copy"].startswith("_dmarc.meridien.example. IN TXT")
    assert "reserved for examples" in lines["site"][0]["found"]


def test_a_disk_that_is_nearly_full_is_told(
    mailer: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below a gigabyte a warning; where no run would end, a fault."""
    from types import SimpleNamespace

    for free, mark in ((5e8, "warning"), (5e7, "fault"), (5e9, "well")):
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _, u=usage: u)
        assert _lines(mailer)["disk"][0]["condition"] == mark


def test_the_next_change_of_clocks() -> None:
    """In Paris in March; never in Reykjavik."""
    paris, island = ZoneInfo("Europe/Paris"), ZoneInfo("Atlantic/Reykjavik")
    winter = datetime(2026, 3, 10, 9, tzinfo=UTC)
    change = machine.next_change(winter.astimezone(paris), paris)
    assert change is not None
    assert change.date().isoformat() == "2026-03-29"
    assert machine.next_change(winter.astimezone(island), island) is None


def test_every_mark_is_shown() -> None:
    """A line without a mark would look like part of the one above."""
    from mailer.cli.operating.doctor import _MARKS

    assert set(_MARKS) == set(Condition)


def _data(command: Command) -> Path:
    shown = json.loads(command("config", "show", "--json").stdout)
    return Path(shown["settings"]["storage.folder"]["value"])


@contextmanager
def _served(zone: Zone) -> Iterator[str]:
    """A name server in a thread: the command has a loop of its own."""
    there, done = threading.Event(), threading.Event()
    found: list[str] = []

    async def serve() -> None:
        async with name_server(zone) as server:
            found.append(server)
            there.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    there.wait()
    try:
        yield found[0]
    finally:
        done.set()
        thread.join()
