"""A week of hands in the same folder: nothing a person wrote is lost or overwritten."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.config.load import load
from mailer.edition.gathering.entries import Feed
from mailer.flows.editing.gather import Gathering, GatheringDesk, gather
from mailer.workspace.composing import ComposingRoom
from mailer.workspace.newsroom import WorkspaceNewsroom

SATURDAY = date(2026, 3, 14)
NAMES = ("a", "b", "c", "d")
PLACES = ("breves", "outil")
TOML = """
[publications.p]
name     = "P"
from     = "P <p@meridien.example>"
schedule = "sat 07:00"

[[publications.p.features]]
name   = "breves"
title  = "Brèves"
source = "inbox"
count  = 2

[[publications.p.features]]
name   = "outil"
title  = "Outil"
source = "inbox"
form   = "prose"
count  = 1
"""


class NoFeeds:
    """Nobody publishes anything."""

    async def read(self, names: frozenset[str]) -> Mapping[str, Feed]:
        return {}


class Week:
    """A folder, the hands in it, and what each of them would be sorry to lose."""

    def __init__(self, folder: Path) -> None:
        (folder / "config").mkdir()
        (folder / "config" / "mailer.toml").write_text(TOML, "utf-8")
        loaded = load(config=None, start=folder, environ={})
        newsroom = WorkspaceNewsroom(
            loaded, now=lambda: datetime(2026, 3, 10, 9, tzinfo=UTC)
        )
        self.publication = newsroom.publication("p")
        self.desk = GatheringDesk(room=ComposingRoom(newsroom), feeds=NoFeeds())
        self.folder = folder / "editions" / "p"
        self.count = 0
        self.mine: dict[Path, str | None] = {}
        self.items: set[str] = set()

    def drop(self, place: str, name: str) -> None:
        """Put an item into the inbox, over another one of that name if there is one."""
        file = self.folder / "inbox" / place / f"{name}.md"
        if file.exists():
            self.items.discard(file.read_text("utf-8"))
        self.count += 1
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# Titre {self.count}\n\nTexte {self.count}.\n", "utf-8")
        self.items.add(file.read_text("utf-8"))

    def edit(self, place: str, name: str) -> None:
        """Write a line into a part, if it is there."""
        for file in self.folder.glob(f"2026-*/*-{place}.md"):
            self.mine[file] = file.read_text("utf-8") + f"\n{name}\n"
            file.write_text(self.mine[file] or "", "utf-8")

    def delete(self, place: str, _: str) -> None:
        """Take a part out."""
        for file in self.folder.glob(f"2026-*/*-{place}.md"):
            self.mine[file] = None
            file.unlink()

    def mend(self, _: str, name: str) -> None:
        """Change an item that was taken already."""
        for file in self.folder.glob(f"2026-*/material/*/{name}.md"):
            self.items.discard(file.read_text("utf-8"))
            self.count += 1
            file.write_text(f"# Titre {self.count}\n\nMieux.\n", "utf-8")
            self.items.add(file.read_text("utf-8"))

    def assemble(self, *_: str) -> Gathering:
        """Have the draft made or refreshed."""
        return asyncio.run(gather(self.publication, day=SATURDAY, desk=self.desk))

    def check(self) -> None:
        """Whatever was done: every text is there, once, and every edit stands."""
        for file, text in self.mine.items():
            there = file.read_text("utf-8") if file.exists() else None
            assert there == text
        lying = [
            *self.folder.glob("inbox/*/*.md"),
            *self.folder.glob("2026-*/material/*/*.md"),
        ]
        assert sorted(f.read_text("utf-8") for f in lying) == sorted(self.items)


STEPS = st.lists(
    st.tuples(
        st.sampled_from([Week.drop, Week.edit, Week.delete, Week.mend, Week.assemble]),
        st.sampled_from(PLACES),
        st.sampled_from(NAMES),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_no_hand_undoes_another(steps: list[tuple[object, str, str]]) -> None:
    """In any order of dropping, editing, deleting, mending and assembling."""
    home = Path(tempfile.mkdtemp())
    try:
        week = Week(home)
        for place in PLACES:
            week.drop(place, "m")
        week.assemble()
        for act, place, name in steps:
            act(week, place, name)  # type: ignore[operator]
            week.check()
        week.assemble()
        week.check()
        assert not week.assemble().changes
        week.check()
    finally:
        shutil.rmtree(home)
