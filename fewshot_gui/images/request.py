"""What is wanted of a picture: a crop for the network, a thumbnail for the window, or both."""

from __future__ import annotations

from dataclasses import dataclass

INTERPOLATIONS = ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")
MAX_SIDE = 16_384  # of anything that is asked for, in pixels


@dataclass(frozen=True, slots=True)
class Crop:
    """The centre square of a picture, as a network wants it.

    The shorter side is scaled to ``resize`` pixels, then the centre ``size`` x ``size``
    pixels are taken: uint8 RGB of shape (size, size, 3).

    Attributes:
        resize: Shorter side after scaling, in pixels.
        size: Side of the square, in pixels; at most ``resize``.
        interpolation: One of ``INTERPOLATIONS``.

    Raises:
        ValueError: The numbers or the interpolation are not usable.
    """

    resize: int
    size: int
    interpolation: str

    def __post_init__(self) -> None:
        if not 1 <= self.size <= self.resize <= MAX_SIDE:
            raise ValueError(f"cannot crop {self.size} pixels out of {self.resize}")
        if self.interpolation not in INTERPOLATIONS:
            raise ValueError(f"unknown interpolation {self.interpolation!r}")


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """One file to decode.

    Attributes:
        path: Absolute path, undecodable bytes as surrogate escapes.
        crop: The wanted crop, or None.
        thumbnail: Longest side of the wanted thumbnail in pixels, or None. Pictures that
            are smaller keep their size.

    Raises:
        ValueError: The thumbnail's size is not usable.
    """

    path: str
    crop: Crop | None = None
    thumbnail: int | None = None

    def __post_init__(self) -> None:
        if self.thumbnail is not None and not 1 <= self.thumbnail <= MAX_SIDE:
            raise ValueError(f"no thumbnail of {self.thumbnail} pixels")
