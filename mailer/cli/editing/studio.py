"""The workspace as a preview looks at it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mailer.cli.invocation import Invocation
from mailer.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.edition.model import Publication
    from mailer.flows.editing.previewing import Sheet, Studio
    from mailer.flows.readers.correspondence import LetterKind

_NOWHERE = "https://example.org"
"""Where the links of letters lead, if nothing is hosted for them yet."""


def studio_of(call: Invocation) -> Studio:
    """The workspace, to be looked at."""
    from mailer.flows.editing.previewing import Studio, sample_letter
    from mailer.workspace.gallery import NAMES
    from mailer.workspace.showroom import Showroom
    from mailer.workspace.themes import theme_names

    house = call.house
    templates = house.newsroom.templates
    media = house.loaded.data_folder() / "preview"

    def gallery(theme: str) -> Showroom:
        clients = house.settings.checks.clients
        return Showroom(theme, templates=templates, media=media, clients=clients)

    def write(publication: str, kind: LetterKind) -> bytes:
        from mailer.public import letter_writer

        writer = letter_writer(house, sample_url=_NOWHERE)
        return writer.message(
            sample_letter(publication, kind, house.clock.now())
        ).content

    return Studio(
        newsroom=house.newsroom,
        sheets=lambda: sheets_of(call),
        themes=lambda: theme_names(templates),
        samples=NAMES,
        gallery=gallery,
        write=write,
        today=call.today,
        now=house.clock.now,
        stationery=call.stationery(),
    )


def sheets_of(call: Invocation) -> Sequence[tuple[Publication, Sequence[Sheet]]]:
    """Every publication with its editions, the newest first."""
    from mailer.flows.editing.previewing import Sheet

    settings, workspace = call.house.settings, call.house.newsroom.workspace
    return [
        (
            settings.publication(publication),
            [
                Sheet(
                    name=folder.name,
                    publication=publication,
                    title=folder.title,
                    day=folder.date,
                )
                for folder in workspace.editions([publication])
            ],
        )
        for publication in settings.publications
    ]


def path_of(call: Invocation, name: str, finding: Finding) -> Path:
    """Where the file of *finding* lies: beside the edition, or in the workspace."""
    workspace = call.house.newsroom.workspace
    folder = workspace.find(
        name, list(call.house.settings.publications), today=call.today()
    )
    beside = folder.path / finding.file
    return beside if beside.exists() else workspace.root / finding.file
