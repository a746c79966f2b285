"""A publication and how to parse a body in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mailer.edition.model import Edition, Publication, Variant
from mailer.edition.reading.parse import parse_edition
from mailer.errors import EditionError, Finding

HEAD = "---\ntitle: Les ports\ndate: 2026-03-14\n---\n"
PAPER = Publication(
    id="le-meridien",
    name="Le Méridien",
    sender="Le Méridien <lettre@meridien.example>",
    list_id="le-meridien.meridien.example",
    audiences=(Variant.FREE, Variant.MEMBER),
    flags=("DANS LE SILLAGE", "À L’HORIZON"),
    labels={"À retenir": "takeaway"},
)


def parse(text: str) -> Edition:
    return parse_edition(
        text,
        file="index.md",
        folder="2026-03-14-ports",
        publication=PAPER,
        authors=["claire", "marc"],
        files=["index.md", "port.jpg"],
    )


def said(finding: Finding) -> str:
    """A finding as an editor reads it, but for its column."""
    return str(replace(finding, column=0))


@pytest.fixture
def body() -> Callable[[str], Edition]:
    return lambda text: parse(HEAD + text)


@pytest.fixture
def faults() -> Callable[[str], list[str]]:
    """The findings of a text, as an editor reads them."""

    def find(text: str) -> list[str]:
        with pytest.raises(EditionError) as caught:
            parse(text)
        return [said(finding) for finding in caught.value.findings]

    return find
