"""A run stopped from another process while it is being sent."""

from __future__ import annotations

import asyncio
import json

from tests.relay import ScriptedRelay
from tests.system.conftest import Mailer, reached

_RUN = "le-meridien-118-1"
_CONNECTIONS = 4


async def test_a_pause_and_a_cancel_from_elsewhere(mailer: Mailer) -> None:
    """At most one more message a connection; the run goes on when it is named.

    Cancelled, it stays so, and the balance adds up: a new run is for the rest.
    """
    mailer.import_readers(100)
    words = ("send", "le-meridien/next", "--yes", "--expect", "100")
    async with ScriptedRelay() as relay:
        mailer.use_relay(relay.port, rate="10/s", connections=_CONNECTIONS)
        process = await mailer.start(*words)
        await reached(relay, 5, process)
        pausing = await mailer.start("pause", _RUN, "--reason", "a wrong price")
        out, err = await pausing.communicate()
        then = len(relay.accepted)
        assert pausing.returncode == 0, err
        out, err = await process.communicate()
        assert process.returncode == 75, err
        assert b"held by the operator: a wrong price" in err
        paused = len(relay.accepted)
        assert paused <= then + _CONNECTIONS
        code, out, err = await mailer.run("resume", "--yes", "--json")
        assert (code, json.loads(out)["runs"]) == (0, []), err
        assert len(relay.accepted) == paused, "a line of cron leaves it held"

        process = await mailer.start("resume", _RUN, "--yes")
        await reached(relay, paused + 3, process)
        code, out, err = await mailer.run("cancel", _RUN, "--yes", "--json")
        assert code == 0, err
        _, err = await process.communicate()
        assert process.returncode == 4, err
        cancelled = len(relay.accepted)
        assert paused + 3 <= cancelled < 100
        (sheet,) = mailer.json("status", "--json")["runs"]
        assert (sheet["state"], sheet["accepted"]) == ("cancelled", cancelled)
        assert (sheet["withdrawn"], sheet["waiting"]) == (100 - cancelled, 0)
        assert sheet["balanced"] is True

        mailer.use_relay(relay.port, rate="500/s")
        left = str(100 - cancelled)
        code, out, err = await mailer.run(*words[:-1], left)
        assert code == 0, err
        got = [accepted.recipient for accepted in relay.accepted]
    assert len(got) == len(set(got)) == 100


async def test_a_second_signal_leaves_at_once(mailer: Mailer) -> None:
    """The first drains; the second does not wait for a relay that says nothing."""
    mailer.import_readers(3)
    async with ScriptedRelay(script={"dot": "stall"}) as relay:
        mailer.use_relay(relay.port, connections=1)
        process = await mailer.start(
            "send", "le-meridien/next", "--yes", "--expect", "3"
        )
        async with asyncio.timeout(30):
            await relay.stalled.wait()
        process.terminate()
        assert process.stderr is not None
        async with asyncio.timeout(30):
            while b"Stopping" not in await process.stderr.readline():
                assert process.returncode is None
        process.terminate()
        async with asyncio.timeout(30):
            await process.communicate()
        assert process.returncode == -15
    found = mailer.json("reconcile", _RUN, "--json")
    assert found["in_doubt"] == 1, "what hung on the wire, as after any crash"
    (left,) = mailer.json("status", "--json")["runs"]
    assert (left["waiting"], left["balanced"]) == (2, True)
