"""Lanes: recipient domains that belong to one provider, and so share one pace.

A provider judges us as a whole, whatever the relay and whichever of its domains the
reader has. A domain that stands in no lane is a lane of its own, named by the domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SHIPPED: Mapping[str, tuple[str, ...]] = {
    "orange": ("orange.fr", "wanadoo.fr", "voila.fr"),
    "free": (
        "free.fr",
        "freesbee.fr",
        "libertysurf.fr",
        "worldonline.fr",
        "aliceadsl.fr",
    ),
    "sfr": (
        "sfr.fr",
        "neuf.fr",
        "cegetel.net",
        "club-internet.fr",
        "numericable.fr",
        "numericable.com",
        "noos.fr",
        "9online.fr",
        "9business.fr",
        "guideo.fr",
        "mageos.com",
        "evc.net",
        "modulonet.fr",
    ),
    "laposte": ("laposte.net",),
    "gmail": ("gmail.com", "googlemail.com"),
    "microsoft": (
        "outlook.com",
        "outlook.fr",
        "hotmail.com",
        "hotmail.fr",
        "live.com",
        "live.fr",
        "msn.com",
        "windowslive.com",
        "hotmail.be",
        "hotmail.ch",
        "hotmail.co.uk",
        "hotmail.de",
        "hotmail.es",
        "hotmail.it",
        "live.be",
        "live.ca",
        "live.co.uk",
        "outlook.be",
        "outlook.de",
        "outlook.es",
        "outlook.it",
    ),
    "yahoo": (
        "yahoo.com",
        "yahoo.fr",
        "ymail.com",
        "rocketmail.com",
        "aol.com",
        "aol.fr",
        "yahoo.ca",
        "yahoo.co.uk",
        "yahoo.de",
        "yahoo.es",
        "yahoo.it",
        "aol.co.uk",
        "aim.com",
        "netscape.net",
    ),
}
"""The providers most French readers have. No rate: they say when it is too fast."""


def lanes_by_domain(lanes: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Every domain with its lane."""
    return {domain: name for name, domains in lanes.items() for domain in domains}
