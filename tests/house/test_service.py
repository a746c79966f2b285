"""The unit for systemd: it says what the program does, and leaves it nothing it needs not.

Where systemd is installed, its own program judges the unit; the rest is read here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mailer.cli.main import app
from mailer.errors import ConfigError
from tests.house.test_rules import ROOT

UNIT = ROOT / "config" / "mailer.service"
ANALYZE = shutil.which("systemd-analyze")
EXPOSURE_TENTHS = 20
"""systemd's own mark, 0 to 100: 'OK' ends at 20. The network is what a mailer needs."""

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")


def read_unit() -> dict[str, dict[str, list[str]]]:
    """Sections, keys and their values in order: a key may stand several times."""
    sections: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for number, line in enumerate(UNIT.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals, f"line {number}"
            assert key == key.strip(), f"line {number}"
            section.setdefault(key, []).append(value)
    return sections


SERVICE = read_unit()["Service"]


def test_the_unit_starts_a_command_that_there_is() -> None:
    """`mailer --config FILE run`, from the folder that the page installs into."""
    import typer

    (start,) = SERVICE["ExecStart"]
    program, *words = start.split()
    assert program == "/opt/mailer/bin/mailer"
    assert words == ["--config", "/etc/mailer/mailer.toml", "run"]
    assert "run" in typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_systemd_waits_until_the_daemon_is_ready_and_hears_that_it_lives() -> None:
    """The daemon speaks sd_notify, so the unit listens; SIGHUP reads settings anew."""
    assert SERVICE["Type"] == ["notify"]
    assert 10 <= int(SERVICE["WatchdogSec"][0]) <= 300
    assert SERVICE["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert SERVICE["KillSignal"] == ["SIGTERM"]


def test_a_broken_configuration_is_not_started_again_and_again() -> None:
    """Its exit code is one of those that end the matter."""
    prevented = SERVICE["RestartPreventExitStatus"][0].split()
    assert str(ConfigError.exit_code) in prevented
    assert SERVICE["Restart"] == ["on-failure"]


def test_what_the_service_writes_is_its_own() -> None:
    """A user of its own, a closed folder, nothing else of the machine."""
    assert SERVICE["User"] == SERVICE["StateDirectory"] == ["mailer"]
    assert SERVICE["StateDirectoryMode"] == ["0700"]
    assert SERVICE["UMask"] == ["0077"]
    assert SERVICE["ProtectSystem"] == ["strict"]
    assert SERVICE["CapabilityBoundingSet"] == [""]
    for key in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome"):
        assert SERVICE[key] == ["yes"], key


def test_secrets_come_as_credentials() -> None:
    """No setting of the unit holds one, no environment shows one."""
    assert SERVICE["LoadCredential"] == ["secret_key:/etc/mailer/secret_key"]
    assert "Environment" not in SERVICE
    assert "EnvironmentFile" not in SERVICE


@needs_systemd
def test_systemd_has_nothing_to_say_against_it(tmp_path: Path) -> None:
    """`systemd-analyze verify` is silent; only the program stands elsewhere here."""
    done = verify(tmp_path, UNIT.read_text(encoding="utf-8"))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_systemd_would_say_something_against_a_unit_that_is_wrong(
    tmp_path: Path,
) -> None:
    """The judge of the test above does judge."""
    broken = UNIT.read_text(encoding="utf-8").replace("WatchdogSec", "WatchdogSecs")
    assert "WatchdogSecs" in verify(tmp_path, broken).stderr


@needs_systemd
def test_systemd_finds_little_that_a_burglar_could_do(tmp_path: Path) -> None:
    """Its own mark for how exposed the service is stays low."""
    assert ANALYZE is not None
    unit = _placed(tmp_path, UNIT.read_text(encoding="utf-8"))
    most = f"--threshold={EXPOSURE_TENTHS}"
    done = subprocess.run(
        [ANALYZE, "security", "--offline=true", most, "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def verify(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    return subprocess.run(
        [ANALYZE, "verify", "--man=no", _placed(folder, text)],
        capture_output=True,
        text=True,
        check=False,
    )


def _placed(folder: Path, text: str) -> Path:
    unit = folder / "mailer.service"
    unit.write_text(text.replace("/opt/mailer/bin/mailer", sys.executable), "utf-8")
    return unit
