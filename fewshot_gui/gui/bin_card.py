"""One support bin: its name, its examples and how many images are sorted into it.

A card paints itself; only its two buttons and the edit of its name are widgets of their own.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication

from fewshot_gui.gui.bin_drag import drag_bin, drag_examples
from fewshot_gui.gui.bin_face import CardFace
from fewshot_gui.gui.bin_layout import Fold
from fewshot_gui.gui.bin_speech import announce
from fewshot_gui.gui.mime import dragged, local_paths
from fewshot_gui.gui.name_edit import NameEdit
from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.project.values import Bin
from fewshot_gui.texts import _

_CTRL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_ALT = Qt.KeyboardModifier.AltModifier
_OWN_KEYS = {
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
    Qt.Key.Key_Space,
    Qt.Key.Key_Plus,
    Qt.Key.Key_Minus,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
}


class BinCard(CardFace):
    """Shows a bin, takes drops, and lets its examples and itself be dragged away.

    Attributes:
        movable: Whether it can be dragged to another place.
        busy: Whether the card must not be thrown away now, though it may be out of sight.

    Signals:
        dropped: (class id, paths) dragged within the window.
        files_dropped: (class id, paths) from elsewhere.
        taken_out: Paths to be taken out of the bin.
        renamed: (class id, name) as typed.
        show_asked: Class id whose images the user wants to see.
        examples_asked: Class id whose examples the user wants to see, all of them.
        menu_asked: Global position for the menu of the bin.
        mark_asked: (class id, how) with ``how`` one of ``only``, ``toggle``, ``extend``.
        focus_asked: (+1 or -1 for the next or previous card, whether to mark on the way).
        move_asked: (class id, +1 or -1) for the next or previous place in the order.
        example_chosen: Place in the card of the example that a key has moved to.
        focused: The card has got the keyboard.
        drag_over: Global position of what is being dragged over the card.
        drag_ended: The user let go of an example.
        refused: The user wants what is held back.
    """

    dropped = Signal(int, object)
    files_dropped = Signal(int, object)
    taken_out = Signal(object)
    renamed = Signal(int, str)
    show_asked = Signal(int)
    examples_asked = Signal(int)
    menu_asked = Signal(QPoint)
    mark_asked = Signal(int, str)
    focus_asked = Signal(int, bool)
    move_asked = Signal(int, int)
    example_chosen = Signal(QPoint)
    focused = Signal()
    drag_over = Signal(QPoint)
    drag_ended = Signal()
    refused = Signal()

    movable = True

    def __init__(
        self,
        session_id: str,
        bin: Bin,
        theme: Theme,
        thumbnails: Thumbnails,
        fold: Fold = Fold.OPEN,
    ) -> None:
        super().__init__(bin, theme, thumbnails, fold)
        self._session_id = session_id
        self._dragging = False
        self._held = False
        self._pressed: QPoint | None = None
        self._pressed_on = -1  # the example pressed on, -1 for the head
        self._edit: NameEdit | None = None
        self._on_tab: Callable[[bool], bool] | None = None
        self._more.clicked.connect(self.open_menu)
        self._folder.clicked.connect(self._on_fold_button)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def hold(self, reason: str) -> None:
        """Take no drops and no other name for a reason; an empty one lets it go again."""
        self._held = bool(reason)
        self.setAcceptDrops(not reason)

    def handle_tab(self, on_tab: Callable[[bool], bool]) -> None:
        """Have the Tab key go where ``on_tab(forward)`` leads; it returns whether it did."""
        self._on_tab = on_tab

    @property
    def busy(self) -> bool:
        return self._dragging or self._edit is not None or self.hasFocus()

    def _on_fold_button(self) -> None:
        self.set_fold(Fold.OPEN if self.fold is Fold.CLOSED else Fold.CLOSED)

    # -- the name ------------------------------------------------------------------------

    def start_rename(self, typed: str = "") -> None:
        """Edit the name in place, beginning with what was typed before."""
        if self._edit is not None:
            return
        if self._held:
            self.refused.emit()
            return
        self._edit = edit = NameEdit(typed or self.bin.name, self)
        edit.setAccessibleName(_("Name of the bin"))
        edit.setGeometry(self._edit_rect())
        edit.accepted.connect(self._rename)
        edit.left.connect(self._rename_from_afar)
        edit.cancelled.connect(self._end_rename)
        edit.show()
        edit.setFocus()
        edit.selectAll()

    def open_menu(self) -> None:
        """Ask for the menu, at the button for it."""
        self.menu_asked.emit(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _rename(self, name: str, keep_focus: bool = True) -> None:
        self._end_rename(keep_focus)
        if name.strip() != self.bin.name:
            self.renamed.emit(self.bin.id, name)

    def _rename_from_afar(self, name: str) -> None:
        """The user went on to something else: what was typed counts, if it is a name."""
        if self._edit is None:
            return
        if name.strip():
            self._rename(name, keep_focus=False)
        else:
            self._end_rename(keep_focus=False)

    def _end_rename(self, keep_focus: bool = True) -> None:
        if self._edit is not None:
            edit, self._edit = self._edit, None
            if keep_focus:
                self.setFocus()
            edit.hide()
            edit.deleteLater()

    def _edit_rect(self) -> QRect:
        return self._name_rect().adjusted(-8, -3, 4, 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._edit is not None:
            self._edit.setGeometry(self._edit_rect())

    # -- mouse ----------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self.setFocus()
        position = event.position().toPoint()
        if self._sorted_rect().contains(position):
            self.show_asked.emit(self.bin.id)
        elif self._layout.more.contains(position):
            self.set_fold(Fold.ALL)
        elif self._layout.less.contains(position):
            self.set_fold(Fold.OPEN)
        elif self._layout.grid_link.contains(position):
            self.examples_asked.emit(self.bin.id)
        elif position.y() <= self._layout.head_height:
            self._press_head(position, event.modifiers())
        else:
            self._press_example(position, event.modifiers())
        self._describe()
        self.update()

    def _press_head(self, position: QPoint, keys: Qt.KeyboardModifier) -> None:
        self._choice.clear()
        how = "toggle" if keys & _CTRL else "extend" if keys & _SHIFT else "only"
        self.mark_asked.emit(self.bin.id, how)
        if how == "only" and self.movable:
            self._pressed, self._pressed_on = position, -1

    def _press_example(self, position: QPoint, keys: Qt.KeyboardModifier) -> None:
        place = self._example_at(position)
        if place < 0:
            self._choice.clear()
            return
        if keys & _CTRL:
            self._choice.toggle(place)
        elif keys & _SHIFT:
            self._choice.extend(place)
        elif self.examples[place] not in self._choice:
            self._choice.only(place)
        if self.examples[place] in self._choice:
            self._pressed, self._pressed_on = position, place

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        position = event.position().toPoint()
        if self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            if (position - self._pressed).manhattanLength() >= QApplication.startDragDistance():
                self._pressed = None
                self._drag()
            return
        layout = self._layout
        links = (self._sorted_rect(), layout.more, layout.less, layout.grid_link)
        over = any(link.contains(position) for link in links)
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)
        self.setToolTip(plain_tip(self._tip(position)))
        self.update(self._sorted_rect())

    def _tip(self, position: QPoint) -> str:
        place = self._example_at(position)
        if place >= 0:
            return self.examples[place]
        if self._sorted_rect().contains(position):
            words = _("{words}. Click to show only these images.")
            return words.format(words=self._sorted_text())
        lines = [self.bin.name]
        if self.bin.description:
            lines.append(self.bin.description)
        if self._badge():
            text = _("Key {key} puts the selected images here")
            lines.append(text.format(key=self._badge()))
        return "\n".join(lines)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        if pressed is None or self._pressed_on < 0 or event.modifiers() & (_CTRL | _SHIFT):
            return
        # a press on several chosen examples may begin a drag; only now it was a click
        self._choice.only(self._pressed_on)
        self._describe()
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        position = event.position().toPoint()
        if self._name_rect().contains(position):
            self.start_rename()
        elif self._layout.fold is Fold.CLOSED:
            self.set_fold(Fold.OPEN)

    def _drag(self) -> None:
        tones, ratio = self._theme.tones, self.devicePixelRatioF()
        self._dragging = True
        try:
            if self._pressed_on < 0:
                head = self.grab(QRect(0, 0, self.width(), self._layout.head_height))
                drag_bin(self, self._session_id, self.bin.id, head)
                return
            paths = self._choice.chosen
            drag_examples(
                self, self._session_id, self.bin.id, paths, self._thumbnails, tones, ratio
            )
        finally:
            self._dragging = False
        self.drag_ended.emit()

    # -- keys -----------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and self._is_mine(event):
            event.accept()  # the window has other uses for these keys
            return True
        return super().event(event)

    def _is_mine(self, event: QKeyEvent) -> bool:
        key, keys = event.key(), event.modifiers()
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_0) and not keys & (_CTRL | _ALT):
            return len(self._choice) > 0
        if key == Qt.Key.Key_A and keys & _CTRL:
            return self.fold is not Fold.CLOSED and bool(self.examples)
        if key == Qt.Key.Key_Escape:
            return self._marked or self._choice.cursor >= 0
        if keys & _ALT:
            return key in (Qt.Key.Key_Up, Qt.Key.Key_Down)
        return key in _OWN_KEYS and not keys & _CTRL

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not (self._card_key(event) or self._example_key(event)):
            super().keyPressEvent(event)

    def _card_key(self, event: QKeyEvent) -> bool:
        """Keys that mean the bin; returns whether this was one."""
        key, keys = event.key(), event.modifiers()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = 1 if key == Qt.Key.Key_Down else -1
            if keys & _ALT:
                self.move_asked.emit(self.bin.id, step)
            else:
                self.focus_asked.emit(step, bool(keys & _SHIFT))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.show_asked.emit(self.bin.id)
        elif key == Qt.Key.Key_Space:
            self.mark_asked.emit(self.bin.id, "toggle")
        elif key == Qt.Key.Key_F2:
            self.start_rename()
        elif key == Qt.Key.Key_Menu or (key == Qt.Key.Key_F10 and keys & _SHIFT):
            self.open_menu()
        elif key == Qt.Key.Key_Plus:
            self._unfold()
        elif key == Qt.Key.Key_Minus:
            self.set_fold(Fold.OPEN if self.fold is Fold.ALL else Fold.CLOSED)
        elif key == Qt.Key.Key_Escape and (self._marked or self._choice.cursor >= 0):
            self.choose_no_example()
            self.mark_asked.emit(self.bin.id, "only")
        else:
            return False
        return True

    def _example_key(self, event: QKeyEvent) -> bool:
        """Keys that mean the examples; returns whether this was one."""
        key, keys = event.key(), event.modifiers()
        extend = bool(keys & _SHIFT)
        if not self.examples:
            return False
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            if self.fold is Fold.CLOSED:
                self.set_fold(Fold.OPEN)
            self._reach(self._choice.cursor + (1 if key == Qt.Key.Key_Right else -1), extend)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            if self.fold is Fold.CLOSED:
                self.set_fold(Fold.OPEN)
            self._reach(0 if key == Qt.Key.Key_Home else len(self.examples) - 1, extend)
        elif key == Qt.Key.Key_A and keys & _CTRL and self.fold is not Fold.CLOSED:
            self._choice.everything()
            self._describe()
            self.update()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_0) and len(self._choice):
            self.taken_out.emit(list(self._choice.chosen))
        else:
            return False
        return True

    def _reach(self, place: int, extend: bool) -> None:
        """Choose an example by key; the card opens where it would not be seen."""
        (self._choice.extend if extend else self._choice.only)(place)
        if self._choice.cursor >= self._layout.capacity and self.fold is not Fold.ALL:
            self.set_fold(Fold.ALL)
        self._show_current()
        self._describe()
        self.update()
        place = self._choice.cursor - self._first
        if self._choice.current is not None:
            announce(self, self._example_text(self._choice.current))
        self.example_chosen.emit(self._layout.thumb(place).center())

    def _unfold(self) -> None:
        if self.fold is Fold.CLOSED:
            self.set_fold(Fold.OPEN)
        elif self._layout.overflows:
            self.set_fold(Fold.ALL)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def focusNextPrevChild(self, forward: bool) -> bool:
        if self._on_tab is not None and self._on_tab(forward):
            return True
        return super().focusNextPrevChild(forward)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            self.open_menu()
            return
        place = self._example_at(event.pos())
        if place >= 0 and self.examples[place] not in self._choice:
            self._choice.only(place)
            self.update()
        self.setFocus()
        self.menu_asked.emit(event.globalPos())

    # -- drops ----------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        own = dragged(self._session_id, event.mimeData())
        if own is not None and own.from_bin == self.bin.id:
            event.ignore()
            return
        if own is None and not event.mimeData().hasUrls():
            event.ignore()
            return
        self._set_hot(True)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.drag_over.emit(self.mapToGlobal(event.position().toPoint()))
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._set_hot(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._set_hot(False)
        own = dragged(self._session_id, event.mimeData())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if own is not None:
            self.dropped.emit(self.bin.id, list(own.paths))
            return
        paths = local_paths(event.mimeData())
        if paths:
            self.files_dropped.emit(self.bin.id, list(paths))

    def _set_hot(self, hot: bool) -> None:
        if hot != self._hot:
            self._hot = hot
            self.update()
