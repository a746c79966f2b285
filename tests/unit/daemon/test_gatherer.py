"""The daemon assembles by itself: once an hour, beside everything, and says things once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailer.daemon.gatherer import Gatherer
from mailer.phrases import Phrase
from mailer.wiring import House, SystemClock

TOML = """
[storage]
folder = "data"

[publications.la-revue]
name     = "La Revue"
from     = "La Revue <revue@meridien.example>"
schedule = "sat 07:00"

[publications.la-revue.assembly]
before = "2d"
title  = "La semaine du {date}"

[[publications.la-revue.features]]
name   = "breves"
title  = "Brèves"
source = "inbox"

[publications.le-lundi]
name     = "Le Lundi"
from     = "Le Lundi <lundi@meridien.example>"
schedule = "mon 07:30"
"""
FRIDAY = datetime(2026, 3, 13, 9, tzinfo=UTC)


class Watch:
    """A gatherer with a clock that the test moves, and what it said."""

    def __init__(self, house: House, gatherer: Gatherer, said: list[Phrase]) -> None:
        self.folder = house.loaded.root / "editions" / "la-revue"
        self.gatherer = gatherer
        self.said = said
        self.now = FRIDAY

    async def look(self, later: timedelta = timedelta()) -> list[str]:
        """What is said when it looks, so much *later*."""
        self.now += later
        self.said.clear()
        self.gatherer.look()
        assert self.gatherer._task is not None
        await self.gatherer._task
        return [str(each) for each in self.said]

    def drop(self, name: str, text: str) -> None:
        inbox = self.folder / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        (inbox / name).write_text(text, "utf-8")


@pytest.fixture
async def watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Watch]:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "mailer.toml").write_text(TOML, "utf-8")
    house = House.open(config=None, start=tmp_path, environ={})
    said: list[Phrase] = []
    async with house.stores() as stores:
        found = Watch(house, Gatherer(lambda: house, stores, said.append), said)
        monkeypatch.setattr(SystemClock, "now", lambda _: found.now)
        yield found
        await found.gatherer.stop()


async def test_a_draft_is_made_and_kept_fresh(watch: Watch) -> None:
    """Two days ahead; what comes later is taken in an hour later, not at every tick."""
    hour = timedelta(hours=1)
    watch.drop("1.md", "# Un\n\nUne brève.")
    assert await watch.look() == ["la-revue/1 of 2026-03-14 was assembled"]
    (draft,) = watch.folder.glob("2026-*")
    watch.drop("2.md", "# Deux\n\nUne autre.")
    assert await watch.look(timedelta(minutes=59)) == []
    assert "Deux" not in (draft / "10-breves.md").read_text("utf-8")
    assert await watch.look(hour) == ["la-revue/1 of 2026-03-14 was assembled"]
    assert "Deux" in (draft / "10-breves.md").read_text("utf-8")
    assert await watch.look(hour) == []


async def test_what_waits_is_said_once(watch: Watch) -> None:
    """Not once an hour for two days."""
    watch.drop("note.pdf", "%PDF")
    told = await watch.look()
    assert told[-1] == "! note.pdf: it is neither Markdown nor a picture"
    assert await watch.look(timedelta(hours=2)) == []


async def test_nothing_is_assembled_too_early_or_too_late(watch: Watch) -> None:
    """Nor after the departure, nor for a letter that has no features."""
    watch.drop("1.md", "# Un\n\nUne brève.")
    assert await watch.look(timedelta(days=-2)) == []
    assert await watch.look(timedelta(days=3)) == []
    assert list(watch.folder.glob("2026-*")) == []


async def test_somebodys_own_edition_is_left_in_peace(watch: Watch) -> None:
    """An edition that was begun by hand is no draft of ours, and nobody is told."""
    watch.drop("1.md", "# Un\n\nUne brève.")
    mine = watch.folder / "2026-03-14-la-mienne"
    mine.mkdir(parents=True)
    (mine / "index.md").write_text("---\ntitle: A\ndate: 2026-03-14\n---\n", "utf-8")
    assert await watch.look() == []
    assert [each.name for each in mine.iterdir()] == ["index.md"]


async def test_a_failure_is_told_and_the_next_hour_tries_again(watch: Watch) -> None:
    """A folder that cannot be written does not stop the daemon."""
    watch.drop("1.md", "# Un\n\nUne brève.")
    (watch.folder / "2026-03-14-broken").mkdir()
    broken = watch.folder / "2026-03-14-broken" / "index.md"
    broken.write_bytes(b"---\ntitle: \xff\ndate: 2026-03-14\n---\n")
    (watch.folder / "2026-03-14-broken" / ".assembled.json").write_text(
        '{"begun": true, "parts": {}}', "utf-8"
    )
    told = await watch.look()
    assert len(told) == 1
    assert "not UTF-8" in told[0]
    broken.write_text("---\ntitle: A\ndate: 2026-03-14\n---\n", "utf-8")
    hour = timedelta(hours=1)
    assert await watch.look(hour) == ["la-revue/broken of 2026-03-14 was assembled"]
