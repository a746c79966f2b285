"""What an edition may refer to, handed to the parser: it reads no folder itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from mailer.edition.model import Publication

CHANNELS = ("mjml", "html", "txt")
"""Mail source, web page, plain text: a block has one template in each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The publication and everything that can be named.

    Authors by key, files by the name they have beside the edition, snippets by name with
    their text, and the blocks a theme brings, by name with the channels they speak in; ``colors`` are the
    theme's tokens that an edition may change, none if that is not known.
    """

    publication: Publication
    authors: Collection[str] = ()
    files: Collection[str] = ()
    snippets: Mapping[str, str] = field(default_factory=dict)
    theme_blocks: Mapping[str, Collection[str]] = field(default_factory=dict)
    colors: Collection[str] = ()

    def file(self, name: str) -> str:
        """The file called *name*, as the folder spells it; empty if there is none.

        A Mac takes accents apart in file names, and puts them together in texts.
        """
        if name in self.files:
            return name
        wanted = unicodedata.normalize("NFC", name)
        same = (f for f in self.files if unicodedata.normalize("NFC", f) == wanted)
        return next(same, "")
