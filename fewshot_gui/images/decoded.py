"""What decoding one file gives."""

from __future__ import annotations

from dataclasses import dataclass

from fewshot_gui.images.files import ImageFailure


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture, or why there is none.

    Attributes:
        failure: None where the picture could be decoded.
        width, height: Size of the whole picture, upright, in pixels; 0 when unknown.
        crop: RGB bytes of the wanted crop, row by row; empty when none was wanted.
        thumbnail: RGB bytes of the thumbnail, row by row; empty when none was wanted.
        thumbnail_size: Its width and height in pixels.
        more: The file holds more pictures (pages, frames) than the first one shown here.
    """

    failure: ImageFailure | None
    width: int = 0
    height: int = 0
    crop: bytes = b""
    thumbnail: bytes = b""
    thumbnail_size: tuple[int, int] = (0, 0)
    more: bool = False
