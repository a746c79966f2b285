"""The same Saturday on a real PostgreSQL: the command line needs only another URL."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.contract.postgres import postgres_server
from tests.relay import ScriptedRelay
from tests.system.conftest import Mailer, reached


@pytest.mark.postgres
async def test_a_run_is_killed_and_resumed_on_postgresql(mailer: Mailer) -> None:
    """One copy each and nobody lost, with the ledger in PostgreSQL."""
    with postgres_server() as postgres:
        mailer.environ["MAILER_STORAGE__DATABASE"] = postgres.new_database()
        readers = mailer.import_readers(80)
        async with ScriptedRelay() as relay:
            mailer.use_relay(relay.port, rate="200/s", connections=4)
            process = await mailer.start(
                "send", "le-meridien/next", "--yes", "--expect", "80"
            )
            await reached(relay, 20, process)
            process.kill()
            await process.communicate()
            _, out, err = await mailer.run("resume", "--yes", "--json")
            got = [accepted.recipient for accepted in relay.accepted]
    assert out, err
    (sheet,) = json.loads(out)["runs"]
    assert sheet["balanced"] is True
    assert sheet["waiting"] == 0
    assert len(got) == len(set(got)), "nobody twice"
    assert len(set(readers) - set(got)) <= sheet["in_doubt"] <= 4, "nobody lost"


@pytest.mark.postgres
async def test_a_worker_helps_and_nobody_gets_it_twice(mailer: Mailer) -> None:
    """Two processes carry one run; the one that began it says how it ended."""
    with postgres_server() as postgres:
        mailer.environ["MAILER_STORAGE__DATABASE"] = postgres.new_database()
        readers = mailer.import_readers(120)
        async with ScriptedRelay() as relay:
            mailer.use_relay(relay.port, rate="40/s", connections=2)
            worker = await mailer.start("worker")
            assert worker.stderr is not None
            async with asyncio.timeout(60):
                assert b"Waiting for runs" in await worker.stderr.readline()
            sender = await mailer.start(
                "send", "le-meridien/next", "--yes", "--expect", "120", "--json"
            )
            out, err = await sender.communicate()
            worker.terminate()
            _, helped = await worker.communicate()
            got = [accepted.recipient for accepted in relay.accepted]
    assert sender.returncode == 0, err
    assert worker.returncode == 0, helped
    assert b"Helping with le-meridien-118-1." in helped
    assert sorted(got) == readers, "one copy each"
    assert json.loads(out)["accepted"] == 120


async def test_a_worker_needs_a_ledger_that_can_be_shared(mailer: Mailer) -> None:
    """On SQLite there is one sender: said with the setting that changes it."""
    code, _, err = await mailer.run("worker", "--once")
    assert code == 78
    assert "needs PostgreSQL" in err
