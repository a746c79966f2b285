"""The links of one variant: what all its readers share of them, and whose token ends each.

A link is constant text and then, where it is one reader's own, that reader's token. So a
message is compiled with everything but the tokens in place, and a link is checked once
instead of once per reader: a token is letters, digits, ``-`` and ``_``, which break out of
nothing (``audience.token``).
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from urllib.parse import quote

from mailer.audience.token import Purpose
from mailer.delivery.header import LINK, LONGEST_LINK
from mailer.delivery.mailbox import read_mailbox
from mailer.delivery.trail import MEASURED, Trail
from mailer.edition.model import Edition, Publication, Variant
from mailer.errors import InputError
from mailer.phrases import say
from mailer.rendering.personalise import hole, pieces

TOKENS = {
    f"{purpose}_token": purpose
    for purpose in (
        Purpose.UNSUBSCRIBE,
        Purpose.PREFERENCES,
        Purpose.WEB,
        Purpose.VOTE,
    )
}
"""The placeholders of a compiled message that a reader's own token fills."""

FILLED = frozenset({*TOKENS, MEASURED})
"""All that a token fills."""

_LONGEST_TOKEN = 150
"""One that names a publication, of at most 63 letters, has fewer."""


@dataclass(frozen=True, slots=True)
class Link:
    """``stem``, and then the reader's token for ``purpose``, if it has one."""

    stem: str = ""
    purpose: Purpose | None = None

    @property
    def written(self) -> str:
        """The link with a placeholder for the token; empty if there is no link."""
        return self.stem + (hole(f"{self.purpose}_token") if self.purpose else "")

    def of(self, token: str) -> str:
        """The link of a reader whose token for its purpose is *token*."""
        return self.stem + (token if self.purpose else "")


_NOWHERE = Link()


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Every link of a message; InputError if one could break out of its place.

    A link that does not exist is empty. ``one_click`` takes the POST of RFC 8058 and is
    https, or empty. ``trail`` is for those who agreed to be measured.
    """

    web: Link = _NOWHERE
    unsubscribe: Link = _NOWHERE
    one_click: Link = _NOWHERE
    mailto: Link = _NOWHERE
    preferences: Link = _NOWHERE
    poll: Link = _NOWHERE
    trail: Trail | None = None

    def __post_init__(self) -> None:
        for name in (
            "web",
            "unsubscribe",
            "one_click",
            "mailto",
            "preferences",
            "poll",
        ):
            stem = getattr(self, name).stem
            if not LINK.fullmatch(stem) or len(stem) > LONGEST_LINK - _LONGEST_TOKEN:
                message = say(
                    "{link} cannot stand in a message: {address}",
                    link=name,
                    address=repr(stem),
                )
                raise InputError(message)

    def expand(self, body: str, *, escape: bool) -> str:
        """*body* with its links in place, all but the tokens; ``escape`` for HTML."""
        named = {
            "web_url": self.web,
            "unsubscribe_url": self.unsubscribe,
            "preferences_url": self.preferences,
            "poll_url": self.poll,
        }
        written = []
        for piece, is_hole in pieces(body):
            if not is_hole:
                written.append(piece)
            elif piece in named:
                link = named[piece].written
                written.append(html.escape(link) if escape else link)
            else:
                written.append(hole(piece))
        whole = "".join(written)
        return self.trail.laid(whole) if self.trail and escape else whole

    @property
    def way_out(self) -> str:
        """The fields of the list's way out, the token a placeholder; or nothing.

        Never folded inside ``<>``, never encoded (RFC 2369).
        """
        ways = [way.written for way in (self.one_click, self.mailto) if way.stem]
        if not ways:
            return ""
        listed = ",\r\n ".join(f"<{way}>" for way in ways)
        # RFC 8058 section 3.1: only beside an https address that takes the POST.
        post = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        return f"List-Unsubscribe: {listed}\r\n{post if self.one_click.stem else ''}"


def links_of(
    publication: Publication,
    edition: Edition,
    variant: Variant,
    *,
    public_url: str | None,
    trail: Trail | None = None,
) -> Links:
    """The links in what the readers of *variant* get.

    Without a *public_url* nothing is hosted: one leaves by mail, the other links are
    empty.
    """
    sender = read_mailbox(edition.sender or publication.sender, what="the sender")
    leave_to = publication.unsubscribe_to or f"unsubscribe@{sender.domain}"
    mailto = Link(
        f"mailto:{quote(leave_to, safe='@+')}?subject=unsubscribe%20",
        Purpose.UNSUBSCRIBE,
    )
    if public_url is None:
        return Links(unsubscribe=mailto, mailto=mailto)
    base = public_url.rstrip("/")
    place = f"{publication.id}/{quote(edition.slug)}"
    page = f"{base}/archive/{place}"
    leave = Link(f"{base}/unsubscribe/", Purpose.UNSUBSCRIBE)
    return Links(
        web=Link(f"{page}?m=", Purpose.WEB)
        if variant is Variant.MEMBER
        else Link(page),
        unsubscribe=leave,
        one_click=leave if base.startswith("https://") else _NOWHERE,
        mailto=mailto,
        preferences=Link(f"{base}/preferences/", Purpose.PREFERENCES),
        poll=Link(f"{base}/poll/{place}/", Purpose.VOTE),
        trail=trail,
    )
