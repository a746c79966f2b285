"""The same Saturday on a real PostgreSQL: the command line needs only another URL."""

from __future__ import annotations

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
