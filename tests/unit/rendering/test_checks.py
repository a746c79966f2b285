"""Each rule: one poor edition that it names, and the good one that it does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from mailer.edition.blocks import (
    Only,
)
from mailer.errors import Finding, Severity
from mailer.rendering.checks.check import check
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.model import Frozen, Rendering
from mailer.rendering.render import freeze
from tests.fakes import specimen

TODAY = dt.date(2026, 3, 10)


def found(frozen: Frozen) -> tuple[Finding, ...]:
    return check(Inspection(frozen=frozen, today=TODAY))


@pytest.fixture(scope="module")
def frozen() -> Frozen:
    return freeze(specimen.edition(), specimen.scene())


def test_what_the_themes_make_is_clean(frozen: Frozen) -> None:
    """Our own renderings have nothing that blocks."""
    findings = found(frozen)
    assert [f for f in findings if f.severity is Severity.ERROR] == []


def spoiled(
    frozen: Frozen, spoil: Callable[[Rendering], Rendering]
) -> set[tuple[str, Severity]]:
    renderings = tuple(spoil(rendering) for rendering in frozen.renderings)
    changed = replace(frozen, renderings=renderings)
    return {(f.rule, f.severity) for f in found(changed)}


SPOILS: list[tuple[str, Callable[[Rendering], Rendering]]] = [
    ("html-too-big", lambda r: replace(r, html=r.html + "x" * 104_448)),
    ("html-too-big", lambda r: replace(r, html=r.html + "é" * 20_000)),
    ("html-near", lambda r: replace(r, html=r.html + "x" * (86_000 - len(r.html)))),
    ("unsubscribe-missing", lambda r: replace(r, text="rien")),
    ("unsubscribe-missing", lambda r: replace(r, html="<p>rien</p>")),
    ("text-part-missing", lambda r: replace(r, text=" \n")),
    ("placeholder-left", lambda r: replace(r, html=r.html + "{{ nom }}")),
    ("encoding-c1", lambda r: replace(r, html=r.html + "\x85")),
    ("style-16k", lambda r: replace(r, html=f"<style>{'a' * 17_000}</style>{r.html}")),
    (
        "style-nested-at",
        lambda r: replace(
            r, html="<style>@media x{a{b:c}@media y{d{e:f}}}</style>" + r.html
        ),
    ),
    (
        "image-heavy",
        lambda r: replace(
            r, pictures=tuple(replace(p, content=b"x" * 300_000) for p in r.pictures)
        ),
    ),
]


@pytest.mark.parametrize(
    ("rule", "spoil"), SPOILS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_spoiled_rendering_is_named(
    frozen: Frozen, rule: str, spoil: Callable[[Rendering], Rendering]
) -> None:
    """Too long, no way out, left-overs, sheets that clients drop: each is found."""
    assert rule in {name for name, _ in spoiled(frozen, spoil)}


def test_a_variant_without_a_word_is_named() -> None:
    """Nobody is sent a masthead and a footer."""
    hidden = Only(
        at=specimen.at(1), audience="member", blocks=(specimen.paragraph("x"),)
    )
    edition = specimen.edition(preface=(hidden,), sections=())
    frozen = freeze(edition, specimen.scene())
    said = [f.message for f in found(frozen) if f.rule == "variant-empty"]
    assert said == ["free: nothing is left to read", "web: nothing is left to read"]


def test_many_light_pictures_are_heavy_together(frozen: Frozen) -> None:
    """No single picture need be too heavy for a mail to be."""
    one = frozen.renderings[0].pictures[0]
    pictures = tuple(
        replace(one, name=f"{at}.jpg", content=b"x" * 150_000) for at in range(8)
    )
    changed = replace(
        frozen, renderings=(replace(frozen.renderings[0], pictures=pictures),)
    )
    said = [f.message for f in found(changed) if f.rule == "image-heavy"]
    assert said == ["all pictures together: 1,172 KB"]
