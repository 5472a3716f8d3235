"""Agreeing to many predictions at once, with what that is likely to cost."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.collection import NOBODY, Rows
from fewshot_gui.gui.image_model import percent
from fewshot_gui.gui.review_strip import PictureStrip
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.review.accept import expected_errors
from fewshot_gui.texts import _, ngettext

START = 90  # percent
SHOWN = 12


class AcceptDialog(QDialog):
    """Chooses a class and a confidence.

    Attributes:
        classes, slider: What to accept.
        words: How many that are, and how many of them may be wrong.

    Signals:
        accepted_rows: int64 rows that the user agrees to.
    """

    accepted_rows = Signal(object)

    def __init__(
        self,
        parent: QWidget,
        session: Session,
        theme: Theme,
        thumbnails: Thumbnails,
        class_id: int = NO_CLASS,
    ) -> None:
        """``class_id`` is chosen first; ``NO_CLASS`` stands for all classes."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Confirm all the sure ones"))
        self._session = session
        self.classes = QComboBox()
        self.classes.setAccessibleName(_("Class"))
        self.classes.addItem(_("All classes"), NO_CLASS)
        for known in session.project.bins:
            self.classes.addItem(known.name, known.id)
        self.classes.setCurrentIndex(max(0, self.classes.findData(class_id)))
        self.classes.currentIndexChanged.connect(self._look)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setValue(START)
        self.slider.setAccessibleName(_("Lowest confidence"))
        self.slider.valueChanged.connect(self._look)
        self._limit = QLabel()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.strip = PictureStrip(theme, thumbnails, _("The least sure of them"))
        self.button = QPushButton()
        self.button.setProperty("role", "primary")
        self.button.setDefault(True)
        self.button.clicked.connect(self._accept)
        self._lay_out()
        self.resize(560, 300)
        session.predictions_changed.connect(self._look)
        session.labels_changed.connect(lambda _rows: self._look())
        self._look()
        self.slider.setFocus()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.classes)
        row.addWidget(self.slider, 1)
        row.addWidget(self._limit)
        layout.addLayout(row)
        layout.addWidget(self.words)
        caption = QLabel(self.strip.accessibleName())
        caption.setProperty("tone", "muted")
        layout.addWidget(caption)
        layout.addWidget(self.strip)
        layout.addStretch()
        buttons = QHBoxLayout()
        cancel = QPushButton(_("Cancel"))
        cancel.clicked.connect(self.close)
        buttons.addStretch()
        buttons.addWidget(cancel)
        buttons.addWidget(self.button)
        layout.addLayout(buttons)

    def rows(self) -> Rows:
        """Images that would be accepted, the least sure first."""
        collection = self._session.collection
        if collection is None:
            return np.empty(0, np.int64)
        targets = collection.targets
        usable = (collection.source[targets] == NOBODY) & (collection.best[targets] != NO_CLASS)
        usable &= ~collection.rejected(targets)
        usable &= collection.confidence[targets] >= self.slider.value() / 100
        class_id = self.classes.currentData()
        if class_id != NO_CLASS:
            usable &= collection.best[targets] == class_id
        rows = targets[usable]
        return rows[np.argsort(collection.confidence[rows], kind="stable")]

    def _look(self) -> None:
        collection = self._session.collection
        if collection is None:
            self.close()
            return
        rows = self.rows()
        count = len(rows)
        confidence = collection.confidence[rows]
        wrong = round(expected_errors(confidence, np.ones(count, np.bool_)))
        self._limit.setText(
            _("from {percent} on").format(percent=percent(self.slider.value() / 100))
        )
        text = ngettext("{count} image", "{count} images", count).format(count=f"{count:,}")
        errors = ngettext(
            "about {count} of them may be wrong", "about {count} of them may be wrong", wrong
        )
        self.words.setText(f"{text}, {errors.format(count=f'{wrong:,}')}." if count else text)
        action = ngettext("&Confirm {count} image", "&Confirm {count} images", count)
        self.button.setText(action.format(count=f"{count:,}"))
        self.button.setEnabled(count > 0)
        self.strip.show_paths(collection.paths(rows[:SHOWN]))

    def _accept(self) -> None:
        rows = self.rows()
        self.close()
        self.accepted_rows.emit(rows)
