"""Pictures made ready for mail: turned upright, stripped, resized.

The same file gives the same bytes every time, so that a rendering keeps its hash.
"""

from __future__ import annotations

import contextlib
import io
import warnings

from PIL import Image, ImageCms, ImageDraw, ImageOps, UnidentifiedImageError

from mailer.errors import InputError
from mailer.phrases import say

_MAX_PIXELS = 50_000_000  # a camera's; more is a bomb
_MAX_WIDTH = 1280
_READABLE = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")  # none that runs programs
_LOSSLESS = frozenset({"PNG", "GIF"})
_HEAVY_BYTES = 200 * 1024
_QUALITIES = (84, 76, 68, 58)
_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif"}


def retouch(
    raw: bytes, name: str, shown_width: int, *, badge: bool
) -> tuple[bytes, str, tuple[int, int], str, int]:
    """Bytes, media type and pixels of a picture fit for mail, the format and width it had.

    InputError says what is wrong with *raw*, called *name*. Twice the pixels of
    *shown_width* at most; *badge* draws a play sign on it.
    """
    ready = _ready(raw, name, shown_width, badge=badge)
    with Image.open(io.BytesIO(raw), formats=_READABLE) as opened:
        return *ready, opened.format or "", opened.width


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
