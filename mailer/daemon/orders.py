"""What a command may ask of the daemon, and what is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mailer import __version__
from mailer.daemon.control import Act, Answer
from mailer.daemon.senders import Senders
from mailer.errors import GuardError, NotFoundError
from mailer.flows.ports import Clock, Run, RunState
from mailer.flows.sending.steer import cancel
from mailer.phrases import Phrase, say, verbatim
from mailer.stores import Stores

Facts = Callable[[], Awaitable[dict[str, Any]]]


class Orders:
    """The operator's word, spoken through the socket; the ledger keeps what came of it."""

    def __init__(
        self, stores: Stores, clock: Clock, senders: Senders, facts: Facts
    ) -> None:
        self._stores = stores
        self._clock = clock
        self._senders = senders
        self._facts = facts

    @property
    def by_name(self) -> Mapping[str, Act]:
        """Everything that can be asked."""
        return {
            "status": self.status,
            "pause": self.pause,
            "resume": self.resume,
            "cancel": self.cancel,
            "heed": self.heed,
            "send": self.resume,
        }

    async def status(self, _: Mapping[str, Any]) -> Answer:
        """Who we are, what is being sent, what leaves next."""
        facts = await self._facts()
        names = {run.id: run.name for run in await self._stores.ledger.runs(limit=200)}
        sending = [names.get(key, str(key)) for key in facts["sending"]]
        return {**facts, "version": __version__, "sending": sending}

    async def resume(self, asked: Mapping[str, Any]) -> Answer:
        """Go on with a run, now and not at the next tick, whoever held it."""
        run = await self._open(asked)
        if run.state is RunState.PAUSED:
            now = self._clock.now()
            run = await self._stores.ledger.mark_run(run, RunState.SENDING, now=now)
        await self._senders.look(eager=True)
        return _told(run)

    async def pause(self, asked: Mapping[str, Any]) -> Answer:
        """Hold a run; answered when what was on the wire is finished."""
        reason = _reason(asked, say("held by the operator"))
        run = await self._open(asked)
        return await self._still(await self._stores.control.pause(run, reason=reason))

    async def cancel(self, asked: Mapping[str, Any]) -> Answer:
        """End a run for good; answered when what was on the wire is finished."""
        reason = _reason(asked, say("cancelled by the operator"))
        run = await self._open(asked)
        now = self._clock.now()
        run = await cancel(run, self._stores.ledger, reason=reason, now=now)
        return await self._still(run)

    async def heed(self, asked: Mapping[str, Any]) -> Answer:
        """Look at what a command wrote about a run; answered when nothing moves."""
        return await self._still(await self._run(asked))

    async def _still(self, run: Run) -> Answer:
        """Once the ledger has the word nothing more leaves; the wire is waited for."""
        if run.state in {RunState.PAUSED, RunState.CANCELLED}:
            self._senders.stop(run)
            await self._senders.settled(run)
        return _told(run)

    async def _run(self, asked: Mapping[str, Any]) -> Run:
        name = str(asked.get("run", ""))
        run = await self._stores.ledger.find_run(name)
        if run is None:
            message = say("no run {name}", name=name)
            raise NotFoundError(message)
        return run

    async def _open(self, asked: Mapping[str, Any]) -> Run:
        run = await self._run(asked)
        if run.finished is not None:
            raise _finished(run)
        return run


def _finished(run: Run) -> GuardError:
    message = say("{run} is finished ({state})", run=run.name, state=str(run.state))
    return GuardError(message, hint=say("mailer status {run}", run=run.name))


def _reason(asked: Mapping[str, Any], otherwise: Phrase) -> Phrase:
    said = str(asked.get("reason", ""))
    return verbatim(said) if said else otherwise


def _told(run: Run) -> Answer:
    return {"run": run.name, "edition": run.edition, "state": str(run.state)}
