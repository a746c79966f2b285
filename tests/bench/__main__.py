"""``make bench``: the real command beside other senders, and what each promise costs.

``quick`` takes some minutes and says what to expect here; ``medium`` has three rounds and takes
half an hour, ``full`` seven in three quarters of one. The page is written into the folder that is named.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.bench.measures import FULL, MEDIUM, QUICK, measure
from tests.bench.report import goals, write_report
from tests.bench.sink import MissingError

_BUILD = Path("build/bench")
_EXTENTS = {extent.name: extent for extent in (QUICK, MEDIUM, FULL)}


def main() -> int:
    """Measure, write the page, and say which goals were met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extent", choices=tuple(_EXTENTS))
    parser.add_argument("-o", "--output", type=Path, default=_BUILD)
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # operators have bytecode
    _BUILD.mkdir(parents=True, exist_ok=True)
    try:
        # Beside the code, not in /tmp, which may be memory: commits must reach a disk.
        with tempfile.TemporaryDirectory(dir=_BUILD) as folder:
            measures = measure(
                _EXTENTS[options.extent],
                Path(folder).resolve(),
                _BUILD.resolve(),
            )
    except MissingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for goal in goals(measures):
        mark = "yes" if goal.met else "NO "
        print(f"{mark}  {goal.words:60} {goal.got:28} {goal.asked}")  # noqa: T201
    for reason in measures.missing:
        print(f"not measured: {reason}")  # noqa: T201
    for path in write_report(measures, options.output):
        print(f"written: {path}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
