"""Checks of what an edition of a publication usually has, and of what was left over."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.edition.blocks import Label, Story, plain
from mailer.edition.finding import warning
from mailer.edition.model import Section
from mailer.edition.reading.recognise import folded
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.inspection import Inspection, Sibling
from mailer.rendering.checks.passages import Kind, passages
from mailer.rendering.words import words_in

_LONG = 15  # words; what is shorter may well be said twice


def check_shape(inspection: Inspection) -> Iterator[Finding]:
    """Findings about what is missing beside other editions, or the same as before."""
    shape = inspection.publication.shape
    sections = inspection.edition.sections
    there = {name for section in sections for name in section.classes}
    for name in shape.require:
        if name not in there:
            message = say("no section is {name} this time", name=f"{{.{name}}}")
            yield warning("shape-section", inspection.at, message)
    for section in sections:
        if "numbered" in section.classes:
            yield from _check_stories(section, shape.story)
    before = [s for s in inspection.surroundings.siblings if s.text]
    for sibling in before[:1]:
        yield from _check_repeats(inspection, sibling)


def _check_stories(section: Section, labels: tuple[str, ...]) -> Iterator[Finding]:
    """Every story of a numbered section has its labels."""
    stories: list[tuple[Story, set[str]]] = []
    for block in section.blocks:
        if isinstance(block, Story):
            stories.append((block, set()))
        elif isinstance(block, Label) and stories:
            stories[-1][1].add(folded(plain(block.name)))
    for story, there in stories:
        for label in labels:
            if folded(label) not in there:
                message = say(
                    "{story} has no “{label}”", story=plain(story.title), label=label
                )
                yield warning("shape-label", story.at, message)


def _check_repeats(inspection: Inspection, before: Sibling) -> Iterator[Finding]:
    """Paragraphs that stood word for word in the edition before."""
    old = {
        tuple(words)
        for passage in passages({"": before.text})
        if len(words := words_in(passage.text)) >= _LONG
    }
    for passage in inspection.passages:
        if passage.kind in {Kind.HEAD, Kind.CELL} or passage.fenced not in {"", "only"}:
            continue  # advertisers and notices repeat what they say
        if tuple(words_in(passage.text)) in old:
            at, column = passage.at(0)
            message = say("word for word as in {edition}", edition=before.name)
            yield warning("repeat-last", at, message, column=column)
