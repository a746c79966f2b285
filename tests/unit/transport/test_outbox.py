"""The relay that is a folder: on the disk before it is accepted, or not at all."""

from __future__ import annotations

import errno
import mailbox
import os
from pathlib import Path

import pytest

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Attempt, Outcome, Stage, judge
from mailer.errors import RelayError
from mailer.transport import maildir
from mailer.transport.inbox import Mailbox
from mailer.transport.outbox import MaildirRelay
from tests.fakes.carrying import carry

ENVELOPE = Envelope(return_path="a@m.example", recipient="r@x.example")
BODY = b"Subject: x\r\n\r\nBonjour\r\n"


async def yes() -> bool:
    return True


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def deliver(folder: Path, body: bytes = BODY) -> Attempt:
    async with MaildirRelay(name="folder", folder=folder).session() as session:
        return await carry(session, ENVELOPE, body, yes)


async def test_what_is_kept_is_a_mail_that_others_read(tmp_path: Path) -> None:
    """The envelope stands above; the standard library and the inbox page read it."""
    attempt = await deliver(tmp_path / "out")
    assert judge(attempt).outcome is Outcome.ACCEPTED
    (message,) = mailbox.Maildir(tmp_path / "out")
    assert (message["Return-Path"], message["Delivered-To"]) == (
        "<a@m.example>",
        "r@x.example",
    )
    (entry,) = Mailbox(tmp_path / "out").entries()
    assert entry.id in attempt.reply.text


async def test_a_full_disk_defers_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be made durable is no half mail, and is tried again later."""
    folder = tmp_path / "out"
    await MaildirRelay(name="folder", folder=folder).check()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    attempt = await deliver(folder)
    assert (attempt.stage, attempt.reply.code) == (Stage.DOT, 452)
    assert judge(attempt).outcome is Outcome.DEFERRED
    assert list(folder.glob("*/*")) == []


async def test_what_cannot_be_taken_back_is_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail that stands there, though its keeping failed, is not sent again by itself."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    folder = tmp_path / "out"
    monkeypatch.setattr(maildir, "_settle", fail)
    monkeypatch.setattr(Path, "unlink", fail)
    attempt = await deliver(folder)
    assert (attempt.stage, attempt.reply) == (Stage.DOT, None)
    assert judge(attempt).outcome is Outcome.IN_DOUBT
    assert len(list((folder / "new").iterdir())) == 1


async def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """Mail goes into a Maildir or an empty folder, not among somebody's files."""
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(RelayError, match="no Maildir") as caught:
        await MaildirRelay(name="folder", folder=tmp_path).check()
    assert not caught.value.temporary
    with pytest.raises(RelayError):
        await deliver(tmp_path / "thesis.txt")
    with pytest.raises(RelayError, match=r"thesis\.txt"):
        await deliver(tmp_path / "thesis.txt" / "out")
    assert names(tmp_path) == ["thesis.txt"]
