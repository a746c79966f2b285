"""What the live preview and the shared one are both written with."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment
from markupsafe import Markup, escape

from mailer.language import Catalogue, moment, short_day
from mailer.phrases import kilobytes
from mailer.rendering.model import Cache
from mailer.web.preview.kinds import called
from mailer.web.templating import page_templates

GMAIL_CUT = 102 * 1024
_CODE = re.compile(r"`([^`]+)`")


def environment(
    folder: Path, catalogue: Catalogue, *, cache: Cache | None = None
) -> Environment:
    """The templates of *folder*, which speak the language of *catalogue*.

    *cache* keeps them compiled for the next process.
    """
    pages = page_templates([folder], catalogue, cache=cache)
    pages.filters["said"] = lambda text: with_code(catalogue.translate(text))
    pages.filters["size"] = lambda size: catalogue.translate(kilobytes(size))
    pages.filters["moment"] = lambda when, zone: moment(
        when.astimezone(ZoneInfo(zone)), catalogue.lang
    )
    pages.filters["day"] = lambda day: short_day(day, catalogue.lang)
    pages.filters["called"] = lambda kind: called(kind, catalogue)
    return pages


def with_code(text: str) -> Markup:
    """*text* with what it has between backticks, a command or a line, told apart."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped
