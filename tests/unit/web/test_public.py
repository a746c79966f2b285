"""The public site's frame: looks, languages, errors, and what guards every answer."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

import pytest
from fastapi import APIRouter, Form, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from mailer.audience.token import Keyring
from mailer.errors import StoreError, TokenError
from mailer.flows.readers.joining import Asked, Asking, JoiningDesk, SignupLimits
from mailer.phrases import say
from mailer.web.public import joining
from mailer.web.public.guard import BODY_BYTES
from mailer.web.public.pages import Pages
from tests.fakes.clock import FakeClock
from tests.unit.web.site import LETTER, MERIDIEN, PIXEL, pages_of, visiting


class Nobody:
    """The Joining port where nobody comes."""

    async def ask(self, asking: Asking, **_: object) -> bool:
        raise AssertionError

    async def asked(self, *_: object, **__: object) -> Asked | None:
        raise AssertionError

    async def confirm(self, *_: object, **__: object) -> Asked | None:
        raise AssertionError


def desk_of(pages: Pages) -> JoiningDesk:
    return JoiningDesk(
        joining=Nobody(),
        clock=FakeClock(),
        keyring=Keyring([b"0123456789abcdef"]),
        limits=SignupLimits(),
        lasts=timedelta(days=7),
        is_open=True,
        fill_time=timedelta(seconds=3),
        work=0,
        sentences=pages.sentences,
    )


def probes() -> APIRouter:
    """Pages that fail in every way, and one that says what it got."""
    routes = APIRouter()

    @routes.get("/token")
    async def token() -> Response:
        message = "forged"
        raise TokenError(message)

    @routes.get("/store")
    async def store() -> Response:
        raise StoreError(say("the disk is full"))

    @routes.get("/broken/{token}")
    async def broken(token: str) -> Response:
        raise KeyError(token)

    @routes.get("/who")
    async def who(request: Request) -> Response:
        host = request.client.host if request.client else ""
        return PlainTextResponse(host)

    @routes.post("/form")
    async def form(email: Annotated[str, Form()]) -> Response:
        return JSONResponse({"email": email})

    return routes


async def test_each_publication_has_its_page_in_its_look_and_language() -> None:
    """And the site's own page lists them all."""
    pages = pages_of(MERIDIEN, PIXEL, LETTER)
    async with visiting([joining.router(desk_of(pages), pages)], pages) as browser:
        home = (await browser.get("/")).text
        french = (await browser.get("/p/pixel")).text
        english = (await browser.get("/p/letter")).text
        asked = (await browser.get("/p/letter?lang=fr")).text
        sheets = [
            (await browser.get(re.search(r"/style/[^\"]+", page)[0])).text  # type: ignore[index]  # it is there, or the test fails
            for page in (french, english)
        ]
    assert all(f"/p/{each}" in home for each in ("le-meridien", "pixel", "letter"))
    assert "Chaque samedi" in home
    assert '<html lang="fr">' in french
    assert 'Pixel <span class="amp">&amp;</span> Paprika' in french
    assert '<html lang="en">' in english
    assert "Every Saturday" in english
    assert '<html lang="fr">' in asked
    assert "#3b1a78" in sheets[0]
    assert "#3b1a78" not in sheets[1]


async def test_the_only_publication_is_the_home_page() -> None:
    """Nobody chooses from one."""
    pages = pages_of()
    async with visiting([joining.router(desk_of(pages), pages)], pages) as browser:
        assert (await browser.get("/")).text == (
            await browser.get("/p/le-meridien")
        ).text
        assert (await browser.get("/p/other")).status_code == 404


async def test_a_style_sheet_is_kept_under_the_name_of_its_content() -> None:
    """Under any other name it is asked for again."""
    pages = pages_of()
    sheet = pages.sheet("le-meridien")
    assert sheet is not None
    async with visiting([], pages) as browser:
        named = await browser.get(f"/style/le-meridien.css?v={sheet.mark}")
        other = await browser.get("/style/le-meridien.css?v=0")
        missing = await browser.get("/style/other.css")
    assert "immutable" in named.headers["cache-control"]
    assert other.headers["cache-control"] == "no-cache"
    assert named.text == other.text == sheet.text
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere", 404, "Il n’y a rien ici"),
        ("/form", 405, "Cela ne se fait pas ici"),
        ("/token", 404, "Ce lien ne mène nulle part"),
        ("/store", 503, "De retour dans un instant"),
        ("/broken/secret", 500, "Quelque chose s’est cassé"),
        ("/nowhere?lang=en", 404, "There is nothing here"),
    ],
)
async def test_an_error_is_a_page_too(path: str, status: int, words: str) -> None:
    """It says the way out, and nothing about us or the link."""
    pages = pages_of()
    async with visiting([probes()], pages) as browser:
        answer = await browser.get(path)
    assert answer.status_code == status
    assert words in answer.text
    assert "disk" not in answer.text
    assert "secret" not in answer.text


async def test_every_answer_says_what_a_browser_may_do_with_it() -> None:
    """No script, no foreign frame, no address handed on, no copy kept, no cookie."""
    pages = pages_of()
    async with visiting(
        [joining.router(desk_of(pages), pages), probes()], pages
    ) as browser:
        answers = [await browser.get(path) for path in ("/", "/nowhere", "/broken/x")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" in answer.headers
        assert "set-cookie" not in answer.headers
        assert "<script" not in answer.text
        assert "style=" not in answer.text


async def test_head_is_get_without_its_body() -> None:
    """Link checkers ask that way; they find every page that is there."""
    pages = pages_of()
    async with visiting([joining.router(desk_of(pages), pages)], pages) as browser:
        head, got = await browser.head("/"), await browser.get("/")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


async def test_a_form_is_small() -> None:
    """64 KB are read at most, whether the length was announced or not."""
    pages = pages_of()
    big = b"email=" + b"x" * BODY_BYTES
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    async def dripping() -> object:
        for start in range(0, len(big), 4096):
            yield big[start : start + 4096]

    async with visiting([probes()], pages) as browser:
        told = await browser.post("/form", content=big, headers=kind)
        silent = await browser.post("/form", content=dripping(), headers=kind)  # type: ignore[arg-type]  # httpx takes any async iterator
        small = await browser.post("/form", data={"email": "a@b.example"})
        empty = await browser.post("/form")
    assert (told.status_code, silent.status_code) == (413, 413)
    assert "C’est trop" in silent.text
    assert small.json() == {"email": "a@b.example"}
    assert empty.status_code == 400


@pytest.mark.parametrize(
    ("client", "visitor"), [("10.0.0.1", "203.0.113.9"), ("192.0.2.7", "192.0.2.7")]
)
async def test_only_a_known_proxy_says_who_the_visitor_is(
    client: str, visitor: str
) -> None:
    """Anybody can write X-Forwarded-For; the last hop that is not ours is the visitor."""
    pages = pages_of()
    headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9, 10.0.0.2"}
    async with visiting(
        [probes()], pages, proxies=["10.0.0.0/8"], client=client
    ) as browser:
        answer = await browser.get("/who", headers=headers)
    assert answer.text == visitor


def test_a_page_below_a_path_leads_to_pages_below_it() -> None:
    """`public_url` may be a part of a bigger site."""
    pages = pages_of(public_url="https://example.org/lettres")
    text = bytes(
        pages.html("error.html.j2", error=404, title="", lead="").body
    ).decode()
    assert 'href="/lettres/"' in text
    assert 'href="/lettres/style/le-meridien.css' in text
