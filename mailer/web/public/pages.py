"""Pages as readers get them: in the publication's look and language, without a script.

Every template of ``templates/pages/public`` sees ``publication`` (None where the page is
the whole site's), ``look`` (its theme), ``name`` (of publication or site), ``lang``,
``others`` (the languages the page could speak as well), ``link(path)`` (an address of
ours, in the page's language), ``style`` and ``_``. What a handler hands over comes on top.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

import jinja2
from fastapi.requests import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

from mailer.edition.model import Publication
from mailer.language import (
    Catalogue,
    day_and_month,
    long_date,
    number,
    percent,
    plain_date,
)
from mailer.phrases import NOTHING, Phrase
from mailer.rendering.theme import Theme
from mailer.web.templating import page_templates

LANGUAGES: Mapping[str, str] = {"fr": "Français", "en": "English"}
"""What pages can be read in, each by its own name."""


_NOINDEX = '<meta name="robots" content="noindex">'
_TOKENS = "tokens.css.j2"
"""Of a theme: its colours and fonts by name, for every page of any kind."""


class Looks(Protocol):
    """Where pages have their publications, themes and sentences from."""

    def publications(self) -> Sequence[Publication]:
        """Every publication of the site, at least one."""

    def theme(self, publication: Publication) -> Theme:
        """Its theme in its own colours; ThemeError."""

    def sentences(self, lang: str) -> Catalogue:
        """What we say in that language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A publication's style sheet, and the few letters that change when it does."""

    text: str
    mark: str


