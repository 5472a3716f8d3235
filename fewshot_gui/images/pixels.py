"""Any Pillow mode -> 8 bits that can be scaled -> RGB on white."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PIL import Image, ImageCms

if TYPE_CHECKING:  # only deep pictures need it, and importing it takes longer than Pillow
    import numpy as np
    from numpy.typing import NDArray

SCALABLE = ("L", "RGB", "CMYK", "La", "RGBa")
"""Modes that Pillow's filters treat right. Alpha is premultiplied in the last two."""

DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
BLOCK_PIXELS = 1 << 20  # deep pictures are converted in blocks of rows of about this size
SAMPLE_PIXELS = 1 << 18  # looked at to find the range of a deep picture
OUTLIERS = 0.1  # percent at either end that may be clipped, so that no hot pixel rules


def scalable(image: Image.Image) -> Image.Image:
    """The picture in one of the modes ``SCALABLE``, at its own size.

    Deep single-channel pictures (16 or 32 bits, floating point) become 8 bits: whole
    numbers by the smallest usual bit depth that holds the brightest pixel (8, 10, 12, 14
    or 16), so that 12 bits in a 16-bit file are not almost black; other ranges from their
    0.1st to their 99.9th percentile; floating point from 0 to 1 keeps that range. NaN
    is black.
    """
    if image.mode in DEEP:
        return _from_deep(image)
    if image.has_transparency_data:
        return _premultiplied(image)
    if image.mode in SCALABLE:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _premultiplied(image: Image.Image) -> Image.Image:
    if image.mode in ("La", "RGBa"):
        return image
    if image.mode == "LA":
        return image.convert("La")
    if image.mode != "RGBA":
        image = image.convert("RGBA")
    return image.convert("RGBa")


def to_rgb(image: Image.Image, profile: bytes = b"") -> Image.Image:
    """A picture in one of the modes ``SCALABLE`` as RGB, on white where it is transparent.

    Args:
        image: The picture, already small: colours cost time per pixel.
        profile: Its ICC profile. One that fits is converted to sRGB, any other ignored.
    """
    if image.mode in ("La", "RGBa"):
        image = _on_white(image)
    if profile and not _is_srgb(profile):
        managed = _managed(image, profile)
        if managed is not None:
            return managed
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "La":
        image = image.convert("LA")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")


def _is_srgb(profile: bytes) -> bool:
    return b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile


def _managed(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture in sRGB, or None where the profile is of no use for it."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if space != {"L": "GRAY"}.get(image.mode, image.mode):
            return None
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except Exception:  # noqa: BLE001 - a bad profile must not hide the picture
        return None


def _from_deep(image: Image.Image) -> Image.Image:
    import numpy as np

    low, high = _range(_sample(image))
    scale = 255.0 / (high - low) if high > low else 0.0
    grey = np.empty((image.height, image.width), np.uint8)
    for top, bottom in _blocks(image):
        block = _pixels(image, top, bottom)
        block -= low
        block *= scale
        np.nan_to_num(block, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
        grey[top:bottom] = np.clip(block, 0.0, 255.0, out=block).round()
    return Image.fromarray(grey)


def _blocks(image: Image.Image) -> Iterator[tuple[int, int]]:
    rows = max(1, BLOCK_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield top, min(top + rows, image.height)


def _pixels(image: Image.Image, top: int, bottom: int) -> NDArray[np.float64]:
    """Rows ``top`` to ``bottom`` as float64 of shape (rows, width)."""
    import numpy as np

    return np.asarray(image.crop((0, top, image.width, bottom)), np.float64).copy()


def _sample(image: Image.Image) -> NDArray[np.float64]:
    """Finite pixels, evenly spread over the picture, for finding its range."""
    import numpy as np

    step = max(1, round((image.width * image.height / SAMPLE_PIXELS) ** 0.5))
    rows = [_pixels(image, top, top + 1)[0, ::step] for top in range(0, image.height, step)]
    values = np.concatenate(rows)
    return values[np.isfinite(values)]


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    """What becomes black and what becomes white."""
    import numpy as np

    if not values.size:
        return 0.0, 1.0
    lowest, highest = float(values.min()), float(values.max())
    if lowest >= 0 and highest <= 1 and not np.array_equal(values, np.rint(values)):
        return 0.0, 1.0
    if lowest >= 0 and highest < 65536 and np.array_equal(values, np.rint(values)):
        bits = next(bits for bits in (8, 10, 12, 14, 16) if highest < 1 << bits)
        return 0.0, float((1 << bits) - 1)
    low, high = np.percentile(values, [OUTLIERS, 100 - OUTLIERS])
    return float(low), float(high)
