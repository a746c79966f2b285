"""Programs that fetch every link of every mail: nothing they do changes anything."""

from __future__ import annotations

import email
import os
import re
import sqlite3
from collections.abc import Callable
from email import policy
from pathlib import Path

import httpx
import pytest

from mailer.public import make_site
from mailer.wiring import House
from tests.cli.conftest import Command

URL = "https://lettres.example"
READER = "ada@lecteurs.example"
WAYS: tuple[tuple[str, dict[str, str]], ...] = (
    ("GET", {"User-Agent": "Mozilla/5.0 (Microsoft Safe Links)"}),
    ("HEAD", {}),
    ("GET", {"Purpose": "prefetch", "X-Moz": "prefetch"}),
    ("OPTIONS", {"Origin": "https://mail.example"}),
    ("GET", {"Sec-Purpose": "prefetch;prerender"}),
)
"""How scanners and browsers fetch what nobody clicked."""

TIMES = 100
TOKEN = re.compile(r"[A-Za-z0-9_-]{30}")


def links_of(raw: bytes) -> set[str]:
    """Every link of ours in a mail: text, HTML and headers."""
    mail = email.message_from_bytes(raw, policy=policy.default)
    bodies = [
        part.get_content()
        for part in mail.walk()
        if part.get_content_maintype() == "text"
    ]
    found = " ".join([*bodies, *map(str, mail.values())]).replace("&amp;", "&")
    found = re.sub(r"#[^\s\"'<>]*", "", found)  # a browser's own matter
    return {link.rstrip(".,)") for link in re.findall(rf"{URL}/[^\s\"'<>]*", found)}


@pytest.fixture
def sent(
    workspace: Callable[..., Command], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Command, bytes]:
    """A workspace that has sent the sample edition, and the mail as it arrived."""
    monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__KIND", "maildir")
    monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__PATH", str(tmp_path / "box"))
    monkeypatch.setenv("MAILER_SITE__PUBLIC_URL", URL)
    command = workspace()
    paper = ("-p", "le-meridien", "--tier", "member")
    added = command("subscribers", "add", READER, "--consent", "Salon", *paper)
    assert added.exit_code == 0, added.output
    result = command("send", "le-meridien/next", "--yes", "--expect", "1")
    assert result.exit_code == 0, result.output
    (mail,) = (tmp_path / "box" / "new").iterdir()
    return command, mail.read_bytes()


def dump(folder: Path) -> list[str]:
    """Every row of every table."""
    with sqlite3.connect(folder / "mailer.db") as connection:
        return list(connection.iterdump())


async def test_a_hundred_scanners_change_nothing(
    sent: tuple[Command, bytes], tmp_path: Path
) -> None:
    """Every link of the reader's own a hundred times, by every method that is no POST,
    and the others by each: not one row differs."""
    command, mail = sent
    links = links_of(mail)
    theirs = {link for link in links if TOKEN.search(link)}
    kinds = {link.removeprefix(URL).split("/")[1] for link in theirs}
    assert {"unsubscribe", "preferences", "poll", "archive"} <= kinds
    house = House.open(config=None, start=command.folder, environ=os.environ)
    async with house.stores() as stores:
        site = httpx.ASGITransport(app=make_site(house, stores))
        async with httpx.AsyncClient(transport=site, base_url=URL) as scanner:
            before = dump(tmp_path / "data")
            for link in sorted(links):
                for n in range(TIMES if link in theirs else len(WAYS)):
                    method, headers = WAYS[n % len(WAYS)]
                    answer = await scanner.request(method, link, headers=headers)
                    assert answer.status_code < 500, link
                    assert "set-cookie" not in answer.headers
                    assert method == "OPTIONS" or answer.status_code == 200, link
    assert dump(tmp_path / "data") == before
