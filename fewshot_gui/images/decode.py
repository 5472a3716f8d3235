"""Bytes of a stranger's picture -> RGB pixels. Runs in the worker processes only."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import AvifImagePlugin, Image, UnidentifiedImageError

from fewshot_gui.images import pixels, signatures
from fewshot_gui.images.decoded import Decoded
from fewshot_gui.images.file_types import (
    RAW_EXTENSIONS,
    READABLE_EXTENSIONS,
    UNREADABLE_EXTENSIONS,
    extension,
)
from fewshot_gui.images.files import FailureKind, ImageFailure
from fewshot_gui.images.request import Crop, DecodeRequest
from fewshot_gui.images.resampling import resized

MAX_PIXELS = 64_000_000  # about 0.3 to 1 GB while decoding, depending on the format
MAX_JPEG2000_PIXELS = 32_000_000  # its decoder holds every channel in 32 bits
MAX_JPEG_PIXELS = 512_000_000  # JPEG can be decoded at an eighth of its size
MAX_SIDE = 100_000  # beyond libjpeg's 65,500 and any scanner's strip: an attack or a mistake
# A JPEG is decoded at no less than this many times the wanted size. For a 12-megapixel photo
# that takes a third of the time of full decoding, and embeddings keep a cosine of 0.995.
DRAFT_GAP = 1.25
MAX_DETAIL = 160

# What is opened at all. Not here: EPS (starts Ghostscript), WMF and the stubs (no decoder
# of their own), MPEG and the like (no pictures).
FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "PSD"),
    *("ICO", "CUR", "ICNS", "DIB", "PCX", "DCX", "SGI", "DDS", "QOI", "FITS", "SUN", "XPM"),
    *("XBM", "MSP", "BLP", "FTEX", "GBR", "PIXAR", "XVTHUMB", "FLI"),
)
# Formats without a signature take almost any bytes for theirs, so the name must agree. A
# name that says nothing admits them all.
UNSIGNED = {
    "TGA": ("tga", "icb", "vda", "vst"),
    "IM": ("im",),
    "IMT": ("imt",),
    "SPIDER": ("spider",),
}

# Signs so short that a picture may begin the same way: these are tried, and named only when
# no decoder takes them.
AMBIGUOUS = ("text", "program", "sound", "NIfTI")
TEXT_EXTENSIONS = ("ppm", "pgm", "pbm", "pnm", "pfm", "pam", "xbm", "xpm")

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)
ORIENTATION_TAG = 0x0112

RARE_COMPRESSIONS = ("webp", "zstd", "lzma", "jbig", "lerc")  # not in every build of libtiff

_NOT_IMPLEMENTED = re.compile(
    r"unsupported|unimplemented|not implemented|not supported|unknown (pixel|data|compression)"
    r"|cannot find loader",
    re.IGNORECASE,
)
_NO_MEMORY = re.compile(r"out of memory|decoder error -9")
_ADDRESS = re.compile(r"\s*(at )?0x[0-9a-fA-F]{6,}")


def load_decoders() -> None:
    """Import what ``decode`` needs, so that the first file does not wait for it."""
    Image.init()


def decode(data: bytes, request: DecodeRequest) -> Decoded:
    """Decode the first picture of a file.

    Args:
        data: The file's whole content.
        request: What is wanted; its path is used for the extension only.

    Returns:
        The picture or the failure: no exception gets out, whatever the bytes are.
    """
    ending = extension(request.path.replace("\\", "/").rpartition("/")[2])
    reasons: list[str] = []
    try:
        _refuse_by_signature(data, ending)
        with _own_limits(data, reasons):
            return _decoded(data, ending, request)
    except _RefusedError as refused:
        return Decoded(refused.failure)
    except Exception as error:  # noqa: BLE001 - eleven types came out of 14,000 bad files
        return Decoded(_explained(error, data, ending, reasons))


class _RefusedError(Exception):
    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(detail)
        self.failure = ImageFailure(kind, detail)


def _refuse_by_signature(data: bytes, ending: str) -> None:
    """Refuse what must not reach a decoder: empty, of another kind, or claiming to be huge."""
    if not data:
        raise _RefusedError(FailureKind.DAMAGED, "empty file")
    name = signatures.unreadable_format(data, ending)
    if name and name not in AMBIGUOUS:
        raise _RefusedError(FailureKind.UNSUPPORTED, name)
    size = signatures.webp_size(data)
    if size is not None:
        _check_size(size, MAX_PIXELS)


@contextmanager
def _own_limits(data: bytes, reasons: list[str]) -> Iterator[None]:
    """Pillow's pixel limit at ours, its warning an error, its reasons kept in ``reasons``."""
    before = Image.MAX_IMAGE_PIXELS, Image.WARN_POSSIBLE_FORMATS
    is_jpeg = data.startswith(b"\xff\xd8")
    Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS if is_jpeg else MAX_PIXELS
    Image.WARN_POSSIBLE_FORMATS = True
    # One thread: a known amount of memory, and the other cores have workers of their own.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            try:
                yield
            finally:
                reasons.extend(str(warning.message) for warning in caught)
    finally:
        Image.MAX_IMAGE_PIXELS, Image.WARN_POSSIBLE_FORMATS = before


