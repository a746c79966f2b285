"""Private keys on disk: who may read them, and that none is ever overwritten."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mailer.errors import GuardError, InputError
from mailer.workspace.keys import load_key, write_keys
from tests.fakes import keys


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_key_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 600 in a folder of mode 700, whatever the umask, and read back the same."""
    path = tmp_path / "dkim" / "meridien.example" / "rsa2026.pem"
    before = os.umask(0)
    try:
        write_keys({path: keys.key("rsa")})
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    found = load_key(path)
    assert found.warning == ""
    assert found.key.private_numbers() == keys.key("rsa").private_numbers()
    assert names(path.parent) == ["rsa2026.pem"]


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """What exists stays, also a dangling link; and of two keys none is written then."""
    first, second = tmp_path / "a.pem", tmp_path / "b.pem"
    second.symlink_to(tmp_path / "nowhere")
    with pytest.raises(GuardError, match=r"b\.pem is there already"):
        write_keys({first: keys.key("rsa"), second: keys.key("ed25519")})
    assert names(tmp_path) == ["b.pem"]
    assert not (tmp_path / "nowhere").exists()
    second.unlink()
    second.write_text("precious", encoding="ascii")
    with pytest.raises(GuardError):
        write_keys({first: keys.key("rsa"), second: keys.key("ed25519")})
    assert second.read_text(encoding="ascii") == "precious"
    assert names(tmp_path) == ["b.pem"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "dkim").write_text("", encoding="ascii")
    with pytest.raises(InputError, match="cannot be written"):
        write_keys({tmp_path / "dkim" / "x" / "a.pem": keys.key("ed25519")})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_key_that_others_can_touch_is_told(tmp_path: Path, mode: int) -> None:
    """It is used, for some ways to hand over secrets cannot do better, but not silently."""
    path = tmp_path / "a.pem"
    write_keys({path: keys.key("ed25519")})
    path.chmod(mode)
    assert f"chmod 600 {path}" in load_key(path).warning


def test_a_file_that_is_no_key_is_told(tmp_path: Path) -> None:
    """Missing, a folder, far too long: each says so."""
    with pytest.raises(InputError, match="no such file"):
        load_key(tmp_path / "x.pem")
    with pytest.raises(InputError, match="cannot be read"):
        load_key(tmp_path)
    (tmp_path / "long.pem").write_bytes(b"x" * 100_000)
    with pytest.raises(InputError, match="too long"):
        load_key(tmp_path / "long.pem")
