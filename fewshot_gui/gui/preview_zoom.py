"""Where a picture lies in the room there is for it: fitting, zooming and moving. No widgets.

All lengths are device pixels, so that at 100 % one pixel of the picture is one of the screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from PySide6.QtCore import QPointF, QRectF, QSizeF

STEP = 1.25  # of a key, and of a notch of the wheel
MAX_SCALE = 16.0
MAX_GROWTH = 8.0  # a tiny picture is fitted no larger than that
_SAME = 0.01  # relative difference that nobody sees


@dataclass(frozen=True)
class Look:
    """How the user looks at a picture.

    Attributes:
        scale: Device pixels per pixel of the picture; None while it is fitted.
        x, y: Point of the picture in the middle of the room, from 0 to 1.
    """

    scale: float | None = None
    x: float = 0.5
    y: float = 0.5

    @property
    def fitted(self) -> bool:
        return self.scale is None


@dataclass(frozen=True)
class Room:
    """A picture and the room it is shown in.

    Attributes:
        picture: Size of the whole picture.
        space: All the room there is.
        margin: Kept free around a picture that is fitted.
    """

    picture: QSizeF
    space: QSizeF
    margin: float = 0.0

    @property
    def fit(self) -> float:
        """The scale at which the whole picture is seen."""
        wide = max(1.0, self.space.width() - 2 * self.margin)
        high = max(1.0, self.space.height() - 2 * self.margin)
        scale = min(wide / max(1.0, self.picture.width()), high / max(1.0, self.picture.height()))
        return min(scale, MAX_GROWTH)

    def scale(self, look: Look) -> float:
        return self.fit if look.scale is None else look.scale

    def frame(self, look: Look) -> QRectF:
        """Where the picture is drawn, on whole pixels."""
        scale = self.scale(look)
        width = max(1, round(self.picture.width() * scale))
        height = max(1, round(self.picture.height() * scale))
        left = _rounded(self.space.width() / 2 - look.x * width)
        top = _rounded(self.space.height() / 2 - look.y * height)
        return QRectF(left, top, width, height)

    def zoomed(self, look: Look, factor: float, at: QPointF) -> Look:
        """Zoom so that what is under ``at`` stays there. Stops on the way at the fit."""
        before = self.scale(look)
        lowest, highest = min(self.fit, 1.0), max(self.fit, MAX_SCALE)
        after = min(max(before * factor, lowest), highest)
        crossed = (before - self.fit) * (after - self.fit) < 0
        if crossed or abs(after - self.fit) < _SAME * self.fit:
            return Look()
        return self.at_scale(look, after, at)

    def at_scale(self, look: Look, scale: float, at: QPointF) -> Look:
        """Look at this scale; what is under ``at`` stays there as far as it can."""
        frame = self.frame(look)
        across = (at.x() - frame.left()) / frame.width()
        down = (at.y() - frame.top()) / frame.height()
        width, height = self.picture.width() * scale, self.picture.height() * scale
        x = across - (at.x() - self.space.width() / 2) / width
        y = down - (at.y() - self.space.height() / 2) / height
        return self.held(Look(scale, x, y))

    def toggled(self, look: Look, at: QPointF) -> Look:
        """From the fit to 100 % and back; where both are the same, to 200 %."""
        if not look.fitted:
            return Look()
        same = abs(self.fit - 1.0) < _SAME
        return self.at_scale(look, 2.0 if same else 1.0, at)

    def moved(self, look: Look, right: float, down: float) -> Look:
        """Move the picture by so many pixels."""
        frame = self.frame(look)
        x, y = look.x - right / frame.width(), look.y - down / frame.height()
        return self.held(Look(look.scale, x, y))

    def held(self, look: Look) -> Look:
        """The same, with no room left empty that the picture could fill."""
        if look.scale is None:
            return Look()
        width = self.picture.width() * look.scale
        height = self.picture.height() * look.scale
        return Look(
            look.scale,
            _held(look.x, self.space.width() / width),
            _held(look.y, self.space.height() / height),
        )


def _rounded(value: float) -> int:
    """Halves, which are common here, always go up, or the picture would tremble in a drag."""
    return floor(value + 0.5 + 1e-6)


def _held(middle: float, seen: float) -> float:
    """The middle of what is seen, ``seen`` being the share of the picture that has room."""
    return 0.5 if seen >= 1 else min(max(middle, seen / 2), 1 - seen / 2)