def _decoded(data: bytes, ending: str, request: DecodeRequest) -> Decoded:
    with Image.open(io.BytesIO(data), formats=_formats(ending)) as image:
        size = image.size
        drafted = _load(image, request)
        orientation = _orientation(image)
        profile = image.info.get("icc_profile") or b""
        ready = pixels.scalable(image)
        extent = drafted or ready.size
        turn = UPRIGHT.get(orientation)
        crop = thumbnail = None
        if request.crop is not None:
            crop = _finished(_cropped(ready, extent, request.crop), profile, turn)
        if request.thumbnail is not None:
            thumbnail = _finished(_shrunk(ready, extent, request.thumbnail), profile, turn)
        more = _has_more(image)
    # Some formats know their size only after loading.
    width, height = size if drafted else ready.size
    if orientation in SIDEWAYS:
        width, height = height, width
    return Decoded(
        failure=None,
        width=width,
        height=height,
        crop=crop.tobytes() if crop else b"",
        thumbnail=thumbnail.tobytes() if thumbnail else b"",
        thumbnail_size=thumbnail.size if thumbnail else (0, 0),
        more=more,
    )


def _formats(ending: str) -> tuple[str, ...]:
    """The formats to try, in order; Pillow raises KeyError on one that it does not have."""
    Image.init()
    named = tuple(name for name, endings in UNSIGNED.items() if ending in endings)
    unknown = ending not in READABLE_EXTENSIONS
    rest = tuple(name for name in UNSIGNED if name not in named) if unknown else ()
    return tuple(name for name in named + FORMATS + rest if name in Image.OPEN)


def _load(image: Image.Image, request: DecodeRequest) -> tuple[float, float] | None:
    """Decode; a large JPEG at a fraction of its size.

    Returns:
        Width and height of what is left of a JPEG, to a fraction of a pixel: its last pixel
        may be a partial one. None where the picture was decoded at its own size.
    """
    is_jpeg = image.format in ("JPEG", "MPO")
    # A progressive one needs the memory of the whole picture however small it is drafted.
    in_parts = is_jpeg and not image.info.get("progressive")
    _check_size(image.size, MAX_JPEG_PIXELS if in_parts else MAX_PIXELS)
    if image.format == "JPEG2000":
        _check_size(image.size, MAX_JPEG2000_PIXELS)
    drafted = _draft(image, request) if is_jpeg else None
    _check_size(image.size, MAX_PIXELS)
    try:
        image.load()
    except OSError as error:
        if image.format == "TIFF" and image.info.get("compression") in RARE_COMPRESSIONS:
            detail = f"TIFF with {image.info['compression']} compression"
            raise _RefusedError(FailureKind.UNSUPPORTED, detail) from error
        raise
    _check_size(image.size, MAX_PIXELS)
    return drafted


