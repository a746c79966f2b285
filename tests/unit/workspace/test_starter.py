"""What `mailer init` writes: complete, dated ahead, invented, and never half done."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from mailer.audience.roster import read_roster
from mailer.config.load import Loaded, load
from mailer.config.places import shipped
from mailer.edition.blocks import Block
from mailer.edition.model import Edition
from mailer.errors import GuardError, InputError
from mailer.rendering.words import words_of
from mailer.workspace.editions import Workspace
from mailer.workspace.starter import create
from mailer.workspace.themes import load_theme, theme_blocks

TODAY = date(2026, 3, 10)
KINDS = {kind.kind for kind in Block.__subclasses__()}
HOST = re.compile(r"(?:https?://|@)([a-z0-9.-]+)")


def start(folder: Path, *, theme: str = "presse", data: Path | None = None) -> Loaded:
    create(
        folder,
        theme=theme,
        templates=shipped("templates"),
        today=TODAY,
        data=data or folder.with_name(f"{folder.name}-data"),
        secret=b"s" * 32,
    )
    return load(config=None, start=folder, environ={})


def edition(loaded: Loaded, name: str = "") -> Edition:
    name = name or min(loaded.settings.publications)
    workspace = Workspace(loaded.root)
    found = workspace.find("next", [name], today=TODAY)
    publication = loaded.settings.publication(name)
    theme = load_theme(publication.theme, [shipped("templates")])
    return workspace.read(
        found, publication, workspace.authors(), theme_blocks=theme_blocks(theme)
    )


def everything(paper: Edition) -> set[str]:
    return {block.kind for block in paper.every_block()}


BOTH = {"le-meridien": date(2026, 3, 14), "le-meridien-bourse": date(2026, 3, 16)}
LETTERS = {
    "presse": BOTH,
    "texte": BOTH,
    "pop": {"pixel-paprika": date(2026, 3, 12)},
}
THEMES = pytest.mark.parametrize("theme", LETTERS)


@THEMES
def test_a_starter_is_a_workspace_at_once(tmp_path: Path, theme: str) -> None:
    """Settings, editions, readers and key are read by what reads them every week."""
    loaded = start(tmp_path / "ws", theme=theme)
    for name, day in LETTERS[theme].items():
        assert loaded.settings.publication(name).theme == theme
        assert edition(loaded, name).date == day
    assert loaded.settings.publications.keys() == LETTERS[theme].keys()
    assert loaded.data_folder() == tmp_path / "ws-data"
    assert loaded.secret_keys() == ((b"s" * 32).hex().encode(),)
    roster = read_roster((tmp_path / "ws" / "readers.csv").read_bytes())
    assert len(roster.rows) == 200
    assert roster.invalid == ()


def test_the_serious_starter_shows_every_block(tmp_path: Path) -> None:
    """Whoever opens the sample sees how each block is written."""
    shown = everything(edition(start(tmp_path / "ws")))
    assert KINDS - shown == {"greeting"}  # the playful one greets


def test_the_playful_starter_shows_its_own(tmp_path: Path) -> None:
    """All but what belongs to a letter with members, flags and an epigraph."""
    shown = everything(edition(start(tmp_path / "ws", theme="pop")))
    assert KINDS - shown == {"flag", "paywall"}


@pytest.mark.parametrize("theme", ["presse", "pop"])
def test_a_sample_is_as_long_as_a_real_edition(tmp_path: Path, theme: str) -> None:
    """About three thousand words: what the budget of a mail is meant for."""
    assert 2700 <= len(words_of(edition(start(tmp_path / "ws", theme=theme)))) <= 3300


@THEMES
def test_a_starter_names_nobody_real(tmp_path: Path, theme: str) -> None:
    """Every host in it is reserved or this machine: nothing can reach a stranger."""
    start(tmp_path / "ws", theme=theme)
    hosts = {
        host
        for path in (tmp_path / "ws").rglob("*")
        if path.suffix in {".md", ".toml", ".csv"}
        for host in HOST.findall(path.read_text("utf-8"))
    }
    assert hosts
    assert {h for h in hosts if not h.rstrip(".").endswith(".example")} == set()


def left(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("way", ["ws/authors.toml", "ws/config", "ws", "ws-data"])
def test_what_is_in_the_way_stays_and_nothing_is_added(
    tmp_path: Path, way: str
) -> None:
    """A file where a file or folder should go: told, kept, and no trace left."""
    (tmp_path / way).parent.mkdir(exist_ok=True)
    (tmp_path / way).write_text("mine", "utf-8")
    before = left(tmp_path)
    with pytest.raises(GuardError, match=way):
        start(tmp_path / "ws")
    assert left(tmp_path) == before
    assert (tmp_path / way).read_text("utf-8") == "mine"


def test_a_link_is_not_followed_out_of_the_workspace(tmp_path: Path) -> None:
    """A dangling link under a name of ours is in the way, not a place to write."""
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / "authors.toml").symlink_to(tmp_path / "outside")
    with pytest.raises(GuardError, match=r"authors\.toml is there already"):
        start(tmp_path / "ws")
    assert not (tmp_path / "outside").exists()


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    """A data folder that has a key keeps it: old links must go on working."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "secret_key").write_text("old", "utf-8")
    with pytest.raises(GuardError, match="secret_key is there already"):
        start(tmp_path / "ws", data=data)
    assert left(tmp_path) == {"data", "data/secret_key"}


def test_any_data_folder_can_be_written_down(tmp_path: Path) -> None:
    """Quotes and backslashes in its name do not break the configuration."""
    data = tmp_path / 'd"a\\ta é'
    assert start(tmp_path / "ws", data=data).data_folder() == data
    assert data.stat().st_mode & 0o777 == 0o700


def test_an_unknown_starter_is_told(tmp_path: Path) -> None:
    """A theme without a starter names those that have one."""
    with pytest.raises(InputError, match="no starter nope"):
        start(tmp_path / "ws", theme="nope")
