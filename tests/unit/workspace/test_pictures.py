"""Pictures made ready for mail."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from mailer.errors import InputError
from mailer.rendering.model import Picture
from mailer.workspace.pictures import PictureShelf


@pytest.fixture
def shelf(tmp_path: Path) -> PictureShelf:
    return PictureShelf(tmp_path / "media")


def photo(path: Path, size: tuple[int, int] = (2000, 1000), **more: object) -> Path:
    picture = Image.effect_noise(size, 40).convert("RGB")
    picture.save(path, **more)
    return path


def prepare(shelf: PictureShelf, path: Path, **more: object) -> Picture:
    values: dict[str, object] = {
        "name": path.name,
        "public_url": "https://x.example",
        "shown_width": 560,
    }
    return shelf.prepare(path, **{**values, **more})


def test_a_photo_is_resized_stripped_and_hosted(
    shelf: PictureShelf, tmp_path: Path
) -> None:
    """Twice the shown width, no EXIF, upright, under the hash of its bytes."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "A camera"
    picture = prepare(shelf, photo(tmp_path / "a.jpg", exif=exif))
    with Image.open(io.BytesIO(picture.content)) as opened:
        assert opened.size == (picture.width, picture.height) == (1000, 2000)
        assert not opened.getexif()
    assert picture.shown_width == 560
    assert picture.src == f"https://x.example/media/{picture.file_name}"
    kept = tmp_path / "media" / picture.file_name
    assert kept.read_bytes() == picture.content


def test_the_same_file_gives_the_same_bytes(
    shelf: PictureShelf, tmp_path: Path
) -> None:
    """A rendering keeps its hash as long as its pictures do."""
    path = photo(tmp_path / "a.png", (300, 200))
    assert prepare(shelf, path) == prepare(shelf, path)


def test_without_an_address_pictures_travel_inside(
    shelf: PictureShelf, tmp_path: Path
) -> None:
    """No public URL, no file kept: the mail carries it by Content-ID."""
    picture = prepare(shelf, photo(tmp_path / "a.jpg", (300, 200)), public_url=None)
    assert picture.inline
    assert picture.src == f"cid:{picture.cid}"
    assert not (tmp_path / "media").exists()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.webp", "image/jpeg"), ("a.bmp", "image/jpeg"), ("a.png", "image/png")],
)
def test_kinds_that_mail_cannot_show_are_converted(
    shelf: PictureShelf, tmp_path: Path, name: str, kind: str
) -> None:
    """What some clients cannot show becomes JPEG; PNG stays."""
    assert prepare(shelf, photo(tmp_path / name, (60, 40))).media_type == kind


def test_an_animation_stays_one(shelf: PictureShelf, tmp_path: Path) -> None:
    """An animated GIF is sent as it is."""
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    path = tmp_path / "a.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert prepare(shelf, path).content == path.read_bytes()


def test_a_video_gets_its_badge(shelf: PictureShelf, tmp_path: Path) -> None:
    """The play sign is drawn into the picture, white with a dark middle."""
    path = tmp_path / "a.png"
    Image.new("RGB", (400, 400), "#224466").save(path)
    picture = prepare(shelf, path, badge=True)
    with Image.open(io.BytesIO(picture.content)) as opened:
        shown = opened.convert("RGB")
        assert max(shown.getpixel((200, 200))) < 60
        assert min(shown.getpixel((200 - 35, 200))) > 200
        assert shown.getpixel((5, 5)) == (0x22, 0x44, 0x66)


@pytest.mark.parametrize(
    "content", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n broken", b"GIF89a"]
)
def test_what_is_no_picture_is_told_by_name(
    shelf: PictureShelf, tmp_path: Path, content: bytes
) -> None:
    """SVG, truncated and empty files are refused with their name."""
    path = tmp_path / "bad.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.jpg"):
        prepare(shelf, path)


def test_a_bomb_is_refused_before_it_is_unpacked(
    shelf: PictureShelf, tmp_path: Path
) -> None:
    """A tiny file of fifty thousand pixels square is not opened."""
    path = tmp_path / "bomb.png"
    Image.new("1", (8000, 8000)).save(path)
    with pytest.raises(InputError, match="8000 x 8000"):
        prepare(shelf, path)
