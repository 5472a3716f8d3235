"""The page that greets: what the program does, in three steps."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.gui.recent import Recent
from fewshot_gui.gui.theme import Theme
from fewshot_gui.texts import _

RECENT_SHOWN = 3


class Picture(QLabel):
    """An illustration that follows the theme."""

    def __init__(self, name: str, size: QSize, theme: Theme, icons: Icons) -> None:
        super().__init__()
        self._name, self._size, self._theme, self._icons = name, size, theme, icons
        self.setFixedSize(size)
        theme.changed.connect(self._draw)
        self._draw()

    def _draw(self) -> None:
        ratio = self.devicePixelRatioF()
        size = self._size
        tones = self._theme.tones
        self.setPixmap(
            self._icons.pixmap(self._name, tones.accent, size.width(), size.height(), ratio)
        )


class Welcome(QScrollArea):
    """Shown while no folder is open.

    Signals:
        open_clicked: The user wants to choose a folder.
        sample_clicked: The user wants to try the sample.
        recent_clicked: A folder or project file that was open before.
    """

    open_clicked = Signal()
    sample_clicked = Signal()
    recent_clicked = Signal(str)

    def __init__(self, theme: Theme, icons: Icons) -> None:
        super().__init__()
        self._theme = theme
        self._icons = icons
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QWidget()
        outer = QVBoxLayout(page)
        outer.setContentsMargins(32, 24, 32, 24)
        outer.addStretch(2)
        self._add_title(outer)
        outer.addSpacing(28)
        self._add_steps(outer)
        outer.addSpacing(28)
        self._add_buttons(outer)
        outer.addStretch(3)
        self.setWidget(page)

    def show_recent(self, entries: tuple[Recent, ...]) -> None:
        """Offer the folders and projects that were open before."""
        while self._recent.count():
            item = self._recent.takeAt(0)
            if item.widget() is not None:
                item.widget().deleteLater()
        if not entries:
            return
        self._recent.addStretch()
        label = QLabel(_("Recent:"))
        label.setProperty("tone", "muted")
        self._recent.addWidget(label)
        for entry in entries[:RECENT_SHOWN]:
            button = QPushButton(entry.name.replace("&", "&&"))
            button.setProperty("role", "link")
            button.setAccessibleName(_("Open {name}").format(name=entry.name))
            button.setToolTip(plain_tip(entry.place))
            button.clicked.connect(lambda _on=False, p=entry.path: self.recent_clicked.emit(p))
            self._recent.addWidget(button)
        self._recent.addStretch()

    def _add_title(self, outer: QVBoxLayout) -> None:
        mark = Picture("mark", QSize(72, 72), self._theme, self._icons)
        outer.addWidget(mark, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addSpacing(14)
        title = QLabel(_("Few-Shot GUI"))
        title.setFont(_font(title.font(), 2.1, QFont.Weight.Bold))
        outer.addWidget(title, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addSpacing(4)
        promise = QLabel(_("Show it a handful of pictures, and it sorts the rest."))
        promise.setProperty("tone", "muted")
        promise.setFont(_font(promise.font(), 1.2, QFont.Weight.Normal))
        outer.addWidget(promise, 0, Qt.AlignmentFlag.AlignHCenter)

    def _add_steps(self, outer: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(18)
        row.addStretch(1)
        for number, picture, title, text in (
            (1, "step-open", _("Open a folder"), _("Its pictures appear at once.")),
            (
                2,
                "step-bins",
                _("Drag a few examples into bins"),
                _("Three to five for each class. Sorting starts by itself."),
            ),
            (
                3,
                "step-review",
                _("Review and export"),
                _("Correct what is wrong, then take the list with you."),
            ),
        ):
            row.addWidget(self._step(number, picture, title, text))
        row.addStretch(1)
        outer.addLayout(row)

    def _step(self, number: int, picture: str, title: str, text: str) -> QFrame:
        card = QFrame(objectName="card")
        card.setFixedWidth(276)
        card.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 20, 20, 20)
        layout.setSpacing(6)
        drawing = Picture(picture, QSize(200, 122), self._theme, self._icons)
        layout.addWidget(drawing, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(8)
        for words, tone in ((f"{number}  {title}", "strong"), (text, "muted")):
            label = QLabel(words)
            label.setProperty("tone", tone)
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            layout.addWidget(label)
        layout.addStretch()
        return card

    def _add_buttons(self, outer: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addStretch()
        self.open_button = QPushButton(_("Open folder…"))
        self.open_button.setProperty("role", "primary")
        self.open_button.setDefault(True)
        self.open_button.clicked.connect(self.open_clicked)
        self.sample_button = QPushButton(_("Try the sample"))
        self.sample_button.clicked.connect(self.sample_clicked)
        for button in (self.open_button, self.sample_button):
            button.setProperty("size", "large")
            button.setAccessibleName(button.text())
            row.addWidget(button)
        row.addStretch()
        outer.addLayout(row)
        outer.addSpacing(14)
        hint = QLabel(_("or drop a folder anywhere in this window"))
        hint.setProperty("tone", "muted")
        outer.addWidget(hint, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addSpacing(6)
        self._recent = QHBoxLayout()
        outer.addLayout(self._recent)


def _font(font: QFont, factor: float, weight: QFont.Weight) -> QFont:
    scaled = QFont(font)
    scaled.setPointSizeF(font.pointSizeF() * factor)
    scaled.setWeight(weight)
    return scaled
