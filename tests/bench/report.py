"""What was measured, as a page of the docs and a picture beside it."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jinja2

from mailer.wiring import SystemClock
from tests.bench.measures import EVERYTHING, HELPED, POSTGRES, SQLITE, Measures
from tests.bench.peers import Sample
from tests.bench.race import Figure, Race

_PAGE = Path(__file__).parent / "page"
_REFERENCE = "smtp-source"
_MILLION = 1_000_000
_WIDTH = 300  # of the longest bar


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One line of the chart; ``ours`` stands out."""

    name: str
    rate: str
    cpu: str
    width: float
    ours: bool


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What we hold ourselves to, and what it came to."""

    words: str
    asked: str
    got: str
    met: bool


def write_report(measures: Measures, folder: Path) -> list[Path]:
    """Write ``performance.md`` and ``performance.svg`` into *folder*."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PAGE),
        autoescape=False,  # noqa: S701 - Markdown and SVG made of names of ours
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "spread": spread,
        "thousands": thousands,
        "figure": Figure.of,
        "median": lambda values: Figure.of(values).median,
    }
    values = {
        "m": measures,
        "ours": SQLITE,
        "theirs": POSTGRES,
        "reference": _REFERENCE,
        "machine": _machine(),
        "command": f"make bench BENCH={measures.extent.name}",
        "day": SystemClock().now().date(),
        "goals": list(goals(measures)),
        "bars": _bars(measures.eight),
    }
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "performance.md", folder / "performance.svg"]
    for path in written:
        text = environment.get_template(f"{path.name}.j2").render(values)
        path.write_text(text, encoding="utf-8")
    return written


def goals(measures: Measures) -> Iterator[Goal]:
    """Every goal for which there is a figure."""
    for race, what, rate, on_postgres, cpu in (
        (measures.eight, "8 connections", 0.25, 0.13, 5.0),
        (measures.thirty_two, "32 connections", 0.3, 0.3, 3.5),
    ):
        if _REFERENCE in race.results:
            for name, least in ((SQLITE, rate), (POSTGRES, on_postgres)):
                yield _at_least(race, name, _REFERENCE, least, what)
            found = race.cpu_ratio(SQLITE, _REFERENCE)
            yield Goal(
                words=f"CPU of {SQLITE} beside {_REFERENCE}, {what}",
                asked=f"at most {cpu:g} times",
                got=spread(found, 2),
                met=found.median <= cpu,
            )
    for peer, rate, cpu in (
        ("naive aiosmtplib", 40, 45),
        ("nodemailer", 18, 25),
        ("nodemailer, prebuilt", 5, 7),
        ("Go", 3, 5),
    ):
        if peer in measures.eight.results:
            yield _at_least(measures.eight, SQLITE, peer, rate, "8 connections")
            found = measures.eight.cpu_ratio(peer, SQLITE)
            yield Goal(
                words=f"CPU of {peer} beside {SQLITE}",
                asked=f"at least {cpu} times",
                got=spread(found, 1),
                met=found.median >= cpu,
            )
    for name, limit in (("TLS", 60), ("Ed25519", 110), ("RSA 2048", 450)):
        found = measures.costs.cpu_more(name, "as it is")
        yield Goal(
            words=f"CPU of {name} on top",
            asked=f"at most {limit} us a message",
            got=spread(found, 0),
            met=found.median <= limit,
        )
    if "Go" in measures.costs.results:
        yield _at_least(measures.costs, EVERYTHING, "Go", 1, "Go without any of it")
    for connections, race in measures.far.items():
        limit = connections / 0.020
        found = race.rate(SQLITE)
        yield Goal(
            words=f"20 ms to the relay, {connections} connections",
            asked=f"at least {0.8 * limit:.0f}/s",
            got=spread(found, 0),
            met=found.median >= 0.8 * limit,
        )
    for rate, rates in measures.paced.items():
        worst = max(abs(each / rate - 1) for each in rates)
        yield Goal(
            words=f"{thousands(rate)}/s asked of the pace",
            asked="2 % off at most",
            got=f"{spread(Figure.of(rates), 2 if rate < 100 else 0)}/s",
            met=worst <= 0.02,
        )
    yield from _crowd_goals(measures)
    for words, values, limit, unit, digits in (
        ("preview: from the command to the mail", measures.seeing.opened, 1, "s", 2),
        ("preview: from a click to the mail", measures.seeing.looked, 1, "s", 2),
        ("preview: from a save to the mail", measures.seeing.saved, 300, "ms", 0),
    ):
        if values:
            found = Figure.of(values)
            yield Goal(
                words=words,
                asked=f"under {limit} {unit}",
                got=f"{spread(found, digits)} {unit}",
                met=found.median < limit,
            )


