"""A reading in Prometheus' text form: the names, kinds and labels of every metric.

``METRICS`` is the list that alert rules, the dashboard and ``docs/operating.md`` are
held to. No label holds an address, and none has more values than there are settings,
states and runs under way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from mailer.delivery.bounce.model import Kind
from mailer.flows.figures import Reading
from mailer.flows.ports import RunState
from mailer.flows.returning.arrivals import ANSWER, LEAVE
from mailer.flows.sending.meter import BOUNDS, RESULTS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_UNFINISHED = (RunState.ARMED, RunState.SENDING, RunState.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One metric: ``counter``, ``gauge`` or ``histogram``, what it says, its labels."""

    kind: str
    says: str
    labels: tuple[str, ...] = ()


METRICS: Mapping[str, Described] = {
    "mailer_deliveries_total": Described(
        kind="counter",
        says="Attempts by what became of them, since the daemon started",
        labels=("publication", "relay", "result"),
    ),
    "mailer_bounces_total": Described(
        kind="counter",
        says="What came back and was settled, by kind, since the daemon started",
        labels=("kind",),
    ),
    "mailer_delivery_seconds": Described(
        kind="histogram",
        says="From the mark before the first body byte to the outcome written down",
        labels=("relay",),
    ),
    "mailer_queue": Described(
        kind="gauge",
        says="Deliveries of unfinished runs: waiting, deferred, in_doubt",
        labels=("state",),
    ),
    "mailer_queue_oldest_seconds": Described(
        kind="gauge", says="How long the oldest run that sends has been under way"
    ),
    "mailer_runs": Described(
        kind="gauge", says="Unfinished runs by state", labels=("state",)
    ),
    "mailer_run_progress_ratio": Described(
        kind="gauge", says="How much of a run is done, 0 to 1", labels=("run",)
    ),
    "mailer_relay_up": Described(
        kind="gauge", says="0: paused, set aside or on probation", labels=("relay",)
    ),
    "mailer_relay_rate": Described(
        kind="gauge",
        says="Messages a second that a relay may be given; +Inf: no limit",
        labels=("relay",),
    ),
    "mailer_lane_rate": Described(
        kind="gauge",
        says="Messages a second that a lane may be given, where it is limited",
        labels=("lane",),
    ),
    "mailer_smtp_connections": Described(
        kind="gauge", says="Connections that carry messages", labels=("relay",)
    ),
    "mailer_subscribers": Described(
        kind="gauge",
        says="Subscriptions by status: pending, active, left",
        labels=("publication", "status"),
    ),
    "mailer_suppressions": Described(
        kind="gauge", says="Addresses never written to, by reason", labels=("reason",)
    ),
    "mailer_next_send_timestamp_seconds": Described(
        kind="gauge", says="When the next edition leaves", labels=("publication",)
    ),
    "mailer_next_send_approved": Described(
        kind="gauge",
        says="Whether the edition that leaves next may leave",
        labels=("publication",),
    ),
    "mailer_last_success_timestamp_seconds": Described(
        kind="gauge",
        says="When the last run was sent to its end",
        labels=("publication",),
    ),
    "mailer_last_tick_timestamp_seconds": Described(
        kind="gauge", says="When the calendar was last looked at"
    ),
    "mailer_loop_lag_seconds": Described(
        kind="gauge", says="How late the loop was at worst in the last minute"
    ),
    "mailer_database_up": Described(
        kind="gauge", says="Whether the database answers, with the schema we know"
    ),
    "mailer_disk_free_bytes": Described(
        kind="gauge", says="Room on the disk of the storage folder"
    ),
    "mailer_start_timestamp_seconds": Described(
        kind="gauge", says="When the daemon started"
    ),
    "mailer_build_info": Described(
        kind="gauge", says="The version that runs", labels=("version",)
    ),
}
"""Every metric of ours; besides them stand ``process_*`` of prometheus-client."""

Samples = Iterable[tuple[tuple[str, ...], float]]


