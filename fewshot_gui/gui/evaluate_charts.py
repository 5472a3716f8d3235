"""The charts of an evaluation. Imports pyqtgraph, so it is imported late."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import floor, log2

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent

from fewshot_gui.gui.evaluate_chart import NAME_LETTERS, Chart
from fewshot_gui.gui.evaluate_words import (
    accuracy_description,
    calibration_description,
    class_shares,
    classes_description,
    curve_description,
    curve_of,
    result_title,
    share_words,
    shortened,
    with_most_examples,
)
from fewshot_gui.gui.theme import Theme, Tones, class_colour
from fewshot_gui.metatrain.evaluation import Result
from fewshot_gui.texts import _

MOST_CLASSES = 100  # bars of classes that are drawn, the worst ones
_BAR = 0.6  # of the room that a bar has
_LINE = 22  # pixels for the bar of a class
_FEWEST_ROWS = 4  # as if there were so many: a single bar does not fill the page
_SYMBOLS = ("o", "s", "t", "d", "star", "p", "h", "t1")  # told apart without colours


class AccuracyChart(Chart):
    """A bar for each learner, with the interval that its true accuracy lies in."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, _("Accuracy of each learner"))
        self._results: Sequence[Result] = ()
        self.setLabel("bottom", _("Pictures put into the right class (%)"))
        self.percent_axis("bottom")
        self.plotItem.vb.sigResized.connect(lambda _box: self._leave_room())

    def show_results(self, results: Sequence[Result]) -> None:
        """Draw other results; of a learning curve, its end."""
        self._results = results
        self.fill(accuracy_description(results))

    def _draw(self, tones: Tones) -> None:
        shown = with_most_examples(self._results)
        rows = np.arange(len(shown))
        shares = np.asarray([result.accuracy.mean for result in shown])
        spreads = _spreads(shown)
        colours = [class_colour(row, tones.dark).hue for row in rows.tolist()]
        self.addItem(
            pg.BarGraphItem(
                x0=np.zeros(len(shown)),
                y=rows,
                width=shares,
                height=_BAR,
                brushes=colours,
                pens=[pg.mkPen(None)] * len(shown),
            )
        )
        for pen in (pg.mkPen(tones.surface, width=3.5), pg.mkPen(tones.text, width=1.5)):
            self.addItem(
                pg.ErrorBarItem(
                    x=shares, y=rows, left=spreads, right=spreads, beam=_BAR / 3, pen=pen
                )
            )
        for row, result in enumerate(shown):
            label = pg.TextItem(share_words(result.accuracy), color=tones.text, anchor=(0, 0.5))
            label.setFont(self.font())
            label.setPos(shares[row] + spreads[row] + 0.01, row)
            self.addItem(label)
        titles = [result_title(result, self._results) for result in shown]
        self.name_rows([shortened(title, NAME_LETTERS) for title in titles])
        self.setYRange(-0.6, max(len(shown), _FEWEST_ROWS) - 0.4, padding=0)
        self._leave_room()

    def _leave_room(self) -> None:
        """The longest bar ends where there is still room for its words."""
        words = [share_words(result.accuracy) for result in self._results]
        widest = max(map(self.fontMetrics().horizontalAdvance, words), default=0)
        self.setXRange(0, self.with_room(1.0, widest + 24), padding=0)


