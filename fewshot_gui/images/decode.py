"""Bytes -> pixels. Runs in the worker processes only: the bytes are strangers'."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from fewshot_gui.images.files import FailureKind, ImageFailure
from fewshot_gui.images.formats import allowed_formats, unsupported_format
from fewshot_gui.images.modes import flattened, to_rgb_or_rgba
from fewshot_gui.images.request import Crop, DecodeRequest

MAX_PIXELS = 64_000_000
# JPEG can be decoded at 1/8 of its size, so that a large one needs little memory.
MAX_JPEG_PIXELS = 512_000_000
MAX_SIDE = 200_000
_DETAIL_LENGTH = 100

_VARIANT_WORDS = ("Unsupported", "Unimplemented", "Unknown pixel format", "invalid palette size")
# What Pillow says both of a broken stream and of a compression that it does not know.
_UNCLEAR_WORDS = ("decoder error -2", "cannot load this image", "cannot find loader")

_INTERPOLATIONS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Decoded:
    """One picture, upright.

    Attributes:
        width: Pixels of the whole picture.
        height: Pixels of the whole picture.
        crop: uint8 ``(size, size, 3)``, or None where none was asked for.
        thumbnail: uint8 ``(h, w, 3)``, or None.
    """

    width: int
    height: int
    crop: NDArray[np.uint8] | None
    thumbnail: NDArray[np.uint8] | None


class Refused(Exception):
    """The picture is not decoded, and why."""

    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(detail)
        self.failure = ImageFailure(kind, detail)


def decode(data: bytes, request: DecodeRequest) -> Decoded:
    """Decode the first frame of a picture.

    Raises:
        Refused: With the reason. No other exception leaves this function, as decoders
            raise whatever they like on damaged files.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(data, request)
    except Refused:
        raise
    except (MemoryError, Image.DecompressionBombError) as error:
        raise Refused(FailureKind.TOO_LARGE, "needs too much memory") from error
    except Exception as error:
        raise _refusal(data, error) from error


def _decode(data: bytes, request: DecodeRequest) -> Decoded:
    if not data:
        raise Refused(FailureKind.DAMAGED, "the file is empty")
    # Twice this is where Pillow refuses by itself, for formats that decode on opening.
    Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS // 2
    with Image.open(io.BytesIO(data), formats=allowed_formats()) as image:
        width, height = image.size
        _check_size(image)
        orientation = _orientation(image)
        _draft(image, request)
        image.load()
        turn = _UPRIGHT.get(orientation)
        upright = to_rgb_or_rgba(image)
        upright = upright.transpose(turn) if turn is not None else upright
    if turn is not None and orientation >= 5:
        width, height = height, width
    crop = request.crop and np.asarray(_cropped(upright, request.crop))
    thumbnail = request.thumbnail and np.asarray(_thumbnail(upright, request.thumbnail))
    return Decoded(width, height, crop, thumbnail)


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    progressive = image.info.get("progressive") or image.info.get("progression")
    is_jpeg = image.format in ("JPEG", "MPO") and not progressive
    limit = MAX_JPEG_PIXELS if is_jpeg else MAX_PIXELS
    if width * height > limit or max(width, height) > MAX_SIDE:
        raise Refused(FailureKind.TOO_LARGE, f"{width} x {height} pixels")
    if min(width, height) < 1:
        raise Refused(FailureKind.DAMAGED, "it has no pixels")


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8. Damaged EXIF must not hide the picture."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:
        return 1
    return value if isinstance(value, int) else 1


def _draft(image: Image.Image, request: DecodeRequest) -> None:
    """Let the JPEG decoder leave out what would be scaled away."""
    shorter, longer = sorted(image.size)
    needed = request.crop.resize if request.crop else 1
    if request.thumbnail:
        needed = max(needed, -(-request.thumbnail * shorter // longer))
    image.draft(None, (needed, needed))


def _cropped(image: Image.Image, crop: Crop) -> Image.Image:
    """Shorter side to ``crop.resize``, then the central square, in one step.

    Cutting first keeps a picture of 1 x 60,000 pixels from being blown up as a whole.
    """
    width, height = image.size
    side = min(width, height) * crop.size / crop.resize
    left, top = (width - side) / 2, (height - side) / 2
    square = image.resize(
        (crop.size, crop.size),
        _INTERPOLATIONS[crop.interpolation],
        box=(left, top, left + side, top + side),
        reducing_gap=3.0,
    )
    return flattened(square)


def _thumbnail(image: Image.Image, longest: int) -> Image.Image:
    """Longer side at most ``longest``; small pictures stay small."""
    width, height = image.size
    scale = min(1.0, longest / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size != image.size:
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return flattened(image)


def _refusal(data: bytes, error: Exception) -> Refused:
    unsupported = unsupported_format(data)
    if unsupported:
        return Refused(FailureKind.UNSUPPORTED, unsupported)
    if isinstance(error, UnidentifiedImageError):
        # Pillow has looked at it with every decoder: which of the two it is, nobody knows.
        return Refused(FailureKind.UNIDENTIFIED, "no picture found in it")
    text = _one_line(str(error))
    if "too large" in text:
        return Refused(FailureKind.TOO_LARGE, text)
    if isinstance(error, NotImplementedError) or text.startswith(_VARIANT_WORDS):
        return Refused(FailureKind.UNSUPPORTED, text)
    if text.startswith(_UNCLEAR_WORDS):
        return Refused(FailureKind.UNIDENTIFIED, text)
    return Refused(FailureKind.DAMAGED, text or type(error).__name__)


def _one_line(text: str) -> str:
    """Decoder messages as one short line of plain characters, the same on every run."""
    words = "".join(c if c.isascii() and c.isprintable() else " " for c in text).split()
    # Anything like an address differs from run to run.
    kept = [word for word in words if "0x" not in word]
    return " ".join(kept)[:_DETAIL_LENGTH]