def _crowd_goals(measures: Measures) -> Iterator[Goal]:
    """A million readers, or as many as were taken."""
    for name, memory, wait in ((SQLITE, 64, 1), (POSTGRES, 80, 3), (HELPED, 80, 3)):
        crowds = [sample for kind, _, sample in measures.crowds if kind == name]
        if not crowds:
            continue
        most = max(crowds, key=lambda sample: sample.count)
        least = min(crowds, key=lambda sample: sample.count)
        who = f"{name}, {thousands(most.count)} readers"
        seconds = _seconds(most)
        if most.count == _MILLION:
            yield Goal(
                words=f"{who}: all of it",
                asked="under 300 s",
                got=f"{seconds:.0f} s",
                met=seconds < 300,
            )
        for tenth in crowds:
            if tenth.count * 10 == most.count:
                times = seconds / _seconds(tenth)
                yield Goal(
                    words=f"{who}: beside {thousands(tenth.count)}",
                    asked="at most 11 times as long",
                    got=f"{times:.1f} times",
                    met=times <= 11,
                )
        for words, asked, got, met in (
            ("until it asks", "under 15 s", f"{most.ready:.1f} s", most.ready < 15),
            (
                "from the answer to the first message",
                f"at most {wait} s",
                f"{most.first:.2f} s",
                most.first <= wait,
            ),
            (
                "memory of any process",
                f"at most {memory} MB",
                f"{most.peak:.0f} MB",
                most.peak <= memory,
            ),
            (
                f"memory above that of {thousands(least.count)}",
                "at most 8 MB",
                f"{most.peak - least.peak:.0f} MB",
                most.peak - least.peak <= 8,
            ),
        ):
            yield Goal(words=f"{who}: {words}", asked=asked, got=got, met=met)


def _seconds(sample: Sample) -> float:
    """From the command to the last message."""
    return (sample.ready or 0) + (sample.first or 0) + sample.seconds


def _at_least(race: Race, name: str, base: str, least: float, what: str) -> Goal:
    found = race.rate_ratio(name, base)
    return Goal(
        words=f"rate of {name} beside {base}, {what}",
        asked=f"at least {least:g} times",
        got=spread(found, 2 if least < 10 else 0),
        met=found.median >= least,
    )


def _bars(race: Race) -> list[Bar]:
    rates = {name: race.rate(name).median for name in race.results}
    most = max(rates.values())
    return [
        Bar(
            name=name,
            rate=thousands(rate),
            cpu=f"{race.cpu(name).median / 1000:.2f}",
            width=max(2.0, _WIDTH * rate / most),
            ours=name in (SQLITE, POSTGRES),
        )
        for name, rate in sorted(rates.items(), key=lambda item: -item[1])
    ]


def spread(figure: Figure, digits: int) -> str:
    """``9.7 (5.6..11.2)``: the median, the least and the most."""
    median, least, most = (
        f"{value:,.{digits}f}".replace(",", " ")
        for value in (figure.median, figure.least, figure.most)
    )
    return f"{median} ({least}..{most})"


def thousands(number: float) -> str:
    """``1 000 000``, with spaces that do not break."""
    return f"{number:,.0f}".replace(",", "\u00a0")


def _machine() -> str:
    cpus = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [row.partition(":")[2].strip() for row in cpus if "model name" in row]
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return (
        f"{len(names)} cores ({names[0]}), {system}, Linux {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
