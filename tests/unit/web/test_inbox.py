"""The pages of the trial inbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from mailer.config.places import shipped
from mailer.errors import ConfigError
from mailer.transport.chaos import Chaos, Occasion
from mailer.transport.inbox import Mailbox
from mailer.transport.whims import Moment, read_whim
from mailer.web.inbox import http_inbox, inbox_app
from mailer.workspace.catalogue import load_catalogue

RAW = (
    b"Delivered-To: claire@lecteurs.example\r\n"
    b"From: Lettre <lettre@meridien.example>\r\n"
    b"Subject: <script>alert(1)</script> Samedi\r\n"
    b'Content-Type: multipart/related; boundary="r"\r\n\r\n'
    b"--r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<html><head></head><body><script>steal()</script>"
    b'<img src="cid:a@b" alt="a"><img alt="b" '
    b'src="https://lettre.example/media/abc.png"></body></html>\r\n'
    b"--r\r\nContent-Type: image/png\r\nContent-ID: <a@b>\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nUE5H\r\n"
    b"--r\r\nContent-Type: image/svg+xml\r\nContent-ID: <svg>\r\n\r\n"
    b"<svg/>\r\n--r--\r\n"
)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A browser before a box with one mail, ``1.a``, and one picture."""
    (tmp_path / "box" / "new").mkdir(parents=True)
    (tmp_path / "box" / "new" / "1.a").write_bytes(RAW)
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "abc.png").write_bytes(b"PNG")
    (tmp_path / "media" / "secret.txt").write_bytes(b"secret")
    app = inbox_app(
        Mailbox(tmp_path / "box"),
        media=tmp_path / "media",
        public_url="https://lettre.example",
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1"
    ) as client:
        yield client


async def test_the_list_names_each_mail(client: httpx.AsyncClient) -> None:
    """The list shows who and what, escaped, and links to the mail."""
    page = (await client.get("/")).text
    assert "claire@lecteurs.example" in page
    assert 'href="/mail/1.a"' in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("query", "found"), [("CLAIRE samedi", True), ("nobody", False), ("", True)]
)
async def test_the_search_narrows_the_list(
    client: httpx.AsyncClient, query: str, found: bool
) -> None:
    """All words must be found, in whatever case, in sender, recipient or subject."""
    page = (await client.get("/", params={"q": query})).text
    assert ("/mail/1.a" in page) is found


@pytest.mark.parametrize("view", ["html", "text", "headers", "source"])
async def test_every_view_answers(client: httpx.AsyncClient, view: str) -> None:
    """Each view is a page that runs nothing of the mail."""
    answer = await client.get("/mail/1.a", params={"view": view})
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_width_is_the_readers_choice(client: httpx.AsyncClient) -> None:
    """The frame takes the width that was asked for, and no other than the three."""
    page = (await client.get("/mail/1.a?width=375")).text
    assert 'class="w375"' in page
    assert (await client.get("/mail/1.a?width=9")).status_code == 422


async def test_the_mail_is_shown_as_a_stranger(client: httpx.AsyncClient) -> None:
    """The body is sandboxed: no script, no fetch but pictures of its own."""
    answer = await client.get("/mail/1.a/body")
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert 'src="/media/abc.png"' in answer.text
    assert 'src="/mail/1.a/cid/a%40b"' in answer.text


@pytest.mark.parametrize("top", ["", "<!DOCTYPE html>", "<!doctype html><head>"])
async def test_links_open_outside_the_frame(
    client: httpx.AsyncClient, tmp_path: Path, top: str
) -> None:
    """A link of the mail opens a page of its own, and the doctype stays first."""
    mail = f"Content-Type: text/html\r\n\r\n{top}<p>x</p>"
    (tmp_path / "box" / "new" / "2.a").write_bytes(mail.encode())
    answer = await client.get("/mail/2.a/body")
    assert answer.text == f'{top}<base target="_blank"><p>x</p>'


