"""A sponsor's report: what became of their place, as a CSV and as a page to print."""

from __future__ import annotations

from mailer.audience.sheet import write_sheet
from mailer.config.places import shipped
from mailer.edition.model import Edition
from mailer.flows.readers.clicks import Clicks
from mailer.language import Catalogue, long_date
from mailer.web.templating import page_templates

_HEADER = (
    "publication edition date sponsor impressions consenting link people clicks machines"
).split()


def report_csv(told: Clicks, edition: Edition, publication: str) -> str:
    """A line for each link of each sponsor; below the threshold the cells are ``<20``."""
    small = f"<{told.smallest}"
    lines = [
        (
            publication,
            told.edition,
            edition.date.isoformat(),
            placement.by,
            str(placement.impressions),
            str(placement.consenting),
            link.target,
            small if link.people is None else str(link.people),
            small if link.clicks is None else str(link.clicks),
            str(link.automatic),
        )
        for placement in told.placements
        for link in placement.links
    ]
    return write_sheet([_HEADER, *lines])


def report_page(
    told: Clicks, edition: Edition, publication: str, *, catalogue: Catalogue
) -> str:
    """One page that stands alone: on a screen, in the dark, on paper."""
    folder = shipped("templates") / "pages" / "sponsoring"
    pages = page_templates([folder], catalogue)
    pages.filters["number"] = catalogue.spoken
    return pages.get_template("report.html.j2").render(
        told=told,
        edition=edition,
        publication=publication,
        day=long_date(edition.date, catalogue.lang),
    )
