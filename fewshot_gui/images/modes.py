"""Every way a picture's values may be stored -> 8-bit RGB or RGBA."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageCms

_WIDE = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
_WITH_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")


def to_rgb_or_rgba(image: Image.Image) -> Image.Image:
    """The picture as ``RGB``, or as ``RGBA`` where something may be transparent."""
    if image.mode in ("RGB", "RGBA"):
        keyed = image.mode == "RGB" and "transparency" in image.info
        return image.convert("RGBA") if keyed else image
    if image.mode in _WIDE:
        return wide_to_grey(image).convert("RGB")
    if image.mode == "LAB":
        profile = ImageCms.createProfile("LAB")
        return ImageCms.profileToProfile(
            image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    if image.mode in ("La", "RGBa"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    transparent = image.mode in _WITH_ALPHA or "transparency" in image.info
    return image.convert("RGBA" if transparent else "RGB")


def wide_to_grey(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and float grey as 8-bit, its own range made visible.

    A full-range 16-bit picture is divided by 257. Scientific cameras store 10 or 12 bits in
    16, which would come out black, and float has no agreed range: there, the picture's own
    minimum and maximum become black and white.
    """
    values = np.asarray(image).astype(np.float32)
    finite = np.isfinite(values)
    if not finite.any():
        return Image.new("L", image.size)
    low, high = float(values[finite].min()), float(values[finite].max())
    if image.mode != "F" and low >= 0 and (high <= 255 or 32768 <= high <= 65535):
        low, high = 0.0, 255.0 if high <= 255 else 65535.0
    span = max(high - low, 1e-12)
    scaled = np.clip((np.where(finite, values, low) - low) / span, 0, 1)
    return Image.fromarray(np.round(scaled * 255).astype(np.uint8))


def flattened(image: Image.Image) -> Image.Image:
    """Transparency laid on white; ``RGB``."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white
