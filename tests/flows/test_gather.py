"""Gathering over a real folder and feeds that do as they are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailer.config.load import load
from mailer.edition.feature import Feature, Form, Supply
from mailer.edition.gathering.entries import Entry, Feed
from mailer.edition.gathering.refresh import Fate
from mailer.edition.gathering.results import Choice, PollResult
from mailer.edition.model import Publication
from mailer.errors import GuardError
from mailer.flows.editing.gather import (
    Gathering,
    GatheringDesk,
    assemble_due,
    days_due,
    gather,
)
from mailer.phrases import say
from mailer.workspace.composing import ComposingRoom
from mailer.workspace.newsroom import WorkspaceNewsroom

TUESDAY = datetime(2026, 3, 10, 9, tzinfo=UTC)
SATURDAY = date(2026, 3, 14)
FAULT = say("it did not answer in time")
TOML = """
[feeds.houle]
url = "https://houle.fr/feed"

[feeds.quai]
url = "https://quai.fr/feed"

[publications.la-revue]
name     = "La Revue"
from     = "La Revue <revue@meridien.example>"
schedule = "sat 07:00"
lang     = "fr"

[publications.la-revue.assembly]
before = "2d"
title  = "La semaine du {date}"

[[publications.la-revue.features]]
name   = "echos"
title  = "Échos"
source = "feed"
feeds  = ["houle", "quai"]
count  = 3
words  = 4

