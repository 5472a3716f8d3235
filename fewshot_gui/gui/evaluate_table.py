"""The results as a table: sorts, and can be copied."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from fewshot_gui.gui.evaluate_words import heading_tips, titles_of
from fewshot_gui.metatrain.evaluation import Result
from fewshot_gui.metatrain.report import cells, headings
from fewshot_gui.texts import _

SORT_ROLE = Qt.ItemDataRole.UserRole
_WORDS = 2  # columns in front that hold words, not numbers
_NOWHERE = -2.0  # below every number: what is not known comes last

Index = QModelIndex | QPersistentModelIndex


class ResultModel(QAbstractTableModel):
    """One line for each result, in the words of the command line, with titles for keys."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._results: Sequence[Result] = ()
        self._cells: list[list[str]] = []
        self._headings, self._tips = headings(), heading_tips()

    def show_results(self, results: Sequence[Result]) -> None:
        """Show other results."""
        self.beginResetModel()
        self._results = results
        titles = titles_of(results)
        self._cells = [[titles[result.learner], *cells(result)[1:]] for result in results]
        self.endResetModel()

    def result(self, row: int) -> Result:
        """The result of a line."""
        return self._results[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 as in Qt
        return 0 if parent.isValid() else len(self._results)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 as in Qt
        return 0 if parent.isValid() else len(self._headings)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cells[index.row()][index.column()]
        if role == SORT_ROLE:
            return self._sort_value(index.row(), index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            heading = self._headings[index.column()]
            return f"{heading}: {self._cells[index.row()][index.column()]}"
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._headings[section].replace(" ", "\n", 1)  # or the columns get wide
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._headings[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tips[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def _sort_value(self, row: int, column: int) -> str | float:
        result = self._results[row]
        if column < _WORDS:
            return self._cells[row][column].casefold()
        difference, unknown = result.difference, result.unknown_auroc
        return (
            float(result.plan.shots),
            result.accuracy.mean,
            _NOWHERE if difference is None else difference.mean,
            result.calibration.ece,
            _NOWHERE if unknown is None else unknown.mean,
            result.seconds_per_task,
        )[column - _WORDS]


class ResultTable(QTableView):
    """The table. The line that is chosen is the one that the charts are about.

    Attributes:
        copy_action: Puts the chosen lines on the clipboard, all where none is chosen.

    Signals:
        chosen: The ``Result`` of the current line.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(_("Results, one line for each learner"))
        self._model = ResultModel(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._model)
        self._sorted.setSortRole(SORT_ROLE)
        self.setModel(self._sorted)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 12)
        self.horizontalHeader().setHighlightSections(False)
        self.setSortingEnabled(True)
        self.copy_action = QAction(_("&Copy"), self)
        self.copy_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        self.copy_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.copy_action.triggered.connect(self.copy)
        self.addAction(self.copy_action)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_results(self, results: Sequence[Result], first: Result | None = None) -> None:
        """Show other results, in the order that they come in, and choose one."""
        self._model.show_results(results)
        several = len({result.backbone for result in results}) > 1
        self.setColumnHidden(1, not several)
        self.setColumnHidden(2, len({result.plan.shots for result in results}) < 2)
        self.setColumnHidden(6, all(result.unknown_auroc is None for result in results))
        self._share_room()
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._sorted.sort(-1)
        if results:
            place = next((i for i, one in enumerate(results) if one is first), 0)
            self.selectRow(self._sorted.mapFromSource(self._model.index(place, 0)).row())

    def copy(self) -> None:
        """Put lines on the clipboard, as spreadsheets take them."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        columns = [c for c in range(self._sorted.columnCount()) if not self.isColumnHidden(c)]
        heads = headings()
        lines = [[heads[column] for column in columns]]
        for row in rows or range(self._sorted.rowCount()):
            lines.append([self._sorted.index(row, column).data() for column in columns])
        QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))

    def wanted_height(self, most: int) -> int:
        """Height that shows so many lines, or all where there are fewer."""
        lines = min(most, self._sorted.rowCount())
        line = self.verticalHeader().defaultSectionSize()
        return self.horizontalHeader().sizeHint().height() + lines * line + 6

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        """The numbers share what the names leave, or are as wide as they must be."""
        head, mode = self.horizontalHeader(), QHeaderView.ResizeMode
        shown = [c for c in range(self._sorted.columnCount()) if not self.isColumnHidden(c)]
        wanted = {c: max(self.sizeHintForColumn(c), head.sectionSizeHint(c)) for c in shown}
        numbers = [wanted[c] for c in shown if c >= _WORDS]
        names = sum(wanted[c] for c in shown if c < _WORDS)
        wide = names + len(numbers) * max(numbers) <= self.viewport().width()
        for column in shown:
            stretched = wide and column >= _WORDS
            head.setSectionResizeMode(column, mode.Stretch if stretched else mode.ResizeToContents)

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.chosen.emit(self._model.result(self._sorted.mapToSource(current).row()))

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        rows = self.selectionModel().selectedRows()
        self.setAccessibleDescription("" if not rows else str(rows[0].data()))


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column < _WORDS else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
