"""How tests ask the checks about a body of Markdown."""

from __future__ import annotations

import datetime as dt

from mailer.config.places import shipped
from mailer.edition.model import Edition, Publication, Variant
from mailer.edition.reading.parse import parse_edition
from mailer.errors import Finding
from mailer.rendering.checks.check import check
from mailer.rendering.checks.inspection import Inspection, Surroundings
from mailer.rendering.model import Frozen
from mailer.workspace.lexicon import load_lexicon

PAPER = Publication(
    id="le-meridien",
    name="Le Méridien",
    sender="Le Méridien <lettre@meridien.example>",
    list_id="le-meridien.meridien.example",
    audiences=(Variant.FREE, Variant.MEMBER),
    schedule="sat 07:00",
    flags=("DANS LE SILLAGE", "À L’HORIZON"),
    labels={"À retenir": "takeaway"},
)
LEXICON = load_lexicon([shipped("templates")])
HEAD = "---\ntitle: Les ports\nsubtitle: Deux rivaux\ndate: 2026-03-14\nlang: {}\n---\n"
HEAD_LINES = HEAD.count("\n")


def read(text: str) -> Edition:
    """The edition that *text* says."""
    return parse_edition(
        text,
        file="index.md",
        folder="2026-03-14-ports",
        publication=PAPER,
        authors=["claire", "marc", "samia"],
        files=[
            "port.jpg",
            "tour.jpg",
            "camembert.jpg",
            "velo.jpg",
            "pates.jpg",
            "marche.jpg",
        ],
    )


def checked(body: str, *, lang: str = "fr") -> list[Finding]:
    """What is said about *body*, nothing rendered."""
    edition = read(body if body.startswith("---\n") else HEAD.format(lang) + body)
    inspection = Inspection(
        frozen=Frozen(edition=edition, publication=PAPER, renderings=()),
        today=dt.date(2026, 3, 10),
        surroundings=Surroundings(lexicon=LEXICON),
    )
    return list(check(inspection))
