"""What is left of a frozen edition that is only to be compared: a few hundred bytes.

Words that stand around it as they are, what readers see as hashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailer.rendering.model import Frozen


@dataclass(frozen=True, slots=True)
class Seal:
    """One variant: what stands in a list, and a hash over all that a reader could see."""

    variant: str
    subject: str
    preheader: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imprint:
    """An edition as ``changes`` looks at it.

    ``around`` is who sends it and where it leads, by name; ``pictures`` the hashes of
    each picture's contents, one for every size, by the newsroom's name.
    """

    sha256: str
    around: Mapping[str, str] = field(default_factory=dict)
    seals: tuple[Seal, ...] = ()
    pictures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def imprint_of(frozen: Frozen) -> Imprint:
    """What *frozen* leaves."""
    pictures: dict[str, set[str]] = {}
    for rendering in frozen.renderings:
        for picture in rendering.pictures:
            digest = hashlib.sha256(picture.content).hexdigest()
            pictures.setdefault(picture.name, set()).add(digest)
    return Imprint(
        sha256=frozen.sha256,
        around=_around(frozen),
        seals=tuple(
            Seal(each.variant, each.subject, each.preheader, each.digest())
            for each in frozen.renderings
        ),
        pictures={name: tuple(sorted(seen)) for name, seen in pictures.items()},
    )


def _around(frozen: Frozen) -> dict[str, str]:
    edition, publication = frozen.edition, frozen.publication
    return {
        "From": edition.sender or publication.sender,
        "Reply-To": edition.reply_to or publication.reply_to,
        "return_path": publication.return_path,
        "list_id": f"{publication.name} <{publication.list_id}>",
        "unsubscribe_to": publication.unsubscribe_to,
        "fallback_name": publication.fallback_name,
        "segment": frozen.segment,
        "archive": edition.archive,
        "slug": edition.slug,
    }
