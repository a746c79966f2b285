"""The newsroom's folder: editions found, authors read, themes layered, starters made."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from mailer.config.places import shipped
from mailer.edition.blocks import plain
from mailer.edition.model import Publication
from mailer.errors import (
    ConfigError,
    EditionError,
    GuardError,
    InputError,
    NotFoundError,
    ThemeError,
)
from mailer.phrases import say
from mailer.workspace.cache import FolderCache
from mailer.workspace.catalogue import load_catalogue
from mailer.workspace.editions import Workspace
from mailer.workspace.starter import create
from mailer.workspace.themes import load_theme

PAPER = Publication(id="p", name="P", sender="p@x.example", list_id="p.x.example")
TODAY = date(2026, 3, 10)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for number, day in ((117, "2026-03-07"), (118, "2026-03-14"), (119, "2026-03-21")):
        folder = tmp_path / "editions" / "p" / f"{day}-ports"
        folder.mkdir(parents=True)
        text = (
            f"---\ntitle: N{number}\nnumber: {number}\ndate: {day}\n---\n\n# T\n\nx\n"
        )
        (folder / "index.md").write_text(text, encoding="utf-8")
    return Workspace(tmp_path)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("118", 118),
        ("p/118", 118),
        ("latest", 117),
        ("next", 118),
        ("p/next", 118),
        ("2026-03-21-ports", 119),
        ("editions/p/2026-03-21-ports", 119),
        ("editions/p/2026-03-21-ports/index.md", 119),
    ],
)
def test_an_edition_is_found_by_any_of_its_names(
    workspace: Workspace, name: str, number: int
) -> None:
    """Number, path, latest and next lead to the edition."""
    found = workspace.find(name, ["p"], today=TODAY)
    assert found.number == number
    assert workspace.read(found, PAPER, []).name == f"p/{number}"


def test_an_unknown_edition_is_told_with_what_there_is(workspace: Workspace) -> None:
    """No such edition, or more than one: the names that would do."""
    with pytest.raises(NotFoundError, match="p/118"):
        workspace.find("p/180", ["p"], today=TODAY)
    with pytest.raises(NotFoundError, match="more than one"):
        workspace.find("ports", ["p"], today=TODAY)
    with pytest.raises(NotFoundError, match="none in editions"):
        workspace.find("x", ["q"], today=TODAY)


def test_a_broken_edition_is_found_and_told(workspace: Workspace) -> None:
    """A file that cannot be read does not hide the others."""
    folder = workspace.root / "editions" / "p" / "2026-03-28-broken"
    folder.mkdir()
    (folder / "index.md").write_bytes(
        b"---\ntitle: [\nnumber: 120\ndate: 2026-02-30\n---\n\xff\n"
    )
    found = workspace.find("120", ["p"], today=TODAY)
    assert found.date == date(2026, 3, 28)
    with pytest.raises(EditionError, match=r"index\.md:6:1: the file is not UTF-8"):
        workspace.read(found, PAPER, [])
    assert len(workspace.editions(["p"])) == 4


def test_nothing_leads_out_of_the_workspace(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Parents and symbolic links are not followed."""
    with pytest.raises(InputError, match="out of the workspace"):
        workspace.file("../../etc/passwd")
    folder = workspace.find("118", ["p"], today=TODAY).path
    (folder / "evil.jpg").symlink_to("/etc/hostname")
    text = (folder / "index.md").read_text("utf-8") + "\n![x](evil.jpg)\n"
    (folder / "index.md").write_text(text, encoding="utf-8")
    found = workspace.find("118", ["p"], today=TODAY)
    with pytest.raises(EditionError, match="is not in the folder"):
        workspace.read(found, PAPER, [])


def test_authors_are_read_with_their_sentences(workspace: Workspace) -> None:
    """An invitation is Markdown; an unknown key or a missing name is told."""
    file = workspace.root / "authors.toml"
    file.write_text(
        '[claire]\nname = "Claire"\ninvite = "[écrire](mailto:c@x.example)."\n', "utf-8"
    )
    author = workspace.authors()["claire"]
    assert (author.name, plain(author.invite)) == ("Claire", "écrire.")
    for text, said in (
        ('[a]\nnme = "x"\n', r"authors\.toml:2: .*\n  did you mean name"),
        ('[b]\nname = "x"\n\n[a]\nbio = "x"\n', r"authors\.toml:4: \[a\] has no name"),
        ("a = 1\n", r"authors\.toml:1: a is not a table"),
        ("[a", "cannot be read"),
        ('[a]\nname = "x\\u0007"\n', r"authors\.toml:2: \[a\] name: U\+0007"),
        ('[a]\nname = "x"\nphoto = 3\n', r"authors\.toml:3: \[a\] photo is not"),
    ):
        file.write_text(text, "utf-8")
        with pytest.raises(ConfigError, match=said):
            workspace.authors()
    for name in ("bio", "invite"):
        file.write_text(f'[a]\nname = "x"\n{name} = "a <b>c</b>"\n', "utf-8")
        with pytest.raises(EditionError, match=r"authors\.toml:3: raw HTML is ref"):
            workspace.authors()
    file.unlink()
    assert workspace.authors() == {}


