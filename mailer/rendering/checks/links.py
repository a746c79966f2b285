"""Checks of links, without asking the network."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.edition.blocks import plain
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.finding import warning
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.checks.tree import links_of

_GENERIC = frozenset(
    ["ici", "cliquez ici", "cliquer ici", "lire la suite", "here", "click here", "link"]
)


def check_links(inspection: Inspection) -> Iterator[Finding]:
    """Findings about where links lead and what they say."""
    for link in links_of((inspection.edition.preface, inspection.edition.sections)):
        if plain(link.children).strip().casefold() in _GENERIC:
            message = say(
                "“{words}” says nothing read alone", words=plain(link.children)
            )
            yield warning("link-generic", link.at, message, say("say what is there"))
