"""“Have I labelled enough?”: the question, the wait and the answer in one window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.review_verdict import VerdictView
from fewshot_gui.gui.reviewer import Verdict
from fewshot_gui.gui.theme import Theme
from fewshot_gui.texts import _


class EnoughDialog(QDialog):
    """Waits for a verdict, shows it, and waits for another one where the user asks for it.

    Args:
        parent: The window.
        theme: Of the window.
        lines: How many classes there will be.
        refusal: Says why confirmed images cannot be made examples; empty where they can.
        edits: Says how many changes the project has seen, as ``Project.edits``.

    Attributes:
        view: The verdict that is shown; None before the first one.
        show_button: Shows the examples of the two classes that are mixed up most.
        teach_button: Makes the confirmed images examples.
        again_button: Asks anew, where something was changed since.

    Signals:
        shown: (title, int64 rows) of images that the user wants to see.
        teach_asked: The user wants the confirmed images to be examples.
        asked_again: The user wants another verdict.
        given_up: The user waits for the verdict no longer.
    """

    shown = Signal(str, object)
    teach_asked = Signal()
    asked_again = Signal()
    given_up = Signal()

    def __init__(
        self,
        parent: QWidget,
        theme: Theme,
        lines: int,
        refusal: Callable[[], str],
        edits: Callable[[], int],
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Have I labelled enough?"))
        self._theme = theme
        self._refusal = refusal
        self._edits = edits
        self._verdict: Verdict | None = None
        self.view: VerdictView | None = None
        self.show_button = QPushButton(_("&Show the mixed-up ones"))
        self.show_button.setAccessibleName(self.show_button.text().replace("&", ""))
        self.show_button.clicked.connect(self._show_mixed)
        self.teach_button = QPushButton(_("&Make them examples"))
        self.teach_button.setAccessibleName(_("Make the confirmed pictures examples"))
        self.teach_button.clicked.connect(self._teach)
        self.again_button = QPushButton(_("&Ask again"))
        self.again_button.setAccessibleName(_("Ask again, with what was changed since"))
        self.again_button.setToolTip(self.again_button.accessibleName())
        self.again_button.clicked.connect(self._ask_again)
        self.stale = QLabel(_("Something was changed since: this is how it was before."))
        self.stale.setProperty("tone", "error")
        self.stale.setWordWrap(True)
        self._close = QPushButton(_("Close"))
        self._close.setAccessibleName(self._close.text())
        self._close.setDefault(True)
        self._close.clicked.connect(self.close)
        self._pages = QStackedLayout()
        self._pages.addWidget(_waiting())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(16)
        layout.addWidget(self.stale)
        layout.addLayout(self._pages, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.show_button)
        buttons.addWidget(self.teach_button)
        buttons.addWidget(self.again_button)
        buttons.addStretch()
        buttons.addWidget(self._close)
        layout.addLayout(buttons)
        self.resize(760, min(640, 250 + 30 * lines))
        self.wait()

    @property
    def waiting(self) -> bool:
        """Whether a verdict is still to come."""
        return self._pages.currentIndex() == 0

    def wait(self) -> None:
        """Show that a verdict is to come."""
        self._pages.setCurrentIndex(0)
        for part in (self.show_button, self.teach_button, self.again_button, self.stale):
            part.hide()
        self._close.setFocus()

    def tell(self, verdict: Verdict) -> None:
        """Show a verdict in place of the one before."""
        before, self._verdict = self.view, verdict
        self.view = VerdictView(verdict, self._theme)
        self._pages.addWidget(self.view)
        self._pages.setCurrentWidget(self.view)
        if before is not None:
            self._pages.removeWidget(before)
            before.deleteLater()
        self.show_button.setVisible(verdict.enough.mixed is not None)
        self.teach_button.setVisible(bool(verdict.project.confirmed))
        self.look_again()

    def look_again(self, *_news: object) -> None:
        """The project may be another than the one that the verdict is about."""
        refusal = self._refusal()
        self.teach_button.setEnabled(not refusal)
        self.teach_button.setToolTip(refusal)
        if self.waiting or self._verdict is None:
            return
        stale = self._verdict.project.edits != self._edits()
        self.stale.setVisible(stale)
        self.again_button.setVisible(stale)
        self.teach_button.setVisible(bool(self._verdict.project.confirmed) and not stale)

    def done(self, result: int) -> None:
        """It is closed, by the user or because its project is."""
        if self.isVisible() and self.waiting:
            self.given_up.emit()
        super().done(result)
        self.deleteLater()

    def _ask_again(self) -> None:
        self.wait()
        self.asked_again.emit()

    def _teach(self) -> None:
        self.wait()
        self.teach_asked.emit()

    def _show_mixed(self) -> None:
        if self._verdict is None or self._verdict.enough.mixed is None:
            return
        mixed = self._verdict.enough.mixed
        first, second = (self._verdict.project.class_name(c) for c in mixed.class_ids)
        title = _("{first} and {second} mixed up").format(first=first, second=second)
        self.shown.emit(title, np.asarray(mixed.rows, np.int64))


def _waiting() -> QWidget:
    words = QLabel(_("Trying out your examples…"))
    words.setProperty("tone", "muted")
    bar = QProgressBar()
    bar.setRange(0, 0)
    bar.setTextVisible(False)
    bar.setAccessibleName(words.text())
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(12)
    layout.addStretch()
    layout.addWidget(words)
    layout.addWidget(bar)
    layout.addStretch()
    return page
