"""A preview as files, for whoever has no mailer: opened from a folder, without a server.

The same renderings, simulations and checks as the live page, written down once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailer.config.places import shipped
from mailer.edition.model import Variant
from mailer.errors import Finding, NotFoundError, Severity
from mailer.flows.editing.previewing import PERSONAS, Letter, Looked, Studio
from mailer.language import Catalogue
from mailer.phrases import say
from mailer.rendering.simulation import Appearance, Client, as_shown
from mailer.web.local import with_base
from mailer.web.preview.contents import findings_of, variants_of
from mailer.web.preview.inspector import impression
from mailer.web.preview.pages import GMAIL_CUT, environment

VIEWS, INDEX = "views", "index.html"


@dataclass(frozen=True, slots=True)
class Look:
    """One way a mail is seen: an appearance, or a mail program in the light."""

    name: str
    appearance: Appearance
    client: Client = Client.NONE

    @property
    def is_approximate(self) -> bool:
        """Whether it is near enough to look at, and no more."""
        return self.appearance is Appearance.FORCED or self.client is not Client.NONE


LOOKS = (
    *(Look(each.value, each) for each in Appearance),
    *(
        Look(each.value, Appearance.LIGHT, each)
        for each in Client
        if each is not Client.NONE
    ),
)
"""Every look that is written, the usual one first."""


def shared_files(
    name: str, studio: Studio, catalogue: Catalogue
) -> Iterator[tuple[str, bytes]]:
    """The index and each view as (path, content), pictures beside in ``media/``.

    NotFoundError if it cannot be read.
    """
    looked = studio.look(name)
    letters = [
        (variant, _letter(looked, variant, studio)) for variant in variants_of(looked)
    ]
    for variant, letter in letters:
        for look in LOOKS:
            html = with_base(as_shown(letter.html, look.appearance, look.client))
            for file_name, picture in studio.pictures(name).items():
                html = html.replace(picture.src, f"../media/{file_name}")
            yield f"{VIEWS}/{variant}-{look.name}.html", html.encode()
    yield INDEX, _index(looked, letters, studio, catalogue).encode()


def _letter(looked: Looked, variant: Variant, studio: Studio) -> Letter:
    if variant.is_mail:
        return studio.message(looked.name, variant, PERSONAS[0])
    return studio.web_page(looked.name, variant)


def _index(
    looked: Looked,
    letters: Sequence[tuple[Variant, Letter]],
    studio: Studio,
    catalogue: Catalogue,
) -> str:
    if looked.assembled is None:
        message = say("{name} cannot be read yet", name=looked.name)
        raise NotFoundError(message)
    folder = shipped("templates") / "pages" / "preview"
    variant, letter = letters[0]
    page = environment(folder, catalogue).get_template("shared.html.j2")
    return page.render(
        edition=looked.assembled.edition,
        publication=looked.assembled.frozen.publication,
        letters=letters,
        looks=LOOKS,
        views=VIEWS,
        css=(folder / "preview.css").read_text(encoding="utf-8"),
        js=(folder / "shared.js").read_text(encoding="utf-8"),
        impression=impression(looked, variant, letter, studio),
        gmail=GMAIL_CUT,
        token="",
        opened=_nowhere,
        edited=_nowhere,
        errors=findings_of(looked, Severity.ERROR),
        warnings=findings_of(looked, Severity.WARNING),
    )


def _nowhere(_: Finding | object) -> str:
    """Whoever reads it elsewhere has not our files."""
    return ""
