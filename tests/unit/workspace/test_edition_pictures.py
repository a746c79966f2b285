"""Every picture an edition shows, gathered and made ready."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mailer.edition.model import Edition, Publication
from mailer.errors import EditionError
from mailer.rendering.model import Picture
from mailer.workspace.editions import Workspace
from mailer.workspace.pictures import AVATAR_WIDTH, FIGURE_WIDTH, PictureShelf

PAPER = Publication(id="p", name="P", sender="P <p@x.example>", list_id="p.x.example")
TEXT = """\
---
title: Les ports
date: 2026-03-14
authors: [claire]
cover: cover.jpg
---
# Une section

![Un port](open.jpg)

::: box note
![Une grue](boxed.jpg)
:::

::: sponsor {by="Navire et Cie"}
![Un navire](paid.jpg)
:::

::: only member
![Une tour](member.jpg)
:::

[![Un film](open.jpg){.video}](https://films.example/port)
"""
BESIDE = ("cover.jpg", "open.jpg", "boxed.jpg", "paid.jpg", "member.jpg")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    folder = tmp_path / "editions" / "p" / "2026-03-14-ports"
    folder.mkdir(parents=True)
    (folder / "index.md").write_text(TEXT)
    for number, name in enumerate(BESIDE):
        Image.new("RGB", (800, 400), (number * 20, 80, 120)).save(folder / name)
    Image.new("RGB", (200, 200), "teal").save(tmp_path / "claire.png")
    (tmp_path / "authors.toml").write_text(
        '[claire]\nname = "Claire"\nphoto = "claire.png"\n'
    )
    return Workspace(tmp_path)


def gathered(workspace: Workspace) -> dict[str, Picture]:
    (folder,) = workspace.editions(["p"])
    authors = workspace.authors()
    edition: Edition = workspace.read(folder, PAPER, authors)
    shelf = PictureShelf(workspace.root / "media")
    return shelf.pictures_of(edition, authors, workspace=workspace, public_url=None)


def test_no_picture_is_forgotten(workspace: Workspace) -> None:
    """Those in boxes, sponsors and members' parts, the cover, the authors' faces."""
    found = gathered(workspace)
    assert found.keys() == {*BESIDE, "open.jpg#video", "claire.png"}
    assert found["boxed.jpg"].shown_width == FIGURE_WIDTH
    assert found["claire.png"].shown_width == AVATAR_WIDTH
    assert found["open.jpg"].content != found["open.jpg#video"].content


def test_every_picture_that_cannot_be_used_is_told_at_once(
    workspace: Workspace,
) -> None:
    """Each at the line that shows it."""
    folder = workspace.root / "editions" / "p" / "2026-03-14-ports"
    (folder / "boxed.jpg").write_bytes(b"not a picture")
    (folder / "member.jpg").write_bytes(b"")
    with pytest.raises(EditionError) as caught:
        gathered(workspace)
    assert [(f.file, f.line, f.rule) for f in caught.value.findings] == [
        ("index.md", 12, "image-unreadable"),
        ("index.md", 20, "image-unreadable"),
    ]
