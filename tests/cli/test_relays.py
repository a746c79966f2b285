"""`mailer relays`: who carries our mail, how they are, and a hand on each of them."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from mailer.delivery.limiter import Slowness
from mailer.delivery.sharing import PaceReport
from mailer.delivery.switchboard import Health
from mailer.flows.sending.relaying import Sighting
from mailer.phrases import say
from tests.cli.conftest import TUESDAY, Command, said
from tests.contract.house import House
from tests.relay import ScriptedRelay

RELAYS = """
[[relays]]
name = "principal"
host = "127.0.0.1"
port = {port}
ca_file = "{ca_file}"
username = "lettres"
password = "secret"
rate = "15/s"
weight = 3

[[relays]]
name = "secours"
host = "relais.example"
rate = "5/s"

[[relays]]
name = "dernier"
host = "dernier.example"
priority = 2
"""


@pytest.fixture
def command(workspace: Callable[..., Command], tmp_path: Path) -> Command:
    """A workspace with three relays: two that share, one in reserve."""
    return configured(workspace(), 25, tmp_path / "ca.pem")


def configured(command: Command, port: int, ca_file: Path) -> Command:
    path = command.folder / "config" / "mailer.toml"
    text = path.read_text("utf-8")
    before, _, after = text.partition("[[relays]]")
    rest = after.partition("\n\n")[2]
    relays = RELAYS.format(port=port, ca_file=ca_file)
    path.write_text(f"{before}{relays}\n{rest}", "utf-8")
    return command


@contextmanager
def serving(server: ScriptedRelay) -> Iterator[ScriptedRelay]:
    """*server* in a loop of its own, as the command has one too."""
    ready, done = threading.Event(), threading.Event()

    async def serve() -> None:
        async with server:
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        done.set()
        thread.join()


def listed(command: Command) -> dict[str, dict[str, object]]:
    result = command("relays", "list", "--json")
    document = json.loads(result.stdout)
    assert document["schema"] == 1
    return {row["name"]: row for row in document["relays"]}


def keep(tmp_path: Path, *sightings: Sighting, pace: PaceReport | None = None) -> None:
    """What a sender has left in the store."""

    async def story() -> None:
        house = await House.open(f"sqlite:///{tmp_path}/data/mailer.db")
        await house.relay_book.note(sightings)
        if pace:
            await house.pace.exchange(pace)
        await house.store.close()

    asyncio.run(story())


def test_the_list_says_who_carries_what(command: Command) -> None:
    """Shares in hundredths, the reserve by name; nobody has tried them yet."""
    found = listed(command)
    shares = {name: row["share"] for name, row in found.items()}
    assert shares == {"principal": 75, "secours": 25, "dernier": 0}
    assert {row["state"] for row in found.values()} == {"untried"}
    text = command("relays", "list").stdout
    assert "in reserve" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_pause_is_kept_and_ended(command: Command) -> None:
    """It says who, since when, and the way back; twice is no error."""
    result = command("relays", "pause", "SECOURS", "--by", "claire")
    assert (result.exit_code, "is paused" in result.stderr) == (0, True)
    assert "was paused already" in command("relays", "pause", "secours").stderr
    row = listed(command)["secours"]
    assert (row["state"], row["paused_by"]) == ("paused", "claire")
    assert row["paused_at"] == TUESDAY.isoformat()
    text = command("relays", "list").stdout
    assert "by claire; mailer relays resume secours" in text
    assert "carries mail again" in command("relays", "resume", "secours").stderr
    assert listed(command)["secours"]["state"] == "untried"
    assert "tried at once" in command("relays", "resume", "secours").stderr


def test_pausing_the_last_one_is_mentioned(command: Command) -> None:
    """Who stops everything should know it."""
    for name in ("principal", "secours"):
        assert "No relay is left" not in command("relays", "pause", name).stderr
    assert "No relay is left" in command("relays", "pause", "dernier").stderr


def test_a_relay_that_is_not_there_is_told(command: Command) -> None:
    """With the nearest name."""
    for verb in ("pause", "resume", "test"):
        result = command("relays", verb, "secour")
        assert "did you mean secours?" in str(said(result))
        assert said(result).exit_code == 3


def test_what_a_sender_found_is_shown(command: Command, tmp_path: Path) -> None:
    """Set aside until when and why, and how to have it tried; up, and seen when."""
    aside = Sighting(
        relay="secours",
        health=Health.ASIDE,
        seen=TUESDAY,
        worker="host:1",
        reason=say("refuses the login"),
        until=TUESDAY + timedelta(minutes=15),
        permanent=True,
    )
    up = Sighting(relay="principal", health=Health.UP, seen=TUESDAY, worker="host:1")
    keep(tmp_path, aside, up)
    found = listed(command)
    assert (found["principal"]["state"], found["secours"]["state"]) == (
        "up",
        "set aside",
    )
    assert found["secours"]["reason"] == "refuses the login"
    text = command("relays", "list").stdout
    assert "secours: set aside, to be tried at" in text
    assert "mailer relays resume secours has it tried now" in text


def test_when_the_time_has_passed_it_is_on_probation(command, tmp_path) -> None:
    """What a sender said an hour ago is not what is true now."""
    before = TUESDAY - timedelta(hours=1)
    aside = Sighting(
        relay="secours",
        health=Health.ASIDE,
        seen=before,
        worker="host:1",
        reason=say("refuses the login"),
        until=before + timedelta(minutes=15),
    )
    keep(tmp_path, aside)
    assert listed(command)["secours"]["state"] == "on probation"
    assert "has it tried now" not in command("relays", "list").stdout


def test_a_relay_that_was_slowed_says_so(command: Command, tmp_path: Path) -> None:
    """The rate in force beside the rate configured."""
    now = TUESDAY.timestamp()
    slow = Slowness(rate=3.75, aim=15.0, slowed_at=now, paused_until=now)
    report = PaceReport(worker="w", now=now, drawn={}, relays={"principal": slow})
    keep(tmp_path, pace=report)
    assert listed(command)["principal"]["slowed_to"] == 3.75
    assert (
        "principal: was told to slow down; 3.75/s now"
        in command("relays", "list").stdout
    )


def test_a_test_shows_what_a_relay_offers(
    workspace: Callable[..., Command], tmp_path: Path
) -> None:
    """TLS, login, extensions and size; what it lacks; and no mail leaves."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    relay = ScriptedRelay(
        tls=context,
        credentials=("lettres", "secret"),
        extensions=("PIPELINING", "SIZE 48000000", "DSN"),
    )
    with serving(relay) as server:
        command = configured(workspace(), server.port, tmp_path / "ca.pem")
        text = command("relays", "test", "principal")
        machine = json.loads(command("relays", "test", "principal", "--json").stdout)
        assert not any(c.startswith("MAIL") for c in server.commands)
        assert server.commands[-1] == "QUIT"
    assert text.exit_code == 0
    assert "✓ principal  127.0.0.1" in text.stdout
    assert ", TLS 1.3, login by PLAIN, " in text.stdout
    assert "with PIPELINING, SIZE 48 MB, DSN\n" in text.stdout
    assert "without 8BITMIME, SMTPUTF8, CHUNKING\n" in text.stdout
    (row,) = machine["relays"]
    assert (row["ok"], row["tls"], row["login"]) == (True, "TLSv1.3", "plain")
    assert (row["size"], row["error"]) == (48_000_000, "")


