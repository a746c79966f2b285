"""Any text in configuration, authors and snippets comes out as typed, or is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mailer.errors import Finding, InputError, Severity
from mailer.flows.editing.assemble import assemble
from mailer.rendering.model import Frozen
from mailer.rendering.personalise import fill
from mailer.wiring import House
from tests.unit.rendering.test_any_text import (
    _FOR_EVERYBODY,
    _RECOGNISED,
    HARMLESS,
    TEXTS,
    Shown,
    channels,
    expected,
    markdown,
    spaced,
    stands_in,
)
from tests.unit.rendering.test_no_word_gets_out import NOW

FILES = {
    "config/mailer.toml": """
[site]
public_url = "https://lettres.example.org"
postal_address = @postal@
[storage]
folder = "@DATA@"
[[relays]]
name = "principal"
host = "127.0.0.1"
security = "none"
[publications.p]
name = @name@
tagline = @tagline@
kicker = @kicker@
welcome = @welcome@
fallback_name = @fallback@
from = "P <p@p.example>"
audiences = ["free", "member"]
endmatter = ["authors"]
typography = ""
flags = ["FLAG"]
[publications.p.labels]
@label@ = "takeaway"
""",
    "authors.toml": """
[claire]
name = @author@
invite = @invite@
bio = @bio@
""",
    "snippets/suite.md": "@snippet@\n",
    "editions/p/2026-03-14-x/index.md": """---
title: Titre
date: 2026-03-14
number: 1
authors: [claire]
---

# Section

Bonjour {{ name }} !

**@named@ :** texte

::: snippet suite
:::

::: signature claire
:::
""",
}
USUAL = {
    "postal": "Quai",
    "name": "Le P",
    "tagline": "T",
    "kicker": "K",
    "welcome": "W",
    "fallback": "vous",
    "label": "À retenir",
    "author": "Claire",
    "bio": "Elle.",
    "invite": "… lit.",
    "snippet": "Suite.",
    "named": "À retenir",
}
MARKDOWN = ("invite", "bio", "snippet", "named")
FIELDS = [name for name in USUAL if name not in {"named", "kicker"}]


def write(folder: Path, field: str, text: str) -> None:
    """A workspace in *folder* with *text* in *field*."""
    said = {**USUAL, field: text}
    if field == "label":
        said["named"] = text
    for name, content in FILES.items():
        for key, words in said.items():
            typed = markdown(words) if key in MARKDOWN else words
            if name.endswith(".toml"):
                # TOML knows what JSON knows, but for the one control JSON leaves alone.
                typed = json.dumps(typed, ensure_ascii=False).replace("\x7f", "\\u007f")
            content = content.replace(f"@{key}@", typed)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.replace("@DATA@", str(folder / "data"))
        path.write_bytes(data.encode("utf-8", "surrogatepass"))


def frozen(folder: Path) -> tuple[Frozen, list[Finding]]:
    newsroom = House.open(config=None, start=folder, environ={}).newsroom
    made = assemble("p/1", newsroom, today=NOW.date())
    return made.frozen, [f for f in made.findings if f.severity is Severity.ERROR]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ws")


@pytest.fixture(scope="module")
def usual(folder: Path) -> Callable[[str], dict[str, Shown]]:
    """Where a harmless word in a field comes out."""

    @cache
    def look(field: str) -> dict[str, Shown]:
        write(folder, field, HARMLESS)
        made, errors = frozen(folder)
        assert errors == []
        return {
            name: shown
            for name, shown in channels(made).items()
            if HARMLESS in (shown.words + shown.values).casefold()
        }

    return look


@pytest.mark.parametrize("field", FIELDS)
def test_a_harmless_word_comes_out(field: str, usual) -> None:
    """Every field shows somewhere, so that the property below cannot be empty."""
    assert usual(field)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(field=st.sampled_from(FIELDS), text=TEXTS)
def test_any_text_comes_out_as_typed_or_is_refused(
    field: str, text: str, folder: Path, usual
) -> None:
    """Refused with the file that says it; and nothing but the words differs."""
    typed = spaced(text).strip()
    assume(typed)
    usually = usual(field)
    write(folder, field, text)
    try:
        made, errors = frozen(folder)
    except InputError as error:
        assert re.search(r"\w\.(?:toml|md)\b", str(error))
        return
    if errors:
        assert all(finding.file for finding in errors)
        return
    shown = channels(made)
    for name, before in usually.items():
        now, said = shown[name], typed
        if name in _FOR_EVERYBODY:
            said = fill(typed, {"name": USUAL["fallback"]}, escape=False)
        assert stands_in(said, now.words + now.values), name
        if not _RECOGNISED & set(typed):
            assert now.elements == before.elements, name
            if before.is_exact:
                assert expected(before.words, said).fullmatch(now.words), name
