"""What was found: the right side of the page “How well does it sort?”."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.evaluate_fields import explained, heading, muted
from fewshot_gui.gui.evaluate_files import ResultFiles
from fewshot_gui.gui.evaluate_job import Answer
from fewshot_gui.gui.evaluate_table import ResultTable
from fewshot_gui.gui.evaluate_words import best_of, facts, headline
from fewshot_gui.gui.theme import Theme
from fewshot_gui.texts import _

if TYPE_CHECKING:
    from fewshot_gui.gui.evaluate_plots import Plots

_LINES = 8  # of the table that are seen at once
_SHARE = 0.45  # of the height that the table takes at most


class EvaluateResults(QStackedWidget):
    """Explains the page until there is something to show.

    Attributes:
        answer: What is shown, None while there is nothing.
        headline, facts: The answer in words.
        table: All results.
        plots: The charts; None until there was something to show.
        save_button: Its menu has ``json_action``, ``csv_action``, ``png_action`` and
            ``svg_action``.
    """

    def __init__(self, theme: Theme, files: ResultFiles) -> None:
        super().__init__()
        self._theme, self._files = theme, files
        self.answer: Answer | None = None
        self.plots: Plots | None = None
        self.headline = heading("")
        self.headline.setTextFormat(Qt.TextFormat.PlainText)
        self.headline.setWordWrap(True)
        font = self.headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.headline.setFont(font)
        self.facts = muted("")
        self.table = ResultTable()
        self.table.chosen.connect(self._on_chosen)
        self._make_menu()
        self._parts = QSplitter(Qt.Orientation.Vertical)
        self._parts.setChildrenCollapsible(False)
        self._parts.setHandleWidth(8)
        self._parts.addWidget(self.table)
        self.addWidget(_welcome())
        self.addWidget(self._page())

    def show_answer(self, answer: Answer) -> None:
        """Show what was found."""
        found = answer.found
        self.answer = answer
        self.headline.setText(headline(found))
        self.facts.setText(" ".join((facts(found), *answer.notices)))
        self._add_plots().show_found(found)
        self.table.show_results(found.results, best_of(found.results))
        self.setCurrentIndex(1)
        whole = self._parts.height()
        height = min(self.table.wanted_height(_LINES), round(_SHARE * whole))
        self._parts.setSizes([height, max(1, whole - height)])
        self.table.scrollTo(self.table.currentIndex())

    def _add_plots(self) -> Plots:
        if self.plots is None:
            # not before: this imports pyqtgraph
            from fewshot_gui.gui.evaluate_plots import Plots

            self.plots = Plots(self._theme)
            self._parts.addWidget(self.plots)
            self._parts.setStretchFactor(1, 1)
        return self.plots

    def _on_chosen(self, result: object) -> None:
        if self.plots is not None:
            self.plots.show_result(result)

    def _make_menu(self) -> None:
        self.save_button = QPushButton(_("&Save"))
        self.save_button.setAccessibleName(_("Save results or the chart"))
        self.save_button.setAutoDefault(False)
        menu = QMenu(self.save_button)
        self.csv_action = menu.addAction(_("Table as &CSV…"), self._save_csv)
        self.json_action = menu.addAction(_("All results as &JSON…"), self._save_json)
        menu.addSeparator()
        self.png_action = menu.addAction(_("This chart as &PNG…"), self._save_png)
        self.svg_action = menu.addAction(_("This chart as S&VG…"), self._save_svg)
        menu.addSeparator()
        menu.addAction(_("Co&py the table"), self._copy)
        self.save_button.setMenu(menu)

    def _page(self) -> QWidget:
        page = QWidget()
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(self.headline)
        words.addWidget(self.facts)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addLayout(words, 1)
        top.addWidget(self.save_button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(12)
        layout.addLayout(top)
        layout.addWidget(self._parts, 1)
        return page

    # -- taking it away ----------------------------------------------------------------------

    def _save_json(self) -> None:
        if self.answer is not None:
            self._files.save_json(self.answer)

    def _save_csv(self) -> None:
        if self.answer is not None:
            self._files.save_csv(self.answer)

    def _save_png(self) -> None:
        if self.plots is not None:
            self._files.save_png(self.plots.chart.as_png())

    def _save_svg(self) -> None:
        if self.plots is not None:
            self._files.save_svg(self.plots.chart.as_svg())

    def _copy(self) -> None:
        self.table.clearSelection()
        self.table.copy()


def _welcome() -> QWidget:
    """What this page is for."""
    steps = (
        _(
            "Choose a folder of pictures that are sorted already, with one sub-folder for each "
            "class. Nothing in it is changed."
        ),
        _(
            "The program draws many small tasks from it: a few pictures are the examples, "
            "others are to be sorted. Then it looks where they really belong."
        ),
        _(
            "You learn how often it is right, which learner suits your pictures, which classes "
            "are mixed up, and how many examples are worth the work."
        ),
    )
    return explained(_("How well does it sort?"), steps)
