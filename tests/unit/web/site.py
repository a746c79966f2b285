"""A public site over the shipped themes, asked in process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import httpx
from fastapi import APIRouter

from mailer.config.places import shipped
from mailer.edition.model import Publication
from mailer.language import Catalogue
from mailer.rendering.theme import Theme
from mailer.web.public.app import public_app
from mailer.web.public.pages import Pages
from mailer.workspace.catalogue import load_catalogue
from mailer.workspace.themes import load_theme

URL = "https://lettres.example"
MERIDIEN = Publication(
    id="le-meridien",
    name="Le Méridien",
    sender="Le Méridien <lettre@meridien.example>",
    list_id="le-meridien.meridien.example",
    tagline="La semaine des mers",
    schedule="sat 07:00",
)
PIXEL = replace(
    MERIDIEN, id="pixel", name="Pixel & Paprika", theme="pop", schedule="mon,thu 07:30"
)
LETTER = replace(
    MERIDIEN, id="letter", name="The Letter", theme="texte", lang="en", tagline=""
)


@cache
def _theme(name: str) -> Theme:
    return load_theme(name, [shipped("templates")])


@cache
def _catalogue(lang: str) -> Catalogue:
    return load_catalogue(lang, [shipped("templates")])


class Looks:
    """These publications, in the themes that ship."""

    def __init__(self, publications: Sequence[Publication]) -> None:
        self._publications = publications

    def publications(self) -> Sequence[Publication]:
        return self._publications

    def theme(self, publication: Publication) -> Theme:
        return _theme(publication.theme)

    def sentences(self, lang: str) -> Catalogue:
        return _catalogue(lang)


def pages_of(*publications: Publication, public_url: str | None = URL) -> Pages:
    """Pages for *publications*, Le Méridien if none is named."""
    looks = Looks(publications or (MERIDIEN,))
    return Pages(looks, folders=[shipped("templates")], public_url=public_url)


def visiting(
    routers: Sequence[APIRouter],
    pages: Pages,
    *,
    proxies: Sequence[str] = (),
    client: str = "192.0.2.7",
) -> httpx.AsyncClient:
    """A browser at *client* before the site made of *routers*."""
    app = public_app(routers, pages, proxies=proxies)
    transport = httpx.ASGITransport(
        app=app, raise_app_exceptions=False, client=(client, 50000)
    )
    return httpx.AsyncClient(transport=transport, base_url=URL)
