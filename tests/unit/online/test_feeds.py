"""Feeds: read with every guard up, and whatever they do, a warning is all."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.edition.gathering.entries import Feed
from mailer.online.feeds import Address, FeedReader
from tests.unit.online import press as papers
from tests.unit.online.press import GOOD, Press, press, rss

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


async def read(
    here: Press, path: str, folder: Path, *, private: bool = True, seconds: float = 5
) -> Feed:
    """What the feed at *path* says. Its own host is allowed, nothing else is."""
    reader = FeedReader(
        {"houle": Address(url=here.url(path), private=private)},
        folder,
        now=lambda: NOW,
        seconds=seconds,
    )
    return (await reader.read(frozenset({"houle"})))["houle"]


REFUSED = {
    "it is not a public address",
    "it is no address",
    "its name is reserved for examples",
    "it holds a name or a password",
    "only the ports 80 and 443 are asked",
    "it has letters beyond ASCII",
    "its answer makes no sense",  # an address that cannot be joined to another
    "it leads from one address to the next",  # empty: to itself
}
"""What is said of an address to which no connection was tried."""


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_feed_is_read_as_plain_text(tmp_path: Path) -> None:
    """Titles and texts without their tags, moments with a zone."""
    async with press() as here:
        here.says("/feed", GOOD, Content_Type="application/atom+xml")
        feed = await read(here, "/feed", tmp_path)
    assert feed.fault is None
    assert feed.title == "La Houle"
    (entry,) = feed.entries
    assert entry.title == "Le phare s’allume"
    assert entry.text.strip() == "Une diode remplace la lampe."
    assert entry.link == "https://houle.fr/phare"
    assert entry.published == NOW


async def test_a_feed_on_a_private_address_needs_leave(tmp_path: Path) -> None:
    """Without `private = true` this machine is not asked, on any port."""
    async with press() as here:
        here.says("/feed", GOOD)
        feed = await read(here, "/feed", tmp_path, private=False)
        assert here.asked == []
    assert "only the ports 80 and 443" in str(feed.fault)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://192.0.0.192/",
        "http://198.18.0.1/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://feed.localhost/",
        "http://user:secret@1.1.1.1/",
        "http://1.1.1.1:22/",
        "http://1.1.1.1:8080/",
        "ftp://1.1.1.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//127.0.0.1/",
        "http://",
        "http://[::1",
        "http://é.fr/",
    ],
)
async def test_no_feed_leads_into_the_house(tmp_path: Path, url: str) -> None:
    """Whether it is written so in the settings, or a feed points there on the way."""
    reader = FeedReader({"a": Address(url=url)}, tmp_path, now=lambda: NOW, seconds=5)
    direct = (await reader.read(frozenset({"a"})))["a"]
    async with press() as here:
        here.says("/feed", b"", 302, Location=url)
        here.says("/", GOOD)
        feed = await read(here, "/feed", tmp_path)
        assert {path for path, _ in here.asked} == {"/feed"}
    for fault in (direct.fault, feed.fault):
        assert str(fault) in REFUSED, url
    assert feed.entries == ()


async def test_leave_for_one_place_is_leave_for_no_other(tmp_path: Path) -> None:
    """A private feed may not send us to another port of its own host."""
    async with press() as here, press() as other:
        here.says("/feed", b"", 301, Location=other.url("/feed"))
        other.says("/feed", GOOD)
        feed = await read(here, "/feed", tmp_path)
        assert other.asked == []
    assert feed.fault is not None


async def test_a_redirection_at_home_is_followed_five_times(tmp_path: Path) -> None:
    """And one that is for good is told; a circle ends."""
    async with press() as here:
        for step in range(5):
            here.says(f"/{step}", b"", 301, Location=f"/{step + 1}")
        here.says("/5", GOOD)
        feed = await read(here, "/0", tmp_path)
        assert feed.fault is None
        assert feed.moved == here.url("/5")
        here.says("/a", b"", 302, Location="/b")
        here.says("/b", b"", 302, Location="/a")
        feed = await read(here, "/a", tmp_path)
        assert len(here.asked) == 12
    assert str(feed.fault) == "it leads from one address to the next"


HOSTILE = {
    "huge": (papers.endless, "larger than"),
    "slow": (papers.trickle, "did not answer in time"),
    "silent": (papers.silent, "did not answer in time"),
    "gibberish": (papers.gibberish, "makes no sense"),
    "cut": (papers.cut, "makes no sense"),
    "headers": (papers.many_headers, "makes no sense"),
}
POOR = {
    "entity bomb": (papers.entity_bomb(), "no well-formed XML"),
    "outside entity": (papers.OUTSIDER, "no well-formed XML"),
    "invalid": (b'<rss version="2.0"><channel><item><title>x</item>', "well-formed"),
    "guesswork": (b'<rss version="2.0"><channel><title>' + b"<a " * 300_000, "XML"),
    "page": (b"<html><body><p>Bonjour</p></body></html>", "neither RSS nor Atom"),
    "empty": (b"", "well-formed"),
    "binary": (bytes(range(256)) * 100, "well-formed"),
    "deep": (b"<a>" * 100_000 + b"</a>" * 100_000, "well-formed"),
    "many": (b"<rss>" + b"<a/>" * 400_000 + b"</rss>", "well-formed"),
    "file name": (b"/etc/passwd", "well-formed"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_server_is_a_warning(tmp_path: Path, name: str) -> None:
    """Soon, in words, with what was known before, and nothing else."""
    answer, said = HOSTILE[name]
    async with press() as here:
        here.says("/feed", GOOD)
        before = await read(here, "/feed", tmp_path)
        here.replies["/feed"] = answer
        begun = time.monotonic()
        feed = await read(here, "/feed", tmp_path, seconds=0.5)
        assert time.monotonic() - begun < 30
    assert said in str(feed.fault)
    assert feed.entries == before.entries
    assert feed.as_of == NOW


@pytest.mark.parametrize("name", POOR)
async def test_a_hostile_document_is_a_warning(tmp_path: Path, name: str) -> None:
    """No entity grows, no file is opened, no guess takes a minute."""
    content, said = POOR[name]
    async with press() as here:
        here.says("/feed", content, Content_Type="application/xml")
        feed = await read(here, "/feed", tmp_path)
    assert feed.fault is not None
    assert said in str(feed.fault)
    assert feed.entries == ()
    assert files(tmp_path) == []


async def test_a_bomb_in_gzip_is_a_warning(tmp_path: Path) -> None:
    """Only so much of it is unpacked; an honest one is read."""
    import gzip

    async with press() as here:
        here.says("/feed", papers.gzip_bomb(), Content_Encoding="gzip")
        feed = await read(here, "/feed", tmp_path)
        assert "larger than" in str(feed.fault)
        here.says("/feed", b"no gzip", Content_Encoding="gzip")
        assert (await read(here, "/feed", tmp_path)).fault is not None
        here.says("/feed", GOOD, Content_Encoding="br")
        assert (await read(here, "/feed", tmp_path)).fault is not None
        here.says("/feed", gzip.compress(GOOD), Content_Encoding="gzip")
        assert (await read(here, "/feed", tmp_path)).fault is None


@pytest.mark.parametrize("status", [204, 206, 400, 401, 403, 404, 410, 418, 429, 500])
async def test_only_two_hundred_is_an_answer(tmp_path: Path, status: int) -> None:
    """Everything else is told by its number."""
    async with press() as here:
        here.says("/feed", GOOD if status != 204 else b"", status)
        feed = await read(here, "/feed", tmp_path)
    assert str(feed.fault) == f"it answers {status}"


async def test_what_has_not_changed_is_not_sent_again(tmp_path: Path) -> None:
    """The second time asks whether anything is new, with what the first was told."""
    async with press() as here:
        stamp = "Tue, 10 Mar 2026 08:00:00 GMT"
        here.says("/feed", GOOD, ETag='W/"7"', Last_Modified=stamp)
        first = await read(here, "/feed", tmp_path)
        here.says("/feed", b"", 304)
        second = await read(here, "/feed", tmp_path)
        _, told = here.asked[-1]
    assert told["if-none-match"] == 'W/"7"'
    assert told["if-modified-since"] == stamp
    assert second.fault is None
    assert second.entries == first.entries


async def test_not_modified_without_a_first_time_is_no_answer(tmp_path: Path) -> None:
    """A server that says 304 to everything cannot make an empty feed of it."""
    async with press() as here:
        here.says("/feed", b"", 304)
        feed = await read(here, "/feed", tmp_path)
    assert str(feed.fault) == "it answers 304"
    assert not feed.is_known


@pytest.mark.parametrize("content", ["", "{}", "\x00"])
async def test_a_memory_that_cannot_be_read_is_empty(
    tmp_path: Path, content: str
) -> None:
    """A damaged file costs a request, not an edition."""
    async with press() as here:
        here.says("/feed", GOOD)
        await read(here, "/feed", tmp_path)
        (file,) = files(tmp_path)
        file.write_text(content, encoding="utf-8")
        feed = await read(here, "/feed", tmp_path)
        assert "if-none-match" not in here.asked[-1][1]
    assert feed.fault is None
    assert len(feed.entries) == 1


async def test_a_feed_cannot_say_too_much(tmp_path: Path) -> None:
    """Two hundred entries, and of each so many words."""
    many = rss(*(f"<title>n° {n}</title>" for n in range(1_000)))
    async with press() as here:
        here.says("/feed", many)
        feed = await read(here, "/feed", tmp_path)
    assert len(feed.entries) == 200
    assert feed.entries[0].title == "n° 0"
