"""The live charts of a training. Imports pyqtgraph, so it is imported late."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor

from fewshot_gui.gui.evaluate_chart import Chart
from fewshot_gui.gui.theme import Theme, Tones
from fewshot_gui.gui.train_words import accuracy_description, best_look, loss_description
from fewshot_gui.metatrain.training_events import Looked
from fewshot_gui.texts import _

_BAND = 46  # of 255: how much of the interval's band is seen
_SMOOTH = 0.9  # of the mean so far that is kept with each further loss
_AXIS = 52  # pixels, the same for both, so that their steps lie below each other


class _StepChart(Chart):
    """A chart over the steps of a training."""

    def __init__(self, theme: Theme, name: str, label: str, lines: int) -> None:
        """It is never lower than so many lines of text, its axis not counted."""
        super().__init__(theme, name)
        self._steps = 1
        self.setMinimumHeight((lines + 3) * self.fontMetrics().height())
        self.setLabel("bottom", _("Steps"))
        self.setLabel("left", label)
        self.getAxis("left").setWidth(_AXIS + 2 * self.fontMetrics().height())

    def sizeHint(self) -> QSize:
        """No higher than it must be; it takes what room there is."""
        return QSize(super().sizeHint().width(), self.minimumHeight())

    def _ruled(self) -> None:
        self.getAxis("left").setStyle(tickAlpha=255)  # these lines are its ticks
        self.showGrid(x=False, y=True, alpha=1)
        marks = [(mark, f"{mark:,.0f}") for mark, _words in _round_marks(0, self._steps)]
        self.getAxis("bottom").setTicks([marks])
        self.setXRange(0, self._steps, padding=0.015)


class AccuracyOverSteps(_StepChart):
    """How well it does with classes that it does not learn from, with the interval as a band."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, _("Accuracy while it learns"), _("Right (%)"), 9)
        self._looks: Sequence[Looked] = ()

    def show_looks(self, looks: Sequence[Looked], steps: int) -> None:
        """Draw these; ``steps`` are as far as the axis goes."""
        self._looks, self._steps = tuple(looks), max(1, steps)
        self.fill(accuracy_description(looks))

    def _draw(self, tones: Tones) -> None:
        if not self._looks:
            return
        x = np.asarray([look.step for look in self._looks], float)
        y = np.asarray([look.accuracy.mean for look in self._looks])
        spread = np.asarray([look.accuracy.interval95 or 0.0 for look in self._looks])
        clear, soft = pg.mkPen(None), QColor(tones.accent)
        soft.setAlpha(_BAND)
        edges = [pg.PlotDataItem(x, y + way * spread, pen=clear) for way in (1, -1)]
        for edge in edges:
            self.addItem(edge)
        self.addItem(pg.FillBetweenItem(*edges, brush=soft))
        self.plot(
            x,
            y,
            pen=pg.mkPen(tones.accent, width=2),
            symbol="o",
            symbolSize=6,
            symbolBrush=tones.accent,
            symbolPen=pg.mkPen(tones.surface, width=1),
            antialias=True,
            useCache=False,  # its pictures of symbols do not get into an SVG file
        )
        best = best_look(self._looks)
        self.plot(
            [best.step],
            [best.accuracy.mean],
            symbol="star",
            symbolSize=15,
            symbolBrush=tones.success,
            symbolPen=pg.mkPen(tones.surface, width=1),
            antialias=True,
            useCache=False,
        )
        low = max(0.0, float((y - spread).min()) - 0.02)
        high = min(1.0, float((y + spread).max()) + 0.02)
        self.getAxis("left").setTicks([_percent_marks(low, high)])
        self.setYRange(low, high, padding=0.04)
        self._ruled()


class LossOverSteps(_StepChart):
    """The loss of each step, and its course without the noise."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, _("Loss while it learns"), _("Loss"), 5)
        self._points: Sequence[tuple[int, float]] = ()

    def show_losses(self, points: Sequence[tuple[int, float]], steps: int) -> None:
        """Draw these (step, loss); ``steps`` are as far as the axis goes."""
        self._points, self._steps = tuple(points), max(1, steps)
        self.fill(loss_description(points))

    def _draw(self, tones: Tones) -> None:
        if not self._points:
            return
        x, y = np.asarray(self._points, float).T
        self.plot(x, y, pen=pg.mkPen(tones.strong_border, width=1), antialias=True)
        self.plot(x, _smoothed(y), pen=pg.mkPen(tones.accent, width=2), antialias=True)
        low, high = float(np.quantile(y, 0.005)), float(np.quantile(y, 0.995))
        high = max(high, low + 1e-3)
        self.getAxis("left").setTicks([_round_marks(low, high)])
        self.setYRange(low, high, padding=0.06)
        self._ruled()


def _smoothed(values: np.ndarray) -> np.ndarray:
    """A running mean that forgets, without the pull of where it began."""
    mean, weight, out = 0.0, 0.0, np.empty_like(values)
    for place, value in enumerate(values.tolist()):
        mean = _SMOOTH * mean + (1 - _SMOOTH) * value
        weight = _SMOOTH * weight + (1 - _SMOOTH)
        out[place] = mean / weight
    return out


def _percent_marks(low: float, high: float) -> list[tuple[float, str]]:
    """Marks at round shares, in percent."""
    marks = _round_marks(low, max(high, low + 0.05))
    return [(mark, f"{100 * mark:.0f}") for mark, _words in marks]


def _round_marks(low: float, high: float) -> list[tuple[float, str]]:
    """At most seven marks at round numbers."""
    rough = (high - low) / 6
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return [(n * step, f"{n * step:g}") for n in range(first, last + 1)]
