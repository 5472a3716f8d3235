"""All charts of an evaluation, one at a time. Imports pyqtgraph, so it is imported late."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from fewshot_gui.evaluate import Evaluation
from fewshot_gui.gui.evaluate_chart import Chart
from fewshot_gui.gui.evaluate_charts import (
    MOST_CLASSES,
    AccuracyChart,
    CalibrationChart,
    ClassesChart,
    CurveChart,
)
from fewshot_gui.gui.evaluate_confusion import ConfusionChart
from fewshot_gui.gui.evaluate_fields import muted
from fewshot_gui.gui.evaluate_words import class_shares, curve_of, enough_words, result_title
from fewshot_gui.gui.theme import Theme
from fewshot_gui.metatrain.evaluation import Result
from fewshot_gui.texts import _


class Plots(QTabWidget):
    """The charts. Some are of all results, some of the one that is chosen in the table.

    Attributes:
        accuracy, curve, calibration, confusion, classes: The charts.
        curve_words, calibration_words, cell_words, classes_words: What stands above or below
            them.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._found: Evaluation | None = None
        self._result: Result | None = None
        self._stale: set[Chart] = set()  # that do not show the result yet
        self.setAccessibleName(_("Charts"))
        self.tabBar().setExpanding(False)
        self.tabBar().setAccessibleName(_("Which chart"))
        self.accuracy = AccuracyChart(theme)
        self.curve = CurveChart(theme)
        self.calibration = CalibrationChart(theme)
        self.confusion = ConfusionChart(theme)
        self.classes = ClassesChart(theme)
        self.curve_words, self.calibration_words = muted(""), muted("")
        self.cell_words, self.classes_words = muted(""), muted("")
        self.confusion.told.connect(self.cell_words.setText)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.classes)
        self.addTab(_page(self.accuracy), _("Accuracy"))
        self._curve_tab = self.addTab(_page(self.curve, self.curve_words), _("How many examples"))
        self.addTab(_page(scroll, self.classes_words), _("Classes"))
        self.addTab(_page(self.confusion, self.cell_words), _("Mixed up"))
        self.addTab(_page(self.calibration, self.calibration_words), _("How sure"))
        self.currentChanged.connect(lambda _tab: self._fill())

    @property
    def chart(self) -> Chart:
        """The chart that is seen."""
        return self.currentWidget().findChild(Chart)

    def show_found(self, found: Evaluation) -> None:
        """Show another evaluation; ``show_result`` comes next."""
        self._found, self._stale = found, set()
        self.accuracy.show_results(found.results)
        curve = len(curve_of(found.results[0], found.results)) > 1
        self.setTabVisible(self._curve_tab, curve)
        if curve:
            self.curve.show_results(found.results)
            self.curve_words.setText(enough_words(found.results))
        self.setCurrentIndex(self._curve_tab if curve else 0)

    def show_result(self, result: Result) -> None:
        """Show one result in the charts that are of one, each when it is seen."""
        self._result = result
        self._stale = {self.calibration, self.confusion, self.classes}
        self._fill()

    def _fill(self) -> None:
        chart, found, result = self.chart, self._found, self._result
        if found is None or result is None or chart not in self._stale:
            return
        self._stale.discard(chart)
        title = result_title(result, found.results)
        if chart is self.calibration:
            self.calibration.show_result(result)
            self.calibration_words.setText(_calibration_words(title))
        elif chart is self.confusion:
            self.confusion.show_result(result, found.data.names)
        else:
            self.classes.show_result(result, found.data.names)
            self.classes_words.setText(_classes_words(result, title))


def _calibration_words(title: str) -> str:
    return _(
        "“{learner}”: on the dashed line it is as sure as it should be; below, it is too sure. "
        "The bars say how often it was that sure."
    ).format(learner=title)


def _classes_words(result: Result, title: str) -> str:
    count = len(class_shares(result))
    if count > MOST_CLASSES:
        text = _("“{learner}”: the {most} hardest of {count} classes")
        return text.format(learner=title, most=MOST_CLASSES, count=f"{count:,}")
    return _("“{learner}”: the hardest classes first").format(learner=title)


def _page(content: QWidget, words: QLabel | None = None) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(8, 8, 8, 8)
    layout.setSpacing(4)
    if words is not None:
        layout.addWidget(words)
    layout.addWidget(content, 1)
    return page
