"""Names that lead nowhere, and folders that lead elsewhere."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mailer.errors import ConfigError, InputError, NotFoundError
from mailer.workspace.editions import Workspace

TODAY = date(2026, 3, 15)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    write(tmp_path / "home", "2026-03-14-ports", "number: 118\n")
    write(tmp_path / "home", "2026-03-21-mers", "")
    return Workspace(tmp_path / "home")


def write(root: Path, folder: str, head: str) -> Path:
    path = root / "editions" / "p" / folder
    path.mkdir(parents=True)
    (path / "index.md").write_text(f"---\ntitle: T\n{head}---\n")
    return path


@pytest.mark.parametrize(
    "name",
    ["None", "p/", "p/None", "a\0b", "True", "0", pytest.param("x" * 5000, id="long")],
)
def test_a_name_that_nothing_bears_finds_nothing(
    workspace: Workspace, name: str
) -> None:
    """Neither an edition without a number, nor a fault of the file system."""
    with pytest.raises(NotFoundError):
        workspace.find(name, ["p"], today=TODAY)


@pytest.mark.parametrize(
    "head",
    [
        "number: true\n",
        pytest.param(f"number: {'1' * 5000}\n", id="long"),
        "number: !!int ''\n",
        "date: 2026-03-28 07:00:00\n",
        "date: !!timestamp x\n",
        "slug: !!bool x\n",
        "? [a]\n: b\n",
    ],
)
def test_no_front_matter_hides_the_others(workspace: Workspace, head: str) -> None:
    """Whatever one of them says, all are listed, the newest first."""
    write(workspace.root, "2026-03-28-x", head)
    dates = [each.date for each in workspace.editions(["p"])]
    assert dates == [date(2026, 3, 28), date(2026, 3, 21), date(2026, 3, 14)]


def test_an_edition_lies_in_the_workspace(workspace: Workspace, tmp_path: Path) -> None:
    """A folder, a file or a loop of links is not read through."""
    elsewhere = write(tmp_path / "elsewhere", "2026-04-01-away", "")
    ours = workspace.root / "editions" / "p"
    (ours / "2026-04-01-folder").symlink_to(elsewhere)
    (ours / "2026-04-02-file").mkdir()
    (ours / "2026-04-02-file" / "index.md").symlink_to(elsewhere / "index.md")
    (ours / "2026-04-03-loop").mkdir()
    (ours / "2026-04-03-loop" / "index.md").symlink_to("index.md")
    assert len(workspace.editions(["p"])) == 2


def test_a_file_is_named_within_the_workspace(workspace: Workspace) -> None:
    """A NUL leads nowhere either."""
    with pytest.raises(InputError, match="out of the workspace"):
        workspace.file("a\0b")


def test_authors_are_texts(workspace: Workspace) -> None:
    """A mark at the head of the file is no fault, a list for a photo is one."""
    file = workspace.root / "authors.toml"
    file.write_text('\ufeff[claire]\nname = "Claire"\n', encoding="utf-8")
    assert workspace.authors()["claire"].name == "Claire"
    file.write_text('[claire]\nname = "Claire"\nphoto = ["a.png"]\n')
    with pytest.raises(ConfigError, match=r"\[claire\] photo is not a text"):
        workspace.authors()
