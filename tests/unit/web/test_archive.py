"""The archive as a visitor meets it: open to all, members' with a token, never more."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import feedparser
import httpx
import pytest
from fastapi import APIRouter

from mailer.audience.roster import Row
from mailer.audience.subscriber import Tier
from mailer.audience.token import Keyring, Purpose
from mailer.edition.model import Edition, Publication, Variant
from mailer.flows.readers.archive import ArchiveDesk
from mailer.flows.readers.joining import Form
from mailer.rendering.model import Frozen, Scene
from mailer.rendering.render import freeze
from mailer.store.engine import Store
from mailer.store.ledger.deliveries import SqlLedger
from mailer.store.people.archive import SqlArchive
from mailer.store.people.readers import SqlReaders
from mailer.web.public import archive, feeds, media, privacy, signposts
from mailer.web.public.framing import Around, framed
from mailer.web.public.privacy import Held
from tests.database import new_database
from tests.fakes import specimen
from tests.fakes.clock import FakeClock
from tests.unit.web.site import MERIDIEN, PIXEL, URL, pages_of, visiting

SECRET = "brouillard"
"""A word that only members read, in any spelling."""
PAGE = "/archive/le-meridien/ports"
KEYS = Keyring((b"k" * 32,))
JPEG = b"\xff\xd8\xffport"
PAPER = replace(MERIDIEN, audiences=specimen.publication().audiences)


@dataclass(kw_only=True)
class Shop:
    """A site with an archive, and what fills it."""

    store: Store
    browser: httpx.AsyncClient
    clock: FakeClock
    tokens: dict[str, str]

    async def send(self, frozen: Frozen | None = None) -> None:
        """An edition that begins to leave now."""
        frozen = frozen or whole()
        await SqlLedger(self.store).open_run(frozen, now=self.clock.now())

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.browser.get(path, headers=headers)


def scene(edition: Edition) -> Scene:
    publication = specimen.publication(id=edition.publication)
    usual = specimen.scene(publication=publication)
    port = specimen.picture("port.jpg")
    port = replace(port, content=JPEG)
    port = replace(port, src=f"{URL}/media/{port.file_name}")
    return replace(usual, public_url=URL, pictures={**usual.pictures, "port.jpg": port})


@cache
def whole(**changed: object) -> Frozen:
    """The specimen, or one like it, rendered."""
    edition = specimen.edition(**changed)
    return freeze(edition, scene(edition))


def another(number: int, slug: str, title: str, day: date) -> Frozen:
    """Another edition with the same text, which costs no rendering."""
    edition = replace(
        whole().edition, number=number, slug=slug, folder=slug, title=title, date=day
    )
    renderings = [
        replace(r, entry=replace(r.entry, title=title)) if r.entry else r
        for r in whole().renderings
    ]
    return replace(whole(), edition=edition, renderings=tuple(renderings))


def parsed(answer: httpx.Response) -> ET.Element:
    return ET.fromstring(answer.content)  # noqa: S314 - of our own making


def others() -> APIRouter:
    """What the site has beside the archive: for one reader, and for all."""
    routes = APIRouter()
    routes.get("/private/{token}")(lambda token: token)
    routes.get("/open/{name}")(lambda name: name)
    return routes


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(new_database(tmp_path))
    yield store
    await store.close()


@pytest.fixture
async def shop(store: Store) -> AsyncIterator[Shop]:
    clock = FakeClock()
    readers = SqlReaders(store)
    rows = [
        Row(line=n, email=f"{tier}@x.example", tier=tier) for n, tier in enumerate(Tier)
    ]
    await readers.admit(rows, publication=PAPER.id, source="x", now=clock.now())
    found = [await readers.find(row.email) for row in rows]
    tokens = {
        row.tier.value: KEYS.sign(Purpose.WEB, PAPER.id, str(person.id))
        for row, person in zip(rows, found, strict=True)
        if person
    }
    desk = ArchiveDesk(
        archive=SqlArchive(store),
        keyring=KEYS,
        clock=clock,
        publications={PAPER.id: PAPER, PIXEL.id: PIXEL},
        gift_days=14,
    )
    pages = pages_of(PAPER, PIXEL)

    def form(publication: Publication, lang: str) -> Form:
        return Form(token=f"{clock.now():%d-%H}", wording=f"{publication.id} {lang}")

    routers = [
        feeds.router(desk, pages),
        archive.router(desk, pages, form),
        media.router(desk.archive),
        signposts.router(desk, pages),
        others(),
    ]
    async with visiting(routers, pages) as browser:
        yield Shop(store=store, browser=browser, clock=clock, tokens=tokens)


async def test_an_edition_is_shown_as_it_was_frozen(shop: Shop) -> None:
    """Every byte of it, with the site's words between; kept, and sent once."""
    await shop.send(another(117, "rade", "Une heure", date(2026, 3, 7)))
    await shop.send()
    frozen = whole().rendering(Variant.WEB).html
    answer = await shop.get(PAGE)
    assert answer.status_code == 200
    shown = answer.text
    start, end = frozen.index("<main>"), frozen.index("<!--subscribe-->")
    assert frozen[start + len("<main>") : end] in shown
    assert frozen[: frozen.index("</head>")] == shown[: frozen.index("</head>")]
    assert 'rel="prev" href="/archive/le-meridien/rade"' in shown
    assert "Une heure" in shown
    assert 'rel="next"' not in shown
    assert "unsubscribe" not in shown.lower()
    assert answer.headers["cache-control"].startswith("public")
    again = await shop.get(PAGE, **{"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    other = await shop.get(PAGE, **{"If-None-Match": '"x", W/"y"'})
    assert other.status_code == 200


async def test_a_trial_by_another_name_finds_pictures_and_links(shop: Shop) -> None:
    """What the frozen page calls by our name is here; what it says of itself stays."""
    await shop.send()
    trial = await shop.get(f"http://127.0.0.1:8000{PAGE}")
    picture = scene(specimen.edition()).pictures["port.jpg"].file_name
    assert f'src="/media/{picture}"' in trial.text
    assert f'href="{URL}/archive' not in trial.text
    assert f'property="og:url" content="{URL}{PAGE}"' in trial.text


async def test_the_policy_lets_the_frozen_styles_in_and_no_other(shop: Shop) -> None:
    """By their hash; nothing inline is allowed, no script, no foreign host but ours."""
    await shop.send()
    policy = (await shop.get(PAGE)).headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy
    assert "default-src 'none'" in policy
    assert policy.count("'sha256-") > 1
    assert f"img-src 'self' {URL}" in policy
    assert "script-src" not in policy


async def test_a_page_describes_itself_to_programs(shop: Shop) -> None:
    """Canonical without a token, Open Graph, times, and JSON that no title can end."""
    await shop.send(another(118, "ports", "Fin </script><b>", date(2026, 3, 14)))
    for path in (PAGE, f"{PAGE}?m={shop.tokens['member']}"):
        shown = (await shop.get(path)).text
        assert f'<link rel="canonical" href="{URL}{PAGE}">' in shown
        assert f'<meta property="og:url" content="{URL}{PAGE}">' in shown
        found = re.search(r'<script type="application/ld\+json">(.*?)</script>', shown)
        assert found
        described = json.loads(found[1])
        assert described["headline"] == "Fin </script><b>"
        assert described["datePublished"] == "2026-03-14T06:00:00+00:00"
        assert "m=" not in found[1]


async def test_members_read_all_with_their_token_and_nobody_keeps_it(
    shop: Shop,
) -> None:
    """Not stored, not listed by a search engine; their links open the next one too."""
    await shop.send(another(117, "rade", "Une heure", date(2026, 3, 7)))
    await shop.send()
    member = shop.tokens["member"]
    answer = await shop.get(f"{PAGE}?m={member}")
    assert SECRET in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "etag" not in answer.headers
    assert f'href="/archive/le-meridien/rade?m={member}"' in answer.text
    listed = await shop.get(f"/archive/le-meridien?m={member}")
    assert f'href="/archive/le-meridien/ports?m={member}"' in listed.text
    assert listed.headers["cache-control"] == "no-store"


async def test_one_signs_up_below_an_edition(shop: Shop) -> None:
    """The form is the day's, so that a page is sent once; members need none."""
    await shop.send()
    first = await shop.get(PAGE)
    assert 'method="post" action="/subscribe"' in first.text
    assert 'name="t" value="14-06"' in first.text
    assert "le-meridien fr" in first.text
    shop.clock.advance(timedelta(hours=2))
    again = await shop.get(PAGE, **{"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    shop.clock.advance(timedelta(hours=20))
    assert 'name="t" value="15-04"' in (await shop.get(PAGE)).text
    for reader, forms in (("free", 1), ("member", 0)):
        shown = (await shop.get(f"{PAGE}?m={shop.tokens[reader]}")).text
        assert shown.count('action="/subscribe"') == forms


async def test_any_other_token_opens_what_is_open_with_the_same_kind_word(
    shop: Shop,
) -> None:
    """Forged, cut, of another purpose or publication, free, or of who left: alike."""
    await shop.send()
    member = shop.tokens["member"]
    readers = SqlReaders(shop.store)
    tokens = [
        shop.tokens["free"],
        member[:-1],
        member[:-1] + ("A" if member[-1] != "A" else "B"),
        "x",
        "é\x00",
        KEYS.sign(Purpose.UNSUBSCRIBE, PAPER.id, "1"),
        KEYS.sign(Purpose.WEB, PIXEL.id, "1"),
        KEYS.sign(Purpose.WEB, PAPER.id, "999"),
        KEYS.sign(Purpose.WEB, PAPER.id, "one"),
        KEYS.sign(Purpose.WEB, PAPER.id),
        member,  # by then they have left
    ]
    await readers.leave("member@x.example", publication=PAPER.id, now=shop.clock.now())
    answers = [await shop.browser.get(PAGE, params={"m": t}) for t in tokens]
    assert {a.status_code for a in answers} == {200}
    (said,) = {a.text for a in answers}
    assert SECRET not in said
    assert "abonnements en cours" in said
    assert "m=" not in re.sub(r'"/archive/[^"]*"', "", said).partition("<body")[0]
    assert all(a.headers["cache-control"] == "no-store" for a in answers)
    too_long = await shop.browser.get(PAGE, params={"m": "x" * 501})
    assert too_long.status_code == 400


async def test_a_member_gives_one_edition_to_a_friend(shop: Shop) -> None:
    """For two weeks, that edition alone, and no token of the member's with it."""
    await shop.send(another(117, "rade", "Une heure", date(2026, 3, 7)))
    await shop.send()
    page = await shop.get(f"{PAGE}?m={shop.tokens['member']}")
    (gift,) = set(re.findall(r"\?g=([\w-]+)", page.text))
    assert "opens this edition" not in (await shop.get(PAGE)).text
    answer = await shop.get(f"{PAGE}?g={gift}")
    assert SECRET in answer.text
    assert "jusqu’au samedi 28 mars 2026" in answer.text.replace("\u00a0", " ")
    assert shop.tokens["member"] not in answer.text
    assert gift not in answer.text  # no link from it carries the gift on
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    elsewhere = [
        f"/archive/le-meridien/rade?g={gift}",
        f"{PAGE}?m={gift}",
        f"{PAGE}?g={gift[:-1]}",
        f"{PAGE}?g={shop.tokens['member']}",
        f"/archive/le-meridien?m={gift}",
    ]
    for path in elsewhere:
        assert SECRET not in (await shop.get(path)).text, path
    shop.clock.advance(timedelta(days=14))
    assert SECRET in (await shop.get(f"{PAGE}?g={gift}")).text
    shop.clock.advance(timedelta(days=1))
    over = (await shop.get(f"{PAGE}?g={gift}")).text
    assert SECRET not in over
    assert "Cette offre est terminée" in over


async def test_no_word_of_members_is_in_anything_open(shop: Shop) -> None:
    """Page, lists, searches, excerpts, feeds, map: in text, attribute or address."""
    await shop.send()
    shut = {"number": 119, "slug": "fermee", "folder": "fermee", "archive": "members"}
    await shop.send(whole(**shut))
    paths = [
        PAGE,
        "/archive/le-meridien/fermee",
        "/archive",
        "/archive/le-meridien",
        f"/archive/le-meridien?m={shop.tokens['free']}",
        f"/archive/le-meridien?q=minuit&m={shop.tokens['member']}",
        "/archive/le-meridien/feed.atom",
        "/archive/le-meridien/feed.xml",
        "/sitemap.xml",
        "/robots.txt",
    ]
    for path in paths:
        answer = await shop.get(path)
        assert answer.status_code == 200, path
        assert SECRET not in answer.text.casefold(), path
        assert "only-members" not in answer.text
    found = (await shop.get(f"/archive/le-meridien?q={SECRET}")).text
    assert "Aucune édition" in found
    assert 'class="card"' not in found
    member = f"?m={shop.tokens['member']}"
    assert SECRET in (await shop.get("/archive/le-meridien/fermee" + member)).text


async def test_the_archive_is_searched_as_one_hears(shop: Shop) -> None:
    """With what was found marked, and nothing that a search engine would list."""
    await shop.send()
    answer = await shop.get("/archive/le-meridien?q=NAVIRES+attend")
    assert "1 édition" in answer.text
    assert "<mark>navires</mark> <mark>attendent</mark>" in answer.text
    assert answer.headers["x-robots-tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in answer.text
    for query in ("%25", "_", "...", "zzz%22><b>"):
        shown = await shop.get(f"/archive/le-meridien?q={query}")
        assert shown.status_code == 200
        assert 'class="card"' not in shown.text
        assert "<b>" not in shown.text


async def test_an_archive_is_read_page_by_page(shop: Shop) -> None:
    """Twenty to a page, newest first; there is no page after the last."""
    for number in range(1, 22):
        day = date(2025, 1, 1) + timedelta(days=number)
        await shop.send(another(number, f"n{number}", f"T{number}.", day))
    first = (await shop.get("/archive/le-meridien")).text
    assert first.index("T21.") < first.index("T20.") < first.index("T2.")
    assert "T1." not in first
    assert 'rel="next" href="/archive/le-meridien?page=2"' in first
    second = (await shop.get("/archive/le-meridien?page=2")).text
    assert "T1." in second
    assert "T2." not in second
    assert (await shop.get("/archive/le-meridien?page=3")).status_code == 404
    assert (await shop.get("/archive/le-meridien?page=0")).status_code == 400


async def test_what_has_not_left_is_nowhere(shop: Shop) -> None:
    """Neither at its address nor under a publication that does not exist."""
    away = ("/archive/other", "/archive/other/ports", f"{PAGE}%00", f"{PAGE}/x")
    for path in (PAGE, *away, "/archive/%00", "/archive/le-meridien/%ff%fe"):
        assert (await shop.get(path)).status_code == 404
    empty = await shop.get("/archive/le-meridien")
    assert empty.status_code == 200
    assert "la première édition" in empty.text


@pytest.mark.parametrize("name", ["feed.atom", "feed.xml"])
async def test_a_feed_holds_the_free_text(shop: Shop, name: str) -> None:
    """What every reader understands, what RFC 4287 requires, and 304 when unchanged."""
    await shop.send()
    shop.clock.advance(timedelta(hours=1))
    await shop.send(another(119, "suite", "La suite & fin", date(2026, 3, 21)))
    answer = await shop.get(f"/archive/le-meridien/{name}")
    read = feedparser.parse(answer.content)
    assert not read.bozo
    assert read.feed.title == "Le Méridien"
    assert read.entries[0].title == "La suite & fin"
    assert read.entries[1].link == URL + PAGE
    assert "vingt-deux navires" in read.entries[0].content[0].value
    assert read.entries[0].author == "Claire Aubry"
    assert len({e.id for e in read.entries}) == 2
    assert all(e.id.startswith("urn:uuid:") for e in read.entries)
    assert answer.headers["content-type"].startswith(
        f"application/{read.version[:4]}" if name == "feed.atom" else "application/rss"
    )
    for known in (
        {"If-None-Match": answer.headers["etag"]},
        {"If-Modified-Since": answer.headers["last-modified"]},
    ):
        assert (
            await shop.get(f"/archive/le-meridien/{name}", **known)
        ).status_code == 304
    old = {"If-Modified-Since": "Sat, 14 Mar 2020 06:00:00 GMT"}
    assert (await shop.get(f"/archive/le-meridien/{name}", **old)).status_code == 200
    assert (await shop.get(f"/{name}")).status_code == 404  # of which publication?


async def test_atom_has_every_element_that_is_required(shop: Shop) -> None:
    """RFC 4287 sections 4.1.1 and 4.1.2: once each, in the feed and in every entry."""
    await shop.send()
    for publication, entries in (("le-meridien", 1), ("pixel", 0)):
        root = parsed(await shop.get(f"/archive/{publication}/feed.atom"))
        space = "{http://www.w3.org/2005/Atom}"
        parts = [root, *root.findall(f"{space}entry")]
        assert len(parts) == 1 + entries
        for part in parts:
            for required in ("id", "title", "updated"):
                assert len(part.findall(space + required)) == 1
        rels = [link.get("rel") for link in root.findall(f"{space}link")]
        assert sorted(map(str, rels)) == ["alternate", "self"]
        assert root.find(f"{space}author/{space}name") is not None
        updated = datetime.fromisoformat(root.findtext(f"{space}updated", ""))
        assert updated.tzinfo == UTC


async def test_an_offer_that_has_ended_says_so(shop: Shop) -> None:
    """From the day after its last one, without a change of what was frozen."""
    renderings = []
    for each in whole().renderings:
        html = re.sub(
            r'(<aside class="sponsor[^"]*")', r'\1 data-until="2026-03-14"', each.html
        )
        renderings.append(replace(each, html=html))
    await shop.send(replace(whole(), renderings=tuple(renderings)))
    before = await shop.get(PAGE)
    assert "Cette offre a pris fin" not in before.text
    shop.clock.advance(timedelta(days=1))
    after = await shop.get(PAGE, **{"If-None-Match": before.headers["etag"]})
    said = '<p class="tag site-over">Cette offre a pris fin.</p>'
    assert after.text.replace(said, "").replace("15-06", "14-06") == before.text


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        (
            "<head></head><body><main>a</main><footer>f</footer></body>",
            "<head>H</head><body><main>TaE</main><footer>fF</footer></body>",
        ),
        (
            "<head></head><main><!--subscribe-->x<!--/subscribe-->b</main>",
            "<head>H</head><main>TEb</main>F",
        ),
        ("<p>no theme of ours", "HT<p>no theme of oursEF"),
    ],
)
def test_a_theme_without_marks_gets_everything_all_the_same(
    page: str, shown: str
) -> None:
    """Near where it belongs, in order, nothing lost and nothing twice."""
    around = Around(head="H", top="T", end="E", foot="F")
    assert framed(page).around(around, today=date(2026, 3, 14)) == shown


async def test_the_privacy_page_says_what_is_set() -> None:
    """Terms, who answers, and whether anything is measured, in both languages."""
    replies = timedelta(days=89, hours=3)
    said = []
    for tracks in (False, True):
        pages = pages_of(PAPER, PIXEL)
        held = Held(replies=replies, unconfirmed=None, tracks=tracks)
        async with visiting([privacy.router(held, pages)], pages) as browser:
            said.append((await browser.get("/privacy")).text)
    french, measured = said
    assert "90 jours" in french
    assert "que vous ne confirmez pas" not in french
    assert french.count("lettre@meridien.example") == 2 * 2
    assert "Personne ne mesure" in french
    assert "Personne ne mesure" not in measured
    async with visiting([privacy.router(held, pages)], pages) as browser:
        assert "90 days" in (await browser.get("/privacy?lang=en")).text


async def test_pictures_are_served_by_their_hash_alone(shop: Shop) -> None:
    """Those of frozen editions, for ever, as the pictures they are."""
    await shop.send()
    edition = specimen.edition()
    name = scene(edition).pictures["port.jpg"].file_name
    answer = await shop.get(f"/media/{name}")
    assert (answer.status_code, answer.content) == (200, JPEG)
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    digest = name.partition(".")[0]
    for wrong in (
        f"{digest}.png",
        f"{digest[:-1]}.jpg",
        f"{'f' * 20}.jpg",
        f"{digest}.svg",
        f"{digest.upper()}.jpg",
        "..%2f..%2fmailer.db",
        f"{digest}.jpg%0a",
    ):
        assert (await shop.get(f"/media/{wrong}")).status_code == 404, wrong


async def test_pictures_of_a_proof_are_on_the_shelf(
    store: Store, tmp_path: Path
) -> None:
    """Before anything is frozen; by the same names, and nothing else that lies there."""
    shelf, name = tmp_path / "media", f"{'a' * 20}.jpg"
    shelf.mkdir()
    (shelf / name).write_bytes(JPEG)
    (shelf / f"{'b' * 20}.png").write_bytes(b"<svg>")
    routers = [media.router(SqlArchive(store), shelf)]
    async with visiting(routers, pages_of(PAPER)) as browser:
        assert (await browser.get(f"/media/{name}")).content == JPEG
        for wrong in (f"{'b' * 20}.png", f"{'c' * 20}.jpg", "..%2fmailer.db"):
            assert (await browser.get(f"/media/{wrong}")).status_code == 404


async def test_the_map_names_what_is_open_and_robots_the_map(shop: Shop) -> None:
    """No page with a token can be in it; what is for one reader is not to be asked."""
    await shop.send()
    root = parsed(await shop.get("/sitemap.xml"))
    places = [
        loc.text
        for loc in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")
    ]
    assert places == [
        f"{URL}/",
        f"{URL}/archive/le-meridien",
        f"{URL}/archive/pixel",
        URL + PAGE,
    ]
    robots = (await shop.get("/robots.txt")).text
    assert f"Sitemap: {URL}/sitemap.xml" in robots
    assert "Disallow: /private/\n" in robots
    assert "/open/" not in robots
    for path in ("/favicon.svg", "/favicon.ico"):
        icon = await shop.get(path)
        assert icon.headers["content-type"] == "image/svg+xml"
        assert parsed(icon).tag.endswith("svg")


async def test_a_publication_may_keep_out_of_search_engines(store: Store) -> None:
    """Every page says so, and the map has none of it."""
    quiet = replace(PAPER, indexed=False)
    desk = ArchiveDesk(
        archive=SqlArchive(store),
        keyring=KEYS,
        clock=FakeClock(),
        publications={quiet.id: quiet},
    )
    pages = pages_of(quiet)
    routers = [
        feeds.router(desk, pages),
        archive.router(desk, pages),
        signposts.router(desk, pages),
    ]
    rows = [Row(line=1, email="a@x.example")]
    await SqlReaders(store).admit(
        rows, publication=quiet.id, source="x", now=FakeClock().now()
    )
    await SqlLedger(store).open_run(whole(), now=FakeClock().now())
    async with visiting(routers, pages) as browser:
        for path in (PAGE, "/archive/le-meridien"):
            assert 'name="robots" content="noindex"' in (await browser.get(path)).text
        assert "/archive" not in (await browser.get("/sitemap.xml")).text
        assert (await browser.get("/archive")).headers[
            "location"
        ] == "/archive/le-meridien"
        assert (await browser.get("/feed.atom")).status_code == 200
