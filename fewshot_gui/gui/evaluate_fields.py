"""The fields that say what to find out, each with its words."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.evaluate_words import mode_words
from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.metatrain.plan import Mode
from fewshot_gui.texts import _

_BESIDE = 20  # pixels around a box and its text
_DIGITS = 10  # that a number must be able to show, buttons included


class NumberField(QSpinBox):
    """A number; its lowest value may mean that the program chooses."""

    def __init__(
        self, name: str, low: int, high: int, value: int, tip: str, free: str = ""
    ) -> None:
        super().__init__()
        self.setRange(low, high)
        self.setValue(value)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setAccessibleDescription(tip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setGroupSeparatorShown(True)
        self.setSpecialValueText(free)
        self.lineEdit().setTextMargins(6, 0, 0, 0)

    @property
    def chosen(self) -> int | None:
        """The number, None where the program chooses."""
        return None if self.specialValueText() and self.value() == self.minimum() else self.value()

    def wheelEvent(self, event: QWheelEvent) -> None:
        # the form scrolls under the pointer: a number must not change on the way
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ModeField(QComboBox):
    """Which pictures are to be sorted, with a sentence about it.

    Attributes:
        words: The sentence.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.view().setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.words = muted("")
        self._modes = list(mode_words())
        self._sentences = [sentence for _title, sentence in mode_words().values()]
        self.addItems([title for title, _sentence in mode_words().values()])
        self.currentIndexChanged.connect(self._tell)
        self._tell()

    @property
    def chosen(self) -> Mode:
        """The mode. Qt would give a plain text back for it."""
        return self._modes[self.currentIndex()]

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the form scrolls

    def _tell(self) -> None:
        sentence = self._sentences[self.currentIndex()]
        self.words.setText(sentence)
        self.setAccessibleDescription(sentence)


class CheckField(QCheckBox):
    """Something that is wanted or not."""

    def __init__(self, text: str, tip: str = "", on: bool = False) -> None:
        super().__init__(text.replace("&", "&&"))
        self._words, self._tip = text, tip
        self.setChecked(on)
        self.setAccessibleName(text)
        self.setAccessibleDescription(tip)
        self.setToolTip(plain_tip(tip))

    def minimumSizeHint(self) -> QSize:
        """It may be narrower than its words, which are cut then."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.width() - self.style().pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth)
        shown = self.fontMetrics().elidedText(
            self._words, Qt.TextElideMode.ElideRight, room - _BESIDE
        )
        self.setText(shown.replace("&", "&&"))
        cut = "" if shown == self._words else self._words
        self.setToolTip(plain_tip("\n".join(part for part in (cut, self._tip) if part)))


class CheckList(QWidget):
    """Several of a few things.

    Signals:
        changed: Others are chosen.
    """

    changed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._boxes: dict[str, CheckField] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)

    def offer(self, choices: Iterable[tuple[str, str]], chosen: Iterable[str]) -> None:
        """Offer these (key, title); those known already stay as they are."""
        wanted = set(chosen)
        for key, title in choices:
            if key not in self._boxes:
                box = CheckField(title, on=key in wanted)
                box.toggled.connect(self.changed)
                self._boxes[key] = box
                self._layout.addWidget(box)

    @property
    def boxes(self) -> dict[str, CheckField]:
        """The boxes, by key."""
        return dict(self._boxes)

    @property
    def chosen(self) -> tuple[str, ...]:
        """Keys of what is chosen, in the order offered."""
        return tuple(key for key, box in self._boxes.items() if box.isChecked())


class Fold(QWidget):
    """Fields that few need, behind a button."""

    def __init__(self, content: QWidget, title: str = "") -> None:
        """``title`` is what the button says; “More” where it is empty."""
        super().__init__()
        self._title = title or _("More")
        self.button = QPushButton()
        self.button.setProperty("role", "quiet")
        self.button.setAccessibleName(title or _("More choices"))
        self.button.setCheckable(True)
        self.button.setAutoDefault(False)
        self.button.toggled.connect(self._turn)
        self._content = content
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(content)
        self._turn(False)

    def _turn(self, opened: bool) -> None:
        self.button.setText(f"{self._title} {'▾' if opened else '▸'}")
        self._content.setVisible(opened)


def number_grid(fields: Iterable[QAbstractSpinBox]) -> QGridLayout:
    """Numbers below each other, each beside its name."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(10)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(0, 1)
    for line, field in enumerate(fields):
        label = QLabel(field.accessibleName())
        label.setBuddy(field)
        label.setToolTip(field.toolTip())
        label.setWordWrap(True)
        field.setFixedWidth(max(116, _DIGITS * field.fontMetrics().averageCharWidth()))
        grid.addWidget(label, line, 0)
        grid.addWidget(field, line, 1)
    return grid


def heading(text: str) -> QLabel:
    """What a group of fields is about."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("tone", "strong")
    return label


def muted(text: str) -> QLabel:
    """A sentence that explains; plain text, whatever is in it."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("tone", "muted")
    return label


def explained(title: str, steps: Iterable[str]) -> QWidget:
    """What a page is for, where there is nothing to show yet."""
    page = QWidget()
    name = heading(title)
    font = name.font()
    font.setPointSizeF(font.pointSizeF() * 1.6)
    name.setFont(font)
    column = QVBoxLayout(page)
    column.setContentsMargins(40, 24, 40, 24)
    column.setSpacing(12)
    column.addStretch(2)
    column.addWidget(name)
    for step in steps:
        label = muted(step)
        label.setMaximumWidth(560)
        column.addWidget(label)
    column.addStretch(3)
    return page
