"""Pictures made ready for mail: turned upright, stripped, resized, named by content.

The same file gives the same bytes every time, so that a rendering keeps its hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import PIL
from PIL import Image, ImageCms, ImageDraw, ImageOps, UnidentifiedImageError

from mailer.edition.blocks import Figure, Signature, Source
from mailer.edition.finding import error
from mailer.edition.model import Author, Edition
from mailer.errors import ConfigError, EditionError, Finding, InputError
from mailer.files import SHARED, replacing
from mailer.phrases import say
from mailer.rendering.model import Cache, Picture
from mailer.workspace.editions import Workspace

_MAX_PIXELS = 50_000_000  # a camera's; more is a bomb
_MAX_WIDTH = 1280
_READABLE = (
    "JPEG",
    "PNG",
    "GIF",
    "WEBP",
    "BMP",
    "TIFF",
)  # no format that runs programs
_LOSSLESS = frozenset({"PNG", "GIF"})
_HEAVY_BYTES = 200 * 1024
_QUALITIES = (84, 76, 68, 58)
_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif"}
_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}

FIGURE_WIDTH = 560
"""CSS pixels: the text column of a 640 px mail."""

AVATAR_WIDTH = 48

_REMEMBERED = 32
"""Pictures that are not made again while an edition is looked at save after save."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A picture fit for mail, and what it was before."""

    content: bytes
    media_type: str
    size: tuple[int, int]
    original_format: str
    original_width: int


class PictureShelf:
    """Ready pictures, kept in a folder by the hash of their bytes.

    *cache* has what was made of the same files by others before.
    """

    def __init__(self, folder: Path, cache: Cache | None = None) -> None:
        self.folder = folder
        self._cache = cache
        self._made = lru_cache(_REMEMBERED)(self._found_or_made)

    def pictures_of(
        self,
        edition: Edition,
        authors: Mapping[str, Author],
        *,
        workspace: Workspace,
        public_url: str | None,
    ) -> dict[str, Picture]:
        """Every picture *edition* shows, by the name it is asked for.

        EditionError with all that cannot be used, at the line that shows it; ConfigError
        if the folder takes nothing.
        """
        found: dict[str, Picture] = {}
        faults: list[Finding] = []
        folder = workspace.folder_of(edition)
        for key, name, beside, width, at in _wanted(edition, authors, folder):
            if key in found:
                continue
            try:
                found[key] = self.prepare(
                    workspace.file(name, beside=beside),
                    name=name,
                    public_url=public_url,
                    shown_width=width,
                    badge=key.endswith("#video"),
                )
            except ConfigError:  # the folder's fault, not the edition's
                raise
            except InputError as error:
                faults.append(_fault(error, at))
        if faults:
            raise EditionError(tuple(faults))
        return found

    def prepare(
        self,
        path: Path,
        *,
        name: str,
        public_url: str | None,
        shown_width: int,
        badge: bool = False,
    ) -> Picture:
        """The picture at *path*, ready; InputError says what is wrong with it.

        Twice the pixels it is shown at, for sharp screens, and 1280 at most. *badge*
        draws a play sign on it.
        """
        try:
            raw = path.read_bytes()
        except OSError as error:
            message = say(
                "picture {name} cannot be read: {error}",
                name=name,
                error=error.strerror,
            )
            raise InputError(message) from error
        ready = self._made(raw, name, shown_width, badge=badge)
        digest = hashlib.sha256(ready.content).hexdigest()[:20]
        file = f"{digest}.{_SUFFIXES[ready.media_type]}"
        if public_url:
            self._keep(file, ready.content)
        return Picture(
            name=name,
            src=f"{public_url}/media/{file}" if public_url else f"cid:{digest}@mailer",
            content=ready.content,
            media_type=ready.media_type,
            width=ready.size[0],
            height=ready.size[1],
            shown_width=min(shown_width, ready.size[0]),
            original_format=ready.original_format,
            original_width=ready.original_width,
        )

    def _found_or_made(
        self, raw: bytes, name: str, shown_width: int, *, badge: bool
    ) -> _Ready:
        if self._cache is None:
            return _made(raw, name, shown_width, badge=badge)
        digest = hashlib.sha256(raw).hexdigest()
        entry = f"picture-{digest}-{shown_width}-{badge}-{PIL.__version__}"
        if found := self._cache.get(entry):
            head, _, content = found.partition(b"\n")
            kind, wide, high, before, broad = json.loads(head)
            return _Ready(content, kind, (wide, high), before, broad)
        made = _made(raw, name, shown_width, badge=badge)
        before = made.original_format, made.original_width
        head = json.dumps([made.media_type, *made.size, *before]).encode()
        self._cache.put(entry, head + b"\n" + made.content)
        return made

    def _keep(self, file: str, content: bytes) -> None:
        """Write once, whole or not at all."""
        target = self.folder / file
        if target.exists():
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(target, mode=SHARED) as out:
                out.write(content)
        except OSError as error:
            message = say(
                "{folder} takes no picture: {error}",
                folder=self.folder,
                error=error.strerror,
            )
            hint = say("make it writable, or name another: [storage] media")
            raise ConfigError(message, hint=hint) from error


