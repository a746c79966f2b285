"""How much of what a mail uses each mail program knows, by caniemail's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailer.rendering.checks.support import Support, features_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Compatibility:
    """One mail program beside one mail.

    ``percent`` is the share of its features that the program knows; one that only some
    of its versions know counts in part. ``usual`` are the titles of those it lacks and
    the theme has a way round for, ``added`` those that the edition brings.
    """

    client: str
    percent: int
    usual: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def compatibility(
    html: str, support: Support, clients: Sequence[str], *, theme: str
) -> list[Compatibility]:
    """Each of *clients* beside *html*, which is made in *theme*."""
    used = sorted(features_of(html) & support.titles.keys())
    baseline = support.baseline_of(theme)
    found = []
    for client in clients:
        versions = {
            place for by in support.lacking.values() for place in by.get(client, ())
        }
        lacking = [n for n in used if client in support.lacking.get(n, {})]
        missed = sum(len(support.lacking[n][client]) / len(versions) for n in lacking)
        share = 1 - missed / len(used) if used else 1.0
        # What is not whole never reads as whole.
        percent = min(round(100 * share), 99 if lacking else 100)
        found.append(
            Compatibility(
                client=client,
                percent=percent,
                usual=tuple(support.titles[n] for n in lacking if n in baseline),
                added=tuple(support.titles[n] for n in lacking if n not in baseline),
            )
        )
    return found
