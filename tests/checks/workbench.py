"""A small workspace made of a rule's sample, and what the checks say about it."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from mailer.config.load import load
from mailer.errors import EditionError, Finding, ThemeError
from mailer.flows.editing.assemble import assemble
from mailer.phrases import say
from mailer.rendering.checks.contrast import check_contrast
from mailer.rendering.checks.online import Answer, State, judge_links
from mailer.rendering.checks.rule import Sample
from mailer.rendering.checks.theme import check_theme
from mailer.wiring import House
from mailer.workspace.catalogue import load_catalogue
from mailer.workspace.themes import load_theme

TODAY = dt.date(2026, 3, 10)
HEAD = """\
---
title: Les ports se cherchent un cerveau
subtitle: Deux rivaux, un logiciel.
date: 2026-03-14
number: 118
---

"""
CONFIG = """\
[site]
lang = "fr"
[publications.le-meridien]
name = "Le Méridien"
from = "Le Méridien <lettre@meridien.example>"
theme = "presse"
url = "https://meridien.example/"
schedule = "sat 07:00"
audiences = ["free", "member"]
"""
AUTHORS = '[claire]\nname = "Claire Aubry"\nemail = "claire@meridien.example"\n'
FOLDER = Path("editions/le-meridien/2026-03-14-ports")
_KEY = re.compile(r"^([a-z_]+) *=", re.MULTILINE)


def lay_out(sample: Sample, root: Path) -> House:
    """The sample as files under *root*, and the house that reads them."""
    text = sample.edition
    if not text.startswith("---\n"):
        text = HEAD + text
    files = {
        "config/mailer.toml": _config(sample.config),
        "authors.toml": AUTHORS,
        **sample.files,
        **{f"templates/themes/presse/{k}": v for k, v in sample.theme.items()},
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.md").write_bytes(text.encode(sample.encoding))
    for name, what in sample.pictures.items():
        (folder / name).write_bytes(_picture(what))
    environ = {"XDG_DATA_HOME": str(root / "data")}
    return House(load(config=None, start=root, environ=environ))


def findings(sample: Sample, root: Path) -> list[Finding]:
    """What is said about the sample, by the parser or by the checks."""
    house = lay_out(sample, root)
    linted = list(_theme_findings(house)) if sample.theme else []
    try:
        assembled = assemble(str(root / FOLDER), house.newsroom, today=TODAY)
    except EditionError as error:
        return [*error.findings, *linted]
    except ThemeError:
        return linted
    answers = {
        url: Answer(state=State(word), reason=say("x"), target="https://x.example/")
        for url, word in sample.answers.items()
    }
    asked = judge_links(assembled.inspection, answers)
    return [*assembled.findings, *asked, *linted]


def _theme_findings(house: House) -> Iterator[Finding]:
    """What ``mailer check --theme`` says, the sample's edition being the gallery."""
    newsroom = house.newsroom
    yield from check_theme(
        load_theme("presse", newsroom.templates),
        load_catalogue("fr", newsroom.templates),
    )
    with contextlib.suppress(EditionError, ThemeError):
        edition = newsroom.edition(str(house.loaded.root / FOLDER), today=TODAY)
        yield from check_contrast(edition, newsroom.scene(edition))


def _config(said: str) -> str:
    """*said* laid over the plain configuration, key by key."""
    keys, tables, rest = said.partition("\n[") if "[" in said else (said, "", "")
    if said.startswith("["):
        keys, tables, rest = "", "[", said[1:]
    given = set(_KEY.findall(keys))
    kept = [
        line
        for line in CONFIG.splitlines()
        if not ((key := _KEY.match(line)) and key[1] in given)
    ]
    return "\n".join(kept) + "\n" + keys + tables + rest


def _picture(what: str) -> bytes:
    """``1120x560 jpeg``, ``… png noise``, or bytes that are no picture."""
    size = re.match(r"(\d+)x(\d+) (\w+)", what)
    if size is None:
        return what.encode()
    shape = (int(size[1]), int(size[2]))
    picture = Image.new("RGB", shape, "#336699")
    if what.endswith("noise"):
        picture = Image.effect_noise(shape, 90).convert("RGB")
    out = io.BytesIO()
    picture.save(out, size[3].upper())
    return out.getvalue()
