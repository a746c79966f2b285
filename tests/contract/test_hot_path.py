"""What a database does for every group of messages, and for a claim."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from mailer.store.ledger import booking, journey
from tests.contract.house import NOW, House
from tests.contract.postgres import Postgres
from tests.database import new_database

_PEOPLE = """
INSERT INTO subscriber (email, email_key, name, created_at)
SELECT 'r' || n || '@readers.example', 'r' || n || '@readers.example', '', 0
FROM generate_series(1, 10000) n"""
_WHO_TAKE_IT = """
INSERT INTO subscription (subscriber_id, publication, tier, standing, since)
SELECT id, 'le-meridien', 'free', 'active', 0 FROM subscriber
ON CONFLICT DO NOTHING"""


@pytest.mark.postgres
@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
async def test_a_group_finds_its_rows_by_their_key(
    house: House, postgres: Postgres
) -> None:
    """Nothing is read but the rows it names, however many the run has.

    A table filled a moment ago has no statistics: PostgreSQL read the whole run for each
    eight messages, until it chanced to look at the table by itself.
    """
    await house.admit("first@readers.example")
    for statement in (_PEOPLE, _WHO_TAKE_IT):
        postgres.run(statement, database=house.url)
    await house.open_run()
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    query = re.sub(r"%\((\w+)\)s", number, booking._POST)
    plan = "\n".join(
        str(line)
        for (line,) in postgres.run(
            f"EXPLAIN (GENERIC_PLAN) {query}", database=house.url
        )
    )
    assert plan.count("Update on delivery") == 2
    assert plan.count("Index Scan using") == 3  # the run, the outcomes, the marks
    assert plan.count("subscriber_id = ") == 2
    assert not re.search("Seq Scan|Bitmap|Hash Join|Merge Join", plan)


@pytest.mark.postgres
@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
async def test_a_claim_looks_at_its_own_readers_alone(
    house: House, postgres: Postgres
) -> None:
    """Who left meanwhile is asked of those it takes, not of all who take the publication.

    With a million of them a batch of five hundred took most of a second.
    """
    await house.admit("first@readers.example")
    for statement in (_PEOPLE, _WHO_TAKE_IT):
        postgres.run(statement, database=house.url)
    run = await house.open_run()
    query = journey.OLDEST.params(of_run=run.id, now=NOW, most=500).compile(
        dialect=house.store.engine.dialect, compile_kwargs={"literal_binds": True}
    )
    explain = text(f"EXPLAIN {query}")
    plan = "\n".join(await house.store.read(lambda c: list(c.scalars(explain))))
    assert plan.count("Index Scan") >= 4  # what is due, its run, reader and standing
    assert "Seq Scan on subscri" not in plan


def test_a_message_finds_its_row_by_the_key(tmp_path: Path) -> None:
    """What runs for every message never searches among what waits."""
    for statement in (booking._MARK, booking._SETTLE):
        (step,) = _steps(tmp_path, statement)
        assert "USING PRIMARY KEY (run_id=? AND subscriber_id=?)" in step


def test_a_claim_takes_the_next_from_the_index(tmp_path: Path) -> None:
    """No batch sorts the audience."""
    (step,) = _steps(
        tmp_path,
        "SELECT subscriber_id FROM delivery"
        " WHERE run_id = 1 AND state = 'due' AND next_attempt_at <= 1"
        " ORDER BY next_attempt_at, subscriber_id LIMIT 50",
    )
    assert "INDEX ix_delivery_due" in step


def _steps(folder: Path, statement: str) -> list[str]:
    """How SQLite would go about *statement*, in the schema as it was migrated."""
    new_database(folder)
    with closing(sqlite3.connect(folder / "mailer.db")) as connection:
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {statement}", (1,) * statement.count("?")
        )
        return [str(row[-1]) for row in plan]
