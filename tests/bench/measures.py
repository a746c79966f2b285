"""What is measured, in which order, and how long each of it may take."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.building import building
from tests.bench.newsletter import Newsletter, write_newsletter
from tests.bench.ours import Import, Ours, PostgresDatabases, SqliteFiles
from tests.bench.peers import Peer, Sample, peers
from tests.bench.race import Race, race
from tests.bench.seeing import Seeing, seeing
from tests.bench.sink import MissingError, fast_sink, smtp_sink
from tests.contract.postgres import postgres_server

SQLITE, POSTGRES = "mailer", "mailer, PostgreSQL"
EVERYTHING = "PostgreSQL, TLS, RSA 2048, two processes"
HELPED = "mailer, PostgreSQL, two processes"
PACES = {1: 20, 20: 200, 1_000: 10_000}
"""Rates that are kept to, in messages a second, and how many messages show it."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much is measured: rounds of each race, how long they are, how many readers."""

    name: str
    rounds: int
    scale: float
    readers: tuple[int, ...]
    postgres_readers: tuple[int, ...]
    helped_readers: tuple[int, ...] = ()


QUICK = Extent(
    name="quick", rounds=1, scale=0.25, readers=(10_000,), postgres_readers=()
)
MEDIUM = Extent(
    name="medium",
    rounds=3,
    scale=0.5,
    readers=(10_000, 100_000, 1_000_000),
    postgres_readers=(10_000, 1_000_000),
    helped_readers=(10_000,),
)
FULL = Extent(
    name="full",
    rounds=7,
    scale=0.5,
    readers=(10_000, 100_000, 1_000_000),
    postgres_readers=(10_000, 100_000, 1_000_000),
    helped_readers=(100_000,),
)


@dataclass(kw_only=True)
class Measures:
    """Everything that was found out. ``crowds`` are runs by database and readers, ``paced``
    the messages a second that went where so many may.
    """

    extent: Extent
    newsletter: Newsletter
    missing: list[str] = field(default_factory=list)
    building: dict[str, list[float]] = field(default_factory=dict)
    eight: Race = field(default_factory=Race.none)
    thirty_two: Race = field(default_factory=Race.none)
    stranger: Race = field(default_factory=Race.none)
    costs: Race = field(default_factory=Race.none)
    far: dict[int, Race] = field(default_factory=dict)
    paced: dict[int, list[float]] = field(default_factory=dict)
    crowds: list[tuple[str, Import, Sample]] = field(default_factory=list)
    seeing: Seeing = field(default_factory=Seeing)


def measure(extent: Extent, folder: Path, build: Path) -> Measures:
    """Measure all of it; *folder* is for databases, *build* for compiled peers."""
    newsletters = {
        sign: write_newsletter(folder / f"workspace-{sign or 'plain'}", sign=sign)
        for sign in ("", "ed25519", "rsa")
    }
    plain = newsletters[""]
    found, missing = peers(plain, build)
    measures = Measures(extent=extent, newsletter=plain, missing=missing)
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server(durable=True))
        (folder / "databases").mkdir()
        files, served = SqliteFiles(folder / "databases"), PostgresDatabases(server)

        def ours(
            name: str,
            count: int,
            *,
            sign: str = "",
            tls: bool = False,
            helpers: int = 0,
            rate: str = "",
        ) -> Ours:
            return Ours(
                helpers=helpers,
                rate=rate,
                name=name,
                count=count,
                newsletter=newsletters[sign],
                tls=tls,
                database=served if "PostgreSQL" in name else files,
            )

        _tell("building")
        measures.building = building(plain.frozen, rounds=extent.rounds)
        _tell("the preview")
        with _unless_missing(measures):
            measures.seeing = seeing(folder / "preview", rounds=extent.rounds)
        both = [ours(SQLITE, 20_000), ours(POSTGRES, 12_000)]
        with fast_sink(build) as sink:
            _tell("8 connections, beside others")
            reference = [peer for peer in found if peer.name == "smtp-source"]
            measures.eight = race(
                [*found, *both],
                sink,
                rounds=extent.rounds,
                connections=8,
                scale=extent.scale,
            )
            _tell("32 connections")
            measures.thirty_two = race(
                [*reference, *both],
                sink,
                rounds=extent.rounds,
                connections=32,
                scale=extent.scale,
            )
        with _unless_missing(measures), smtp_sink() as sink:
            _tell("smtp-sink")
            measures.stranger = race(
                [*reference, both[0]],
                sink,
                rounds=extent.rounds,
                connections=8,
                scale=extent.scale,
            )
        with fast_sink(build, tls=True) as sink:
            _tell("TLS and signatures")
            measures.costs = race(
                [
                    ours("as it is", 12_000),
                    ours("TLS", 12_000, tls=True),
                    ours("Ed25519", 12_000, sign="ed25519"),
                    ours("RSA 2048", 6_000, sign="rsa"),
                    ours("PostgreSQL, TLS, RSA 2048", 6_000, sign="rsa", tls=True),
                    ours(EVERYTHING, 12_000, sign="rsa", tls=True, helpers=1),
                    *[peer for peer in found if peer.name == "Go"],
                ],
                sink,
                rounds=extent.rounds,
                connections=8,
                scale=extent.scale,
            )
        with fast_sink(build, rtt_ms=20) as sink:
            for connections in (8, 32):
                _tell(f"20 ms to the relay, {connections} connections")
                measures.far[connections] = race(
                    [_shorter(peer) for peer in found if peer.name in _FAR]
                    + [ours(SQLITE, 3_000)],
                    sink,
                    rounds=min(3, extent.rounds),
                    connections=connections,
                    scale=extent.scale,
                )
        with fast_sink(build) as sink:
            for rate, count in PACES.items():
                _tell(f"{rate} a second")
                paced = ours(SQLITE, count, rate=f"{rate}/s")
                samples = [
                    paced.send(sink, count=count, connections=8)
                    for _ in range(extent.rounds)
                ]
                measures.paced[rate] = [
                    (count - 1) / sample.seconds for sample in samples
                ]
            for name, counts, helpers in (
                (SQLITE, extent.readers, 0),
                (POSTGRES, extent.postgres_readers, 0),
                (HELPED, extent.helped_readers, 1),
            ):
                for count in counts:
                    _tell(f"{name}, {count} readers")
                    sender = ours(name, count, helpers=helpers)
                    taken = sender.take_in(count)
                    sample = sender.send(sink, count=count, connections=8)
                    measures.crowds.append((name, taken, sample))
                    sender.forget(count)
    return measures


_FAR = ("Go", "nodemailer, prebuilt", "naive aiosmtplib")


def _shorter(peer: Peer) -> Peer:
    """*peer* with fewer messages: at 20 ms nobody is quick."""
    return Peer(
        name=peer.name,
        count=1_000,
        command=peer.command,
        newsletter=peer.newsletter,
    )


@contextmanager
def _unless_missing(measures: Measures) -> Iterator[None]:
    try:
        yield
    except MissingError as error:
        measures.missing.append(str(error))


def _tell(words: str) -> None:
    sys.stderr.write(f"{words}\n")