def test_a_theme_is_files_over_files(tmp_path: Path) -> None:
    """A workspace's file wins, a theme wins over what it extends, key by key."""
    theme = tmp_path / "themes" / "presse"
    (theme / "blocks").mkdir(parents=True)
    (theme / "blocks" / "rule.txt.j2").write_text("~~~", "utf-8")
    (theme / "theme.toml").write_text(
        '[color]\naccent = ["#000000", "#ffffff"]\n', "utf-8"
    )
    folders = [tmp_path, shipped("templates")]
    mine = load_theme("presse", folders)
    assert mine.templates["blocks/rule.txt.j2"] == "~~~"
    assert mine.colors["accent"] == ("#000000", "#ffffff")
    assert mine.colors["page"] == load_theme("presse", folders[1:]).colors["page"]
    pop = load_theme("pop", folders[1:])
    assert pop.templates.keys() >= load_theme("presse", folders[1:]).templates.keys()


def test_a_theme_that_cannot_be_is_told(tmp_path: Path) -> None:
    """Unknown, circular, unreadable or unreadably pale: each says which."""
    with pytest.raises(ThemeError, match=r"there are: .*presse"):
        load_theme("press", [shipped("templates")])
    for name, text, said in (
        ("a", 'extends = "a"', "extends itself"),
        ("b", "[color", "cannot be read"),
        ("c", '[color]\nink = "red"', "light and a dark"),
        (
            "d",
            '[color]\nink = "#777777"\npage = "#888888"\n[contrast]\npage = ["ink"]',
            "4.5",
        ),
        ("e", "[colour]", "unknown table colour"),
        ("f", '[contrast]\npage = ["ink"]', "no colour"),
    ):
        (tmp_path / "themes" / name).mkdir(parents=True)
        (tmp_path / "themes" / name / "theme.toml").write_text(text, "utf-8")
        with pytest.raises(ThemeError, match=said):
            load_theme(name, [tmp_path])


def test_sentences_can_be_said_otherwise(tmp_path: Path) -> None:
    """A workspace's catalogue wins sentence by sentence; English needs none."""
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "fr.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "Archive"\nmsgstr "Grenier"\n',
        "utf-8",
    )
    french = load_catalogue("fr", [tmp_path, shipped("templates")])
    assert french.translate(say("Archive")) == "Grenier"
    assert french.translate(say("Unsubscribe")) == "Se désabonner"
    assert load_catalogue("en", [tmp_path]).sentences == {}


def test_a_catalogue_is_parsed_once_for_each_content(tmp_path: Path) -> None:
    """From the cache it says the same, plurals too; another content is read anew."""
    (tmp_path / "locale").mkdir()
    file, cache = tmp_path / "locale" / "fr.po", FolderCache(tmp_path / "cache")
    file.write_bytes((shipped("templates") / "locale" / "fr.po").read_bytes())
    parsed = load_catalogue("fr", [tmp_path])
    for _ in range(2):
        again = FolderCache(tmp_path / "cache")
        assert load_catalogue("fr", [tmp_path], cache=again) == parsed
    (kept,) = (tmp_path / "cache").glob("*/catalogue-fr-*")
    cache.put(kept.name, b'[{"Read": ["Relire"]}, "(n > 1)"]')
    found = load_catalogue("fr", [tmp_path], cache=cache)
    assert (found.sentences, found.plural) == ({"Read": ("Relire",)}, "(n > 1)")
    file.write_text('msgid "Read"\nmsgstr "Lire"\n')
    read = load_catalogue("fr", [tmp_path], cache=cache)
    assert read.sentences == {"Read": ("Lire",)}


def test_a_starter_overwrites_nothing(tmp_path: Path) -> None:
    """A file in the way stops it before anything is written; keys are for their owner."""
    folder, data = tmp_path / "ws", tmp_path / "data"

    def start() -> list[Path]:
        return create(
            folder,
            theme="presse",
            templates=shipped("templates"),
            today=TODAY,
            data=data,
            secret=b"s" * 32,
        )

    folder.mkdir()
    (folder / "authors.toml").write_text("mine", "utf-8")
    with pytest.raises(GuardError, match=r"authors\.toml"):
        start()
    assert [p.name for p in folder.iterdir()] == ["authors.toml"]
    (folder / "authors.toml").unlink()
    written = start()
    assert folder / "editions/le-meridien/2026-03-14-ports/index.md" in written
    assert (data / "secret_key").stat().st_mode & 0o777 == 0o600
    text = (folder / "config" / "mailer.toml").read_text("utf-8")
    assert re.findall("@[A-Z]+@", text) == []
