"""Draws the program's own icons in the colours of the theme."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from fewshot_gui.gui.theme import Theme
from fewshot_gui.paths import resource

_SIZES = (16, 20, 24, 32, 40)


class Icons(QObject):
    """Icons from SVG files whose ``currentColor`` becomes a colour of the theme.

    The illustrations also hold ``var(--name)``, which becomes the tone of that name.
    """

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._sources: dict[str, str] = {}
        self._pixmaps: dict[tuple[str, str, int, int, float], QPixmap] = {}
        self._bound: list[tuple[Callable[[QIcon], None], str, str]] = []
        theme.changed.connect(self._refresh)

    def bind(self, setter: Callable[[QIcon], None], name: str, tone: str = "muted") -> None:
        """Set an icon now and whenever the theme changes.

        ``setter`` is kept, so it belongs to a widget that lives as long as the window.
        """
        self._bound.append((setter, name, tone))
        setter(self.icon(name, tone))

    def icon(self, name: str, tone: str = "muted") -> QIcon:
        """An icon in a tone of the theme, as it is now."""
        tones = self._theme.tones
        icon = QIcon()
        for size in _SIZES:
            icon.addPixmap(self.pixmap(name, getattr(tones, tone), size))
            faded = self.pixmap(name, tones.faint, size)
            icon.addPixmap(faded, QIcon.Mode.Disabled)
        return icon

    def pixmap(
        self, name: str, colour: QColor | str, width: int, height: int = 0, ratio: float = 1.0
    ) -> QPixmap:
        """An icon in any colour, sized in device-independent pixels."""
        height = height or width
        ink = QColor(colour).name()
        key = (name, ink + self._theme.tones.window, width, height, ratio)
        known = self._pixmaps.get(key)
        if known is not None:
            return known
        pixmap = QPixmap(round(width * ratio), round(height * ratio))
        pixmap.fill(Qt.GlobalColor.transparent)
        pixmap.setDevicePixelRatio(ratio)
        painter = QPainter(pixmap)
        renderer = QSvgRenderer(QByteArray(self._coloured(name, ink).encode()))
        renderer.render(painter, QRectF(0, 0, width, height))
        painter.end()
        self._pixmaps[key] = pixmap
        return pixmap

    def _coloured(self, name: str, ink: str) -> str:
        if name not in self._sources:
            file = resource("icons", "ui", f"{name}.svg")
            self._sources[name] = file.read_text(encoding="utf-8")
        svg = self._sources[name].replace("currentColor", ink)
        for tone in (
            "surface",
            "sunken",
            "border",
            "strong_border",
            "accent",
            "muted",
            "faint",
            "accent_soft",
            "text",
            "window",
        ):
            svg = svg.replace(f"var(--{tone})", getattr(self._theme.tones, tone))
        return svg

    def _refresh(self) -> None:
        self._pixmaps.clear()
        for setter, name, tone in self._bound:
            setter(self.icon(name, tone))
