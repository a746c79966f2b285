"""The editions that the end matter points back to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mailer.edition.model import Edition, Publication
from mailer.rendering.model import Latest
from mailer.workspace.editions import Workspace
from mailer.workspace.past import latest_before

PAPER = Publication(id="p", name="P", sender="p@p.example", list_id="p.p.example")
URL = "https://lettres.example.org"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Seven editions: fine, closed, broken, of several files, of the same day, later."""

    def write(folder: str, text: bytes | str, name: str = "index.md") -> None:
        path = tmp_path / "editions" / "p" / folder
        path.mkdir(parents=True, exist_ok=True)
        raw = text if isinstance(text, bytes) else text.encode()
        (path / name).write_bytes(raw)

    def head(day: str, title: str, more: str = "") -> str:
        return f"---\ntitle: {title}\ndate: {day}\n{more}---\nx\n"

    write("2026-02-07-oldest", head("2026-02-07", "La plus vieille"))
    write("2026-02-14-old", head("2026-02-14", "Vieille"))
    write("2026-02-21-quais", head("2026-02-21", '"Les « quais » : suite"'), "01.md")
    write("2026-02-21-quais", "# T\n\ny\n", "02.md")
    write("2026-02-28-closed", head("2026-02-28", "Fermée", "archive: members\n"))
    write("2026-03-01-broken", b"\xff\xfe")
    write("2026-03-07-cables", head("2026-03-07", "Câbles", "slug: cables\n"))
    write("2026-03-14-ports", head("2026-03-14", "Les ports"))
    write("2026-03-14-bis", head("2026-03-14", "Le même jour"))
    write("2026-03-21-next", head("2026-03-21", "La suivante"))
    return Workspace(tmp_path)


def read(workspace: Workspace, name: str) -> Edition:
    folder = workspace.find(name, ["p"], today=date(2026, 3, 10))
    return workspace.read(folder, PAPER, [])


def test_the_newest_three_before_it_are_pointed_to(workspace: Workspace) -> None:
    """Older ones only, open ones only, those that can be read, in the order of days."""
    found = latest_before(read(workspace, "ports"), PAPER, workspace, public_url=URL)
    assert found == (
        Latest(title="Câbles", date=date(2026, 3, 7), url=f"{URL}/archive/p/cables"),
        Latest(
            title="Les « quais » : suite",
            date=date(2026, 2, 21),
            url=f"{URL}/archive/p/quais",
        ),
        Latest(title="Vieille", date=date(2026, 2, 14), url=f"{URL}/archive/p/old"),
    )


def test_the_first_edition_has_none_before_it(workspace: Workspace) -> None:
    """Nothing is invented, and another publication's are not borrowed."""
    first = read(workspace, "oldest")
    assert latest_before(first, PAPER, workspace, public_url=URL) == ()
    other = replace(first, publication="q", date=date(2027, 1, 1))
    assert latest_before(other, PAPER, workspace, public_url=URL) == ()
