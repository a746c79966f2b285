"""Each rule: one poor edition that it names, and the good one that it does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from mailer.edition.blocks import (
    Block,
    Box,
    Link,
    Only,
    Paragraph,
    Sponsor,
    Text,
)
from mailer.edition.model import Edition, Section
from mailer.errors import Finding, Severity
from mailer.rendering.checks.check import check
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.model import Frozen, Rendering
from mailer.rendering.render import freeze
from tests.fakes import specimen

TODAY = dt.date(2026, 3, 10)


def written(*blocks: Block, **changed: object) -> Edition:
    section = Section(
        at=specimen.at(1), title=specimen.words("T"), id="t", blocks=blocks
    )
    return specimen.edition(**{"preface": (), "sections": (section,), **changed})


def found(frozen: Frozen) -> tuple[Finding, ...]:
    return check(Inspection(frozen=frozen, today=TODAY))


def rules(edition: Edition) -> set[str]:
    """What is said about *edition* as written, nothing rendered."""
    bare = Frozen(edition=edition, publication=specimen.publication(), renderings=())
    return {finding.rule for finding in found(bare)}


def offer(until: dt.date) -> Sponsor:
    return Sponsor(at=specimen.at(9), by="X", until=until)


def linked(words: str) -> Paragraph:
    link = Link("https://x.example", specimen.words(words), specimen.at(5))
    return Paragraph(at=specimen.at(5), content=(Text("Lire "), link))


GOOD = written(
    specimen.paragraph("Samedi 14 mars, et mardi 17 mars 2026."),
    specimen.paragraph("Saturday, March 14, or Monday March 16th, 2026."),
    linked("le rapport"),
    offer(dt.date(2026, 3, 31)),
)

LATE = specimen.words("Lundi 14 mars, à midi.")
SECTION = written(specimen.paragraph("x")).sections[0]

POOR = [
    ("date-past", written(date=dt.date(2026, 3, 1))),
    ("preheader-missing", written(subtitle="", summary=())),
    ("edition-empty", specimen.edition(preface=(), sections=())),
    ("section-empty", written()),
    ("date-weekday", written(specimen.paragraph("Lundi 14 mars, à midi."))),
    ("date-weekday", written(specimen.paragraph("Friday 14 March 2026."))),
    ("date-weekday", written(specimen.paragraph("Vendredi 30 février."))),
    ("date-weekday", written(specimen.paragraph("On Friday, March 14th, 2026."))),
    ("date-weekday", written(subtitle="Lundi 14 mars, à midi.")),
    ("date-weekday", written(summary=("Lundi 14 mars",))),
    (
        "date-weekday",
        specimen.edition(sections=(replace(SECTION, title=LATE, standfirst=LATE),)),
    ),
    ("placeholder-left", written(specimen.paragraph("TODO: la suite"))),
    ("placeholder-left", written(title="Lorem ipsum dolor")),
    (
        "placeholder-left",
        written(Box(at=specimen.at(1), name="note", title=specimen.words("XXX"))),
    ),
    ("sponsor-expired", written(offer(dt.date(2026, 3, 13)))),
    ("sponsor-ends-soon", written(offer(dt.date(2026, 3, 15)))),
    ("subject-long", written(subject="x" * 61)),
    ("link-generic", written(linked("cliquez ici"))),
]


def test_a_good_edition_has_nothing_to_mend() -> None:
    """No rule speaks where nothing is wrong."""
    assert rules(GOOD) == set()


@pytest.mark.parametrize(("rule", "edition"), POOR)
def test_a_poor_edition_is_named(rule: str, edition: Edition) -> None:
    """The rule that is meant speaks."""
    assert rule in rules(edition)


def test_two_sections_of_one_name_are_mentioned() -> None:
    """Readers and links tell sections apart by their titles."""
    (one,) = written(specimen.paragraph("x")).sections
    edition = specimen.edition(preface=(), sections=(one, replace(one, id="t-2")))
    assert "heading-repeat" in rules(edition)


def test_a_weekday_is_judged_in_the_nearest_year() -> None:
    """A date without a year belongs to the year that brings it nearest."""
    edition = written(
        specimen.paragraph("Vendredi 1er janvier."), date=dt.date(2026, 12, 26)
    )
    assert "date-weekday" not in rules(edition)


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
    frozen = freeze(written(hidden), specimen.scene())
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
