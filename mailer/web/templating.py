"""How templates of pages are read: everything escaped, nothing undefined, in one language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mailer.language import Catalogue, speech
from mailer.rendering.compiled import Compiled
from mailer.rendering.model import Cache


def page_templates(
    folders: Sequence[Path], catalogue: Catalogue, *, cache: Cache | None = None
) -> Environment:
    """The templates of *folders*, the first that has one winning.

    They speak the language of *catalogue*: ``_`` and ``said`` translate, ``lang`` is it.
    *cache* keeps them compiled for the next process.
    """
    pages = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=Compiled("pages", cache),
    )
    pages.filters["said"] = catalogue.translate
    pages.globals.update(lang=catalogue.lang, **speech(catalogue))
    return pages
