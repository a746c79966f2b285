"""What the private listener answers, and the names and labels of the metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from mailer.delivery.ledger import State
from mailer.delivery.report import Tally
from mailer.edition.model import Variant
from mailer.flows.figures import NextReading, Reading, RelayReading
from mailer.flows.ports import Claim, Run, RunState
from mailer.flows.sending.meter import Meter
from mailer.web.admin import admin_app
from mailer.web.metrics import METRICS, expose
from mailer.web.serving import listen
from tests.contract.house import settlement

NOW = datetime(2026, 3, 14, 6, 5, tzinfo=UTC)
RUN = Run(
    id=1,
    name="letter-1-1",
    edition="letter/1",
    title="One",
    publication="letter",
    sha256="0" * 64,
    state=RunState.SENDING,
    started=NOW - timedelta(minutes=5),
)
READING = Reading(
    now=NOW,
    version="1.0",
    started=NOW - timedelta(days=1),
    ticked=NOW,
    lag_seconds=0.01,
    meter=Meter(),
    publications=["letter"],
    relays={"a": RelayReading(is_up=True), "b": RelayReading(is_up=False, rate=2.5)},
    lanes={"orange": 4.0},
    database_up=True,
    disk_free_bytes=10**9,
    runs=[(RUN, Tally(audience=10, accepted=4, in_doubt=1, waiting=5, deferred=2))],
    subscribers={("letter", "active"): 10},
    suppressed={"bounced": 3},
    last_sent={"letter": NOW - timedelta(days=7)},
    next={"letter": NextReading(at=NOW + timedelta(days=7), is_approved=False)},
)


def samples(reading: Reading) -> dict[str, float]:
    """``name{label="value"}`` to value, as Prometheus reads it."""
    found = {}
    for family in text_string_to_metric_families(expose(reading).decode()):
        for sample in family.samples:
            labels = ",".join(f'{k}="{v}"' for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_a_run_is_seen_in_figures() -> None:
    """What waits, what was deferred, how far it is, how old."""
    found = samples(READING)
    assert found['mailer_queue{state="waiting"}'] == 3
    assert found['mailer_queue{state="deferred"}'] == 2
    assert found['mailer_queue{state="in_doubt"}'] == 1
    assert found['mailer_run_progress_ratio{run="letter-1-1"}'] == 0.5
    assert found['mailer_runs{state="sending"}'] == 1
    assert found["mailer_queue_oldest_seconds{}"] == 300
    assert found['mailer_relay_rate{relay="a"}'] == float("inf")
    assert found['mailer_relay_up{relay="b"}'] == 0
    assert found['mailer_next_send_approved{publication="letter"}'] == 0
    zero = 'mailer_deliveries_total{publication="letter",relay="b",result="refused"}'
    assert found[zero] == 0


def test_a_run_that_is_held_is_not_late() -> None:
    """Whoever paused it knows; the age of the queue is for what should move."""
    paused = replace(RUN, state=RunState.PAUSED)
    found = samples(replace(READING, runs=[(paused, Tally(audience=1, waiting=1))]))
    assert found["mailer_queue_oldest_seconds{}"] == 0
    assert found['mailer_runs{state="paused"}'] == 1


def test_a_silent_database_is_said_and_nothing_invented() -> None:
    """No queue of zero where nobody could count it."""
    found = samples(replace(READING, database_up=False))
    assert found["mailer_database_up{}"] == 0
    assert not any(name.startswith("mailer_queue") for name in found)


def test_every_metric_is_described_and_every_description_true() -> None:
    """The list that alerts and dashboard are held to is what is exposed."""
    meter = Meter()
    meter.deliveries["letter", "a", "accepted"] = 1
    text = expose(replace(READING, meter=meter)).decode()
    named = set(re.findall(r"^# TYPE (mailer_\w+) ", text, re.MULTILINE))
    assert named == set(METRICS)
    for name, described in METRICS.items():
        assert f"# TYPE {name} {described.kind}\n" in text
        for labels in re.findall(rf"^{name}\{{([^}}]*)\}}", text, re.MULTILINE):
            assert set(re.findall(r'(\w+)="', labels)) == set(described.labels)


def test_attempts_are_counted_and_timed_by_group() -> None:
    """A put-off reader is no attempt; the time runs from the mark to the outcome."""
    now = [100.0]
    meter = Meter(lambda: now[0])
    claims = [_claim(n) for n in range(3)]
    meter.committed(RUN, [], claims)
    now[0] += 0.3
    put_off = replace(settlement(claims[2], State.DUE), tried=False)
    accepted = settlement(claims[0], State.ACCEPTED)
    deferred = settlement(claims[1], State.DUE, next_attempt=NOW)
    meter.committed(RUN, [accepted, deferred, put_off], [])
    assert meter.deliveries == {
        ("letter", "principal", "accepted"): 1,
        ("letter", "principal", "deferred"): 1,
    }
    found = samples(replace(READING, meter=meter))
    bucket = 'mailer_delivery_seconds_bucket{le="%s",relay="principal"}'
    assert found[bucket % "0.25"] == 0
    assert found[bucket % "0.5"] == found[bucket % "+Inf"] == 2
    assert round(found['mailer_delivery_seconds_sum{relay="principal"}'], 3) == 0.6
    meter.ended(RUN)
    assert not meter._begun


def test_no_label_holds_an_address() -> None:
    """Whoever scrapes learns how many, never who."""
    meter = Meter()
    meter.committed(RUN, [settlement(_claim(0), State.REFUSED)], [])
    assert b"@" not in expose(replace(READING, meter=meter))


@dataclass
class Daemon:
    """A daemon that is as we say."""

    alive: bool = True
    checks: dict[str, str] = field(
        default_factory=lambda: {"database": "ok", "scheduler": "ok"}
    )

    def health(self) -> tuple[bool, Mapping[str, Any]]:
        return self.alive, {"loop_lag_seconds": 0.0}

    async def readiness(self) -> Mapping[str, str]:
        return self.checks

    async def reading(self) -> Reading:
        return READING


def _client(daemon: Daemon) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=admin_app(daemon))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


async def test_a_sound_daemon_is_alive_and_ready() -> None:
    """And its figures are of the type that Prometheus asks for."""
    async with _client(Daemon()) as client:
        assert (await client.get("/healthz")).json()["status"] == "ok"
        assert (await client.get("/readyz")).status_code == 200
        figures = await client.get("/metrics")
    assert figures.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'mailer_build_info{version="1.0"} 1.0' in figures.text


async def test_what_fails_is_named() -> None:
    """503, for whoever only looks at the status, and the words for who reads on."""
    daemon = Daemon(alive=False, checks={"database": "the disk is full"})
    async with _client(daemon) as client:
        assert (await client.get("/healthz")).status_code == 503
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "failing",
        "checks": {"database": "the disk is full"},
    }


def test_listeners_are_opened_as_they_are_written() -> None:
    """By IPv4; what is taken is an OSError."""
    with listen("127.0.0.1:0") as first:
        host, port = first.getsockname()[:2]
        assert host == "127.0.0.1"
        try:
            listen(f"127.0.0.1:{port}")
        except OSError as error:
            assert error.strerror
        else:
            raise AssertionError


def _claim(subscriber: int) -> Claim:
    return Claim(
        run=RUN.id,
        subscriber=subscriber,
        fence=1,
        variant=Variant.FREE,
        email=f"r{subscriber}@readers.example",
        name="",
        attempts=0,
    )