class Pages:
    """Makes pages. *folders* hold ``pages/public``, the first that has a file winning.

    *public_url* is where visitors find us; without one, links are those of this host.
    """

    def __init__(
        self, looks: Looks, *, folders: Sequence[Path], public_url: str | None
    ) -> None:
        self._looks = looks
        self._folders = [folder / "pages" / "public" for folder in folders]
        self.public_url = public_url
        parts = urlsplit(public_url or "")
        self._base = parts.path.rstrip("/")
        self._host = parts.hostname or ""
        self._environments: dict[str, jinja2.Environment] = {}
        self._sheets: dict[tuple[str, str], Sheet] = {}

    # -- whose page, in which words ---------------------------------------------

    @property
    def publications(self) -> Sequence[Publication]:
        """Every publication of the site."""
        return self._looks.publications()

    def publication(self, name: str) -> Publication | None:
        """The publication with this id, if there is one."""
        return next((p for p in self.publications if p.id == name), None)

    def only(self) -> Publication | None:
        """The publication whose site this is; None if it is that of several."""
        every = self.publications
        return every[0] if len(every) == 1 else None

    def lang(self, request: Request, publication: Publication | None = None) -> str:
        """The language asked for (``?lang=``), else the publication's own."""
        asked = self.asked(request.query_params.get("lang", ""))
        return asked or self._own(publication)

    def spoken(self, asked: str, publication: Publication | None = None) -> str:
        """The same for a form that carries its language."""
        return self.asked(asked) or self._own(publication)

    def asked(self, lang: str) -> str:
        """*lang* if pages can be read in it, else nothing."""
        return lang if lang in LANGUAGES else ""

    def sentences(self, lang: str) -> Catalogue:
        """What we say in *lang*."""
        return self._looks.sentences(lang)

    def _own(self, publication: Publication | None) -> str:
        return (publication or self.publications[0]).lang

    # -- pages --------------------------------------------------------------------

    def html(
        self,
        template: str,
        *,
        publication: Publication | None = None,
        lang: str = "",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> HTMLResponse:
        """The page *template*; without a *publication*, that of the only one, if it is."""
        text = self.text(template, publication=publication, lang=lang, **values)
        answer = HTMLResponse(text, status_code=status, headers=headers)
        if _NOINDEX in text:  # said to programs that read no HTML, too
            answer.headers["X-Robots-Tag"] = "noindex"
        return answer

    def text(
        self,
        template: str,
        *,
        publication: Publication | None = None,
        lang: str = "",
        **values: object,
    ) -> str:
        """What *template* makes, for a page or for a piece of one."""
        whose = publication or self.only()
        spoken = self.spoken(lang, whose)
        return (
            self._environment(spoken)
            .get_template(template)
            .render(**self._common(whose, spoken), **values)
        )

    def refusal(
        self,
        status: int,
        *,
        publication: Publication | None = None,
        lang: str = "",
        headers: Mapping[str, str] | None = None,
        title: Phrase = NOTHING,
        lead: Phrase = NOTHING,
    ) -> HTMLResponse:
        """A page that says what cannot be had, and the way out."""
        return self.html(
            "error.html.j2",
            publication=publication,
            lang=lang,
            status=status,
            headers=headers,
            error=status,
            title=title,
            lead=lead,
        )

    def stranger(self, *, lang: str = "") -> HTMLResponse:
        """What every token gets that is not ours, forged, cut short, or of no use here.

        Status and words are always the same, so that nothing can be learned by trying.
        """
        return self.html("stranger.html.j2", lang=lang, status=404)

    def sheet(self, name: str, part: str = "public") -> Sheet | None:
        """The style sheet of the publication *name*, for our pages or another *part*."""
        if (name, part) not in self._sheets:
            publication = self.publication(name)
            if publication is None:
                return None
            self._sheets[name, part] = self._styled(publication, f"{part}.css.j2")
        return self._sheets[name, part]

    def link(self, path: str, lang: str = "", own: str = "") -> str:
        """Our page at *path*; it says *lang* where that is not what it speaks anyway."""
        said = f"?lang={lang}" if lang and lang != own else ""
        return f"{self._base}{path}{said}"

    def _common(self, publication: Publication | None, lang: str) -> dict[str, object]:
        face = publication or self.publications[0]
        sheet = self.sheet(face.id)
        assert sheet is not None  # noqa: S101 - a publication has one
        return {
            "publication": publication,
            "publications": self.publications,
            "look": self._looks.theme(face),
            "name": publication.name if publication else self._host or face.name,
            "own": face.lang,
            "lang": lang,
            "others": {k: v for k, v in LANGUAGES.items() if k != lang},
            "style": self.link(f"/style/{quote(face.id)}.css?v={sheet.mark}"),
            "link": lambda path: self.link(path, lang, face.lang),
            "home": self.link(_home(publication, self.only()), lang, face.lang),
            "public_url": self.public_url or "",
        }

    def _environment(self, lang: str) -> jinja2.Environment:
        if lang not in self._environments:
            env = page_templates(self._folders, self.sentences(lang))
            env.filters["ampersand"] = _ampersand
            env.filters["bold"] = _bold
            env.filters["long_date"] = lambda day: long_date(_day(day), lang)
            env.filters["plain_date"] = lambda day: plain_date(_day(day), lang)
            env.filters["day_and_month"] = lambda day: day_and_month(_day(day), lang)
            env.filters["number"] = lambda value: number(value, lang)
            env.filters["percent"] = lambda value: percent(value, lang)
            self._environments[lang] = env
        return self._environments[lang]

    def _styled(self, publication: Publication, template: str) -> Sheet:
        theme = self._looks.theme(publication)
        env = jinja2.Environment(  # noqa: S701 - CSS, of our own files and theme.toml
            loader=jinja2.ChoiceLoader(
                [
                    jinja2.PrefixLoader({"theme": jinja2.DictLoader(theme.templates)}),
                    jinja2.DictLoader({_TOKENS: theme.templates.get(_TOKENS, "")}),
                    jinja2.FileSystemLoader(self._folders),
                ]
            ),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        env.globals.update(theme=theme, font=theme.fonts, size=theme.sizes)
        text = env.get_template(template).render()
        mark = hashlib.sha256(text.encode()).hexdigest()[:12]
        return Sheet(text=text, mark=mark)


def _home(publication: Publication | None, only: Publication | None) -> str:
    if publication is None or only is not None:
        return "/"
    return f"/p/{quote(publication.id)}"


def _day(value: date) -> date:
    return value


def _bold(text: str, *parts: str) -> Markup:
    """*text* with each of *parts* that stands in it set in bold."""
    said = escape(text)
    for part in filter(None, parts):
        said = said.replace(escape(part), Markup("<b>{}</b>").format(part), 1)
    return said


def _ampersand(name: str) -> Markup:
    """*name* with its ``&`` marked: a theme may give it a colour of its own."""
    return Markup('<span class="amp">&amp;</span>').join(
        escape(part) for part in name.split("&")
    )
