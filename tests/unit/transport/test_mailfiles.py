"""Mails from files, however they are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.errors import InputError
from mailer.transport.mailfiles import read_mails

ONE, TWO = b"Subject: one\n\n1\n", b"Subject: two\n\n2\n"


def read(*paths: Path) -> list[bytes]:
    return [raw.split(b"\n")[0] for _, raw in read_mails(paths)]


def test_mails_are_found_wherever_they_are_kept(tmp_path: Path) -> None:
    """A file, an mbox, a Maildir with folders; what is being written is left alone."""
    (tmp_path / "one.eml").write_bytes(ONE)
    (tmp_path / "box").write_bytes(b"From a@b Sat\n" + ONE + b"\nFrom c@d Sun\n" + TWO)
    maildir = tmp_path / "Maildir"
    for folder in ("new", "cur", "tmp", ".Junk/cur"):
        (maildir / folder).mkdir(parents=True)
    (maildir / "new" / "1.host").write_bytes(ONE)
    (maildir / ".Junk" / "cur" / "2.host:2,S").write_bytes(TWO)
    (maildir / "tmp" / "3.host").write_bytes(b"Subject: half")
    (maildir / "new" / "again").symlink_to(tmp_path / "one.eml")
    one, two = b"Subject: one", b"Subject: two"
    assert read(tmp_path / "one.eml") == [one]
    assert read(tmp_path / "box") == [one, two]
    assert sorted(read(maildir)) == [one, two]
    assert sorted(read(maildir, tmp_path / "box")) == [one, one, two, two]


def test_a_great_mail_is_read_in_part(tmp_path: Path) -> None:
    """What it is about stands at its head."""
    (tmp_path / "big").write_bytes(ONE + b"x" * 3_000_000)
    ((_, raw),) = read_mails([tmp_path / "big"])
    assert len(raw) == 1024 * 1024


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A slip of the path must not look like an empty mailbox."""
    with pytest.raises(InputError, match="is not there"):
        read(tmp_path / "nowhere")
