"""Processes of ``mailer``: started, killed, stopped, woken, and waited for."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import victim
from tests.chaos.victim import Orders

_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(["tests.chaos.preload"])


@dataclass(kw_only=True)
class Sender:
    """One running command. ``code`` is its exit code, -9 if it was killed."""

    pid: int
    out: Path
    process: object
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    code: int | None = None
    killed: bool = False

    def kill(self) -> None:
        """Let it vanish between two instructions."""
        self.killed = True
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Let it stand still, as when a machine is suspended."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on where it stood."""
        self._signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to come to an end."""
        self._signal(signal.SIGTERM)

    async def wait(self, seconds: float = 600) -> int:
        """Its exit code; AssertionError with its words if it does not end."""
        try:
            async with asyncio.timeout(seconds):
                await self.ended.wait()
        except TimeoutError:
            self._signal(signal.SIGUSR1)  # where does it stand?
            await asyncio.sleep(1)
            self.kill()
            await self.ended.wait()
            message = f"did not end in {seconds} s: {self.err}"
            raise AssertionError(message) from None
        assert self.code is not None
        assert self.code != victim.SPOILT, self.err
        return self.code

    @property
    def stands_still(self) -> bool:
        """Whether the kernel has stopped it, or it has ended."""
        if self.code is not None:
            return True
        about = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        return about.rpartition(")")[2].split()[0] in "TZ"

    @property
    def said(self) -> str:
        """What it wrote to stdout."""
        return self._read("out")

    @property
    def err(self) -> str:
        """What it wrote to stderr."""
        return self._read("err")

    def _read(self, name: str) -> str:
        return self.out.with_suffix(f".{name}").read_text(encoding="utf-8")

    def _signal(self, which: signal.Signals) -> None:
        if self.code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, which)


def start(orders: Orders) -> Sender:
    """Fork a victim; needs a running loop, which hears of its end."""
    process = _FORK.Process(target=victim.run, args=(orders,), daemon=True)
    process.start()
    assert process.pid is not None
    sender = Sender(pid=process.pid, out=orders.out, process=process)
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(process.sentinel)
        process.join()
        sender.code = process.exitcode
        process.close()
        sender.ended.set()

    loop.add_reader(process.sentinel, ended)
    return sender


async def end(senders: Iterable[Sender]) -> None:
    """Let none of *senders* outlive their scene."""
    for sender in senders:
        if sender.code is None:
            sender.kill()
            await sender.ended.wait()
