"""What stands in place of pictures where there are none."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.theme import Theme


class EmptyPage(QWidget):
    """What stands in place of the grid when there is nothing to show.

    Signals:
        clicked: The button.
    """

    clicked = Signal()

    def __init__(self, theme: Theme, icons: Icons) -> None:
        super().__init__()
        self._theme = theme
        self._icons = icons
        self._glyph = QLabel()
        self._title = QLabel()
        self._title.setProperty("tone", "strong")
        self._text = QLabel()
        self._text.setProperty("tone", "muted")
        self.button = QPushButton()
        self.button.clicked.connect(self.clicked)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        for widget in (self._glyph, self._title, self._text):
            widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(widget)
        layout.addSpacing(10)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        for label in (self._title, self._text):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        theme.changed.connect(self._draw)
        self._draw()

    def say(self, title: str, text: str, button: str = "") -> None:
        """Set the words; without a label there is no button."""
        self._title.setText(title)
        self._text.setText(text)
        self.button.setText(button)
        self.button.setAccessibleName(button)
        self.button.setVisible(bool(button))

    @property
    def title(self) -> str:
        """What it says."""
        return self._title.text()

    def _draw(self) -> None:
        ratio = self.devicePixelRatioF()
        self._glyph.setPixmap(self._icons.pixmap("image", self._theme.tones.faint, 48, 48, ratio))
