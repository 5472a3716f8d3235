"""A quiet line that says what may be wrong with the examples."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget

from fewshot_gui.gui.reviewer import Reviewer
from fewshot_gui.gui.session import Session
from fewshot_gui.project.model import Project
from fewshot_gui.review.hygiene import Finding, Kind
from fewshot_gui.texts import _, ngettext

LISTED = 20


class HygieneBar(QWidget):
    """Hidden while there is nothing to say.

    Attributes:
        button: “2 hints about your examples”; opens the list.

    Signals:
        shown: (title, int64 rows) of examples that the user wants to see.
    """

    shown = Signal(str, object)

    def __init__(self, session: Session, reviewer: Reviewer) -> None:
        super().__init__()
        self._session = session
        self._reviewer = reviewer
        self._dismissed: set[tuple] = set()
        self.button = QPushButton()
        self.button.setProperty("role", "link")
        self.button.clicked.connect(self._open)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 2, 16, 2)
        layout.addWidget(self.button)
        layout.addStretch()
        reviewer.findings_changed.connect(self._look)
        session.folder_changed.connect(self._dismissed.clear)
        self._look()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found and not dismissed."""
        return tuple(f for f in self._reviewer.findings if _key(f) not in self._dismissed)

    def menu(self) -> QMenu:
        """The findings; each can be looked at or dismissed."""
        menu = QMenu(self)
        for finding in self.findings[:LISTED]:
            words = finding_words(finding, self._session.project)
            entry = menu.addMenu(words.replace("&", "&&"))
            entry.addAction(_("&Show"), lambda f=finding, w=words: self._show(f, w))
            entry.addAction(_("&Dismiss"), lambda f=finding: self._dismiss(f))
        menu.addSeparator()
        menu.addAction(_("Dismiss &all"), self._dismiss_all)
        return menu

    def _open(self) -> None:
        self.menu().popup(self.button.mapToGlobal(QPoint(0, self.button.height())))

    def _show(self, finding: Finding, words: str) -> None:
        rows = np.asarray(finding.rows, np.int64)
        if not len(rows):  # uneven bins: the small one is what to look at
            rows = self._examples(finding.class_ids[0])
        self.shown.emit(words, rows)

    def _examples(self, class_id: int) -> np.ndarray:
        collection = self._session.collection
        paths = self._session.project.support(class_id)
        rows = [collection.table.row(path) for path in paths] if collection else []
        return np.asarray([row for row in rows if row is not None], np.int64)

    def _dismiss(self, finding: Finding) -> None:
        self._dismissed.add(_key(finding))
        self._look()

    def _dismiss_all(self) -> None:
        self._dismissed.update(_key(finding) for finding in self.findings)
        self._look()

    def _look(self) -> None:
        count = len(self.findings)
        text = ngettext(
            "{count} hint about your examples", "{count} hints about your examples", count
        )
        self.button.setText(text.format(count=count))
        self.button.setAccessibleName(self.button.text())
        self.setVisible(count > 0)


def finding_words(finding: Finding, project: Project) -> str:
    """A finding in one plain sentence."""
    names = [project.class_name(c) for c in finding.class_ids if project.has_class(c)]
    first, second = (names + ["", ""])[:2]
    if finding.kind is Kind.NEAR_DUPLICATES:
        count = len(finding.rows)
        return _("“{name}” holds {count} nearly identical pictures").format(name=first, count=count)
    if finding.kind is Kind.SAME_PICTURE:
        text = _("The same picture is in “{first}” and “{second}”")
        return text.format(first=first, second=second)
    if finding.kind is Kind.OUTLIER and second:
        text = _("An example of “{first}” looks like “{second}”")
        return text.format(first=first, second=second)
    if finding.kind is Kind.OUTLIER:
        return _("An example of “{name}” looks unlike the others").format(name=first)
    text = _("“{first}” has {few} examples, “{second}” has {many}")
    few, many = (len(project.support(c)) for c in finding.class_ids[:2])
    return text.format(first=first, second=second, few=few, many=many)


def _key(finding: Finding) -> tuple:
    return finding.kind, finding.class_ids, finding.rows
