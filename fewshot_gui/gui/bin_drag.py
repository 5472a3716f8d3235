"""Begins the drags that start at a bin."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QDrag, QPixmap
from PySide6.QtWidgets import QWidget

from fewshot_gui.gui.bin_mime import mime_of_bin
from fewshot_gui.gui.bin_painter import BINS
from fewshot_gui.gui.drag_picture import drag_picture
from fewshot_gui.gui.mime import mime_of
from fewshot_gui.gui.theme import Tones
from fewshot_gui.gui.thumbnails import Thumbnails

_SHOWN = 3


def drag_bin(source: QWidget, session_id: str, class_id: int, picture: QPixmap) -> None:
    """Drag a whole bin; returns when the user has let go."""
    drag = QDrag(source)
    drag.setMimeData(mime_of_bin(session_id, class_id))
    drag.setPixmap(picture)
    drag.setHotSpot(QPoint(24, 16))
    drag.exec(Qt.DropAction.CopyAction)


def drag_examples(
    source: QWidget,
    session_id: str,
    class_id: int,
    paths: Sequence[str],
    thumbnails: Thumbnails,
    tones: Tones,
    ratio: float,
) -> None:
    """Drag examples out of a bin; returns when the user has let go."""
    if not paths:
        return
    drag = QDrag(source)
    drag.setMimeData(mime_of(session_id, paths, class_id))
    box = QSize(72, 72)
    pictures = [thumbnails.pixmap(path, box, ratio, BINS, fill=True) for path in paths[:_SHOWN]]
    known = [picture for picture in pictures if picture]
    drag.setPixmap(drag_picture(known, len(paths), tones, ratio))
    drag.setHotSpot(QPoint(28, 28))
    drag.exec(Qt.DropAction.CopyAction)
