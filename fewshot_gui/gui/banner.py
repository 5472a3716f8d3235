"""Messages inside the window: they stop nobody, and the newest is on top."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.bin_speech import announce
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.theme import Theme
from fewshot_gui.texts import _, ngettext

MOST = 3  # more than that at once nobody reads
READ_MS = 8000  # good news without a button leaves by itself
REMINDED_MS = 1500  # how long a message that stays is marked when it is told again


class Banner(QFrame):
    """One message with a close button and perhaps an action.

    Attributes:
        message: What it says.
        more_button: Says how many messages are folded behind this one, and shows them.

    Signals:
        closed: The user has read it, or it has had its time.
        more_asked: The user wants to see the messages behind it.
    """

    closed = Signal()
    more_asked = Signal()

    def __init__(self, message: Message, theme: Theme, icons: Icons) -> None:
        super().__init__(objectName="banner")
        self.message = message
        self._theme = theme
        self._icons = icons
        text = QLabel(f"{message.text} {message.hint}".strip())
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        text.setWordWrap(True)
        close = QToolButton()
        close.setIcon(icons.icon("close"))
        close.setIconSize(QSize(14, 14))
        close.setToolTip(_("Close"))
        close.setAccessibleName(_("Close this message"))
        close.clicked.connect(self.closed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(44, 7, 8, 7)
        layout.setSpacing(10)
        layout.addWidget(text, 1)
        self.more_button = QPushButton()
        self.more_button.setProperty("role", "link")
        self.more_button.clicked.connect(self.more_asked)
        self.more_button.hide()
        self._reminding = QTimer(self, singleShot=True, interval=REMINDED_MS)
        self._reminding.timeout.connect(self.update)
        layout.addWidget(self.more_button)
        if message.action and message.run is not None:
            button = QPushButton(message.action)
            button.setAccessibleName(message.action)
            button.clicked.connect(self._act)
            layout.addWidget(button)
        layout.addWidget(close)
        close.setVisible(not message.stays)
        self.setAccessibleName(text.text())
        if message.kind in (Kind.INFO, Kind.SUCCESS) and not message.action:
            QTimer.singleShot(READ_MS, self, self.closed.emit)

    def show_more(self, count: int) -> None:
        """Say how many other messages there are."""
        words = ngettext("{count} more", "{count} more", count).format(count=count)
        text = ngettext("Show {count} more message", "Show {count} more messages", count)
        self.more_button.setText(words)
        self.more_button.setAccessibleName(text.format(count=count))
        self.more_button.setToolTip(self.more_button.accessibleName())
        self.more_button.setVisible(count > 0)

    def remind(self) -> None:
        """Say it again, quietly: marked and spoken, but not again while it is still marked."""
        if not self._reminding.isActive():
            announce(self, self.accessibleName())
        self._reminding.start()
        self.update()

    @property
    def reminding(self) -> bool:
        """Whether it is marked because it was told again."""
        return self._reminding.isActive()

    def _act(self) -> None:
        run = self.message.run
        if not self.message.stays:
            self.closed.emit()
        if run is not None:
            run()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(getattr(self._theme.tones, self.message.kind.value))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        if self.reminding:
            painter.setOpacity(0.18)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
            painter.setOpacity(1.0)
        painter.drawRoundedRect(QRectF(5, 7, 4, self.height() - 14), 2, 2)
        ratio = self.devicePixelRatioF()
        glyph = self._icons.pixmap(self.message.kind.value, colour, 20, ratio=ratio)
        painter.drawPixmap(17, (self.height() - 20) // 2, glyph)


class Banners(QWidget):
    """The stack of messages; takes no room while there are none.

    Folded, the newest alone is shown, and a button on it opens the others.
    """

    def __init__(self, theme: Theme, icons: Icons) -> None:
        super().__init__()
        self._theme = theme
        self._icons = icons
        self._shown: list[Banner] = []
        self._folded = False
        self._opened = False  # the user wants to see all, though there is little room
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 8, 12, 4)
        self._layout.setSpacing(6)
        self.hide()

    @property
    def messages(self) -> tuple[Message, ...]:
        """What is shown, the newest first."""
        return tuple(banner.message for banner in self._shown)

    @property
    def banners(self) -> tuple[Banner, ...]:
        """The widgets, the newest first."""
        return tuple(self._shown)

    def show_message(self, message: Message) -> None:
        """Show a message in place of an older one of the same key or text.

        One that stays is brought forward instead, with the button it has.
        """
        key = message.key or message.text
        there = next((b for b in self._shown if _key(b) == key and b.message.stays), None)
        if there is not None and not message.stays:
            self._bring_forward(there)
            return
        self.settle(key)
        banner = Banner(message, self._theme, self._icons)
        banner.closed.connect(lambda: self._remove(banner))
        banner.more_asked.connect(self._open)
        self._shown.insert(0, banner)
        self._layout.insertWidget(0, banner)
        others = [old for old in self._shown if not old.message.stays]
        for old in others[MOST - (len(self._shown) - len(others)) :]:
            self._remove(old)
        self._opened = False
        self._arrange()
        self.show()

    def fold(self, folded: bool) -> None:
        """Whether there is room for one message only."""
        if folded != self._folded:
            self._folded, self._opened = folded, False
            self._arrange()

    def settle(self, key: str) -> None:
        """Take away the message with this key: it is no longer true."""
        for banner in tuple(self._shown):
            if _key(banner) == key:
                self._remove(banner)

    def clear(self) -> None:
        """Take all messages away."""
        for banner in tuple(self._shown):
            self._remove(banner)

    def _remove(self, banner: Banner) -> None:
        if banner not in self._shown:
            return
        self._shown.remove(banner)
        self._layout.removeWidget(banner)
        banner.hide()
        banner.deleteLater()
        self._arrange()
        self.setVisible(bool(self._shown))

    def _bring_forward(self, banner: Banner) -> None:
        """Where there is room for one message only, it is this one."""
        if self._shown[0] is not banner and self._folded:
            self._shown.remove(banner)
            self._shown.insert(0, banner)
            self._layout.removeWidget(banner)
            self._layout.insertWidget(0, banner)
            self._arrange()
        banner.remind()

    def _open(self) -> None:
        self._opened = True
        self._arrange()

    def _arrange(self) -> None:
        one = self._folded and not self._opened
        for place, banner in enumerate(self._shown):
            banner.setVisible(not one or not place)
            banner.show_more(len(self._shown) - 1 if one and not place else 0)


def _key(banner: Banner) -> str:
    return banner.message.key or banner.message.text
