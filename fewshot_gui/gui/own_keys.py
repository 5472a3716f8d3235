"""Keys that a field keeps for itself, though the window has shortcuts on them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
ENDS = (*ENTER, Qt.Key.Key_Escape)  # keys that end typing, one way or the other


def keeps(event: QEvent) -> bool:
    """Whether this is Qt's question if a key that ends typing is a shortcut: it is none.

    For ``event()`` of a field, which then is sent the key itself.
    """
    if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.ShortcutOverride:
        return False
    if event.key() in ENDS:
        event.accept()
        return True
    return False
