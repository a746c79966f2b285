"""What makes a container of it: the image's lines, the services beside it, the web server.

`make image` runs those lines and what comes out of them, as root; here they are read.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from mailer.cli.main import app
from tests.house.test_rules import ROOT
from tests.image import DOCKERFILE, context, instructions

LINES = list(instructions(DOCKERFILE.read_text(encoding="utf-8")))
IGNORE = (ROOT / ".dockerignore").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(
    (ROOT / "config" / "compose.yml").read_text(encoding="utf-8")
)
CADDY = shutil.which("caddy")


def said(name: str) -> list[str]:
    return [argument for each, argument in LINES if each == name]


def test_everything_that_is_copied_is_sent_to_the_builder() -> None:
    """What .dockerignore leaves is what the wheel is made of, whole."""
    sent = context(IGNORE)
    for argument in said("COPY"):
        sources = argument.split()[:-1]
        for source in sources if not sources[0].startswith("--from") else ():
            ours = {
                path.relative_to(ROOT)
                for path in [ROOT / source, *(ROOT / source).rglob("*")]
                if path.is_file() and "__pycache__" not in path.parts
            }
            assert ours, source
            assert ours - set(sent) == set(), source


def test_no_secret_and_no_reader_is_sent_to_the_builder(tmp_path: Path) -> None:
    """An image goes round the world: what lies about by accident stays at home."""
    for name in (
        "secrets/smtp_principal",
        "config/secret_key",
        "config/rsa2026.pem",
        "mailer.db",
        "readers.csv",
        "editions/118/index.md",
        "mailer/cli/.env",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "mailer" / "errors.py").touch()
    assert context(IGNORE, tmp_path) == [Path("mailer/errors.py")]


def test_the_image_runs_the_daemon_as_nobody_in_particular() -> None:
    """A user of its own, told to stop as we understand it, asked how it is."""
    assert said("USER") == ["10001:10001"]
    assert said("STOPSIGNAL") == ["SIGTERM"]
    assert said("ENTRYPOINT") == ['["mailer"]']
    command = typer.main.get_command(app)
    health = said("HEALTHCHECK")[0]
    asked = json.loads(health[health.index("[") :])
    for words in (json.loads(said("CMD")[0]), asked[1:]):
        assert words[0] in command.commands  # type: ignore[attr-defined]
    options = command.commands["status"].params  # type: ignore[attr-defined]
    assert asked[2] in {name for option in options for name in option.opts}


def test_what_the_services_name_is_declared() -> None:
    """Secrets, volumes and networks; and each declared one is of use."""
    used: dict[str, set[str]] = {"secrets": set(), "networks": set(), "volumes": set()}
    for service in COMPOSE["services"].values():
        used["secrets"] |= set(service.get("secrets", ()))
        used["networks"] |= set(service["networks"])
        named = {volume.partition(":")[0] for volume in service["volumes"]}
        used["volumes"] |= {name for name in named if name.isalpha()}
    for kind, names in used.items():
        assert names == set(COMPOSE[kind]), kind


def test_the_services_get_what_the_image_offers() -> None:
    """Its volumes, a root that is read only, time to finish, settings that exist."""
    ours = COMPOSE["services"]["mailer"]
    assert ours["read_only"] is True
    mounted = {volume.split(":")[-1] for volume in ours["volumes"]}
    assert set(said("VOLUME")[0].split()) <= mounted
    assert ours["build"]["dockerfile"] == "config/Dockerfile"
    page = (ROOT / "config" / "mailer.toml").read_text(encoding="utf-8")
    for name in ours["environment"]:
        if name.startswith("MAILER_"):
            section, key = name.removeprefix("MAILER_").lower().split("__")
            table = page.split(f"\n[{section}]", 1)[1]
            assert re.search(rf"^{key}\s*=", table, re.MULTILINE), name


@pytest.mark.skipif(CADDY is None, reason="caddy is not installed")
def test_caddy_has_nothing_to_say_against_its_file() -> None:
    """Read by the server itself."""
    assert CADDY is not None
    done = subprocess.run(
        [CADDY, "adapt", "--config", ROOT / "config" / "Caddyfile"],
        env={"DOMAIN": "lettres.example.org", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "mailer:8000" in done.stdout