def _draft(image: Image.Image, request: DecodeRequest) -> tuple[float, float] | None:
    width, height = image.size
    scale = _draft_scale(image.size, request)
    if scale == 1:
        return None
    drafted = image.draft(None, (max(1, width // scale), max(1, height // scale)))
    return None if drafted is None else drafted[1][2:]


def _draft_scale(size: tuple[int, int], request: DecodeRequest) -> int:
    """The largest of 8, 4, 2 and 1 that leaves enough pixels for what is wanted."""
    shorter, longer = min(size), max(size)
    spare = [8.0]
    if request.crop is not None:
        spare.append(shorter / (request.crop.resize * DRAFT_GAP))
    if request.thumbnail is not None:
        spare.append(longer / (request.thumbnail * DRAFT_GAP))
    return next((scale for scale in (8, 4, 2) if scale <= min(spare)), 1)


def _check_size(size: tuple[int, int], limit: int) -> None:
    width, height = size
    if width * height > limit:
        millions = f"{width} x {height} pixels, the limit is {limit // 1_000_000} million"
        raise _RefusedError(FailureKind.TOO_LARGE, millions)
    if max(size) > MAX_SIDE:
        raise _RefusedError(
            FailureKind.TOO_LARGE, f"{width} x {height} pixels, the limit is {MAX_SIDE} a side"
        )
    if min(size) < 1:
        raise _RefusedError(FailureKind.DAMAGED, "no pixels")


def _orientation(image: Image.Image) -> int:
    """EXIF orientation from 1 to 8; 1 where there is none, or none that makes sense."""
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
        return value if value in UPRIGHT else 1
    except Exception:  # noqa: BLE001 - broken metadata must not hide the picture
        return 1


def _has_more(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # noqa: BLE001 - the first picture is good whatever follows it
        return False


def _cropped(image: Image.Image, extent: tuple[float, float], crop: Crop) -> Image.Image:
    """Scale and crop in one step, so that a long strip never becomes a huge picture.

    The crop is centred to a fraction of a pixel: all eight orientations of a picture give
    the same crop, which rounding to whole pixels would not.
    """
    width, height = extent
    side = min(extent) * crop.size / crop.resize
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, min(left + side, image.width), min(top + side, image.height))
    size = (crop.size, crop.size)
    return resized(image, size, crop.interpolation, box)


def _shrunk(image: Image.Image, extent: tuple[float, float], longest: int) -> Image.Image:
    width, height = extent
    ratio = min(1.0, longest / max(extent))
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    if size == image.size:
        return image
    return resized(image, size, "bicubic", (0.0, 0.0, width, height))


def _finished(image: Image.Image, profile: bytes, turn: Image.Transpose | None) -> Image.Image:
    image = pixels.to_rgb(image, profile)
    return image if turn is None else image.transpose(turn)


def _explained(error: Exception, data: bytes, ending: str, reasons: list[str]) -> ImageFailure:
    """Why Pillow could not decode the file."""
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return ImageFailure(FailureKind.TOO_LARGE, "too many pixels")
    if isinstance(error, UnidentifiedImageError):
        return _unidentified(data, ending, reasons)
    text = _one_line(str(error)) or type(error).__name__
    if isinstance(error, MemoryError) or _NO_MEMORY.search(text):
        return ImageFailure(FailureKind.TOO_LARGE, "needs too much memory")
    if "Decompressed data too large" in text:
        return ImageFailure(FailureKind.TOO_LARGE, "its metadata are too large")
    if text == "cannot load this image":
        return _without_picture(data)
    if isinstance(error, NotImplementedError) or _NOT_IMPLEMENTED.search(text):
        name = signatures.readable_format(data)
        return ImageFailure(FailureKind.UNSUPPORTED, f"{name}: {text}" if name else text)
    return ImageFailure(FailureKind.DAMAGED, text)


def _without_picture(data: bytes) -> ImageFailure:
    """The header was understood, and no picture that can be decoded follows it."""
    name = signatures.readable_format(data)
    if name:
        return ImageFailure(FailureKind.DAMAGED, f"{name} without a picture")
    return ImageFailure(FailureKind.UNSUPPORTED, "unknown format")


def _unidentified(data: bytes, ending: str, reasons: list[str]) -> ImageFailure:
    """No decoder took the file: another variant, another kind, or no picture at all."""
    name = signatures.readable_format(data)
    if name == "AVIF":
        return ImageFailure(FailureKind.UNSUPPORTED, "AVIF that this decoder refuses")
    if name == "BigTIFF":
        return ImageFailure(FailureKind.UNSUPPORTED, "BigTIFF of this kind")
    if name:
        own = f"{name.upper().replace(' ', '')} opening failed."
        wrong = next((text for text in reasons if text.startswith(own)), "")
        wrong = wrong if _NOT_IMPLEMENTED.search(wrong) else ""
        if wrong:
            return ImageFailure(FailureKind.UNSUPPORTED, f"{name}: {_reason(wrong)}")
        return ImageFailure(FailureKind.DAMAGED, f"broken {name}")
    name = signatures.unreadable_format(data, ending)
    if name and not (name == "text" and ending in TEXT_EXTENSIONS):
        return ImageFailure(FailureKind.UNSUPPORTED, name)
    if ending in READABLE_EXTENSIONS:
        return ImageFailure(FailureKind.DAMAGED, "its content is no picture")
    if ending in UNREADABLE_EXTENSIONS:
        named = "camera raw" if ending in RAW_EXTENSIONS else ending.upper()
        return ImageFailure(FailureKind.UNSUPPORTED, named)
    return ImageFailure(FailureKind.UNSUPPORTED, "unknown format")


def _reason(warning: str) -> str:
    """Pillow's reason without the name of the format in front."""
    return _one_line(warning.partition("opening failed.")[2] or warning)


def _one_line(text: str) -> str:
    """ASCII, short, on one line, and the same for the same file."""
    text = _ADDRESS.sub("", " ".join(text.split()))
    return text.encode("ascii", "replace").decode("ascii")[:MAX_DETAIL].strip()
