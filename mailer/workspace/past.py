"""The editions before an edition, as its end matter points back to them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from mailer.edition.model import Edition, Publication
from mailer.edition.reading.frontmatter import read_head, split_head
from mailer.edition.reading.known import Known
from mailer.edition.reading.markdown import clean
from mailer.edition.reading.notes import Notes
from mailer.errors import EditionError
from mailer.rendering.model import Latest
from mailer.workspace.editions import EditionFolder, Workspace

_SHOWN = 3


def latest_before(
    edition: Edition, publication: Publication, workspace: Workspace, *, public_url: str
) -> tuple[Latest, ...]:
    """The editions of an earlier date that everybody may read, newest first, three.

    From the folders alone, so that a check needs no database and a rendering is the
    same wherever it is made; an edition that cannot be read is left out.
    """
    earlier = (
        folder
        for folder in workspace.editions([edition.publication])
        if folder.path.name != edition.folder
        and folder.date is not None
        and folder.date < edition.date
    )
    found = (
        past
        for folder in earlier
        for past in _as_past(folder, publication, workspace, public_url)
    )
    return tuple(islice(found, _SHOWN))


def _as_past(
    folder: EditionFolder, publication: Publication, workspace: Workspace, url: str
) -> Iterator[Latest]:
    """*folder* as it is pointed to; nothing if it has no title or no open page."""
    try:
        first = next(iter(workspace.sources(folder).values()))
    except EditionError:
        return
    head, _ = split_head(clean(first))
    values = read_head(head, Notes(folder.path.name), Known(publication=publication))
    title, archive = values.get("title"), values.get("archive", "public")
    if title and folder.date and archive == "public":
        page = f"{url}/archive/{folder.publication}/{folder.slug}"
        yield Latest(title=title, date=folder.date, url=page)
