"""The newsroom port over a workspace folder and the shipped themes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property

from mailer.config.load import Loaded
from mailer.config.places import shipped
from mailer.edition.agenda import Dated
from mailer.edition.model import Edition, Publication
from mailer.language import Catalogue
from mailer.rendering.checks.inspection import Limits, Surroundings
from mailer.rendering.checks.spelling import RULE
from mailer.rendering.model import Scene
from mailer.workspace.aiming import spelt_out
from mailer.workspace.cache import FolderCache
from mailer.workspace.catalogue import load_catalogue
from mailer.workspace.drafts import Basis, Desk, Draft, begin
from mailer.workspace.editions import EditionFolder, Workspace
from mailer.workspace.past import latest_before
from mailer.workspace.pictures import PictureShelf
from mailer.workspace.spelling import spelling_of
from mailer.workspace.surroundings import surroundings_of
from mailer.workspace.themes import check_tokens, load_theme, theme_blocks


class WorkspaceNewsroom:
    """Editions, themes and pictures of the workspace that *loaded* settings belong to.

    ``templates`` are the folders in which templates are looked up, the first winning.
    """

    def __init__(self, loaded: Loaded, *, now: Callable[[], datetime]) -> None:
        self._loaded = loaded
        self._settings = loaded.settings
        self._now = now
        self.templates = (loaded.root / "templates", shipped("templates"))

    @cached_property
    def workspace(self) -> Workspace:
        """The folder of editions."""
        return Workspace(self._loaded.root)

    @cached_property
    def _shelf(self) -> PictureShelf:
        return PictureShelf(self._loaded.media_folder(), self.cache)

    @cached_property
    def cache(self) -> FolderCache:
        """What was made of the same bytes before, by whichever command."""
        return FolderCache(self._loaded.cache_folder())

    def sentences(self, lang: str) -> Catalogue:
        """What is said in *lang*, by the workspace first; ThemeError."""
        return load_catalogue(lang, self.templates, cache=self.cache)

    def publication(self, name: str) -> Publication:
        """The publication with this id; NotFoundError."""
        return self._settings.publication(name)

    def edition(self, name: str, *, today: date) -> Edition:
        """The edition called *name*, parsed."""
        publications = list(self._settings.publications)
        edition = self._read(self.workspace.find(name, publications, today=today))
        return spelt_out(edition, self._settings.segments, publications)

    def check(self) -> None:
        """ThemeError or ConfigError if a theme that a publication has cannot be used."""
        for name in self._settings.publications:
            publication = self._settings.publication(name)
            theme = load_theme(publication.theme, self.templates)
            check_tokens(theme, publication, self._loaded.origins)

    def dated(self, publication: Publication) -> list[Dated]:
        """The editions of *publication* that bear a date, as its calendar sees them."""
        return [
            Dated(
                name=folder.name,
                day=folder.date,
                title=folder.title,
                send_at=folder.send_at,
            )
            for folder in self.workspace.editions([publication.id])
            if folder.date is not None
        ]

    def begin(
        self,
        publication: Publication,
        *,
        title: str,
        day: date | None,
        basis: Basis | None,
        used: Collection[int],
    ) -> Draft:
        """Write the next edition of *publication*; *used* numbers are not given again."""
        desk = self.desk(publication, used)
        return begin(desk, title=title, day=day, basis=basis)

    def desk(self, publication: Publication, used: Collection[int]) -> Desk:
        """What beginning an edition of *publication* needs to know."""
        return Desk(
            workspace=self.workspace,
            publication=publication,
            authors=list(self.workspace.authors()),
            sentences=self.sentences(publication.lang),
            used=used,
            read=self._read,
            now=self._now(),
        )

    def scene(self, edition: Edition) -> Scene:
        """Theme, pictures, authors and sentences for *edition*."""
        publication = self.publication(edition.publication)
        authors = self.workspace.authors()
        theme = load_theme(publication.theme, self.templates)
        check_tokens(theme, publication, self._loaded.origins)
        url = self._settings.site.public_url or None
        return Scene(
            publication=publication,
            theme=theme,
            sentences=self.sentences(edition.lang or publication.lang),
            authors=authors,
            pictures=self._shelf.pictures_of(
                edition, authors, workspace=self.workspace, public_url=url
            ),
            latest=latest_before(edition, publication, self.workspace, public_url=url)
            if url and "latest" in publication.endmatter
            else (),
            public_url=url,
            cache=self.cache,
        )

    def surroundings(self, edition: Edition) -> Surroundings:
        """What *edition* is compared with by the checks."""
        checks = self._settings.checks
        limits = Limits(
            clients=checks.clients,
            warn_html_kb=checks.warn_html_kb,
            max_html_kb=checks.max_html_kb,
            ignore=frozenset(checks.ignore),
        )
        found = surroundings_of(edition, self.workspace, self.templates, limits)
        if not checks.spelling or RULE in {*limits.ignore, *edition.ignored_checks}:
            return found
        publication = self.publication(edition.publication)
        spelling = spelling_of(edition, publication, self.workspace)
        return replace(found, spelling=spelling)

    def _read(self, folder: EditionFolder) -> Edition:
        publication = self.publication(folder.publication)
        theme = load_theme(publication.theme, self.templates)
        return self.workspace.read(
            folder,
            publication,
            self.workspace.authors(),
            theme_blocks=theme_blocks(theme),
            colors=theme.colors,
        )
