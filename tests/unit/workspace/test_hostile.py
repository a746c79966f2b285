"""Files that a newsroom did not mean to hand over, and what becomes of them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from mailer.errors import ConfigError, InputError, ThemeError
from mailer.rendering.model import Picture
from mailer.workspace.catalogue import load_catalogue
from mailer.workspace.pictures import PictureShelf
from mailer.workspace.themes import load_theme


def prepared(path: Path, *, public_url: str | None = None) -> Picture:
    shelf = PictureShelf(path.parent / "media")
    return shelf.prepare(path, name=path.name, public_url=public_url, shown_width=560)


def reopened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.content))


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7_200, 10_000, 50_000])
def test_a_bomb_of_any_size_is_told_by_name(tmp_path: Path, side: int) -> None:
    """No warning of a library's reaches the newsroom instead."""
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(side, side))
    with pytest.raises(InputError, match=r"bomb\.png"):
        prepared(path)


def test_nothing_travels_that_is_not_shown(tmp_path: Path) -> None:
    """Comments go the way of EXIF."""
    path = tmp_path / "a.jpg"
    Image.new("RGB", (60, 40), "teal").save(path, comment=b"from my phone")
    assert b"from my phone" not in prepared(path).content


def test_colours_stay_without_their_profile(tmp_path: Path) -> None:
    """A profile is applied before it is dropped: mail knows none."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ")
    swapped = swapped.replace(b"tXYZ", b"bXYZ")  # red is blue there
    path = tmp_path / "a.png"
    Image.new("RGB", (60, 40), (200, 10, 10)).save(path, icc_profile=swapped)
    with reopened(prepared(path)) as shown:
        assert shown.getpixel((5, 5)) == (10, 10, 200)
        assert "icc_profile" not in shown.info


def test_a_broken_profile_harms_nothing(tmp_path: Path) -> None:
    """The picture is taken as if it had none."""
    path = tmp_path / "a.png"
    Image.new("RGB", (60, 40), (200, 10, 10)).save(path, icc_profile=b"nonsense" * 20)
    with reopened(prepared(path)) as shown:
        assert shown.getpixel((5, 5)) == (200, 10, 10)


def test_sixteen_bits_of_grey_become_eight(tmp_path: Path) -> None:
    """They are scaled, not cut to white."""
    path = tmp_path / "a.png"
    Image.new("I;16", (60, 40), 100 * 257).save(path)
    with reopened(prepared(path)) as shown:
        assert shown.convert("L").getpixel((5, 5)) == 100


def test_a_logo_in_gif_stays_sharp(tmp_path: Path) -> None:
    """A drawing is not put through JPEG."""
    path = tmp_path / "a.gif"
    Image.new("P", (60, 40), 3).save(path)
    assert prepared(path).media_type == "image/png"


def test_a_format_that_starts_programs_is_refused(tmp_path: Path) -> None:
    """PostScript is never interpreted."""
    path = tmp_path / "a.eps"
    Image.new("RGB", (60, 40)).save(path)
    with pytest.raises(InputError, match=r"a\.eps"):
        prepared(path)


def test_a_shelf_that_takes_nothing_is_told(tmp_path: Path) -> None:
    """A file where the media folder should be is the operator's to mend."""
    path = tmp_path / "a.png"
    Image.new("RGB", (60, 40)).save(path)
    (tmp_path / "media").write_text("in the way")
    with pytest.raises(ConfigError, match="takes no picture") as caught:
        prepared(path, public_url="https://x.example")
    assert "[storage] media" in caught.value.hint


@pytest.mark.parametrize("name", ["", ".", "..", "../elsewhere", "a/b", "/etc"])
def test_a_theme_has_a_name_and_no_path(tmp_path: Path, name: str) -> None:
    """No name leads out of the themes' folder."""
    (tmp_path / "themes" / "a" / "b").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(ThemeError, match="there is no theme"):
        load_theme(name, [tmp_path])


def test_a_template_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    """With its file."""
    (tmp_path / "themes" / "a").mkdir(parents=True)
    (tmp_path / "themes" / "a" / "edition.txt.j2").write_bytes(b"\xff")
    with pytest.raises(ThemeError, match=r"edition\.txt\.j2"):
        load_theme("a", [tmp_path])


def test_a_catalogue_says_only_what_is_settled(tmp_path: Path) -> None:
    """Fuzzy and untranslated sentences stay English; a broken file is told."""
    (tmp_path / "locale").mkdir()
    file = tmp_path / "locale" / "fr.po"
    file.write_text(
        '#, fuzzy\nmsgid "Leave"\nmsgstr "Feuille"\n\n'
        'msgid "Read"\nmsgstr "Lire"\n\nmsgid "New"\nmsgstr ""\n'
    )
    assert load_catalogue("fr", [tmp_path]).sentences == {"Read": ("Lire",)}
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ThemeError, match=r"fr\.po"):
        load_catalogue("fr", [tmp_path])
