"""What was made before, found again by the next command; or made anew."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from mailer.workspace import cache as module
from mailer.workspace.cache import FolderCache
from mailer.workspace.pictures import PictureShelf
from tests.unit.workspace.test_pictures import photo, prepare


def test_what_was_put_is_found_by_another_process(tmp_path: Path) -> None:
    """Under its name alone, and by nobody else on the machine."""
    place = tmp_path / "data" / "cache"
    FolderCache(place).put("a", b"made at some cost")
    assert FolderCache(place).get("a") == b"made at some cost"
    assert FolderCache(place).get("b") is None
    for folder in (tmp_path / "data", place, *place.iterdir()):
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("left", [b"", b"made", b"x" * 50])
def test_what_is_damaged_is_not_there(tmp_path: Path, left: bytes) -> None:
    """A power failure may cut an entry short: nothing is flushed for it."""
    FolderCache(tmp_path).put("a", b"made at some cost")
    (entry,) = tmp_path.glob("*/a")
    entry.write_bytes(left)
    assert FolderCache(tmp_path).get("a") is None


def test_a_folder_others_write_into_is_not_believed(tmp_path: Path) -> None:
    """What lies in it is run: it would be a way to become whoever runs mailer."""
    FolderCache(tmp_path).put("a", b"made at some cost")
    (folder,) = tmp_path.iterdir()
    folder.chmod(0o777)
    FolderCache(tmp_path).put("b", b"more")
    assert FolderCache(tmp_path).get("a") is None
    assert [entry.name for entry in folder.iterdir()] == ["a"]


def test_a_place_that_takes_nothing_keeps_nobody_from_working(tmp_path: Path) -> None:
    """A disk that is full, a folder that is a file."""
    (tmp_path / "cache").write_bytes(b"")
    cache = FolderCache(tmp_path / "cache")
    cache.put("a", b"made at some cost")
    assert cache.get("a") is None


def test_what_was_not_used_for_longest_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache is no store: it stays small by itself."""
    monkeypatch.setattr(module, "_MOST", 4)
    cache, hours = FolderCache(tmp_path), itertools.count(3600, 3600)
    for name in "abcd":
        cache.put(name, b"made")
        (entry,) = tmp_path.glob(f"*/{name}")
        when = next(hours)
        os.utime(entry, (when, when))
    assert cache.get("a") == b"made"  # used again
    cache.put("e", b"made")
    assert {entry.name for entry in tmp_path.glob("*/*")} == {"a", "d", "e"}


@pytest.mark.parametrize(("file", "badge"), [("a.jpg", False), ("a.png", True)])
def test_a_picture_found_is_the_picture_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, *, badge: bool
) -> None:
    """To the byte, with all that is known of it; and it is not made again."""
    path = photo(tmp_path / file, (1400, 300))
    cache = FolderCache(tmp_path)
    made = prepare(PictureShelf(tmp_path / "media", cache), path, badge=badge)
    assert made == prepare(PictureShelf(tmp_path / "other"), path, badge=badge)
    monkeypatch.delattr("mailer.workspace.pictures._made")
    found = prepare(PictureShelf(tmp_path / "media", cache), path, badge=badge)
    assert found == made
