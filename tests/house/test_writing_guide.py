"""The guide for editors: every example of it is rendered, and it leaves nothing out.

A fence ```` ```markdown box brief !label ```` says which kinds of block its text makes,
and which it does not, ``file=10-editorial.md`` of which file; ``section.quick``, ``strap``, ``standfirst`` and ``snippet`` are
said the same way.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
import typer.main

from mailer.cli.main import app
from mailer.config.load import load
from mailer.config.places import shipped
from mailer.edition.blocks import Block
from mailer.edition.model import Author, Edition, Publication, Variant
from mailer.edition.reading.directives import AUDIENCES, DIRECTIVES, SNIPPET
from mailer.edition.reading.frontmatter import _READERS as KEYS
from mailer.edition.reading.inlines import PLACEHOLDERS
from mailer.edition.reading.parse import parse_edition
from mailer.rendering.render import freeze
from mailer.rendering.theme import Theme
from mailer.web.preview.kinds import WORDS
from mailer.workspace.bookings import read_bookings
from mailer.workspace.editions import Workspace
from mailer.workspace.themes import load_theme, theme_blocks
from tests.fakes import specimen

GUIDE = (Path(__file__).parents[2] / "docs" / "writing.md").read_text("utf-8")
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    pytest.param(claims.split(), text, id=f"line-{GUIDE[:at].count(chr(10)) + 1}")
    for match in FENCE.finditer(GUIDE)
    for lang, claims, text, at in [(*match.groups(), match.start())]
    if lang == "markdown" and not claims.startswith(" file=")
]
FILES = {
    claims.split()[0].removeprefix("file="): (claims.split()[1:], text)
    for lang, claims, text in FENCE.findall(GUIDE)
    if lang == "markdown" and claims.startswith(" file=")
}
HEAD = "---\ntitle: Essai\ndate: 2026-03-14\n---\n\n"
PICTURES = ("port.jpg", "tour.jpg", "canal.jpg")
THEMES = ("presse", "pop", "texte")
AUTHORS = {
    key: Author(key=key, name=key.title(), email=f"{key}@meridien.example")
    for key in ("claire", "marc")
}
PUBLICATION = specimen.publication(
    id="le-meridien",
    flags=("DANS LE SILLAGE", "À L’HORIZON"),
    labels={"En bref": "summary", "À retenir": "takeaway"},
)


def of_language(lang: str) -> list[str]:
    return [text for said, _, text in FENCE.findall(GUIDE) if said == lang]


@cache
def theme(name: str) -> Theme:
    return load_theme(name, [shipped("templates")])


def read(
    text: str,
    publication: Publication,
    look: str,
    further: Mapping[str, str] | None = None,
) -> Edition:
    return parse_edition(
        text if text.startswith("---\n") else HEAD + text,
        file="index.md",
        further=further,
        folder="2026-03-14-essai",
        publication=publication,
        authors=list(AUTHORS),
        files=PICTURES,
        snippets={"forwarded": "💌 On vous a fait suivre cette lettre ?"},
        theme_blocks=theme_blocks(theme(look)),
    )


def found(edition: Edition) -> set[str]:
    """What an example may claim."""
    blocks = list(edition.every_block())
    kinds = {block.kind for block in blocks}
    if any(block.at.file.endswith("forwarded.md") for block in blocks):
        kinds.add(SNIPPET)
    for section in edition.sections:
        kinds |= {f"section.{name}" for name in section.classes}
        kinds |= {"strap"} if section.strap else set()
        kinds |= {"standfirst"} if section.standfirst else set()
    return kinds | ({"code"} if "Code(text=" in repr(blocks) else set())


@pytest.mark.parametrize(("claims", "text"), EXAMPLES)
def test_an_example_is_what_the_guide_says(claims: list[str], text: str) -> None:
    """It parses without a finding, makes what it claims, and renders everywhere."""
    for look in THEMES:
        publication = specimen.publication(
            id="le-meridien",
            theme=look,
            flags=PUBLICATION.flags,
            labels=PUBLICATION.labels,
        )
        edition = read(text, publication, look)
        _keeps(edition, claims)
        pictures = {
            name: specimen.picture(name)
            for name in (*PICTURES, *(f"{name}#video" for name in PICTURES))
        }
        scene = specimen.scene(
            theme(look), publication=publication, authors=AUTHORS, pictures=pictures
        )
        frozen = freeze(edition, scene)
        assert {r.variant for r in frozen.renderings} == set(Variant)
        assert all(r.html or r.variant is Variant.FEED for r in frozen.renderings)


def _keeps(edition: Edition, claims: list[str]) -> None:
    """No finding, and what is claimed is there."""
    assert edition.warnings == ()
    made = found(edition)
    assert {name for name in claims if name[0] != "!"} - made == set()
    assert {name[1:] for name in claims if name[0] == "!"} & made == set()


def test_the_files_of_one_edition_are_read_as_one() -> None:
    """Each makes what it claims; the words of both are in every mail, in their order."""
    (index, (_, first)), *more = FILES.items()
    assert (index, len(more)) == ("index.md", 1)
    further = {name: text for name, (_, text) in more}
    for look in THEMES:
        edition = read(first, PUBLICATION, look, further)
        _keeps(edition, [claim for claims, _ in FILES.values() for claim in claims])
        assert {block.at.file for block in edition.every_block()} == FILES.keys()
        scene = specimen.scene(theme(look), publication=PUBLICATION, authors=AUTHORS)
        for rendering in freeze(edition, scene).renderings:
            if rendering.variant.is_mail:
                text = rendering.text
                assert 0 < text.index("une grue qui") < text.index("ne dort plus")


def test_every_kind_of_block_is_shown() -> None:
    """A new block, directive, audience or placeholder gets its example."""
    claimed = {name for param in EXAMPLES for name in param.values[0]}
    kinds = {kind.kind for kind in Block.__subclasses__()}
    assert kinds <= WORDS.keys(), "mailer/web/preview/kinds.py"
    assert kinds - claimed == set()
    shown = "\n".join(str(param.values[1]) for param in EXAMPLES)
    named = set(re.findall(r"^:::+ (\w+)", shown, re.MULTILINE))
    assert {*DIRECTIVES, SNIPPET} - named == set()
    assert (
        set(AUDIENCES) - set(re.findall(r"^:::+ only (\w+)", shown, re.MULTILINE))
        == set()
    )
    assert {name for name in PLACEHOLDERS if f"{{{{ {name} }}}}" not in GUIDE} == set()
    for name in ("editorial", "dossier", "quick", "numbered", "tool", "video"):
        assert f"section.{name}" in claimed
        assert f"`.{name}`" in GUIDE


def test_every_key_of_the_head_is_explained() -> None:
    """In the table, and once with a value in an example."""
    table = set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE))
    assert KEYS.keys() - table == set()
    heads = "".join(str(param.values[1]) for param in EXAMPLES)
    shown = set(re.findall(r"^(\w+):", heads, re.MULTILINE))
    assert KEYS.keys() - shown == set()
    assert table - KEYS.keys() <= {f"section.{name}" for name in table}


def test_every_command_of_the_guide_is_there() -> None:
    """Its name and its options are those of the program."""
    root = typer.main.get_command(app)
    lines = [line for text in of_language("sh") for line in text.splitlines()]
    commands = [shlex.split(line, comments=True) for line in lines]
    assert len(commands) >= 10
    for program, name, *words in filter(None, commands):
        assert program == "mailer"
        command = root.commands[name]  # type: ignore[attr-defined]
        taken = {option for each in command.params for option in each.opts}
        assert {w for w in words if w.startswith("-")} - taken == set(), (name, words)


def test_every_configuration_in_the_guide_is_read(tmp_path: Path) -> None:
    """By what reads it every week, without an unknown key."""
    files: dict[str, Path] = {}
    for text in of_language("toml"):
        name = text.splitlines()[0].removeprefix("# ")
        assert tomllib.loads(text)
        before = files[name].read_text("utf-8") if name in files else ""
        files[name] = tmp_path / name
        files[name].parent.mkdir(exist_ok=True, parents=True)
        files[name].write_text(before + text, encoding="utf-8")
    assert files.keys() == {"authors.toml", "config/mailer.toml", "sponsors.toml"}
    assert Workspace(tmp_path).authors()["claire"].invite
    assert read_bookings(Workspace(tmp_path))
    loaded = load(config=files["config/mailer.toml"], start=tmp_path, environ={})
    publication = loaded.settings.publication("le-meridien")
    assert publication.shape.require == ("editorial", "dossier")
    theme("presse").override(publication.tokens, file="config/mailer.toml")
