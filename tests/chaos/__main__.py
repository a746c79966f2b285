"""``python -m tests.chaos``: every scene, and a table of what its readers got.

Exits with 1 if anybody was lost, doubled, or any other promise was broken; each such
scene is printed with the command that plays it again.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from tests.chaos.cases import PROGRAMMES, Case, cases
from tests.chaos.judge import Verdict
from tests.chaos.stage import Stage
from tests.contract.postgres import postgres_server

COLUMNS = (
    *("scenes", "crashes", "readers", "copies", "lost", "doubled"),
    *("again", "in doubt", "allowed", "refused", "withdrawn", "expired", "seconds"),
)
_BROKEN_SHOWN = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Play what is asked for; the exit code."""
    asked = _options().parse_args(arguments)
    seeds = None if asked.seeds is None else range(asked.seeds)
    if asked.seed is not None:
        seeds = range(asked.seed, asked.seed + 1)
    chosen = list(cases(family=asked.family, scene=asked.scene, seeds=seeds))
    with postgres_server() as postgres:
        stage = Stage(postgres=postgres, readers=asked.readers)
        return asyncio.run(_play(chosen, stage))


async def _play(chosen: Iterable[Case], stage: Stage) -> int:
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    failed = 0
    async with stage:
        for case in chosen:
            begun = time.perf_counter()
            verdict = await _verdict(case, stage)
            spent = time.perf_counter() - begun
            sums[case.kind.family] += Counter(
                {**verdict.counts, "scenes": 1, "seconds": spent}  # type: ignore[arg-type]
            )
            if verdict.broken:
                failed += 1
                _tell(case, verdict)
            elif sys.stderr.isatty():
                sys.stderr.write(
                    f"\r\x1b[K{case.kind.family}: {case.kind.name} {case.seed}"
                )
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    _table(sums)
    sys.stdout.write(f"{failed} scenes broke a promise\n" if failed else "")
    return 1 if failed else 0


async def _verdict(case: Case, stage: Stage) -> Verdict:
    try:
        return await case.play(stage)
    except Exception:  # noqa: BLE001 - one scene must not end the others
        return Verdict(counts={}, broken=[traceback.format_exc()])


def _tell(case: Case, verdict: Verdict) -> None:
    shown = [*verdict.broken[:_BROKEN_SHOWN]]
    if more := len(verdict.broken) - len(shown):
        shown.append(f"and {more} more")
    words = "".join(f"  {line}\n" for line in shown)
    sys.stdout.write(f"! {case.command}\n{words}")
    sys.stdout.flush()


def _table(sums: dict[str, Counter[str]]) -> None:
    rows = [*sums.items(), ("total", sum(sums.values(), Counter()))]
    widths = [max(len(title), 7) for title in COLUMNS]
    first = max(len(name) for name, _ in rows)
    head = "  ".join(t.rjust(w) for t, w in zip(COLUMNS, widths, strict=True))
    sys.stdout.write(f"\n{'family'.ljust(first)}  {head}\n")
    for name, counts in rows:
        cells = (
            f"{counts[t]:,.0f}".rjust(w) for t, w in zip(COLUMNS, widths, strict=True)
        )
        sys.stdout.write(f"{name.ljust(first)}  {'  '.join(cells)}\n")


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    kinds = {kind.family: None for kind in PROGRAMMES}
    parser.add_argument("--family", choices=kinds)
    parser.add_argument("--scene", choices=[kind.name for kind in PROGRAMMES])
    parser.add_argument("--seeds", type=int, help="how many of each scene")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--readers", type=int, default=60)
    return parser


if __name__ == "__main__":
    sys.exit(main())