[[publications.la-revue.features]]
name   = "restes"
title  = "Et aussi"
form   = "item"
source = "feed"
feeds  = ["houle"]
words  = 0
"""


class Said:
    """Feeds that say what they were told to."""

    def __init__(self) -> None:
        self.feeds: dict[str, Feed] = {}
        self.asked: list[frozenset[str]] = []

    async def read(self, names: frozenset[str]) -> Mapping[str, Feed]:
        self.asked.append(names)
        return {name: self.feeds.get(name, Feed(name=name)) for name in names}

    def says(self, name: str, *titles: str) -> None:
        entries = [
            Entry(title=t, link=f"https://{name}.fr/{t}", text="un deux trois cinq six")
            for t in titles
        ]
        self.feeds[name] = Feed(name=name, title=name.title(), entries=tuple(entries))

    def fails(self, name: str) -> None:
        self.feeds[name] = Feed(name=name, fault=FAULT)


class House:
    """A workspace with one publication, its feeds, and what assembling it gives."""

    def __init__(self, folder: Path) -> None:
        (folder / "config").mkdir()
        (folder / "config" / "mailer.toml").write_text(TOML, "utf-8")
        loaded = load(config=None, start=folder, environ={})
        newsroom = WorkspaceNewsroom(loaded, now=lambda: TUESDAY)
        self.feeds = Said()
        self.publication: Publication = newsroom.publication("la-revue")
        self.desk = GatheringDesk(room=ComposingRoom(newsroom), feeds=self.feeds)
        self.folder = folder

    async def gather(self, day: date = SATURDAY) -> Gathering:
        return await gather(self.publication, day=day, desk=self.desk)

    def text(self, file: str, day: date = SATURDAY) -> str:
        (found,) = self.folder.glob(f"editions/la-revue/{day}*/{file}")
        return found.read_text("utf-8")

    def edit(self, file: str, text: str) -> None:
        (found,) = self.folder.glob(f"editions/la-revue/*/{file}")
        found.write_text(text, "utf-8")

    def put_in_the_way(self, file: str, kind: str) -> None:
        (folder,) = self.folder.glob("editions/la-revue/*")
        if kind == "folder":
            (folder / file).mkdir()
        else:
            (folder / file).symlink_to(self.folder.parent / "elsewhere.md")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def fates(gathering: Gathering) -> list[str]:
    return [str(each.fate) for each in gathering.features]


async def test_feeds_are_quoted_each_entry_once(house: House) -> None:
    """In the order of the features: what the first took the second does not repeat."""
    house.feeds.says("houle", "a", "b", "c", "d")
    house.feeds.says("quai", "e")
    assert fates(await house.gather()) == ["written", "written"]
    assert house.text("10-echos.md") == (
        "# Échos\n\n"
        "- **a** • un deux trois cinq… [Houle](https://houle.fr/a)\n"
        "- **b** • un deux trois cinq… [Houle](https://houle.fr/b)\n"
        "- **c** • un deux trois cinq… [Houle](https://houle.fr/c)\n"
    )
    assert (
        house.text("20-restes.md")
        == "# Et aussi\n\n- [d](https://houle.fr/d) (Houle)\n"
    )
    assert house.feeds.asked == [frozenset({"houle", "quai"})]


async def test_what_one_edition_quoted_the_next_does_not(house: House) -> None:
    """Even when somebody has edited or deleted the part since."""
    house.feeds.says("houle", "a", "b")
    await house.gather()
    house.edit("10-echos.md", "# À moi\n")
    await house.gather()
    house.feeds.says("houle", "c", "a", "b")
    later = SATURDAY + timedelta(days=7)
    assert fates(await house.gather(later)) == ["written", "empty"]
    text = house.text("10-echos.md", later)
    assert "/c)" in text
    assert "/a)" not in text


async def test_a_feed_that_fails_empties_nothing(house: House) -> None:
    """Its part stays as it is, even what could be refreshed; and it is told."""
    house.feeds.says("houle", "a")
    house.feeds.says("quai", "b")
    await house.gather()
    before = house.text("10-echos.md")
    house.feeds.says("houle", "c")
    house.feeds.fails("quai")
    gathering = await house.gather()
    assert fates(gathering) == ["unsure", "empty"]
    assert list(gathering.notes) == [("quai", FAULT)]
    assert house.text("10-echos.md") == before


async def test_without_any_answer_there_is_a_draft_all_the_same(house: House) -> None:
    """Every feed fails the first time: the features are left out, nothing else."""
    house.feeds.fails("houle")
    house.feeds.fails("quai")
    gathering = await house.gather()
    assert fates(gathering) == ["empty", "empty"]
    assert gathering.edition == "la-revue/1"
    assert dict(gathering.notes) == {"houle": FAULT, "quai": FAULT}
    house.feeds.says("houle", "a")
    house.feeds.says("quai")
    assert fates(await house.gather()) == ["written", "empty"]


async def test_what_is_taken_back_goes(house: House) -> None:
    """A feed that answers and has withdrawn its entry takes it out of an untouched part."""
    house.feeds.says("houle", "a")
    await house.gather()
    house.feeds.says("houle")
    assert fates(await house.gather()) == ["taken out", "empty"]
    (folder,) = house.folder.glob("editions/la-revue/*")
    assert not (folder / "10-echos.md").exists()
    house.feeds.says("houle", "b")
    assert fates(await house.gather()) == ["written", "empty"]


@pytest.mark.parametrize(
    "record",
    [
        "",
        "[]",
        '{"begun": true}',
        '{"begun": true, "parts": {"echos": {"file": "../../x.md"}}}',
        "\x00",
    ],
)
async def test_without_its_record_a_draft_is_somebodys_own(
    house: House, record: str
) -> None:
    """A memory that is lost or strange makes nothing ours, and leads nowhere else."""
    house.feeds.says("houle", "a")
    await house.gather()
    house.edit(".assembled.json", record)
    house.feeds.says("houle", "b")
    with pytest.raises(GuardError, match="was begun by hand"):
        await house.gather()
    gathering = await gather(
        house.publication, day=SATURDAY, desk=house.desk, append=True
    )
    assert fates(gathering) == ["edited", "empty"]
    assert "**a**" in house.text("10-echos.md")


async def test_a_record_cannot_name_a_file_elsewhere(house: House) -> None:
    """Whoever writes the record still cannot make us write outside the edition."""
    house.feeds.says("houle", "a")
    await house.gather()
    row = {"file": "../../../x.md", "sha256": "0", "keys": []}
    house.edit(".assembled.json", json.dumps({"begun": True, "parts": {"echos": row}}))
    house.feeds.says("houle", "b")
    with pytest.raises(GuardError):
        await house.gather()
    assert list(house.folder.rglob("x.md")) == []


async def test_an_edit_while_feeds_are_asked_is_seen(house: House) -> None:
    """The network takes its time; what somebody saves meanwhile is theirs."""
    house.feeds.says("houle", "a")
    await house.gather()
    house.feeds.says("houle", "b")
    asked = house.feeds.read

    async def slowly(names: frozenset[str]) -> Mapping[str, Feed]:
        house.edit("10-echos.md", "# À moi\n")
        return await asked(names)

    house.feeds.read = slowly  # type: ignore[method-assign]
    assert fates(await house.gather()) == ["edited", "empty"]
    assert house.text("10-echos.md") == "# À moi\n"


async def test_an_edit_in_the_last_moment_stops_everything(house: House) -> None:
    """Between the look and the pen: nothing is written, and one assembles again."""
    house.feeds.says("houle", "a")
    await house.gather()
    house.feeds.says("houle", "b", "c", "d", "e")
    room = house.desk.room
    place = room.place

    def late(*args: Any) -> None:
        house.edit("10-echos.md", "# À moi\n")
        place(*args)

    room.place = late  # type: ignore[method-assign]
    with pytest.raises(GuardError, match=r"10-echos\.md is in the way"):
        await house.gather()
    assert house.text("10-echos.md") == "# À moi\n"
    assert list(house.folder.rglob("20-restes.md")) == []


@pytest.mark.parametrize("kind", ["link", "folder"])
async def test_what_stands_in_the_way_stays(house: House, kind: str) -> None:
    """A link or a folder under the name of a part is somebody's, and is not replaced."""
    house.feeds.says("houle")
    await house.gather()
    house.put_in_the_way("10-echos.md", kind)
    house.feeds.says("houle", "a")
    with pytest.raises(GuardError, match="in the way"):
        await house.gather()
    assert not (house.folder.parent / "elsewhere.md").exists()


