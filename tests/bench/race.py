"""Several senders in turn, round after round, so that what disturbs one disturbs all.

Round 0 warms up and is not counted, unless there is only one, and every second round
goes backwards. CPU is without start-up: each sender goes a second time with a tenth of
its readers, and what that took is taken off.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.bench.peers import Sample, Sender
from tests.bench.sink import Sink


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A median with the least and the most beside it."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        return cls(
            median=statistics.median(values), least=min(values), most=max(values)
        )


@dataclass(kw_only=True)
class Race:
    """What everybody reached, round by round."""

    connections: int
    rounds: int
    results: dict[str, list[Sample]] = field(default_factory=dict)

    @classmethod
    def none(cls) -> Race:
        """A race that was not run."""
        return cls(connections=0, rounds=0)

    def rate(self, name: str) -> Figure:
        """Messages per second."""
        return Figure.of([sample.rate for sample in self.results[name]])

    def cpu(self, name: str) -> Figure:
        """Microseconds of the sender's CPU per message."""
        return Figure.of([sample.cpu_us for sample in self.results[name]])

    def server_cpu(self, name: str) -> Figure:
        """Microseconds of its database server's CPU per message."""
        samples = self.results[name]
        return Figure.of([each.server_cpu / each.count * 1e6 for each in samples])

    def peak(self, name: str) -> float:
        """The largest resident set of any of its processes, in MB."""
        return max(sample.peak for sample in self.results[name])

    def rate_ratio(self, name: str, base: str) -> Figure:
        """How many times the rate of *base*, paired round by round."""
        pairs = zip(self.results[name], self.results[base], strict=True)
        return Figure.of([one.rate / other.rate for one, other in pairs])

    def cpu_more(self, name: str, base: str) -> Figure:
        """Microseconds per message above *base*, paired round by round."""
        pairs = zip(self.results[name], self.results[base], strict=True)
        return Figure.of([one.cpu_us - other.cpu_us for one, other in pairs])

    def cpu_ratio(self, name: str, base: str) -> Figure:
        """How many times the CPU of *base*, paired round by round."""
        pairs = zip(self.results[name], self.results[base], strict=True)
        return Figure.of([one.cpu_us / other.cpu_us for one, other in pairs])


def race(
    senders: Sequence[Sender],
    sink: Sink,
    *,
    rounds: int,
    connections: int,
    scale: float = 1,
) -> Race:
    """Let every one of *senders* send once per round; *scale* makes all of it shorter."""
    run = Race(connections=connections, rounds=rounds)
    for number in range(int(rounds == 1), rounds + 1):
        for sender in senders if number % 2 else reversed(senders):
            count = max(10, round(sender.count * scale))
            sample = _without_start(sender, sink, count, connections)
            _tell(number, sender.name, sample)
            if number:
                run.results.setdefault(sender.name, []).append(sample)
    return run


def _without_start(sender: Sender, sink: Sink, count: int, connections: int) -> Sample:
    whole = sender.send(sink, count=count, connections=connections)
    few = count // 10
    start = sender.send(sink, count=few, connections=connections)
    share = count / (count - few)
    return replace(
        whole,
        cpu=max(whole.cpu - start.cpu, 1e-6) * share,
        server_cpu=max(whole.server_cpu - start.server_cpu, 0) * share,
    )


def _tell(number: int, name: str, sample: Sample) -> None:
    sys.stderr.write(
        f"  round {number}  {name:24} {sample.rate:8.0f} /s "
        f"{sample.cpu_us:8.1f} us  {sample.peak:6.1f} MB\n"
    )