def _made(raw: bytes, name: str, shown_width: int, *, badge: bool) -> _Ready:
    """As ``_ready``, with the format and width it had."""
    ready = _ready(raw, name, shown_width, badge=badge)
    with Image.open(io.BytesIO(raw), formats=_READABLE) as opened:
        return _Ready(*ready, opened.format or "", opened.width)


def _ready(
    raw: bytes, name: str, shown_width: int, *, badge: bool
) -> tuple[bytes, str, tuple[int, int]]:
    """Bytes, media type and pixels of a picture fit for mail."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(raw), formats=_READABLE)
        with opened:
            if opened.width * opened.height > _MAX_PIXELS:
                message = say(
                    "picture {name} has {width} x {height} pixels",
                    name=name,
                    width=str(opened.width),
                    height=str(opened.height),
                )
                raise InputError(message, hint=say("make it smaller"))
            if opened.format == "GIF" and getattr(opened, "n_frames", 1) > 1:
                return raw, _TYPES["GIF"], opened.size  # animated: as it is
            picture = ImageOps.exif_transpose(opened)
            lossless = _has_alpha(picture) or opened.format in _LOSSLESS
            kind = "PNG" if lossless else "JPEG"
            picture = _plain(picture)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        message = say("{name} is not a picture we can read", name=name)
        raise InputError(message, hint=say("save it as JPEG or PNG")) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        message = say("picture {name} is far too large", name=name)
        raise InputError(message, hint=say("make it smaller")) from error
    width = min(2 * shown_width, _MAX_WIDTH)
    if picture.width > width:
        height = max(1, round(picture.height * width / picture.width))
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    if badge:
        picture = _with_badge(picture)
    return _encoded(picture, kind), _TYPES[kind], picture.size


def _plain(picture: Image.Image) -> Image.Image:
    """Eight bits a channel, in sRGB, without anything that is not shown."""
    mode = "RGBA" if _has_alpha(picture) else "RGB"
    if picture.mode.startswith("I;16"):
        picture = picture.point(lambda depth: depth / 257).convert("L")
    profile = picture.info.get("icc_profile")
    plain = picture.convert(mode)
    if profile:
        # Mail knows no profiles: what a phone took in Display P3 would turn pale.
        source = picture if picture.mode in {"CMYK", "L"} else plain
        with contextlib.suppress(ImageCms.PyCMSError, OSError):
            converted = ImageCms.profileToProfile(
                source,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode=mode,
            )
            plain = converted or plain
    plain.info.clear()  # comments, XMP and profiles would be written back
    return plain


def _encoded(picture: Image.Image, kind: str) -> bytes:
    """Without metadata; a photo as fine as fits into 200 KB."""
    out = io.BytesIO()
    if kind == "PNG":
        picture.save(out, "PNG", optimize=True)
        return out.getvalue()
    for quality in _QUALITIES:
        out = io.BytesIO()
        picture.convert("RGB").save(
            out, "JPEG", quality=quality, optimize=True, progressive=True
        )
        if out.tell() <= _HEAVY_BYTES:
            break
    return out.getvalue()


def _with_badge(picture: Image.Image) -> Image.Image:
    """A play sign in the middle: a white disc with a dark triangle, edges smooth."""
    scale = 4
    side = max(48, min(picture.size) // 4)
    badge = Image.new("RGBA", (side * scale, side * scale), (0, 0, 0, 0))
    draw = ImageDraw.Draw(badge)
    edge = side * scale
    draw.ellipse((0, 0, edge - 1, edge - 1), fill=(255, 255, 255, 235))
    left, right = edge * 0.40, edge * 0.70
    top, bottom = edge * 0.31, edge * 0.69
    draw.polygon(
        [(left, top), (left, bottom), (right, edge / 2)], fill=(24, 24, 27, 255)
    )
    badge = badge.resize((side, side), Image.Resampling.LANCZOS)
    canvas = picture.convert("RGBA")
    at = ((canvas.width - side) // 2, (canvas.height - side) // 2)
    canvas.alpha_composite(badge, at)
    return canvas if picture.mode == "RGBA" else canvas.convert("RGB")


def _has_alpha(picture: Image.Image) -> bool:
    return picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info


def _wanted(
    edition: Edition, authors: Mapping[str, Author], folder: Path
) -> Iterator[tuple[str, str, Path | None, int, Source]]:
    """(key, file name, its folder, shown width, where) of every picture."""
    for block in edition.every_block():
        match block:
            case Figure():
                yield block.picture, block.src, folder, FIGURE_WIDTH, block.at
            case Signature() if authors[block.author].photo:
                photo = authors[block.author].photo
                yield photo, photo, None, AVATAR_WIDTH, block.at
    for key in edition.authors:
        if photo := authors[key].photo:
            yield photo, photo, None, AVATAR_WIDTH, edition.at
    if edition.cover:
        yield edition.cover.src, edition.cover.src, folder, FIGURE_WIDTH, edition.at


def _fault(why: InputError, at: Source) -> Finding:
    return error("image-unreadable", at, why.message, why.hint)
