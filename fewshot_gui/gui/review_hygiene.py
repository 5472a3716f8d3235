"""A quiet line that says what may be wrong with the examples."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.collection import Rows
from fewshot_gui.gui.reviewer import Reviewer
from fewshot_gui.gui.session import Session
from fewshot_gui.project.model import Project
from fewshot_gui.review.hygiene import Finding, Kind
from fewshot_gui.texts import _, ngettext

LISTED = 20
LINE = 34
LINES_IN_SIGHT = 4


class HintLine(QWidget):
    """One finding.

    Attributes:
        words: What was found.
        show_button, dismiss_button: What can be done about it.
    """

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words
        label = QLabel(words)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        self.show_button = _button(_("Show"), "link", words)
        self.dismiss_button = _button(_("Dismiss"), "quiet", words)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label, 1)
        layout.addWidget(self.show_button)
        layout.addWidget(self.dismiss_button)
        self.setMinimumHeight(LINE)

    @property
    def buttons(self) -> tuple[QPushButton, QPushButton]:
        return self.show_button, self.dismiss_button


class HygieneBar(QWidget):
    """Hidden while there is nothing to say; the findings open above the button when asked.

    Attributes:
        button: “2 hints about your examples”; opens and closes the list.
        list: The findings.
        lines: One for each, the gravest first.

    Signals:
        shown: (title, int64 rows) of examples that the user wants to see.
    """

    shown = Signal(str, object)

    def __init__(self, session: Session, reviewer: Reviewer) -> None:
        super().__init__()
        self._session = session
        self._reviewer = reviewer
        self._dismissed: set[tuple] = set()  # outlives the project: it may be opened again
        self.lines: list[HintLine] = []
        self.button = QPushButton()
        self.button.setProperty("role", "link")
        self.button.setCheckable(True)
        self.button.toggled.connect(self._on_toggled)
        self.all_button = _button(_("Dismiss all"), "quiet", "")
        self.all_button.clicked.connect(self._dismiss_all)
        self.list = QScrollArea()
        self.list.setWidgetResizable(True)
        self.list.setFrameShape(QScrollArea.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its buttons have it
        self.list.setAccessibleName(_("Hints about your examples"))
        self.list.viewport().setAutoFillBackground(False)
        self.list.hide()
        self.all_button.hide()
        foot = QHBoxLayout()
        foot.addWidget(self.button)
        foot.addStretch()
        foot.addWidget(self.all_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 4, 14, 4)
        layout.setSpacing(2)
        layout.addWidget(self.list)
        layout.addLayout(foot)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        reviewer.findings_changed.connect(self._look)
        session.bins_changed.connect(self._look)
        session.folder_changed.connect(self._on_folder)
        self._look()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found and not dismissed."""
        project = self._session.project
        return tuple(
            finding
            for finding in self._reviewer.findings
            if all(project.has_class(class_id) for class_id in finding.class_ids)
            and self._key(finding) not in self._dismissed
        )

    # -- what happens --------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        # Esc closes the list before it means anything to the window
        if event.type() == QEvent.Type.ShortcutOverride and self._closes(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._closes(event):
            self.button.setChecked(False)
            self.button.setFocus()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.button.isChecked():  # parts the list from the pictures above
            painter = QPainter(self)
            painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
            line = self.palette().color(QPalette.ColorRole.Mid)
            painter.fillRect(0, 0, self.width(), 1, line)

    def _closes(self, event: QEvent) -> bool:
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        return escape and self.button.isChecked()

    def _on_toggled(self, _on: bool) -> None:
        self._fill()
        if self.lines and self.button.hasFocus():
            self.lines[0].show_button.setFocus()

    def _on_folder(self) -> None:
        self.button.setChecked(False)
        self._look()

    def _show(self, finding: Finding, words: str) -> None:
        rows = np.asarray(finding.rows, np.int64)
        if not len(rows):  # uneven bins: the small one is what to look at
            rows = self._examples(finding.class_ids[0])
        self.shown.emit(words, rows)

    def _dismiss(self, finding: Finding) -> None:
        self._dismissed.add(self._key(finding))
        self._look()

    def _dismiss_all(self) -> None:
        self._dismissed.update(self._key(finding) for finding in self.findings)
        self._look()

    # -- inside --------------------------------------------------------------------------

    def _look(self) -> None:
        count = len(self.findings)
        text = ngettext(
            "{count} hint about your examples", "{count} hints about your examples", count
        )
        self.button.setText(text.format(count=count))
        self.button.setAccessibleName(self.button.text())
        if not count:
            self.button.setChecked(False)
        self._fill()
        self.setVisible(count > 0)

    def _fill(self) -> None:
        """One line for each finding, while the list is open."""
        opened, focused = self.button.isChecked(), self._focused()
        findings = self.findings[:LISTED] if opened else ()
        sheet = QWidget()
        layout = QVBoxLayout(sheet)
        layout.setContentsMargins(7, 0, 0, 0)
        layout.setSpacing(0)
        self.lines = [self._line(finding) for finding in findings]
        for line in self.lines:
            layout.addWidget(line)
        old = self.list.takeWidget()
        if old is not None:
            old.hide()
            old.deleteLater()  # not at once: a click on one of its buttons may be why
        self.list.setWidget(sheet)
        sheet.setAutoFillBackground(False)
        self.list.setFixedHeight(LINE * max(1, min(LINES_IN_SIGHT, len(findings))) + 4)
        self.list.setVisible(opened)
        self.update()
        self.all_button.setVisible(opened and len(findings) > 1)
        if focused is not None and self.lines:
            place, button = focused
            self.lines[min(place, len(self.lines) - 1)].buttons[button].setFocus()

    def _focused(self) -> tuple[int, int] | None:
        """Place of the line and of its button that has the focus."""
        for place, line in enumerate(self.lines):
            for number, button in enumerate(line.buttons):
                if button.hasFocus():
                    return place, number
        return None

    def _line(self, finding: Finding) -> HintLine:
        words = finding_words(finding, self._session.project)
        line = HintLine(words)
        line.show_button.clicked.connect(lambda: self._show(finding, words))
        line.dismiss_button.clicked.connect(lambda: self._dismiss(finding))
        return line

    def _examples(self, class_id: int) -> Rows:
        collection = self._session.collection
        paths = self._session.project.support(class_id)
        rows = [collection.table.row(path) for path in paths] if collection else []
        return np.asarray([row for row in rows if row is not None], np.int64)

    def _key(self, finding: Finding) -> tuple:
        """The same for the same finding, whenever the project is opened in this sitting."""
        collection = self._session.collection
        rows = np.asarray(finding.rows, np.int64)
        paths = tuple(collection.paths(rows)) if collection is not None else ()
        return self._session.desk.now.path, finding.kind, finding.class_ids, paths


def finding_words(finding: Finding, project: Project) -> str:
    """A finding in one plain sentence."""
    names = [project.class_name(c) for c in finding.class_ids if project.has_class(c)]
    first, second = (names + ["", ""])[:2]
    count = len(finding.rows)
    if finding.kind is Kind.NEAR_DUPLICATES:
        return _("“{name}” holds {count} nearly identical pictures").format(name=first, count=count)
    if finding.kind is Kind.SAME_PICTURE and len(names) > 2:
        return _("The same picture is in {count} bins").format(count=len(names))
    if finding.kind is Kind.SAME_PICTURE:
        text = _("The same picture is in “{first}” and “{second}”")
        return text.format(first=first, second=second)
    if finding.kind is Kind.OUTLIER and second:
        text = _("An example of “{first}” looks like “{second}”")
        return text.format(first=first, second=second)
    if finding.kind is Kind.OUTLIER:
        return _("An example of “{name}” looks unlike the others").format(name=first)
    few, many = (len(project.support(c)) for c in finding.class_ids[:2])
    text = ngettext(
        "“{first}” has {few} example, “{second}” has {many}",
        "“{first}” has {few} examples, “{second}” has {many}",
        few,
    )
    return text.format(first=first, second=second, few=few, many=many)


def _button(text: str, role: str, about: str) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("role", role)
    button.setAccessibleName(f"{text}: {about}" if about else text)
    return button
