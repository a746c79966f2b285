"""Frozen values as JSON and back: what sending and showing an edition needs.

The tree of blocks is not kept: it has become renderings, and those are kept byte for
byte. What comes back equals the edition without its blocks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from mailer.edition.ballot import Ballot
from mailer.edition.model import Edition, Publication
from mailer.flows.approvals import Acceptance
from mailer.phrases import Phrase, put_together, taken_apart, verbatim
from mailer.rendering.changes import Basis
from mailer.rendering.model import FeedEntry, Picture
from mailer.store.documents import dump, load


def without_blocks(edition: Edition) -> Edition:
    """The edition as it is kept: everything but its tree and its warnings."""
    return replace(edition, preface=(), sections=(), warnings=(), sources={})


def dump_edition(edition: Edition) -> str:
    """*edition* without its blocks, as JSON."""
    return dump(without_blocks(edition))


def load_edition(text: str) -> Edition:
    """What ``dump_edition`` wrote."""
    return load(Edition, text)


def dump_publication(publication: Publication) -> str:
    """*publication* as JSON."""
    return dump(publication)


def load_publication(text: str) -> Publication:
    """What ``dump_publication`` wrote."""
    return load(Publication, text)


def dump_entry(entry: FeedEntry | None) -> str | None:
    """*entry* as JSON; None for a rendering that is not a feed's."""
    return None if entry is None else dump(entry)


def load_entry(text: str | None) -> FeedEntry | None:
    """What ``dump_entry`` wrote."""
    return None if text is None else load(FeedEntry, text)


def dump_polls(polls: tuple[Ballot, ...]) -> str | None:
    """*polls* as JSON; None where nothing is asked."""
    return dump(polls) if polls else None


def load_polls(text: str | None) -> tuple[Ballot, ...]:
    """What ``dump_polls`` wrote."""
    return load(tuple[Ballot, ...], text) if text else ()


def dump_accepted(accepted: Sequence[Acceptance]) -> str | None:
    """Which rules were accepted by whom, as JSON; None for none."""
    return json.dumps([asdict(each) for each in accepted]) if accepted else None


def load_accepted(text: str | None) -> tuple[Acceptance, ...]:
    """What ``dump_accepted`` wrote."""
    return tuple(Acceptance(**each) for each in json.loads(text or "[]"))


def dump_basis(basis: Basis) -> str:
    """*basis* as JSON."""
    return json.dumps(asdict(basis), ensure_ascii=False)


def load_basis(text: str) -> Basis:
    """What ``dump_basis`` wrote."""
    return Basis(**json.loads(text))


def dump_phrase(phrase: Phrase) -> str | None:
    """*phrase* as JSON, with what it was made of; None for no word."""
    return json.dumps(taken_apart(phrase), ensure_ascii=False) if phrase else None


def load_phrase(text: str, made: str | None) -> Phrase:
    """What ``dump_phrase`` wrote; *text* word for word where nothing was written."""
    return put_together(json.loads(made)) if made else verbatim(text)


def dump_pictures(pictures: tuple[Picture, ...]) -> str:
    """The pictures of a rendering by hash, without their bytes."""
    rows = []
    for picture in pictures:
        row = asdict(picture)
        row["content"] = picture_key(picture)
        rows.append(row)
    return json.dumps(rows)


def load_pictures(text: str, content: Callable[[str], bytes]) -> tuple[Picture, ...]:
    """What ``dump_pictures`` wrote, the bytes asked of *content* by hash."""
    return tuple(
        Picture(**{**row, "content": content(row["content"])})
        for row in json.loads(text)
    )


def picture_key(picture: Picture) -> str:
    """Under which a picture's bytes are kept, once."""
    return hashlib.sha256(picture.content).hexdigest()
