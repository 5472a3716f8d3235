"""The fields of the page “Train a learner” that no other page has."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from fewshot_gui.gui.evaluate_fields import muted

_LETTERS = 10  # that a choice must be able to show


class ChoiceField(QComboBox):
    """One of several things, with a sentence about the one that is chosen.

    Attributes:
        words: The sentence.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.view().setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_LETTERS)
        self.words = muted("")
        self._keys: tuple[str, ...] = ()
        self._sentences: tuple[str, ...] = ()
        self.currentIndexChanged.connect(self._tell)

    def offer(self, choices: Iterable[tuple[str, str, str]]) -> None:
        """Offer these (key, title, sentence) and no others; keeps what is chosen if it can."""
        choices = tuple(choices)
        before = self.chosen
        keys = tuple(key for key, _title, _sentence in choices)
        if keys == self._keys:
            return
        blocked = self.blockSignals(True)
        self.clear()
        self._keys = keys
        self._sentences = tuple(sentence for _key, _title, sentence in choices)
        self.addItems([title for _key, title, _sentence in choices])
        self.setCurrentIndex(keys.index(before) if before in keys else 0)
        self.blockSignals(blocked)
        self._tell()

    @property
    def chosen(self) -> str:
        """Key of what is chosen; empty while nothing is offered."""
        place = self.currentIndex()
        return self._keys[place] if 0 <= place < len(self._keys) else ""

    def choose(self, key: str) -> None:
        """Choose another one; one that is not offered changes nothing."""
        if key in self._keys:
            self.setCurrentIndex(self._keys.index(key))

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the form scrolls

    def _tell(self) -> None:
        place = self.currentIndex()
        sentence = self._sentences[place] if 0 <= place < len(self._sentences) else ""
        self.words.setText(sentence)
        self.setAccessibleDescription(sentence)


def titled(title: str, field: ChoiceField) -> QWidget:
    """A choice below its name and above its sentence."""
    box = QWidget()
    label = QLabel(title)
    label.setBuddy(field)
    layout = QVBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for widget in (label, field, field.words):
        layout.addWidget(widget)
    return box
