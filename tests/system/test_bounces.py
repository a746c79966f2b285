"""An edition, and what comes back of it: from the return path to the clean list."""

from __future__ import annotations

import asyncio
import email
import json
import smtplib
from typing import Any

from mailer.store.engine import Store
from mailer.store.people.arrivals import SqlArrivals
from mailer.store.people.readers import SqlReaders
from tests.system.test_daemon import SATURDAY, Port
from tests.system.test_daemon import port as port

MORE = """
[bounces]
domain = "bounces.letter.example"

[intake]
listen   = "{folder}/lmtp.sock"
maildirs = ["{folder}/came-back"]
every    = "100ms"
"""
REPORT = """\
From: MAILER-DAEMON@mx.readers.example
To: {path}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

<{reader}>: host mx.readers.example said: 550 5.1.1 no such user
    (in reply to RCPT TO command)

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.readers.example

Final-Recipient: rfc822; {reader}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{reader}>: no such user

--b--
"""


def letters(port: Port) -> dict[str, Any]:
    """What each reader was sent."""
    found = {}
    for path in (port.folder / "mail").glob("*/*"):
        message = email.message_from_bytes(path.read_bytes())
        found[message["Delivered-To"]] = message
    return found


def is_settled(port: Port) -> bool:
    """Whether nothing that came is left to be decided."""

    async def look() -> bool:
        store = await Store.open(port.url)
        found = await SqlArrivals(store).open(limit=9)
        await store.close()
        return not found

    return asyncio.run(look())


def suppressed(port: Port) -> set[str]:
    """Who is never written to again."""

    async def look() -> set[str]:
        store = await Store.open(port.url)
        found = {each.email for each in await SqlReaders(store).suppressions()}
        await store.close()
        return found

    return asyncio.run(look())


def came_back(port: Port) -> dict[str, str]:
    """What became of each reader's, by the command."""
    out, _ = port.mailer("bounces", "list", "--json").communicate(timeout=60)
    rows = [json.loads(line) for line in out.splitlines()]
    return {row["recipient"]: row["upshot"] for row in rows}


def test_a_list_cleans_itself(port: Port) -> None:
    """A bounce by LMTP, another out of a Maildir, a mail that unsubscribes; one forged.

    The daemon dies between taking the first and settling it, and settles it when it is
    back: what was answered 250 is not forgotten.
    """
    port.build(SATURDAY, readers=4)
    came = port.folder / "came-back"
    for part in ("tmp", "new", "cur"):
        (came / part).mkdir(parents=True)
    port.configure(more=MORE.format(folder=port.folder))
    port.set("2026-03-14T07:00:01+01:00")
    daemon = port.start()
    port.until(lambda: len(letters(port)) == 4)
    port.until(lambda: "is sent" in port.log())
    sent = letters(port)
    paths = {reader: sent[reader]["Return-Path"].strip("<>") for reader in sent}
    assert all(path.endswith("@bounces.letter.example") for path in paths.values())
    first, second, third, fourth = sorted(sent)

    def report(reader: str, path: str) -> bytes:
        return REPORT.format(reader=reader, path=path).encode()

    forged = paths[fourth][:-40].rpartition(".")[0] + ".00000000000000000000"
    forged += "@bounces.letter.example"
    with smtplib.LMTP(str(port.folder / "lmtp.sock")) as client:
        client.ehlo("mx.letter.example")
        assert client.mail("")[0] == 250
        assert client.rcpt(forged)[0] == 550
        assert client.rcpt(paths[first])[0] == 250
        assert client.data(report(first, paths[first]))[0] == 250
        daemon.kill()  # whether it was settled by then, nobody knows
    daemon.wait()
    leave = sent[third]["List-Unsubscribe"].partition("mailto:")[2].partition(">")[0]
    to, _, subject = leave.partition("?subject=")
    (came / "new" / "1").write_bytes(report(second, paths[second]))
    (came / "new" / "2").write_bytes(report(fourth, forged))
    request = f"From: {third}\r\nTo: {to}\r\nSubject: {subject.replace('%20', ' ')}"
    (came / "new" / "3").write_bytes(f"{request}\r\n\r\n".encode())
    again = port.start()
    port.until(lambda: len(list((came / "cur").iterdir())) == 3)
    port.until(lambda: is_settled(port))
    assert came_back(port) == {
        first: "suppressed",
        second: "suppressed",
        third: "left",
        fourth: "unproved",
    }
    ((_, tally),) = port.runs()
    assert tally.balanced
    assert tally.accepted == 4
    barred = suppressed(port)
    assert barred == {first, second}
    out, _ = port.mailer("bounces", "show", "1").communicate(timeout=60)
    assert "Status: 5.1.1" in out
    port.stop(again)