class CurveChart(Chart):
    """Accuracy against the number of examples, a line for each learner."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, _("Accuracy by number of examples"))
        self._results: Sequence[Result] = ()
        self.setLabel("bottom", _("Examples of each class"))
        self.setLabel("left", _("Right (%)"))
        self._legend = self.addLegend(offset=(-4, 4), verSpacing=-7)
        self.plotItem.vb.sigResized.connect(lambda _box: self._leave_room())

    def show_results(self, results: Sequence[Result]) -> None:
        """Draw other results, of several numbers of examples."""
        self._results = results
        self.fill(curve_description(results))

    def _draw(self, tones: Tones) -> None:
        self._legend.setBrush(pg.mkBrush(tones.surface))
        self._legend.setPen(pg.mkPen(tones.border))
        self._legend.setLabelTextColor(tones.text)
        shots = sorted({result.plan.shots for result in self._results})
        for place, last in enumerate(with_most_examples(self._results)):
            self._draw_line(tones, place, curve_of(last, self._results))
        self.getAxis("bottom").setTicks([[(log2(k), str(k)) for k in shots]])
        lowest = min(r.accuracy.mean - (r.accuracy.interval95 or 0) for r in self._results)
        bottom = max(0, floor(10 * lowest) / 10)
        marks = np.arange(round(10 * bottom), 11).tolist()
        self.getAxis("left").setTicks([[(mark / 10, f"{10 * mark}") for mark in marks]])
        self.setYRange(bottom, 1, padding=0.04)
        self.getAxis("left").setStyle(tickAlpha=255)  # these lines are its ticks
        self.showGrid(x=False, y=True, alpha=1)
        self._leave_room()

    def _leave_room(self) -> None:
        """The lines end where the legend begins."""
        if not self._results:
            return
        places = [log2(result.plan.shots) for result in self._results]
        first, span = min(places), max(places) - min(places)
        room = self.with_room(span, self._legend.boundingRect().width() + 24)
        self.setXRange(first - 0.04 * span, first + room, padding=0)

    def _draw_line(self, tones: Tones, place: int, curve: Sequence[Result]) -> None:
        colour = class_colour(place, tones.dark).hue
        x = np.asarray([log2(result.plan.shots) for result in curve])
        y = np.asarray([result.accuracy.mean for result in curve])
        spreads = _spreads(curve)
        self.addItem(
            pg.ErrorBarItem(
                x=x, y=y, top=spreads, bottom=spreads, beam=0.06, pen=pg.mkPen(colour, width=1.2)
            )
        )
        self.plot(
            x,
            y,
            pen=pg.mkPen(colour, width=2),
            symbol=_SYMBOLS[place % len(_SYMBOLS)],
            symbolSize=9,
            symbolBrush=colour,
            symbolPen=pg.mkPen(tones.surface, width=1),
            name=escape(result_title(curve[0], self._results)),  # the legend reads HTML
            antialias=True,
            useCache=False,  # its pictures of symbols do not get into an SVG file
        )


class CalibrationChart(Chart):
    """How often it was right, against how sure it was."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, _("How sure it was, and how often it was right"))
        self._result: Result | None = None
        self.setLabel("bottom", _("How sure it was (%)"))
        self.setLabel("left", _("How often it was right (%)"))
        for side in ("left", "bottom"):
            self.percent_axis(side)

    def show_result(self, result: Result) -> None:
        """Draw another result."""
        self._result = result
        self.fill(calibration_description(result))

    def _draw(self, tones: Tones) -> None:
        if self._result is None:
            return
        found = self._result.calibration
        count = len(found.counts)
        middles = (np.arange(count) + 0.5) / count
        shares = found.counts / max(1, int(found.counts.max()))
        self.addItem(
            pg.BarGraphItem(
                x=middles,
                height=0.3 * shares,
                width=0.86 / count,
                brush=tones.sunken,
                pen=pg.mkPen(tones.border),
            )
        )
        dashed = pg.mkPen(tones.faint, width=1.5, style=Qt.PenStyle.DashLine)
        self.plot([0, 1], [0, 1], pen=dashed, antialias=True)
        used = found.counts > 0
        self.plot(
            found.confidence[used],
            found.accuracy[used],
            pen=pg.mkPen(tones.accent, width=2),
            symbol="o",
            symbolSize=8,
            symbolBrush=tones.accent,
            symbolPen=pg.mkPen(tones.surface, width=1),
            antialias=True,
            useCache=False,
        )
        self.setXRange(0, 1, padding=0.02)
        self.setYRange(0, 1, padding=0.03)


class ClassesChart(Chart):
    """A bar for each class, the worst on top. As high as it has to be: put it where it scrolls."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, _("Accuracy of each class"))
        self._result: Result | None = None
        self._names: Sequence[str] = ()
        self.setLabel("bottom", _("Pictures put into the right class (%)"))
        self.percent_axis("bottom")

    def show_result(self, result: Result, names: Sequence[str]) -> None:
        """Draw another result."""
        self._result, self._names = result, names
        rows = min(MOST_CLASSES, len(class_shares(result)))
        self.setMinimumHeight(_LINE * rows + 60)
        self.fill(classes_description(result, names))

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the page around it scrolls

    def _draw(self, tones: Tones) -> None:
        if self._result is None:
            return
        worst = class_shares(self._result)[:MOST_CLASSES]
        rows = np.arange(len(worst))
        for start, colour in ((0.0, tones.accent), (1.0, tones.sunken)):
            ends = np.asarray([share for _place, share in worst])
            width = ends if start == 0 else ends - 1  # the rest, from the other end
            self.addItem(
                pg.BarGraphItem(
                    x0=np.full(len(worst), start),
                    y=rows,
                    width=width,
                    height=_BAR,
                    brush=colour,
                    pen=pg.mkPen(None),
                )
            )
        self.name_rows([self._row_words(place, share) for place, share in worst])
        self.setXRange(0, 1, padding=0.02)
        self.setYRange(-0.7, max(len(worst), _FEWEST_ROWS) - 0.3, padding=0)

    def _row_words(self, place: int, share: float) -> str:
        name = shortened(self._names[place], NAME_LETTERS)
        return _("{name}  {share:.0f} %").format(name=name, share=100 * share)


def _spreads(results: Sequence[Result]) -> np.ndarray:
    """Half the interval of each, 0 where it is not known."""
    return np.asarray([result.accuracy.interval95 or 0.0 for result in results])
