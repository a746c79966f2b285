"""What an edition brings to its theme: colours of its own, features that some lack.

A good theme uses a hundred things that somebody lacks, each with its fallback: that is
its baseline. Only what an edition or an override adds is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailer.edition.finding import warning
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.checks.support import features_of
from mailer.rendering.theme import faint


def check_additions(inspection: Inspection) -> Iterator[Finding]:
    """Findings about colours and features that an edition brings to its theme."""
    yield from _check_colors(inspection)
    yield from _check_features(inspection)


def _check_colors(inspection: Inspection) -> Iterator[Finding]:
    """An edition's own colours must be readable, in light and in dark."""
    edition = inspection.edition
    if inspection.theme is None or not edition.tokens:
        return
    at, column = inspection.key("theme")
    ours = inspection.publication.tokens
    theme = inspection.theme.recoloured(ours, file="config/mailer.toml")
    before = set(faint(theme))
    for each in faint(theme.recoloured(edition.tokens, file=at.file)):
        if each not in before:
            hint = each.hint(edition.tokens)
            yield warning("contrast", at, each.message, hint, column=column)


def _check_features(inspection: Inspection) -> Iterator[Finding]:
    """What an override of templates adds to its theme's baseline."""
    support = inspection.surroundings.support
    known = support.baseline_of(inspection.publication.theme)
    mails = (r for r in inspection.frozen.renderings if r.variant.is_mail)
    used = {name for rendering in mails for name in features_of(rendering.html)}
    for name in sorted(used & support.lacking.keys() - known):
        lacking = support.lacking[name]
        clients = [c for c in inspection.limits.clients if c in lacking]
        if clients:
            message = say(
                "{feature} is new in this theme, and unknown to {clients}",
                feature=support.titles.get(name, name),
                clients=", ".join(_named(c, lacking[c]) for c in clients),
            )
            yield warning("caniemail-new", inspection.at, message)


def _named(client: str, places: tuple[str, ...]) -> str:
    return f"{client} ({', '.join(places)})"
