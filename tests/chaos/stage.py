"""Where scenes are played: a workspace and its readers made once, copied for each scene."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from tests.chaos import senders
from tests.chaos.judge import Evidence, Row, Verdict, judge
from tests.chaos.senders import Sender
from tests.chaos.victim import Orders, set_clock
from tests.chaos.witness import Witness
from tests.contract.postgres import Postgres

EDITION = "le-meridien/next"
_STEP = 1000.0  # seconds that the clock is moved when only waiting is left
_PATIENCE = 3.0  # seconds a victim waits for a relay or a database
_PROVIDERS = 20
KEY = "0123456789abcdef0123456789abcdef"
"""What signs the links of every scene."""


@dataclass(kw_only=True)
class Stage:
    """``async with Stage() as stage: async with stage.scene(...) as scene``."""

    postgres: Postgres | None = None
    readers: int = 60

    async def __aenter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="mailer-chaos-"))
        self.folder.chmod(0o755)
        self._numbers = itertools.count(1)
        self._templates: dict[tuple[str, bool], str] = {}
        # Of many providers: one alone would be written to ever more slowly.
        self.audience = [
            f"lecteur{n:04d}@p{n % _PROVIDERS}.example" for n in range(self.readers)
        ]
        self.workspace = self.folder / "workspace"
        await self._run({}, "init", str(self.workspace))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.folder)

    @asynccontextmanager
    async def scene(
        self,
        backend: str = "sqlite",
        *,
        opened: bool = True,
        mode: str = "hold",
        connections: int = 4,
        own_workspace: bool = False,
        **relay: Any,
    ) -> AsyncIterator[Scene]:
        """A copy of everything, for one run; *opened*: it waits to be resumed."""
        template = await self._template(backend, opened=opened)
        folder = self.folder / f"scene{next(self._numbers)}"
        folder.mkdir()
        workspace = self.workspace
        if own_workspace:
            workspace = folder / "workspace"
            shutil.copytree(self.workspace, workspace)
        database = self._copy(backend, template, folder)
        scene = Scene(
            stage=self,
            folder=folder,
            workspace=workspace,
            database=database,
            relay=Witness(**relay),
            mode=mode,
            connections=connections,
        )
        scene.relay.clock = scene.now
        try:
            async with scene.relay:
                yield scene
        finally:
            await senders.end(scene.senders)
            shutil.rmtree(folder)
            if backend == "postgres" and self.postgres is not None:
                self.postgres.drop(database)

    def environment(self, data: Path, **more: str) -> dict[str, str]:
        """A small, known environment; the same edition, keys and media everywhere."""
        return {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C",
            "NO_COLOR": "1",
            "XDG_DATA_HOME": str(self.folder / "home"),
            "MAILER_STORAGE__FOLDER": str(data),
            "MAILER_STORAGE__MEDIA": str(self.folder / "media"),
            "MAILER_SITE__SECRET_KEY": KEY,
            "MAILER_RELAYS__PRINCIPAL__RATE": "",
            "MAILER_SEND__LINGER": "0s",
            "MAILER_SEND__APPROVAL": "auto",
            # A relay in a bad mood would have the run held, and nobody to let it go.
            "MAILER_SEND__MAX_FAILURE_RATIO": "1",
            "MAILER_SEND__MAX_REFUSALS_IN_ROW": "0",
            "MAILER_SEND__MAX_MESSAGE_REFUSALS": "0",
            "MAILER_SEND__MAX_DOMAIN_REFUSALS": "0",
            **more,
        }

    def _copy(self, backend: str, template: str, folder: Path) -> str:
        if backend == "postgres":
            assert self.postgres is not None
            return self.postgres.new_database(template=template)
        shutil.copy(template, folder / "mailer.db")
        return f"sqlite:///{folder / 'mailer.db'}"

    async def _template(self, backend: str, *, opened: bool) -> str:
        """A database with everybody subscribed and, if *opened*, a run of nobody yet."""
        known = self._templates.get((backend, opened))
        if known is not None:
            return known
        data = self.folder / f"template-{backend}-{opened}"
        data.mkdir()
        environ = {"MAILER_RELAYS__PRINCIPAL__CONNECT_PATIENCE": "0s"}
        if backend == "postgres":
            assert self.postgres is not None
            database = self.postgres.new_database()
            made = _name_of(database)
        else:
            database = f"sqlite:///{data / 'mailer.db'}"
            made = str(data / "mailer.db")
        environ["MAILER_STORAGE__DATABASE"] = database
        roster = data / "roster.csv"
        roster.write_text(
            "email;nom;formule\n"
            + "".join(
                f"{email};Lecteur {n};{'member' if n % 5 == 0 else 'free'}\n"
                for n, email in enumerate(self.audience)
            ),
            encoding="utf-8",
        )
        await self._run(
            environ,
            *("subscribers", "import", str(roster), "--publication", "le-meridien"),
            *("--consent", "chaos", "--yes"),
            data=data,
        )
        if opened:
            # The relay answers when it is tried, and refuses every connection after.
            async with Witness(whims=["connect:554 5.3.2@after=1"]) as relay:
                environ["MAILER_RELAYS__PRINCIPAL__PORT"] = str(relay.port)
                await self._run(
                    environ,
                    *("send", EDITION, "--yes", "--expect", str(self.readers)),
                    data=data,
                    code=75,
                )
        self._templates[backend, opened] = made
        return made

    async def _run(
        self,
        environ: dict[str, str],
        *words: str,
        data: Path | None = None,
        code: int = 0,
    ) -> None:
        sender = senders.start(
            Orders(
                words=("-C", str(self.workspace), *words),
                environ=self.environment(data or self.folder / "data", **environ),
                out=self.folder / f"prepare{next(self._numbers)}",
            )
        )
        assert await sender.wait() == code, sender.err


@dataclass(kw_only=True)
class Scene:
    """One run, its senders, its relay, and what the harness knows about it."""

    stage: Stage
    folder: Path
    workspace: Path
    database: str
    relay: Witness
    mode: str
    connections: int
    crashes: int = 0
    left: dict[str, float] = field(default_factory=dict)
    senders: list[Sender] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    later: float = 0.0  # seconds by which victims live after us
    environ: dict[str, str] = field(default_factory=dict)
    others: list[Witness] = field(default_factory=list)  # relays beside the first
    more_connections: int = 0  # to those

    @property
    def audience(self) -> list[str]:
        """Everybody the run was opened for."""
        return self.stage.audience

    def now(self) -> float:
        """Seconds since 1970 as the victims see it."""
        return time.time() + self.later

    def start(self, *words: str, seconds: float = _PATIENCE, **orders: Any) -> Sender:
        """Start a command against this scene's relay and database.

        *seconds* is its patience with both.
        """
        clock = self.folder / "clock"
        set_clock(clock, self.later)
        environ = self.stage.environment(
            self.folder,
            **{
                "MAILER_STORAGE__DATABASE": self.database,
                "MAILER_SEND__IN_DOUBT": self.mode,
                "MAILER_RELAYS__PRINCIPAL__PORT": str(self.relay.port),
                "MAILER_RELAYS__PRINCIPAL__CONNECTIONS": str(self.connections),
                "MAILER_RELAYS__PRINCIPAL__CONNECT_PATIENCE": f"{_PATIENCE:.0f}s",
                **_timeouts(seconds),
                **self.environ,
            },
        )
        sender = senders.start(
            Orders(
                words=("-C", str(self.workspace), *words),
                environ=environ,
                out=self.folder / f"sender{len(self.senders)}",
                clock=clock,
                seconds=seconds,
                **orders,
            )
        )
        self.senders.append(sender)
        return sender

    def send(self, **orders: Any) -> Sender:
        """Start ``mailer send``."""
        count = str(len(self.audience))
        return self.start("send", EDITION, "--yes", "--expect", count, **orders)

    def resume(self, **orders: Any) -> Sender:
        """Start ``mailer resume``."""
        return self.start("resume", "--yes", **orders)

    def move_clock(self, seconds: float) -> None:
        """Let everybody's clock jump."""
        self.later += seconds
        set_clock(self.folder / "clock", self.later)

    async def ended(self, sender: Sender) -> int:
        """The exit code of *sender*; a violent death is a crash that leaves doubts."""
        code = await sender.wait()
        self.crashes += code == -9
        return code

    async def taken(self, count: int, sender: Sender) -> None:
        """Come back when the relay has *count* copies, or *sender* has ended."""
        waiting = [
            asyncio.create_task(self.relay.taken(count)),
            asyncio.create_task(sender.ended.wait()),
        ]
        async with asyncio.timeout(60):
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    async def stands_still(self, sender: Sender) -> None:
        """Come back when *sender* has stopped, or has ended."""
        while not sender.stands_still:  # noqa: ASYNC110 - the kernel sends no event
            await asyncio.sleep(0.001)

    async def finish(self, *, opened: bool = True, **orders: Any) -> None:
        """Go on as an operator would, until the run is over."""
        for _ in range(60):
            sender = self.resume(**orders) if opened else self.send(**orders)
            code = await self.ended(sender)
            if code in {0, 1}:
                return
            opened = opened or self.rows() != []
            if code == 75:
                self.move_clock(_STEP)
            elif code != 69:  # the relay is in a bad mood: again
                self.faults.append(f"exit {code}: {sender.err.strip()}")
                return
        self.faults.append(f"the run never ends: {sender.err.strip()}")

    def rows(self) -> list[Row]:
        """The ledger, read past the program."""
        found = self.read("SELECT email, state, reason FROM delivery")
        return [Row(email=r.email, state=r.state, reason=r.reason) for r in found]

    def is_over(self) -> bool:
        """Whether the ledger says that the run has ended."""
        return [r.state for r in self.read("SELECT state FROM run")] == ["sent"]

    def read(self, query: str) -> Sequence[Any]:
        """What the database says, past the program."""
        engine = create_engine(self.database, poolclass=NullPool)
        with engine.connect() as connection:
            found = connection.execute(text(query)).all()
        engine.dispose()
        return found

    async def status(self) -> dict[str, Any]:
        """What ``mailer status --json`` says of the newest run."""
        sender = self.start("status", "--json")
        code = await sender.wait()
        if code:
            self.faults.append(f"status ended with {code}: {sender.err.strip()}")
            return {}
        return next(iter(json.loads(sender.said)["runs"]), {})

    async def verdict(self, *, must_finish: bool = True) -> Verdict:
        """Hold what readers have against what the ledger says."""
        relays = [self.relay, *self.others]
        for relay in relays:
            await relay.quiet()
        return judge(
            Evidence(
                audience=self.audience,
                rows=self.rows(),
                status=await self.status(),
                copies=[copy for relay in relays for copy in relay.copies],
                mode=self.mode,
                crashes=self.crashes,
                connections=self.connections + self.more_connections,
                silences=sum((relay.silences for relay in relays), Counter()),
                left=self.left,
                faults=[*self.faults, *(f for relay in relays for f in relay.faults)],
                must_finish=must_finish,
            )
        )


def _timeouts(seconds: float) -> dict[str, str]:
    steps = ("CONNECT", "GREETING", "COMMAND", "DATA", "BLOCK", "DOT")
    stem = "MAILER_RELAYS__PRINCIPAL__TIMEOUTS__"
    return dict.fromkeys((stem + step for step in steps), f"{seconds * 1000:.0f}ms")


def _name_of(database: str) -> str:
    return str(make_url(database).database)
