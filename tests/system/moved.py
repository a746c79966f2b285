"""``mailer`` under a wall clock that a test moves: ``python -m tests.system.moved FILE …``.

FILE says what the clock is set to, in ISO 8601 with an offset; whenever it says
something else, the clock is set again. Between that it runs as clocks do. Time that only
grows (``time.monotonic``, timers of the loop) is the machine's own, as in life.
"""

from __future__ import annotations

import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import time_machine

from mailer.cli.main import main


def follow(file: Path) -> None:
    """Set the clock as *file* says, now and whenever it changes."""
    said = file.read_text("ascii")
    clock = time_machine.travel(datetime.fromisoformat(said)).start()

    def watch() -> None:
        before = said
        while True:
            time.sleep(0.01)
            now = file.read_text("ascii")
            if now and now != before:
                clock.move_to(datetime.fromisoformat(now))
                before = now

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    follow(Path(sys.argv.pop(1)))
    main()
