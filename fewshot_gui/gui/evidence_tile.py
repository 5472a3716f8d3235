"""One small picture of the evidence: how near it is, and which class it wears."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QEnterEvent,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QMenu

from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.gui.preview_canvas import PREVIEW
from fewshot_gui.gui.preview_facts import Worn
from fewshot_gui.gui.preview_parts import KeyButton, presses
from fewshot_gui.gui.theme import Theme, class_colour
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.texts import _

CAPTION = 22
EDGE = 2  # room for the line around the one with the focus
_CORNER = 8


class EvidenceTile(QAbstractButton):
    """A picture to look at more closely; an empty frame while it is not known which.

    Attributes:
        path: The file, empty while it is not known.
        row: Of the table, -1 while it is not known.

    Signals:
        go_asked: Row of the picture that the user wants to see large.
        take_out_asked: Path of the example that the user wants out of its bin.
        moved: +1 or -1, the next or previous tile; 0 leaves the tiles.
    """

    go_asked = Signal(int)
    take_out_asked = Signal(str)
    moved = Signal(int)

    def __init__(self, theme: Theme, icons: Icons, thumbnails: Thumbnails, example: bool) -> None:
        """``example``: It stands for its closeness and may be taken out of its bin."""
        super().__init__()
        self._theme = theme
        self._icons = icons
        self._thumbnails = thumbnails
        self._example = example
        self._worn = Worn()
        self._cosine = 0.0
        self._held = ""
        self.path = ""
        self.row = -1
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.out_button = KeyButton(_("Take out"))
        self.out_button.setParent(self)
        self.out_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the menu is for keys
        self.out_button.setFixedSize(26, 26)
        self.out_button.setIconSize(QSize(16, 16))
        self.out_button.setObjectName("onpicture")
        self.out_button.hide()
        self.out_button.clicked.connect(lambda: self.take_out_asked.emit(self.path))
        self.clicked.connect(self._go)
        theme.changed.connect(self._dress)
        self._dress()

    def show_image(self, row: int, path: str, name: str, worn: Worn, cosine: float) -> None:
        """Show an image of the table."""
        self.row, self.path, self._worn, self._cosine = row, path, worn, cosine
        words = [name, worn.name or _("No class yet"), self._closeness()]
        self.setToolTip(plain_tip("\n".join(words)))
        self.setAccessibleName(", ".join(words))
        out = self._out_words()
        self.out_button.setAccessibleName(out)
        self.out_button.setToolTip(plain_tip(self._held or out))
        self.setEnabled(True)
        self._offer_out()
        self.update()

    def hold(self, reason: str) -> None:
        """Keep examples in their bins for a reason; an empty one lets it go again."""
        self._held = reason
        self.out_button.setEnabled(not reason)
        self.out_button.setToolTip(plain_tip(reason or self._out_words()))

    def show_nothing(self) -> None:
        """Show an empty frame: what belongs here is not known yet."""
        self.row, self.path, self._worn = -1, "", Worn()
        self.setToolTip("")
        self.setAccessibleName(_("Loading…"))
        self.out_button.hide()
        self.update()

    def set_side(self, side: int) -> None:
        """Set the side of the picture."""
        self.setFixedSize(side + 2 * EDGE, side + CAPTION + 2 * EDGE)

    @property
    def worn(self) -> Worn:
        """The class of the image shown."""
        return self._worn

    @property
    def cosine(self) -> float:
        """How near it is."""
        return self._cosine

    def menu(self) -> QMenu:
        """What can be done with the image shown."""
        menu = QMenu(self)
        menu.addAction(_("&Show this picture"), self._go)
        if self._example and self._worn.name:
            out = menu.addAction(
                self._out_words().replace("&", "&&"), lambda: self.take_out_asked.emit(self.path)
            )
            out.setIcon(self._icons.icon("trash"))
            out.setEnabled(not self._held)
            out.setToolTip(self._held)
            menu.setToolTipsVisible(True)
        return menu

    # -- inside --------------------------------------------------------------------------

    def _go(self) -> None:
        if self.row >= 0:
            self.go_asked.emit(self.row)

    def _closeness(self) -> str:
        return _("Likeness {cosine}").format(cosine=f"{self._cosine:.2f}")

    def _out_words(self) -> str:
        return _("Take this example out of “{name}”").format(name=self._worn.name)

    def _dress(self) -> None:
        tones = self._theme.tones
        self.out_button.setIcon(self._icons.icon("trash", "text"))
        self.out_button.setStyleSheet(
            f"QToolButton {{ background: {tones.surface}; border: 1px solid "
            f"{tones.strong_border}; border-radius: 8px; padding: 0; }}"
            f"QToolButton:hover {{ background: {tones.hover}; border-color: {tones.error}; }}"
        )
        self.update()

    def _offer_out(self) -> None:
        wanted = self._example and bool(self.path) and (self.underMouse() or self.hasFocus())
        self.out_button.setVisible(wanted)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.out_button.move(self.width() - EDGE - 30, EDGE + 4)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._offer_out()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._offer_out()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._offer_out()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._offer_out()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.row < 0:
            return
        self.out_button.hide()
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        place = self.mapToGlobal(QPoint(12, self.height() // 2)) if by_key else event.globalPos()
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)
        event.accept()

    # -- keys ----------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and presses(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: 0,
            Qt.Key.Key_Down: 0,
        }
        if presses(event):
            self._go()
        elif event.key() in steps and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.moved.emit(steps[event.key()])
        else:
            event.ignore()

    # -- painting ------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = self.width() - 2 * EDGE
        frame = QRect(EDGE, EDGE, side, side)
        self._paint_picture(painter, frame)
        if self.path:
            line = QRect(EDGE, frame.bottom() + 4, side, CAPTION - 4)
            (self._paint_closeness if self._example else self._paint_class)(painter, line)

    def _paint_picture(self, painter: QPainter, frame: QRect) -> None:
        tones = self._theme.tones
        pixmap = None
        if self.path:
            ratio = self.devicePixelRatioF()
            pixmap = self._thumbnails.pixmap(
                self.path, frame.size(), ratio, PREVIEW, radius=_CORNER, fill=True
            )
        if pixmap is not None:
            painter.drawPixmap(frame.topLeft(), pixmap)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tones.sunken))
            painter.drawRoundedRect(QRectF(frame), _CORNER, _CORNER)
            if self.path and self._thumbnails.failure(self.path) is not None:
                painter.setPen(QColor(tones.warning))
                painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, "!")
        line = QColor(tones.accent)
        if not self.hasFocus():
            line = self._hue() if self.path and self.underMouse() else QColor()
        if line.isValid():
            painter.setPen(QPen(line, 2.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(frame).adjusted(-0.5, -0.5, 0.5, 0.5), 9, 9)

    def _hue(self) -> QColor:
        tones = self._theme.tones
        if self._worn.colour is None:
            return QColor(tones.strong_border)
        return class_colour(self._worn.colour, tones.dark).hue

    def _paint_closeness(self, painter: QPainter, line: QRect) -> None:
        """A bar as long as the picture is near, and the number."""
        tones = self._theme.tones
        number = f"{self._cosine:.2f}"
        font = self._small(painter)
        width = QFontMetrics(font).horizontalAdvance("-0.00")
        bar = QRectF(line.left(), line.center().y() - 1, max(8, line.width() - width - 4), 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tones.sunken))
        painter.drawRoundedRect(bar, 2, 2)
        bar.setWidth(bar.width() * min(1.0, max(0.0, self._cosine)))
        painter.setBrush(self._hue())
        painter.drawRoundedRect(bar, 2, 2)
        painter.setPen(QColor(tones.muted))
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(line, flags, number)

    def _paint_class(self, painter: QPainter, line: QRect) -> None:
        """The class it wears, with a sign where the user said so."""
        tones, worn = self._theme.tones, self._worn
        middle = line.center().y() + 1
        if worn.glyph:
            ratio = self.devicePixelRatioF()
            glyph = self._icons.pixmap(worn.glyph, self._hue(), 12, ratio=ratio)
            painter.drawPixmap(line.left(), middle - 6, glyph)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._hue())
            painter.drawEllipse(QRectF(line.left() + 1, middle - 4, 8, 8))
        font = self._small(painter)
        room = line.adjusted(15, 0, 0, 0)
        name = worn.name or _("No class yet")
        name = QFontMetrics(font).elidedText(name, Qt.TextElideMode.ElideRight, room.width())
        painter.setPen(QColor(tones.text if worn.name else tones.muted))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        painter.drawText(room, flags, name)

    def _small(self, painter: QPainter) -> QFont:
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.88)
        painter.setFont(font)
        return font
