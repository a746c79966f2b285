"""The gallery: four editions that show a theme at its best and on its worst day.

Every block, a short, a long and an empty edition, shipped with the themes. It is a
small workspace of its own, rendered on the one path there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path

from mailer.config.load import load
from mailer.edition.model import Edition, Publication
from mailer.language import Catalogue
from mailer.rendering.model import Frozen, Latest, Scene
from mailer.rendering.render import freeze
from mailer.rendering.theme import Theme
from mailer.workspace.catalogue import load_catalogue
from mailer.workspace.editions import Workspace
from mailer.workspace.pictures import PictureShelf
from mailer.workspace.themes import load_theme, theme_blocks

NAMES = ("tout", "courte", "longue", "vide")
"""Every block, a short, a long and an empty edition."""

BUDGET_KB = 80
"""What the long edition may weigh, of the 102 at which Gmail cuts: others write longer."""

_PUBLICATION = "galerie"


class Gallery:
    """The gallery seen in one theme.

    *templates* are the folders in which the theme is looked up, the first winning;
    the last is the shipped one and holds the gallery. Pictures are kept in *media*.
    """

    def __init__(self, theme: str, *, templates: Sequence[Path], media: Path) -> None:
        self._name = theme
        self._templates = templates
        self._media = media
        self._root = templates[-1] / "gallery"
        self._workspace = Workspace(self._root)

    @cached_property
    def theme(self) -> Theme:
        """The theme that is looked at; ThemeError if it cannot be used."""
        return load_theme(self._name, self._templates)

    @cached_property
    def publication(self) -> Publication:
        """The gallery's publication, in this theme."""
        config = self._root / "config" / "mailer.toml"
        settings = load(config=config, start=self._root, environ={}).settings
        return replace(settings.publication(_PUBLICATION), theme=self._name)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What the theme says in the gallery's language."""
        return load_catalogue(self.publication.lang, self._templates)

    def frozen(self, name: str) -> Frozen:
        """The edition called *name*, one of ``NAMES``, in every variant."""
        return freeze(*self.scene(name))

    def scene(self, name: str) -> tuple[Edition, Scene]:
        """The edition called *name*, and what it needs to be rendered."""
        edition = self._edition(name)
        return edition, self.scene_of(edition)

    def _edition(self, name: str) -> Edition:
        folder = self._workspace.find(name, [_PUBLICATION], today=date.min)
        return self._workspace.read(
            folder,
            self.publication,
            self._workspace.authors(),
            theme_blocks=theme_blocks(self.theme),
        )

    def scene_of(self, edition: Edition) -> Scene:
        """What *edition* needs, its elder sisters as the latest ones."""
        url = f"https://{_PUBLICATION}.example"
        authors = self._workspace.authors()
        return Scene(
            publication=self.publication,
            theme=self.theme,
            sentences=self.catalogue,
            authors=authors,
            pictures=PictureShelf(self._media).pictures_of(
                edition, authors, workspace=self._workspace, public_url=url
            ),
            latest=tuple(
                Latest(
                    title=past.title, date=past.date, url=f"{url}/archive/{past.slug}"
                )
                for past in self._workspace.editions([_PUBLICATION])
                if past.date and past.date < edition.date
            ),
            public_url=url,
        )