async def test_pictures_are_served_here(client: httpx.AsyncClient) -> None:
    """Pictures of the mail and of the media folder are served, and nothing else."""
    inline = await client.get("/mail/1.a/cid/a%40b")
    assert (inline.content, inline.headers["content-type"]) == (b"PNG", "image/png")
    assert (await client.get("/media/abc.png")).content == b"PNG"
    for path in (
        "/mail/1.a/cid/svg",
        "/mail/1.a/cid/other",
        "/media/secret.txt",
        "/media/other.png",
        "/media/..%2Fbox%2Fnew%2F1.a",
        "/mail/nobody",
    ):
        assert (await client.get(path)).status_code == 404, path


async def test_only_the_list_has_a_script_and_it_is_ours(
    client: httpx.AsyncClient,
) -> None:
    """New mail is brought by a script of our own; nothing else may run anywhere."""
    answer = await client.get("/")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.text.count("<script") == 1
    script = await client.get("/live.js")
    assert script.headers["content-type"].startswith("text/javascript")
    for path in ("/mail/1.a", "/mail/1.a/source", "/mail/1.a/body", "/mail/nobody"):
        policy = (await client.get(path)).headers["content-security-policy"]
        assert "script-src" not in policy


async def test_the_pages_tell_what_chaos_did(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """The list says that chaos is on; its page says what was done, escaped."""
    assert "Chaos is on" not in (await client.get("/")).text
    assert "This inbox behaves" in (await client.get("/chaos")).text
    chaos = Chaos([read_whim("rcpt:550 5.1.1 <b>no</b>"), read_whim("dot:drop")])
    for name in ("claire", "<i>paul</i>"):
        chaos.decide(
            Occasion(
                moment=Moment.RCPT,
                connection=1,
                now=1_800_000_000,
                recipients=(f"{name}@x.example",),
            )
        )
    app = inbox_app(Mailbox(tmp_path), media=None, public_url=None, chaos=chaos)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1"
    ) as browser:
        listing = (await browser.get("/")).text
        page = (await browser.get("/chaos")).text
    assert "Chaos is on" in listing
    assert "Had its way 2 times" in listing
    assert page.index("paul") < page.index("claire@x.example")
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "<i>" not in page
    assert "not yet" in page


async def test_a_foreign_name_is_not_answered(client: httpx.AsyncClient) -> None:
    """A page elsewhere that renames itself to this machine reads nothing."""
    for path in ("/", "/chaos", "/mail/1.a/source", "/media/abc.png"):
        answer = await client.get(path, headers={"Host": "evil.example:8025"})
        assert answer.status_code == 400
    answer = await client.get("/", headers={"Host": "localhost:8025"})
    assert answer.status_code == 200


async def test_the_source_is_the_file(client: httpx.AsyncClient) -> None:
    """The plain file is what was kept, as text."""
    answer = await client.get("/mail/1.a/source")
    assert answer.content == RAW
    assert answer.headers["content-type"].startswith("text/plain")


async def test_the_pages_are_served_on_loopback(tmp_path: Path) -> None:
    """The address yielded answers, and a taken port is said with its number."""
    box = Mailbox(tmp_path)
    async with http_inbox(box, media=None, public_url=None) as url:
        async with httpx.AsyncClient() as client:
            answer = await client.get(url)
            style = await client.get(f"{url}style.css")
        assert "No mail yet" in answer.text
        assert style.headers["content-type"].startswith("text/css")
        port = int(url.rsplit(":", 1)[1].strip("/"))
        with pytest.raises(ConfigError, match=str(port)):
            async with http_inbox(box, port=port, media=None, public_url=None):
                pass


async def test_the_page_speaks_the_language_of_its_terminal(tmp_path: Path) -> None:
    """Words, sizes and faults; what is in a mail stays as it came."""
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1.a").write_bytes(RAW)
    french = load_catalogue("fr", [shipped("templates")])
    app = inbox_app(Mailbox(tmp_path), media=None, public_url=None, catalogue=french)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1"
    ) as client:
        listing = (await client.get("/")).text
        missing = (await client.get("/media/none.jpg")).text
        mail = (await client.get("/mail/1.a")).text
    assert '<html lang="fr">' in listing
    assert "Tout le courrier" in listing
    assert "1 message<" in listing
    assert "\u00a0o</span>" in listing
    assert "Cette image n’existe pas" in missing
    assert "En-têtes" in mail
    for english in ("All mail", "Search", "Received", "Headers", "Trial inbox"):
        assert english not in listing + missing + mail
