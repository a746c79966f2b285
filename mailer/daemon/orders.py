"""What a command may ask of the daemon, and what is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mailer import __version__
from mailer.daemon.control import Act, Answer
from mailer.daemon.senders import Senders
from mailer.errors import GuardError, NotFoundError
from mailer.flows.ports import Clock, Ledger, Run, RunState
from mailer.phrases import Phrase, say, verbatim

Facts = Callable[[], Awaitable[dict[str, Any]]]


class Orders:
    """The operator's word, spoken through the socket; the ledger keeps what came of it."""

    def __init__(
        self, ledger: Ledger, clock: Clock, senders: Senders, facts: Facts
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._senders = senders
        self._facts = facts

    @property
    def by_name(self) -> Mapping[str, Act]:
        """Everything that can be asked."""
        return {
            "status": self.status,
            "send": self.send,
            "pause": self.pause,
            "resume": self.resume,
            "cancel": self.cancel,
        }

    async def status(self, _: Mapping[str, Any]) -> Answer:
        """Who we are, what is being sent, what leaves next."""
        facts = await self._facts()
        names = {run.id: run.name for run in await self._ledger.runs(limit=200)}
        sending = [names.get(key, str(key)) for key in facts["sending"]]
        return {**facts, "version": __version__, "sending": sending}

    async def send(self, asked: Mapping[str, Any]) -> Answer:
        """Take up a run that was opened, now and not at the next tick."""
        run = await self._open(asked)
        await self._senders.look(eager=True)
        return _told(run)

    async def resume(self, asked: Mapping[str, Any]) -> Answer:
        """Go on with a run, paused or not."""
        run = await self._open(asked)
        if run.state is RunState.PAUSED:
            now = self._clock.now()
            run = await self._ledger.mark_run(run, RunState.SENDING, now=now)
        await self._senders.look(eager=True)
        return _told(run)

    async def pause(self, asked: Mapping[str, Any]) -> Answer:
        """Stop a run after what is on the wire; answered when nothing moves."""
        run = await self._open(asked)
        reason = _reason(asked, say("paused by hand"))

        async def paused() -> Run:
            now = self._clock.now()
            return await self._ledger.mark_run(
                run, RunState.PAUSED, now=now, reason=reason, held=True
            )

        return _told(await self._still(paused))

    async def cancel(self, asked: Mapping[str, Any]) -> Answer:
        """End a run for good; answered when nothing moves."""
        run = await self._open(asked)
        reason = _reason(asked, say("cancelled by hand"))

        async def cancelled() -> Run:
            now = self._clock.now()
            return await self._ledger.cancel(run, now=now, reason=reason)

        return _told(await self._still(cancelled))

    async def _still(self, word: Callable[[], Awaitable[Run]]) -> Run:
        """Once the ledger has the *word* nothing more leaves; the wire is waited for."""
        said = await word()
        self._senders.stop(said)
        await self._senders.settled(said)
        found = await self._ledger.find_run(said.name)
        # A sender that was just about to begin has written *sending* over it.
        return said if found and found.state is said.state else await word()

    async def _run(self, asked: Mapping[str, Any]) -> Run:
        name = str(asked.get("run", ""))
        run = await self._ledger.find_run(name)
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
