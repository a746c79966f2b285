"""What an edition became since it was approved, in words that somebody can act on.

Two frozen editions are alike if no reader could tell their mails, pages or feeds apart:
an edit that changes no byte of them is none. Where they differ, the texts and the theme
they were made of say where to look.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

from mailer.edition.model import Edition
from mailer.phrases import Phrase, say
from mailer.rendering.imprint import Imprint, Seal, imprint_of
from mailer.rendering.model import Frozen, Scene

_EXCERPT = 60
_KEY = re.compile(r"([a-z_]+):")
_TOLD_APART = {
    "title": "subject",
    "subject": "subject",
    "preheader": "preheader",
    "from": "from",
    "reply_to": "reply_to",
    "archive": "archive",
    "slug": "slug",
    "segment": "segment",
}
"""Keys of the front matter, and the part whose change tells theirs."""
_PARTS = {"From": "from", "Reply-To": "reply_to"}
"""What stands around an edition under another name than that of its part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a rendering was made of: enough to say later what changed.

    ``sources`` are the manuscript and its snippets, text by file; ``theme`` is the name
    of the theme and ``theme_hash`` covers its templates and tokens.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    theme: str = ""
    theme_hash: str = ""
    public_url: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was approved.

    ``part`` is a stable word for programs (``subject``, ``lines``, ``picture``, ...);
    ``place`` a file and line, or empty; ``said`` what happened there.
    """

    part: str
    place: str
    said: Phrase


def basis_of(edition: Edition, scene: Scene) -> Basis:
    """What *edition* is about to be rendered from."""
    made_of = json.dumps(asdict(scene.theme), sort_keys=True, default=str)
    return Basis(
        sources=dict(edition.sources),
        theme=scene.theme.name,
        theme_hash=hashlib.sha256(made_of.encode()).hexdigest(),
        public_url=scene.public_url,
    )


def changes(
    approved: Frozen, before: Basis, current: Frozen, now: Basis
) -> tuple[Change, ...]:
    """What *current* says or does otherwise than *approved*; none if readers see the same.

    *before* and *now* are what the two were made of.
    """
    return changes_since(imprint_of(approved), before, current, now)


def changes_since(
    old: Imprint, before: Basis, current: Frozen, now: Basis
) -> tuple[Change, ...]:
    """As ``changes``, where only an imprint is left of what it was."""
    new = imprint_of(current)
    found = [
        *_envelope(old, new),
        *_web_address(before, now),
        *_heads(old, new),
        *_variants(old, new),
    ]
    if old.sha256 == new.sha256:
        return tuple(found)
    pictures = list(_pictures(old, new))
    lines = list(_lines(before, now, told={change.part for change in found}))
    theme = list(_theme(before, now))
    found += [*lines, *pictures, *theme]
    if not found:
        found += _unexplained(old, new)
    return tuple(found)


def _envelope(old: Imprint, new: Imprint) -> Iterator[Change]:
    """What stands around the renderings: senders, list, and where links lead."""
    for name, said in new.around.items():
        was = old.around.get(name, said)
        if was != said:
            yield Change(_PARTS.get(name, name), name, _turned(was, said))


def _web_address(before: Basis, now: Basis) -> Iterator[Change]:
    if before.public_url != now.public_url:
        turned = _turned(before.public_url or "", now.public_url or "")
        yield Change("public_url", "public_url", turned)


def _heads(old: Imprint, new: Imprint) -> Iterator[Change]:
    """Subject and preheader, each told once, whatever variants they changed in."""
    pairs = list(_pairs(old, new))
    for part in ("subject", "preheader"):
        for before, now in pairs:
            was, becomes = getattr(before, part), getattr(now, part)
            if was != becomes:
                yield Change(part, part, _turned(was, becomes))
                break


def _variants(old: Imprint, new: Imprint) -> Iterator[Change]:
    before = {seal.variant for seal in old.seals}
    now = {seal.variant for seal in new.seals}
    for variant in sorted(now - before):
        yield Change("variant", variant, say("was added"))
    for variant in sorted(before - now):
        yield Change("variant", variant, say("was taken out"))


def _lines(before: Basis, now: Basis, *, told: set[str]) -> Iterator[Change]:
    """Each run of changed lines, at its place in the file as it is now."""
    for file in dict.fromkeys([*before.sources, *now.sources]):
        if file not in now.sources:
            yield Change("lines", file, say("was taken out"))
            continue
        if file not in before.sources:
            yield Change("lines", file, say("was added"))
            continue
        old = before.sources[file].split("\n")
        new = now.sources[file].split("\n")
        # junk heuristics off: a common line is a line like any other
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        for kind, a, b, c, d in matcher.get_opcodes():
            if kind == "equal" or _is_told(old[a:b] + new[c:d], told):
                continue
            place = f"{file}:{c + 1}" if d - c <= 1 else f"{file}:{c + 1}-{d}"
            yield Change("lines", place, _edited(old[a:b], new[c:d]))


def _is_told(lines: list[str], told: set[str]) -> bool:
    """Whether *lines* are nothing but keys of the head whose effect is told already."""
    keys = [key[1] if (key := _KEY.match(line)) else "" for line in lines]
    return all(_TOLD_APART.get(key) in told for key in keys)


def _edited(old: list[str], new: list[str]) -> Phrase:
    was, becomes = _first_words(old), _first_words(new)
    if not becomes:
        return say("taken out: {was}", was=_quoted(was)) if was else say("white space")
    if not was:
        return say("added: {becomes}", becomes=_quoted(becomes))
    return _turned(*_around_the_difference(was, becomes))


def _first_words(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def _around_the_difference(was: str, becomes: str) -> tuple[str, str]:
    """Both texts from shortly before their first difference."""
    same = next(
        (n for n, (a, b) in enumerate(zip(was, becomes, strict=False)) if a != b),
        min(len(was), len(becomes)),
    )
    if same <= _EXCERPT // 2:
        return was, becomes
    start = was.rfind(" ", 0, same - _EXCERPT // 4) + 1
    return f"…{was[start:]}", f"…{becomes[start:]}"


def _pictures(old: Imprint, new: Imprint) -> Iterator[Change]:
    for name in dict.fromkeys([*old.pictures, *new.pictures]):
        if name not in new.pictures:
            yield Change("picture", name, say("was taken out"))
        elif name not in old.pictures:
            yield Change("picture", name, say("was added"))
        elif old.pictures[name] != new.pictures[name]:
            yield Change("picture", name, say("is another picture"))


def _theme(before: Basis, now: Basis) -> Iterator[Change]:
    if before.theme != now.theme:
        yield Change("theme", "theme", _turned(before.theme, now.theme))
    elif before.theme_hash != now.theme_hash:
        said = say("its templates or colours were edited")
        yield Change("theme", say("theme {name}", name=now.theme), said)


def _unexplained(old: Imprint, new: Imprint) -> Iterator[Change]:
    """Renderings that differ although nothing they were made of does."""
    for before, now in _pairs(old, new):
        if before.digest != now.digest:
            said = say(
                "looks otherwise: a colour or a text of the publication, an author, "
                "a past edition, or another version of mailer"
            )
            yield Change("rendering", now.variant, said)


def _pairs(old: Imprint, new: Imprint) -> Iterator[tuple[Seal, Seal]]:
    before = {seal.variant: seal for seal in old.seals}
    for seal in new.seals:
        if seal.variant in before:
            yield before[seal.variant], seal


def _turned(was: str, becomes: str) -> Phrase:
    return say("{was} → {becomes}", was=_quoted(was), becomes=_quoted(becomes))


def _quoted(text: str) -> Phrase:
    if not text:
        return say("nothing")
    short = text if len(text) <= _EXCERPT else f"{text[:_EXCERPT].rstrip()}…"
    return say("“{text}”", text=short)