def expose(reading: Reading) -> bytes:
    """*reading* as Prometheus scrapes it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(reading))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Once(Collector):
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        yield _histogram(self._reading)
        for name, samples in _samples(self._reading).items():
            described = METRICS[name]
            of = (
                CounterMetricFamily
                if described.kind == "counter"
                else GaugeMetricFamily
            )
            family = of(name, described.says, labels=described.labels)
            for labels, value in samples:
                family.add_metric(labels, value)
            yield family


def _samples(reading: Reading) -> Mapping[str, Samples]:
    found: dict[str, Samples] = {
        "mailer_deliveries_total": _deliveries(reading),
        "mailer_bounces_total": _bounces(reading),
        "mailer_relay_up": [
            ((name,), float(relay.is_up)) for name, relay in reading.relays.items()
        ],
        "mailer_relay_rate": [
            ((name,), float("inf") if relay.rate is None else relay.rate)
            for name, relay in reading.relays.items()
        ],
        "mailer_lane_rate": [((name,), rate) for name, rate in reading.lanes.items()],
        "mailer_smtp_connections": [
            ((name,), float(reading.meter.connections[name])) for name in reading.relays
        ],
        "mailer_loop_lag_seconds": [((), reading.lag_seconds)],
        "mailer_database_up": [((), float(reading.database_up))],
        "mailer_start_timestamp_seconds": _one(reading.started),
        "mailer_last_tick_timestamp_seconds": _one(reading.ticked),
        "mailer_build_info": [((reading.version,), 1.0)],
        "mailer_next_send_timestamp_seconds": [
            ((name,), each.at.timestamp()) for name, each in reading.next.items()
        ],
    }
    if reading.disk_free_bytes is not None:
        found["mailer_disk_free_bytes"] = [((), float(reading.disk_free_bytes))]
    if reading.database_up:
        found |= _counted(reading)
    return found


def _counted(reading: Reading) -> Mapping[str, Samples]:
    """What only the database knows."""
    tallies = [tally for _, tally in reading.runs]
    states = [run.state for run, _ in reading.runs]
    sending = [r.departs or r.started for r, _ in reading.runs if r.state == "sending"]
    age = (reading.now - min(sending)).total_seconds() if sending else 0.0
    deferred = sum(tally.deferred for tally in tallies)
    queue = {
        "waiting": sum(tally.waiting for tally in tallies) - deferred,
        "deferred": deferred,
        "in_doubt": sum(tally.in_doubt for tally in tallies),
    }
    return {
        "mailer_queue": [((state,), float(n)) for state, n in queue.items()],
        "mailer_queue_oldest_seconds": [((), max(0.0, age))],
        "mailer_runs": [
            ((str(state),), float(states.count(state))) for state in _UNFINISHED
        ],
        "mailer_run_progress_ratio": [
            ((run.name,), 1 - tally.waiting / tally.audience if tally.audience else 1.0)
            for run, tally in reading.runs
        ],
        "mailer_subscribers": [
            (key, float(n)) for key, n in reading.subscribers.items()
        ],
        "mailer_suppressions": [
            ((reason,), float(n)) for reason, n in reading.suppressed.items()
        ],
        "mailer_next_send_approved": [
            ((name,), float(each.is_approved)) for name, each in reading.next.items()
        ],
        "mailer_last_success_timestamp_seconds": [
            ((name,), at.timestamp()) for name, at in reading.last_sent.items()
        ],
    }


def _deliveries(reading: Reading) -> Samples:
    """Zeros too: who counts an increase needs a beginning."""
    counts = {
        (publication, relay, result): 0
        for publication in reading.publications
        for relay in reading.relays
        for result in RESULTS
    }
    counts |= reading.meter.deliveries
    return [(key, float(n)) for key, n in counts.items()]


def _bounces(reading: Reading) -> Samples:
    """Zeros too, as above."""
    counts = dict.fromkeys((*Kind, LEAVE, ANSWER), 0) | reading.meter.bounces
    return [((kind,), float(n)) for kind, n in sorted(counts.items())]


def _histogram(reading: Reading) -> Metric:
    name = "mailer_delivery_seconds"
    family = HistogramMetricFamily(name, METRICS[name].says, labels=("relay",))
    for relay, histogram in reading.meter.seconds.items():
        total, buckets = 0, []
        for bound, count in zip((*BOUNDS, "+Inf"), histogram.buckets, strict=True):
            total += count
            buckets.append((str(bound), total))
        family.add_metric((relay,), buckets, histogram.total_seconds)
    return family


def _one(moment: datetime | None) -> Samples:
    return [] if moment is None else [((), moment.timestamp())]
