"""Pictures ready for mail, named by content, and kept for whoever shows them again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import PIL

from mailer.edition.blocks import Figure, Signature, Source
from mailer.edition.finding import error
from mailer.edition.model import Author, Edition
from mailer.errors import ConfigError, EditionError, Finding, InputError
from mailer.files import SHARED, replacing
from mailer.phrases import say
from mailer.rendering.model import Cache, Picture
from mailer.workspace.editions import Workspace

_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}

FIGURE_WIDTH = 560
"""CSS pixels: the text column of a 640 px mail."""

AVATAR_WIDTH = 48

_REMEMBERED = 32
"""Pictures that are not made again while an edition is looked at save after save."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A picture fit for mail, and what it was before."""

    content: bytes
    media_type: str
    size: tuple[int, int]
    original_format: str
    original_width: int


class PictureShelf:
    """_Ready pictures, kept in a folder by the hash of their bytes.

    *cache* has what was made of the same files by others before.
    """

    def __init__(self, folder: Path, cache: Cache | None = None) -> None:
        self.folder = folder
        self._cache = cache
        self._made = lru_cache(_REMEMBERED)(self._found_or_made)

    def pictures_of(
        self,
        edition: Edition,
        authors: Mapping[str, Author],
        *,
        workspace: Workspace,
        public_url: str | None,
    ) -> dict[str, Picture]:
        """Every picture *edition* shows, by the name it is asked for.

        EditionError with all that cannot be used, at the line that shows it; ConfigError
        if the folder takes nothing.
        """
        found: dict[str, Picture] = {}
        faults: list[Finding] = []
        folder = workspace.folder_of(edition)
        for key, name, beside, width, at in _wanted(edition, authors, folder):
            if key in found:
                continue
            try:
                found[key] = self.prepare(
                    workspace.file(name, beside=beside),
                    name=name,
                    public_url=public_url,
                    shown_width=width,
                    badge=key.endswith("#video"),
                )
            except ConfigError:  # the folder's fault, not the edition's
                raise
            except InputError as error:
                faults.append(_fault(error, at))
        if faults:
            raise EditionError(tuple(faults))
        return found

    def prepare(
        self,
        path: Path,
        *,
        name: str,
        public_url: str | None,
        shown_width: int,
        badge: bool = False,
    ) -> Picture:
        """The picture at *path*, ready; InputError says what is wrong with it.

        Twice the pixels it is shown at, for sharp screens, and 1280 at most. *badge*
        draws a play sign on it.
        """
        try:
            raw = path.read_bytes()
        except OSError as error:
            message = say(
                "picture {name} cannot be read: {error}",
                name=name,
                error=error.strerror,
            )
            raise InputError(message) from error
        ready = self._made(raw, name, shown_width, badge=badge)
        digest = hashlib.sha256(ready.content).hexdigest()[:20]
        file = f"{digest}.{_SUFFIXES[ready.media_type]}"
        if public_url:
            self._keep(file, ready.content)
        return Picture(
            name=name,
            src=f"{public_url}/media/{file}" if public_url else f"cid:{digest}@mailer",
            content=ready.content,
            media_type=ready.media_type,
            width=ready.size[0],
            height=ready.size[1],
            shown_width=min(shown_width, ready.size[0]),
            original_format=ready.original_format,
            original_width=ready.original_width,
        )

    def _found_or_made(
        self, raw: bytes, name: str, shown_width: int, *, badge: bool
    ) -> _Ready:
        if self._cache is None:
            return _made(raw, name, shown_width, badge=badge)
        digest = hashlib.sha256(raw).hexdigest()
        entry = f"picture-{digest}-{shown_width}-{badge}-{PIL.__version__}"
        if found := self._cache.get(entry):
            head, _, content = found.partition(b"\n")
            kind, wide, high, before, broad = json.loads(head)
            return _Ready(content, kind, (wide, high), before, broad)
        made = _made(raw, name, shown_width, badge=badge)
        before = made.original_format, made.original_width
        head = json.dumps([made.media_type, *made.size, *before]).encode()
        self._cache.put(entry, head + b"\n" + made.content)
        return made

    def _keep(self, file: str, content: bytes) -> None:
        """Write once, whole or not at all."""
        target = self.folder / file
        if target.exists():
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(target, mode=SHARED) as out:
                out.write(content)
        except OSError as error:
            message = say(
                "{folder} takes no picture: {error}",
                folder=self.folder,
                error=error.strerror,
            )
            hint = say("make it writable, or name another: [storage] media")
            raise ConfigError(message, hint=hint) from error


def _made(raw: bytes, name: str, shown_width: int, *, badge: bool) -> _Ready:
    # Most are kept already, and what reads pictures takes 20 ms to load.
    from mailer.workspace.retouching import retouch

    return _Ready(*retouch(raw, name, shown_width, badge=badge))


def _wanted(
    edition: Edition, authors: Mapping[str, Author], folder: Path
) -> Iterator[tuple[str, str, Path | None, int, Source]]:
    """(key, file name, its folder, shown width, where) of every picture."""
    for block in edition.every_block():
        match block:
            case Figure():
                yield block.picture, block.src, folder, FIGURE_WIDTH, block.at
            case Signature() if authors[block.author].photo:
                photo = authors[block.author].photo
                yield photo, photo, None, AVATAR_WIDTH, block.at
    for key in edition.authors:
        if photo := authors[key].photo:
            yield photo, photo, None, AVATAR_WIDTH, edition.at
    if edition.cover:
        yield edition.cover.src, edition.cover.src, folder, FIGURE_WIDTH, edition.at


def _fault(why: InputError, at: Source) -> Finding:
    return error("image-unreadable", at, why.message, why.hint)