class Counted:
    """Votes that were counted."""

    def __init__(self, *votes: int) -> None:
        self.result = PollResult(
            poll="frigo",
            question="Toi, tu…",
            choices=[Choice(f"réponse {n}", count) for n, count in enumerate(votes)],
        )

    async def last(self, publication: str, *, before: date) -> PollResult | None:
        return self.result if before >= SATURDAY else None


async def test_a_result_is_printed_once(house: House) -> None:
    """In the edition after the poll, and in no later one; without votes it is left out."""
    sondage = Feature(
        name="sondage", supply=Supply.POLL, title="Vous avez répondu", form=Form.PROSE
    )
    assembly = replace(house.publication.assembly, features=(sondage,))
    house.publication = replace(house.publication, assembly=assembly)
    house.desk = replace(house.desk, polls=Counted(0, 0))
    (left_out,) = (await house.gather()).features
    assert left_out.fate is Fate.EMPTY
    assert "no poll was answered" in str(left_out.supplies.note)
    house.desk = replace(house.desk, polls=Counted(21, 4))
    assert fates(await house.gather()) == ["written"]
    text = house.text("10-sondage.md")
    assert "| réponse 0 | 84\u00a0% |\n| réponse 1 | 16\u00a0% |" in text
    assert "*25 réponses.*" in text
    assert fates(await house.gather()) == ["unchanged"]
    assert fates(await house.gather(SATURDAY + timedelta(days=7))) == ["empty"]


def test_a_draft_is_due_before_it_leaves(house: House) -> None:
    """From two days ahead, once an hour, until the departure; never without a setting."""
    leaves = datetime(2026, 3, 14, 6, tzinfo=UTC)
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    begins = leaves - timedelta(days=2)

    def due(now: datetime, last: datetime | None = None) -> bool:
        return assemble_due(house.publication, SATURDAY, now, last=last)

    assert not due(begins - minute)
    assert due(begins)
    assert due(leaves - minute)
    assert not due(leaves)
    assert days_due(house.publication, begins - minute) == []
    assert days_due(house.publication, begins) == [SATURDAY]
    assert days_due(house.publication, leaves - minute) == [SATURDAY]
    assert days_due(house.publication, leaves) == []
    assert not due(begins + minute, begins)
    assert due(begins + hour, begins)
    assert not assemble_due(house.publication, date(2026, 3, 13), begins)
    never = replace(house.publication.assembly, before=timedelta())
    assert not assemble_due(
        replace(house.publication, assembly=never), SATURDAY, begins
    )
