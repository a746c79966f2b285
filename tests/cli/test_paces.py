"""What `mailer relays list` says of quotas, warm-up and slow lanes."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from mailer.cli.invocation import run_async
from mailer.delivery.limiter import Slowness
from mailer.delivery.quota import Quotas, WarmUp
from mailer.delivery.sharing import Drawn, PaceReport
from mailer.store.engine import Store
from mailer.store.ledger.pace import SqlPaceKeeper
from mailer.wiring import SystemClock
from tests.cli.conftest import Command

QUOTAS = """
hourly  = 5000
warm_up = [4000, 8000]

[lanes.orange]
rate = "4/s"
"""


@pytest.fixture
def command(workspace: Callable[[str], Command]) -> Command:
    """A workspace whose relay has quotas, and has sent; two lanes were slowed."""
    command = workspace("presse")
    path = command.folder / "config" / "mailer.toml"
    before, rate, after = path.read_text("utf-8").partition('rate        = "50/s"\n')
    assert rate
    path.write_text(f"{before}{after}", "utf-8")
    text = path.read_text("utf-8")
    head, connections, rest = text.partition("connections = 4\n")
    path.write_text(f"{head}{connections}{QUOTAS}{rest}", "utf-8")
    return command


def remember(command: Command) -> None:
    """What a sender has left behind."""
    now = SystemClock().now().timestamp()
    quotas = Quotas(hourly=5000, warm_up=WarmUp(ceilings=(4000, 8000)))

    async def story() -> None:
        url = f"sqlite:///{command.folder.parent}/data/mailer.db"
        store = await Store.open(url)
        keeper = SqlPaceKeeper(store)
        for seconds, spent in ((5000, 3120), (60, 312)):
            drawn = Drawn(quotas=quotas, spent=spent, held=0, wanted=0)
            await keeper.exchange(
                PaceReport(
                    worker="w",
                    now=now - seconds,
                    drawn={"principal": drawn},
                    lanes={
                        "orange": slow(2.3, now - 90, now - 60),
                        "gmail": slow(0.4, now - 70, now + 120),
                        "small.example": slow(0.4, now - 90, now - 60),
                    },
                )
            )
        await store.close()

    run_async(story())


def slow(rate: float, slowed_at: float, paused_until: float) -> Slowness:
    return Slowness(rate=rate, aim=20, slowed_at=slowed_at, paused_until=paused_until)


def test_quotas_and_slow_lanes_are_shown(command: Command) -> None:
    """How much of each is used, how fast each lane goes, and that it comes back."""
    remember(command)
    lines = [
        " ".join(line.split()) for line in command("relays", "list").stdout.split("\n")
    ]
    assert "principal 312 of 5,000 3,432 day 1: 3,432 of 4,000" in lines
    assert "orange slowed to 2.3/s of 4/s, faster by and by" in lines
    assert "small.example slowed to 24/min, faster by and by" in lines
    assert any(line.startswith("gmail pauses for 1") for line in lines)
    assert lines[-2].startswith("small.example")  # by name; who is well is not listed


def test_programs_get_the_numbers(command: Command) -> None:
    """The same, with names for each."""
    remember(command)
    document = json.loads(command("relays", "list", "--json").stdout)
    (relay,) = document["relays"]
    assert (relay["last_hour"], relay["hourly"]) == (312, 5000)
    assert (relay["last_day"], relay["daily"]) == (3432, None)
    assert (relay["warm_up_day"], relay["warm_up_ceiling"]) == (1, 4000)
    lanes = {lane["name"]: lane for lane in document["lanes"]}
    assert lanes["orange"]["rate"] == 4.0
    assert lanes["orange"]["slowed_to"] == 2.3
    assert 100 < lanes["gmail"]["pause_seconds"] <= 120


def test_nothing_is_said_where_nothing_is_known(command: Command) -> None:
    """A lane with a rate is shown before anything was sent."""
    document = json.loads(command("relays", "list", "--json").stdout)
    assert document["relays"][0]["last_hour"] == 0
    assert document["lanes"] == [
        {"name": "orange", "rate": 4.0, "slowed_to": None, "pause_seconds": 0}
    ]
