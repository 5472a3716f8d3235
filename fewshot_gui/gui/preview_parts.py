"""Small widgets of the preview: a line that shortens itself, a button for keys, a class."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from fewshot_gui.gui.arrangement import LOW_CONFIDENCE
from fewshot_gui.gui.collection import CONFIRMED, NOBODY
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.gui.preview_facts import Worn
from fewshot_gui.gui.theme import Theme, class_colour
from fewshot_gui.texts import _

PRESSES = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Select)
PILL_HEIGHT = 26


def presses(event: QEvent) -> bool:
    """Whether this is a key that presses the button with the focus.

    In the window the same keys confirm a class; a button that has the focus goes first.
    """
    return (
        isinstance(event, QKeyEvent)
        and event.key() in PRESSES
        and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    )


class KeyButton(QToolButton):
    """A button that the tab key reaches, a click leaves the focus where it is."""

    def __init__(self, name: str, tip: str = "") -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setToolTip(tip or name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setIconSize(QSize(20, 20))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and presses(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if presses(event):
            self.click()
            event.accept()
        else:
            event.ignore()  # arrows are for the next picture, not for the next button


class ElidedLine(QWidget):
    """One line of plain text that is shortened to the room there is."""

    def __init__(
        self,
        theme: Theme,
        tone: str = "text",
        bold: bool = False,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        keep: bool = False,
    ) -> None:
        """``tone`` is one of the theme; a line to ``keep`` is never shortened."""
        super().__init__()
        self._theme = theme
        self._tone = tone
        self._bold = bold
        self._elide = elide
        self._keep = keep
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def say(self, text: str, tip: str = "") -> None:
        """Set the text, and what is told where there is more room; the text by default."""
        self._text = text
        self.setToolTip(plain_tip(tip or text))
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    @property
    def shown(self) -> str:
        """The text as far as there is room."""
        room = self.contentsRect().width()
        return QFontMetrics(self._face()).elidedText(self._text, self._elide, room)

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self._face())
        left = self.contentsMargins().left()
        return QSize(left + metrics.horizontalAdvance(self._text) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        whole = self.sizeHint()
        if self._keep:
            return whole
        return QSize(min(whole.width(), self.fontMetrics().averageCharWidth() * 8), whole.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._face())
        painter.setPen(QColor(getattr(self._theme.tones, self._tone)))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        painter.drawText(self.contentsRect(), flags, self.shown)

    def _face(self) -> QFont:
        font = QFont(self.font())
        if self._bold:
            font.setWeight(QFont.Weight.DemiBold)
        return font


class ClassPill(QWidget):
    """The class an image wears, as the grid shows it: solid for examples, tinted else."""

    def __init__(self, theme: Theme, icons: Icons) -> None:
        super().__init__()
        self._theme = theme
        self._icons = icons
        self._worn = Worn()
        self._sure = ""
        self._unsure = False
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_class(self, worn: Worn, sure: str, confidence: float) -> None:
        """Show a class; ``sure`` is the confidence in words, empty where it is the user's."""
        self._worn, self._sure = worn, sure
        self._unsure = worn.source == NOBODY and confidence < LOW_CONFIDENCE
        words = self._name()
        self.setToolTip(plain_tip(words))
        self.setAccessibleName(f"{words} {sure}".strip())
        self.updateGeometry()
        self.update()

    def _name(self) -> str:
        return self._worn.name or _("No class yet")

    def _room(self) -> int:
        """Room beside the name."""
        sure = QFontMetrics(self._face(False)).horizontalAdvance(self._sure)
        return 24 + 18 + (sure + 8 if self._sure else 0)

    def sizeHint(self) -> QSize:
        name = QFontMetrics(self._face(True)).horizontalAdvance(self._name())
        return QSize(name + self._room() + 2, PILL_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), self._room() + 48), PILL_HEIGHT)

    def _face(self, bold: bool) -> QFont:
        font = QFont(self.font())
        if bold and not self._unsure:
            font.setWeight(QFont.Weight.DemiBold)
        return font

    def paintEvent(self, _event: QPaintEvent) -> None:
        tones, worn = self._theme.tones, self._worn
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen, fill, ink = QPen(Qt.PenStyle.NoPen), QColor(tones.sunken), QColor(tones.muted)
        dot = QColor(tones.faint)
        if worn.colour is not None:
            colour = class_colour(worn.colour, tones.dark)
            fill, ink, dot = colour.tint, colour.on_tint, colour.hue
            if worn.source == CONFIRMED:
                pen = QPen(colour.hue, 1.5)
            elif worn.source != NOBODY:
                fill, ink = colour.solid, colour.on_solid
            elif self._unsure:
                pen, ink = QPen(colour.hue, 1, Qt.PenStyle.DashLine), QColor(tones.muted)
                fill = QColor(Qt.GlobalColor.transparent)
        painter.setPen(pen)
        painter.setBrush(fill)
        box = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        middle = self.height() // 2
        if worn.glyph:
            ratio = self.devicePixelRatioF()
            painter.drawPixmap(11, middle - 7, self._icons.pixmap(worn.glyph, ink, 14, ratio=ratio))
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(dot)
            painter.drawEllipse(QRectF(13, middle - 4, 8, 8))
        self._paint_words(painter, ink)

    def _paint_words(self, painter: QPainter, ink: QColor) -> None:
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        painter.setPen(ink)
        font = self._face(True)
        room = max(10, self.width() - self._room())
        name = QFontMetrics(font).elidedText(self._name(), Qt.TextElideMode.ElideRight, room)
        painter.setFont(font)
        painter.drawText(QRect(30, 0, room + 2, self.height()), flags, name)
        if self._sure:
            painter.setFont(self._face(False))
            end = QRect(0, 0, self.width() - 12, self.height())
            painter.drawText(end, flags | Qt.AlignmentFlag.AlignRight, self._sure)