def test_a_test_that_fails_says_why_and_69(
    workspace: Callable[..., Command], tmp_path: Path
) -> None:
    """The reason is the one a run would stop for."""
    relay = ScriptedRelay(credentials=("lettres", "secret"))
    with serving(relay) as server:
        command = configured(workspace(), server.port, tmp_path / "none.pem")
        missing = command("relays", "test", "principal")
        (tmp_path / "none.pem").write_bytes(trustme.CA().cert_pem.bytes())
        stripped = command("relays", "test", "principal")
        (row,) = json.loads(command("relays", "test", "principal", "--json").stdout)[
            "relays"
        ]
    assert (missing.exit_code, stripped.exit_code) == (69, 69)
    assert "✗ principal  ca_file" in missing.stdout
    assert "does not offer STARTTLS" in stripped.stdout
    assert (row["ok"], "STARTTLS" in row["error"]) == (False, True)


def test_a_folder_is_tested_too(
    workspace: Callable[..., Command], tmp_path: Path, monkeypatch
) -> None:
    """A Maildir relay is made, and said where."""
    monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__KIND", "maildir")
    monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__PATH", str(tmp_path / "out"))
    result = workspace()("relays", "test")
    assert result.exit_code == 0
    assert f"keeps mail in {tmp_path}/out" in result.stdout
