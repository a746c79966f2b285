"""What a draft is made up from, and what making it up changes: values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mailer.edition.gathering.refresh import Part
from mailer.edition.gathering.sorting import Item
from mailer.phrases import Phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Tray:
    """What lies in the inbox and in the material of one edition.

    ``faults`` are the files that cannot be used, with the reason.
    """

    items: Sequence[Item] = ()
    faults: Sequence[tuple[str, Phrase]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a draft: our parts by feature, and what its files say.

    ``edition`` is what it is called, empty if there is none yet. ``printed`` are the keys of pieces that other editions have; ``ours`` is whether we
    began the draft, None if we never wrote in it.
    """

    edition: str = ""
    parts: Mapping[str, Part] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    printed: frozenset[str] = frozenset()
    ours: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What assembling does to the folder of an edition.

    ``texts`` by file, None to take it out; ``seen`` is what each of those files said
    when that was decided; ``parts`` is the whole new record; ``taken``
    are the items, by name, that move from the inbox into the edition, ``copies`` the
    pictures, by their name in the workspace, that are copied beside it; ``ours`` is
    whether we began the draft.
    """

    texts: Mapping[str, str | None]
    seen: Mapping[str, str | None]
    parts: Mapping[str, Part]
    taken: Sequence[str] = ()
    copies: Sequence[str] = ()
    ours: bool = True
