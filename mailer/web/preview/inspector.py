"""What stands beside a mail: its row in an inbox, what it weighs, who can show it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.edition.blocks import Source
from mailer.edition.model import Variant
from mailer.edition.outline import Entry
from mailer.flows.editing.assemble import Inspected
from mailer.flows.editing.previewing import Letter, Looked, Studio
from mailer.phrases import Phrase, kilobytes, say, say_many
from mailer.rendering.checks.compatibility import Compatibility, compatibility
from mailer.rendering.checks.output import html_bytes
from mailer.rendering.theme import CONTRAST, faint
from mailer.web.preview.contents import outline_of

_HEAVIEST = 5
_PREHEADER = re.compile(r"<div\b[^>]*display:\s*none[^>]*>(.*?)</div>", re.DOTALL)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_CLIENTS = {
    "apple-mail": "Apple Mail",
    "free-fr": "Free",
    "gmail": "Gmail",
    "gmx": "GMX",
    "laposte": "La Poste",
    "orange": "Orange",
    "outlook": "Outlook",
    "protonmail": "Proton Mail",
    "samsung-email": "Samsung Email",
    "sfr": "SFR",
    "thunderbird": "Thunderbird",
    "yahoo": "Yahoo",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What an inbox shows before anything is opened."""

    sender: str
    subject: str
    preheader: str


@dataclass(frozen=True, slots=True)
class Heavy:
    """A block that weighs: ``entry`` is None for what stands around all of them."""

    at: Source
    size: int
    entry: Entry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Impression:
    """All of it. ``blocks`` are the heaviest, ``frame`` is what no block brings.

    A page, which ``is_mail`` not, has no row, and no mail program shows it.
    ``fine`` is what was looked at and found good; ``readable`` that its colours are,
    which whoever sees it drawn may yet find otherwise.
    """

    row: Row
    weight: int
    is_mail: bool = True
    frame: int = 0
    blocks: tuple[Heavy, ...] = ()
    clients: tuple[tuple[str, Compatibility], ...] = ()
    dated: str = ""
    fine: tuple[Phrase, ...] = ()
    readable: Phrase | None = None


def impression(
    looked: Looked, variant: Variant, letter: Letter | None, studio: Studio
) -> Impression | None:
    """What *letter* makes on whoever looks at it; None where there is nothing."""
    if letter is None:
        return None
    if looked.assembled is None:
        row = Row(
            sender=letter.sender,
            subject=letter.subject,
            preheader=_hidden_words(letter.html),
        )
        return Impression(row=row, weight=len(letter.html.encode()))
    frozen = looked.assembled.frozen
    rendering = frozen.rendering(variant)
    sender = letter.sender or frozen.publication.name
    row = Row(
        sender=sender,
        subject=letter.subject or rendering.subject,
        preheader=rendering.preheader,
    )
    frame, blocks = _weights(looked, variant, studio)
    around = looked.assembled.inspection.surroundings
    clients = (
        compatibility(
            rendering.html,
            around.support,
            around.limits.clients,
            theme=frozen.publication.theme,
        )
        if variant.is_mail
        else ()
    )
    return Impression(
        row=row,
        weight=html_bytes(rendering),
        is_mail=variant.is_mail,
        frame=frame,
        blocks=blocks,
        clients=tuple((_CLIENTS.get(c.client, c.client), c) for c in clients),
        dated=around.support.dated,
        fine=tuple(_fine(looked, letter, variant)),
        readable=_readable(looked.assembled),
    )


def _weights(
    looked: Looked, variant: Variant, studio: Studio
) -> tuple[int, tuple[Heavy, ...]]:
    """The frame's weight, and the heaviest blocks."""
    weights = studio.weights(looked.name, variant) if variant.is_mail else ()
    if not weights:
        return 0, ()
    outermost: dict[str, Entry] = {}
    top: Entry | None = None
    for entry in outline_of(looked):  # what stands in a box weighs with the box
        top = entry if top is None or entry.depth <= 1 else top
        outermost.setdefault(str(entry.at), top)
    sizes: dict[Source, int] = {}
    told: dict[Source, Entry] = {}
    for each in weights[1:]:
        found = outermost.get(str(each.at))
        at = found.at if found else each.at
        sizes[at] = sizes.get(at, 0) + each.size
        if found:
            told[at] = found
    heavy = sorted(sizes.items(), key=lambda each: each[1], reverse=True)
    shown = [Heavy(at, size, told.get(at)) for at, size in heavy[:_HEAVIEST]]
    return weights[0].size, tuple(shown)


def _readable(assembled: Inspected) -> Phrase | None:
    """That every colour of the edition stands out, in light and in dark, if it does."""
    ours = assembled.scene.publication.tokens
    theme = assembled.scene.theme.recoloured(ours, file="config/mailer.toml")
    tokens = assembled.edition.tokens
    if any(faint(theme.recoloured(tokens, file=assembled.edition.at.file))):
        return None
    return say(
        "Text has a contrast of {ratio} at least, light and dark", ratio=CONTRAST
    )


def _fine(looked: Looked, letter: Letter, variant: Variant) -> Sequence[Phrase]:
    """What nobody has to look at any more."""
    assembled = looked.assembled
    if assembled is None:
        return []
    rules = {finding.rule for finding in (*looked.faults, *assembled.findings)}
    rendering = assembled.frozen.rendering(variant)
    links = len(re.findall(r'<a\b[^>]*\bhref="', letter.html))
    shown = len(_IMAGE.findall(letter.html))
    found = []
    if links and not any(rule.startswith("link-") for rule in rules):
        found.append(
            say_many(
                "{count} link, with words that say where it leads",
                "{count} links, with words that say where they lead",
                links,
            )
        )
    if shown and not {"image-alt", "alt-generic", "image-missing"} & rules:
        size = kilobytes(sum(len(each.content) for each in rendering.pictures))
        found.append(
            say_many(
                "{count} picture, {size}, described for who does not see it",
                "{count} pictures, {size}, described for who does not see them",
                shown,
                size=size,
            )
        )
    variants = {each.variant for each in assembled.frozen.renderings}
    if {Variant.FREE, Variant.MEMBER} <= variants and "paywall-leak" not in rules:
        found.append(say("No members’ text in the free variant"))
    return found


def _hidden_words(html: str) -> str:
    """The preheader of a letter, which stands in it unseen."""
    found = _PREHEADER.search(html)
    words = (
        re.sub(r"<[^>]+>|&#?\w+;|[\u034f\u200c\u00ad]", " ", found[1]) if found else ""
    )
    return " ".join(words.split())
