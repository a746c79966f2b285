"""A frozen page with what the site puts around it: never a byte of it is changed.

What was approved has no neighbours yet, no form and no reader. Those are put between
its pieces when it is asked for: in its head, before its text, after it, in its foot.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from mailer.web.public.guard import POLICY

_MAIN = re.compile(r"<main[^>]*>")
_INVITATION = re.compile(r"<!--subscribe-->.*?<!--/subscribe-->", re.DOTALL)
_SHEET = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_OFFER = re.compile(
    r'<aside class="sponsor[^"]*" data-until="(\d{4}-\d\d-\d\d)">', re.ASCII
)
_STYLE = re.compile(r"""\sstyle="([^"]*)\"""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the site says around a frozen page, as HTML.

    ``end`` takes the place of the theme's own invitation to subscribe; ``over`` stands
    in advertisements whose last day has passed.
    """

    head: str
    top: str
    end: str
    foot: str
    over: str = ""


@dataclass(frozen=True, slots=True)
class Framed:
    """A frozen page in the five pieces between which the site speaks, and its policy."""

    pieces: tuple[str, str, str, str, str]
    policy: str

    def around(self, said: Around, *, today: date) -> str:
        """The page as it is shown on the day *today*."""
        head, top, text, end, foot = self.pieces

        def told(found: re.Match[str]) -> str:
            has_ended = date.fromisoformat(found[1]) < today
            return found[0] + said.over if has_ended else found[0]

        text = _OFFER.sub(told, text)
        parts = (head, said.head, top, said.top, text, said.end, end, said.foot, foot)
        return "".join(parts)


@lru_cache(maxsize=64)
def framed(page: str, *, pictures: str = "") -> Framed:
    """*page*, cut where the site may speak; a theme that leaves a mark out gets it near.

    *pictures* is where else than here its pictures are, if they are.
    """
    end = len(page)
    head = _at(page, "</head>", 0)
    found = _MAIN.search(page, head)
    top = found.end() if found else head
    foot = page.rfind("</footer>", top)
    foot = foot if foot >= 0 else _at(page, "</body>", end)
    invitation = _INVITATION.search(page, top, foot)
    if invitation is None:
        closing = _at(page, "</main>", foot)
        after = before = min(closing, foot)
    else:
        before, after = invitation.span()
    pieces = (
        page[:head],
        page[head:top],
        page[top:before],
        page[after:foot],
        page[foot:],
    )
    return Framed(pieces, _policy(page, pictures))


def _at(page: str, mark: str, otherwise: int) -> int:
    found = page.find(mark)
    return found if found >= 0 else otherwise


def _policy(page: str, pictures: str) -> str:
    """The site's policy, with the page's own styles by their hash, and no others."""
    sheets = _SHEET.findall(page)
    styles = [html.unescape(style) for style in _STYLE.findall(page)]
    hashes = [_hash(text) for text in dict.fromkeys(sheets + styles)]
    own = " ".join(
        ["style-src 'self'", *(["'unsafe-hashes'"] if styles else []), *hashes]
    )
    policy = POLICY.replace("style-src 'self'", own)
    return policy.replace("img-src 'self'", f"img-src 'self' {pictures}".rstrip())


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
