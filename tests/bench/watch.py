"""What a process and its children use: CPU, memory at its peak, bytes written."""

from __future__ import annotations

import os
import resource
import threading
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_EVERY_SECONDS = 0.05


def seconds_of(pid: int) -> float:
    """User and system seconds of *pid* and of the children it has waited for."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    return sum(map(int, stat.rpartition(")")[2].split()[11:15])) / _TICKS


def children_seconds() -> float:
    """User and system seconds of all the children that we have waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds_of_tree(root: int) -> float:
    """The same of *root* and all of its descendants: a PostgreSQL, say."""
    total = 0.0
    for pid in _tree(root):
        try:
            total += seconds_of(pid)
        except OSError:  # it has ended in the meantime; its parent has waited for it
            continue
    return total


class Watch(threading.Thread):
    """Looks at a process and its descendants now and then, until told to stop.

    ``peaks`` has the largest resident set of each, in MB, by what was run;
    ``written`` is how many bytes the process itself gave to the disk.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self.peaks: dict[int, float] = {}
        self.written = 0

    @property
    def peak(self) -> float:
        """The largest resident set of any of the processes, in MB."""
        return max(self.peaks.values(), default=0.0)

    def run(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            for pid in _tree(self._pid):
                self._look(pid)

    def stop(self) -> None:
        """Come back when nothing looks any more."""
        self._over.set()
        self.join()

    def _look(self, pid: int) -> None:
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
            io = Path(f"/proc/{pid}/io").read_text(encoding="ascii")
        except OSError:
            return
        peak = _field(status, "VmHWM:")  # no such line in a process that has ended
        if peak is not None:
            self.peaks[pid] = max(self.peaks.get(pid, 0.0), peak / 1024)
        if pid == self._pid:
            self.written = max(self.written, _field(io, "write_bytes:") or 0)


def _field(text: str, name: str) -> int | None:
    for line in text.splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return None


def _tree(root: int) -> list[int]:
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        try:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                children = (thread / "children").read_text(encoding="ascii")
                waiting += map(int, children.split())
        except OSError:  # it has ended in the meantime
            continue
    return found
