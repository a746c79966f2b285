"""The segment that an edition's head names, spelt out: a name may mean else tomorrow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from mailer.audience.expression import read_segment
from mailer.edition.blocks import Source
from mailer.edition.finding import error
from mailer.edition.model import Edition
from mailer.errors import EditionError, InputError
from mailer.phrases import say


def spelt_out(
    edition: Edition, named: Mapping[str, str], publications: Collection[str]
) -> Edition:
    """*edition* with its segment in one spelling; EditionError at its line."""
    if not edition.segment:
        return edition
    try:
        rule = read_segment(edition.segment, named=named, publications=publications)
    except InputError as fault:
        message = say("{key}: {error}", key="segment", error=fault.message)
        finding = error("meta-value", _place(edition), message, fault.hint)
        raise EditionError((finding,)) from fault
    return replace(edition, segment=str(rule))


def _place(edition: Edition) -> Source:
    """The line of its head where the segment stands."""
    lines = edition.sources.get(edition.at.file, "").split("\n")
    keys = (n for n, line in enumerate(lines, 1) if line.startswith("segment:"))
    return Source(edition.at.file, next(keys, 1))
