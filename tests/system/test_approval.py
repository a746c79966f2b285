"""What was approved is what goes out, in real processes, and what nobody wants does not."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from mailer.trial import TrialInbox
from tests.system.conftest import Mailer

ED = "le-meridien/next"


@pytest.fixture
def newsroom(mailer: Mailer, inbox: TrialInbox) -> Mailer:
    """Three readers, a relay, and somebody who must say yes first."""
    mailer.import_readers(3)
    mailer.use_relay(inbox.smtp_port)
    mailer.environ["MAILER_SEND__APPROVAL"] = "required"
    return mailer


def retitle(mailer: Mailer, old: str, new: str) -> None:
    for index in mailer.folder.glob("editions/le-meridien/*/index.md"):
        text = index.read_text(encoding="utf-8")
        index.write_text(text.replace(f"title: {old}", f"title: {new}", 1), "utf-8")


async def test_an_edit_after_approval_is_told_and_nothing_leaves(
    newsroom: Mailer, inbox: TrialInbox
) -> None:
    """Exit 4 with the old title and the new; approved again, the new one goes out."""
    words = ("send", ED, "--yes", "--expect", "3")
    assert (await newsroom.run("approve", ED, "--by", "claire"))[0] == 0
    retitle(newsroom, "Les ports", "Tous les ports")
    code, _, err = await newsroom.run(*words)
    assert code == 4
    assert "not as claire approved it" in err
    assert "subject: “Les ports" in err
    assert "→ “Tous les ports" in err
    assert inbox.mailbox.recipients() == []
    assert (await newsroom.run("approve", ED, "--by", "marc"))[0] == 0
    code, _, err = await newsroom.run(*words)
    assert code == 0, err
    assert "unchanged since approval" in err
    mails = inbox.mailbox.entries()
    assert len(mails) == 3
    assert all(mail.subject.startswith("Tous les ports") for mail in mails)


async def test_a_no_in_the_grace_writes_to_nobody(
    newsroom: Mailer, inbox: TrialInbox
) -> None:
    """Ctrl-C while the run is armed cancels it; the next run reaches everybody."""
    newsroom.environ["MAILER_SEND__APPROVAL"] = "auto"
    newsroom.environ["MAILER_SEND__GRACE"] = "10m"
    words = ("send", ED, "--yes", "--expect", "3", "--json")
    process = await newsroom.start(*words, "--grace")
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while b"Nothing leaves yet" not in await process.stderr.readline():
            pass
    (run,) = newsroom.json("status", "--json")["runs"]
    assert (run["state"], run["waiting"]) == ("armed", 3)
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode == 130, err.decode()
    sheet = json.loads(out)
    assert (sheet["state"], sheet["withdrawn"]) == ("cancelled", 3)
    assert "nothing left" in err.decode()
    assert inbox.mailbox.recipients() == []
    code, _, err_text = await newsroom.run(*words)
    assert code == 0, err_text
    assert len(inbox.mailbox.recipients()) == 3


async def test_a_stop_in_the_grace_leaves_the_run_to_who_resumes_it(
    newsroom: Mailer, inbox: TrialInbox
) -> None:
    """SIGTERM is no change of mind: armed it stays, and leaves after its grace."""
    newsroom.environ["MAILER_SEND__APPROVAL"] = "auto"
    newsroom.environ["MAILER_SEND__GRACE"] = "8s"
    process = await newsroom.start("send", ED, "--yes", "--expect", "3", "--grace")
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while b"Nothing leaves yet" not in await process.stderr.readline():
            pass
    process.terminate()
    await process.communicate()
    assert process.returncode == 75
    assert inbox.mailbox.recipients() == []
    code, _, err = await newsroom.run("resume", "--yes")
    assert code == 0, err
    assert len(inbox.mailbox.recipients()) == 3
