"""Catalogues from gettext files: ``locale/fr.po``, a workspace's over the shipped one.

The .po file is what counts: parsing its sentences takes 50 ms, once for each content of
the file where there is a cache, and only for who has something to say in that language.
"""

from __future__ import annotations

import gettext
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.errors import ThemeError
from mailer.language import ENGLISH, Catalogue
from mailer.phrases import say

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

    from mailer.workspace.cache import FolderCache

Sentences = Mapping[str, tuple[str, ...]]


def load_catalogue(
    lang: str, folders: Sequence[Path], *, cache: FolderCache | None = None
) -> Catalogue:
    """What is said in *lang*; the first of *folders* that says a sentence wins.

    What is marked fuzzy, or not translated, is not in it. *cache* keeps what was parsed.
    ThemeError names a file that cannot be read.
    """
    sentences: dict[str, tuple[str, ...]] = {}
    plural = ENGLISH.plural
    for folder in reversed(folders):
        file = folder / "locale" / f"{lang}.po"
        try:
            state = file.stat()
        except OSError:
            continue
        found, plural = _read(file, lang, cache, state.st_mtime_ns, state.st_size)
        sentences.update(found)
    return Catalogue(lang=lang, sentences=sentences, plural=plural)


@lru_cache(maxsize=8)
def _read(
    file: Path, lang: str, cache: FolderCache | None, _mtime: int, _size: int
) -> tuple[Sentences, str]:
    try:
        content = file.read_bytes()
        if cache is None:
            return _parsed(content, lang)
        name = f"catalogue-{lang}-{hashlib.sha256(content).hexdigest()}"
        if (kept := cache.get(name)) is not None:
            sentences, plural = json.loads(kept)
            return {each: tuple(forms) for each, forms in sentences.items()}, plural
        found = _parsed(content, lang)
    except (OSError, ValueError) as error:
        message = say("cannot be read: {error}", error=error)
        raise ThemeError(message, file=str(file)) from error
    cache.put(name, json.dumps(found).encode())
    return found


def _parsed(content: bytes, lang: str) -> tuple[Sentences, str]:
    """The sentences of a .po file, and how it tells plurals apart; ValueError."""
    from babel.messages.pofile import PoFileError, read_po

    try:
        catalogue = read_po(io.BytesIO(content), locale=lang, abort_invalid=True)
    except PoFileError as error:
        raise ValueError(error) from error
    gettext.c2py(catalogue.plural_expr)
    return dict(_sentences(catalogue)), catalogue.plural_expr


def _sentences(catalogue: Catalog) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every English sentence that is said otherwise, and its forms."""
    for entry in catalogue:
        if entry.fuzzy or not entry.id:
            continue
        english = entry.id if isinstance(entry.id, str) else entry.id[0]
        said = (entry.string,) if isinstance(entry.string, str) else entry.string or ()
        if said and all(said):
            yield english, tuple(said)
