"""`mailer assemble` and a feed that turns hostile: a warning, and not a byte changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from mailer.online import feeds
from tests.cli.conftest import Command
from tests.unit.online import press

Make = Callable[..., Command]
FEATURE = """
[feeds.houle]
url     = "{url}"
private = true

[publications.le-lundi]
name     = "Le Lundi"
from     = "Le Lundi <lundi@meridien.example>"
schedule = "mon 07:30"

[publications.le-lundi.assembly]
title = "Le Lundi du {{date}}"

[[publications.le-lundi.features]]
name   = "echos"
source = "feed"
title  = "Échos"
feeds  = ["houle"]
"""
HEADLINE = (
    "<title>{{ email }} &lt;b&gt;gras&lt;/b&gt; **fort** [x](javascript:a)</title>"
    "<link>https://houle.example/a(b)</link><guid>7</guid>"
    "<description>::: sponsor {by=x}</description>"
)
ASTRAY = "<title>piège</title><link>javascript:alert(1)</link><guid>8</guid>"


@dataclass
class Site:
    """What a server on loopback answers to everything."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def site() -> Iterator[Site]:
    said = Site()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    said.url = f"http://127.0.0.1:{server.server_port}/feed"
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield said
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def lundi(workspace: Make, site: Site) -> Command:
    mailer = workspace("presse")
    config = mailer.folder / "config" / "mailer.toml"
    more = FEATURE.format(url=site.url)
    config.write_text(config.read_text("utf-8") + more, encoding="utf-8")
    return mailer


def assembled(mailer: Command) -> dict[str, Any]:
    done = mailer("assemble", "le-lundi", "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_headlines_are_words_in_the_finished_mail(lundi: Command, site: Site) -> None:
    """No hole for an address, no mark, no script; and the edition may be sent."""
    site.body = press.rss(HEADLINE, ASTRAY)
    report = assembled(lundi)
    assert report["features"][0]["pieces"] == ["houle"]
    assert "1 entry is left out" in report["notes"][0]["reason"]
    name = report["edition"]
    (checked,) = json.loads(lundi("check", name, "--json").stdout)["editions"]
    assert [f for f in checked["findings"] if f["severity"] == "error"] == []
    text = lundi("render", name, "--format", "text").stdout
    assert "{ email } gras **fort** [x](javascript:a) • ::: sponsor {by=x}" in " ".join(
        text.split()
    )
    assert "https://houle.example/a%28b%29" in text
    assert "{{ email }} gras" not in text


TURNS = {
    "bomb": Site(body=press.entity_bomb()),
    "outside": Site(body=press.OUTSIDER),
    "broken": Site(body=b"<rss><channel>"),
    "page": Site(body=b"<html><body/></html>"),
    "gzip": Site(body=press.gzip_bomb(), headers={"Content-Encoding": "gzip"}),
    "huge": Site(body=b" " * (feeds.MOST_BYTES + 1)),
    "home": Site(status=302, headers={"Location": "http://127.0.0.1:80/"}),
    "metadata": Site(status=302, headers={"Location": "http://169.254.169.254/"}),
    "file": Site(status=302, headers={"Location": "file:///etc/passwd"}),
    "circle": Site(status=302, headers={"Location": "/feed"}),
    "error": Site(status=500),
}


def test_a_feed_that_turns_hostile_changes_nothing(lundi: Command, site: Site) -> None:
    """Whatever it does: the draft is as it was, and there is one warning."""
    site.body = press.rss(HEADLINE)
    assembled(lundi)
    before = tree(lundi.folder)
    for name, turn in TURNS.items():
        site.status, site.body, site.headers = turn.status, turn.body, turn.headers
        report = assembled(lundi)
        assert len(report["notes"]) == 1, name
        assert report["notes"][0]["about"] == "houle", name
        assert report["features"][0]["state"] == "unchanged", name
        assert tree(lundi.folder) == before, name
