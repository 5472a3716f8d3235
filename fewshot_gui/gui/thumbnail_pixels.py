"""Scales small pictures and rounds their corners, with Pillow.

Qt would be quicker, but its bindings keep the interpreter lock meanwhile: the window's thread
would wait for it again and again while other threads get pictures ready.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

Side = tuple[int, int]  # width and height


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture in memory.

    Attributes:
        content: Four bytes a pixel: blue, green, red, and one that does not matter.
        width, height: In pixels.
        stride: Bytes of a row.
    """

    content: memoryview
    width: int
    height: int
    stride: int


def rounded(pixels: Pixels, size: Side, kept: Side, radius: int) -> bytes:
    """The middle of a scaled picture, with round corners.

    Args:
        pixels: The picture.
        size: What it is scaled to.
        kept: What remains of that.
        radius: Of the corners.

    Returns:
        Four bytes a pixel: blue, green and red, each times the last one, which says how much
        is to be seen of the pixel.
    """
    whole = (pixels.width, pixels.height)
    image = Image.frombuffer("RGB", whole, pixels.content, "raw", "BGRX", pixels.stride, 1)
    scaled = image.resize(size, Image.Resampling.BILINEAR)
    left, top = (size[0] - kept[0]) // 2, (size[1] - kept[1]) // 2
    cut = scaled.crop((left, top, left + kept[0], top + kept[1]))
    cut.putalpha(_mask(kept, radius))
    return cut.convert("RGBa").tobytes("raw", "BGRa")


def _mask(size: Side, radius: int) -> Image.Image:
    mask = Image.new("L", size, 255)
    width, height = size
    side = min(radius, width // 2, height // 2)
    flip = Image.Transpose
    corner = _corner(side)
    across = corner.transpose(flip.FLIP_LEFT_RIGHT)
    mask.paste(corner, (0, 0))
    mask.paste(across, (width - side, 0))
    mask.paste(corner.transpose(flip.FLIP_TOP_BOTTOM), (0, height - side))
    mask.paste(across.transpose(flip.FLIP_TOP_BOTTOM), (width - side, height - side))
    return mask


@lru_cache(maxsize=16)
def _corner(side: int) -> Image.Image:
    """The upper left one, with soft edges."""
    away = side - 0.5 - np.arange(side)
    inside = side + 0.5 - np.hypot(away[:, None], away)
    return Image.fromarray(np.uint8(255 * np.clip(inside, 0, 1)).reshape(side, side))
