"""Agreeing to many predictions at once, with what that is likely to cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.collection import NOBODY, Collection, Rows
from fewshot_gui.gui.image_model import percent
from fewshot_gui.gui.review_strip import PictureStrip, StripPicture
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.review.accept import expected_errors
from fewshot_gui.review.cost import FAIR
from fewshot_gui.review.strangers import stranger_chances, stranger_share
from fewshot_gui.texts import _, ngettext

START = 90  # percent
SHOWN = 12


class AcceptDialog(QDialog):
    """Chooses a class and a confidence.

    Attributes:
        classes, slider: What to accept.
        leave_out: Whether what probably belongs to no bin is left out; hidden where there
            is nothing of that kind.
        words: How many that are, and how many of them may be wrong.
        strip: The least sure of them.
        button: Accepts them.

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
        self._rows: Rows = np.empty(0, np.int64)  # of the class, the least sure first
        self._confidence = np.empty(0, np.float32)
        self._strange = np.empty(0, np.float64)
        self._left_out = np.empty(0, np.float32)  # confidences of what is left out, ascending
        self.leave_out = QCheckBox()
        self.leave_out.setChecked(True)
        self.leave_out.toggled.connect(self._look)
        self.classes = QComboBox()
        self.classes.setAccessibleName(_("Class"))
        self.classes.setMaximumWidth(220)
        self._fill(class_id)
        self.classes.currentIndexChanged.connect(self._look)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setValue(START)
        self.slider.setAccessibleName(_("Lowest confidence"))
        self.slider.valueChanged.connect(self._on_slider)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setProperty("tone", "strong")
        name = _("The least sure of them, by class")
        self.strip = PictureStrip(theme, thumbnails, name, captions=True)
        self._limit = QLabel()
        self._lay_out()
        self.resize(640, 304)
        session.predictions_changed.connect(self._look)
        session.labels_changed.connect(self._on_labels)
        session.bins_changed.connect(self._on_bins)
        session.folder_changed.connect(self.close)
        self._look()
        self.slider.setFocus()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self.classes)
        row.addWidget(self.slider, 1)
        self._limit.setMinimumWidth(
            self._limit.fontMetrics().horizontalAdvance(_limit_words(1.0)) + 2
        )
        row.addWidget(self._limit)
        layout.addWidget(self.words)
        layout.addSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.leave_out)
        caption = QLabel(self.strip.accessibleName())
        caption.setProperty("tone", "muted")
        layout.addSpacing(6)
        layout.addWidget(caption)
        layout.addWidget(self.strip)
        layout.addStretch()
        layout.addSpacing(8)
        layout.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        cancel = QPushButton(_("Cancel"))
        cancel.setAccessibleName(cancel.text())
        cancel.clicked.connect(self.close)
        self.button = QPushButton()
        self.button.setProperty("role", "primary")
        self.button.setDefault(True)
        self.button.clicked.connect(self._accept)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(cancel)
        buttons.addWidget(self.button)
        return buttons

    def rows(self) -> Rows:
        """Images that would be accepted, the least sure first."""
        return self._rows[self._first :]

    @property
    def _first(self) -> int:
        """Place of the first one that is sure enough."""
        limit = np.float32(self.slider.value() / 100)
        return int(np.searchsorted(self._confidence, limit, side="left"))

    def _fill(self, class_id: int) -> None:
        """List the classes and choose one."""
        self.classes.clear()
        self.classes.addItem(_("All classes"), NO_CLASS)
        for known in self._session.project.bins:
            self.classes.addItem(known.name, known.id)
        self.classes.setCurrentIndex(max(0, self.classes.findData(class_id)))

    def _look(self) -> None:
        """Take over what the learner says now; the slider only cuts from this."""
        collection = self._session.collection
        if collection is None:
            return
        targets = collection.targets
        usable = (collection.source[targets] == NOBODY) & (collection.best[targets] != NO_CLASS)
        usable &= ~collection.rejected(targets)
        class_id = self.classes.currentData()
        if class_id != NO_CLASS:
            usable &= collection.best[targets] == class_id
        rows = targets[usable]
        confidence, strange = collection.confidence[rows], self._chances(collection, rows)
        odd = strange > FAIR
        self._left_out = np.sort(confidence[odd])
        if self.leave_out.isChecked():
            rows, confidence, strange = rows[~odd], confidence[~odd], strange[~odd]
        order = np.argsort(confidence, kind="stable")
        self._rows, self._confidence, self._strange = rows[order], confidence[order], strange[order]
        self._on_slider()

    def _chances(self, collection: Collection, rows: Rows) -> NDArray[np.float64]:
        """That each of these belongs to no bin, as the folder's other images make it likely."""
        targets = collection.targets
        undecided = (collection.source[targets] == NOBODY) & (collection.best[targets] != NO_CLASS)
        share = stranger_share(collection.unknown[targets[undecided]])
        return stranger_chances(collection.unknown[rows], share)

    def _on_slider(self) -> None:
        rows, sure = self.rows(), self._confidence[self._first :]
        self._offer_to_leave_out()
        count = len(rows)
        share = self.slider.value() / 100
        wrong = expected_errors(sure, self._strange[self._first :])
        text = self._sentence(count, wrong)
        self._limit.setText(_limit_words(share))
        self.words.setText(text)
        self.slider.setAccessibleDescription(f"{_limit_words(share)}: {text}")
        action = ngettext("&Confirm {count} image", "&Confirm {count} images", count)
        self.button.setText(action.format(count=f"{count:,}"))
        self.button.setAccessibleName(self.button.text().replace("&", ""))
        self.button.setEnabled(count > 0)
        collection = self._session.collection
        if collection is not None:
            self.strip.show_pictures(self._pictures(collection, rows[:SHOWN]))

    def _offer_to_leave_out(self) -> None:
        limit = np.float32(self.slider.value() / 100)
        count = len(self._left_out) - int(np.searchsorted(self._left_out, limit, side="left"))
        text = ngettext(
            "&Leave out {count} more that looks like none of your bins",
            "&Leave out {count} more that look like none of your bins",
            count,
        ).format(count=f"{count:,}")
        self.leave_out.setText(text)
        self.leave_out.setAccessibleName(text.replace("&", ""))
        self.leave_out.setVisible(len(self._left_out) > 0)

    def _pictures(self, collection: Collection, rows: Rows) -> list[StripPicture]:
        places = {known.id: place for place, known in enumerate(self._session.project.bins)}
        told = []
        for row, path in zip(rows.tolist(), collection.paths(rows), strict=True):
            place = places.get(int(collection.best[row]))
            if place is not None:  # its bin has not just been deleted
                known = self._session.project.bins[place]
                sure = percent(collection.confidence[row])
                told.append(StripPicture(path, known.name, known.colour, sure, place))
        return told

    def _sentence(self, count: int, wrong: float) -> str:
        if not len(self._rows):
            return _("There is nothing left to confirm here.")
        if not count:
            return _("No image is that sure.")
        images = ngettext("{count} image", "{count} images", count).format(count=f"{count:,}")
        few = round(wrong)
        if not few:
            return _("{images}, probably none of them wrong.").format(images=images)
        errors = ngettext("about {count} wrong", "about {count} wrong", few)
        errors = errors.format(count=f"{few:,}")
        return _("{images}, {errors}.").format(images=images, errors=errors)

    def _accept(self) -> None:
        rows = self.rows()
        self.close()
        self.accepted_rows.emit(rows)

    def _on_labels(self, _rows: object) -> None:
        self._look()

    def _on_bins(self) -> None:
        class_id = self.classes.currentData()
        self.classes.blockSignals(True)
        self._fill(class_id)
        self.classes.blockSignals(False)
        self._look()


def _limit_words(share: float) -> str:
    """“from 90 % on”."""
    return _("from {percent} on").format(percent=percent(share))
