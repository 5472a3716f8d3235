"""Scaling a picture: by a library that uses the processor's vector instructions, or by Pillow.

Both weigh the same pixels with the same filters. Their results differ by a few levels of 255
at most, which leaves the cosine between embeddings above 0.9995.
"""

from __future__ import annotations

from PIL import Image

try:
    from cykooz_resizer import (
        CropBox,
        FilterType,
        ImageData,
        PixelType,
        ResizeAlg,
        ResizeOptions,
        Resizer,
    )
except ImportError:  # there is none for this kind of processor
    Resizer = None

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
FAST_FILTERS = {"bilinear": "bilinear", "bicubic": "catmull_rom", "lanczos": "lanczos3"}
REDUCING_GAP = 3.0  # Pillow: from 3 on, no difference to fair resampling can be seen
# The fast way copies the whole picture first: not worth it for a small part of a large one.
MOST_PIXELS = 4_000_000
LEAST_SHARE = 0.25

Box = tuple[float, float, float, float]


def resized(image: Image.Image, size: tuple[int, int], interpolation: str, box: Box) -> Image.Image:
    """A part of a picture, scaled.

    Args:
        image: In one of the modes ``pixels.SCALABLE``.
        size: Width and height of the result, in pixels.
        interpolation: One of ``FILTERS``.
        box: Left, top, right and bottom of the part, in pixels and fractions of them.
    """
    if _fast_can(image, interpolation, box):
        return _fast(image, size, interpolation, box)
    gap = None if interpolation == "nearest" else REDUCING_GAP
    return image.resize(size, FILTERS[interpolation], box=box, reducing_gap=gap)


def _fast_can(image: Image.Image, interpolation: str, box: Box) -> bool:
    if Resizer is None or image.mode != "RGB" or interpolation not in FAST_FILTERS:
        return False
    pixels = image.width * image.height
    part = (box[2] - box[0]) * (box[3] - box[1])
    return pixels <= MOST_PIXELS and part >= pixels * LEAST_SHARE


def _fast(image: Image.Image, size: tuple[int, int], interpolation: str, box: Box) -> Image.Image:
    options = ResizeOptions()
    options.resize_alg = ResizeAlg.convolution(FilterType[FAST_FILTERS[interpolation]])
    options.crop_box = CropBox(box[0], box[1], box[2] - box[0], box[3] - box[1])
    source = ImageData(image.width, image.height, PixelType.U8x3, image.tobytes())
    result = ImageData(*size, PixelType.U8x3)
    Resizer().resize(source, result, options)
    return Image.frombytes("RGB", size, result.get_buffer())
