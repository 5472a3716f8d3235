"""Drives the window as a hand does: real mouse events, real drags between widgets.

The offscreen platform has no drags of its own (``QDrag.exec`` returns at once there), so on
it the drop is delivered to the window by Qt's own drag events, which go through the same
enter, move and drop code. On xcb and minimal the drag is Qt's from beginning to end;
``test_start.py`` runs the drag tests again on minimal.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtGui import QGuiApplication as Gui
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from fewshot_gui.gui.bin_layout import CardLayout
from fewshot_gui.gui.bin_new import DropHint, NewBinCard
from fewshot_gui.gui.image_model import PathRole

COPY = Qt.DropAction.CopyAction
LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


def in_window(widget: QWidget, place: QPoint) -> QPoint:
    """A place in a widget, as its window counts."""
    return widget.mapTo(widget.window(), place)


def send_drop(target: QWidget, place: QPoint, data: QMimeData) -> Qt.DropAction:
    """Enter, move over and drop on a widget, by way of its window."""
    handle = target.window().windowHandle()
    spot = in_window(target, place)
    rest = (data, LEFT, NONE)
    enter = QDragEnterEvent(spot, COPY, *rest)
    QApplication.sendEvent(handle, enter)
    move = QDragMoveEvent(spot, COPY, *rest)
    move.setAccepted(enter.isAccepted())  # as Qt does: a widget need not repeat itself
    QApplication.sendEvent(handle, move)
    if not move.isAccepted():
        QApplication.sendEvent(handle, QDragLeaveEvent())
        return Qt.DropAction.IgnoreAction
    drop = QDropEvent(QPointF(spot), COPY, *rest)
    QApplication.sendEvent(handle, drop)
    return drop.dropAction() if drop.isAccepted() else Qt.DropAction.IgnoreAction


def drop_files(target: QWidget, place: QPoint, paths: Iterable[Path | str]) -> Qt.DropAction:
    """Drop files as a file manager does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return send_drop(target, place, data)


def drag(
    monkeypatch, source: QWidget, start: QPoint, target: QWidget, end: QPoint
) -> list[Qt.DropAction]:
    """Press on ``source``, move to ``target`` and let go there.

    Returns what each drag that was started came to; none was where the list is empty.
    """
    results: list[Qt.DropAction] = []
    window = source.window().windowHandle()
    begin, finish = in_window(source, start), in_window(target, end)
    real = QDrag.exec

    def deliver(self, *actions):
        if Gui.platformName() == "offscreen":
            results.append(send_drop(target, end, self.mimeData()))
        else:
            for step, delay in ((8, 20), (0, 60), (2, 100)):
                spot = finish - QPoint(step, 0)
                QTimer.singleShot(delay, lambda spot=spot: QTest.mouseMove(window, spot))
            QTimer.singleShot(160, lambda: QTest.mouseRelease(window, LEFT, NONE, finish))
            results.append(real(self, *actions))
        return results[-1]

    with monkeypatch.context() as patch:
        patch.setattr(QDrag, "exec", deliver)
        QTest.mousePress(window, LEFT, NONE, begin)
        for step in (4, 12, 24):
            QTest.mouseMove(window, begin + QPoint(step, step // 2))
            QApplication.sendPostedEvents()
        if not results:
            QTest.mouseMove(window, finish)
        if not results or Gui.platformName() == "offscreen":
            QTest.mouseRelease(window, LEFT, NONE, finish if not results else begin)
    return results


def tile_place(grid, position: int) -> QPoint:
    """The middle of the picture at a position of the grid, scrolled into sight."""
    grid.scrollTo(grid.model().index(position))
    return grid.visualRect(grid.model().index(position)).center()


def click_tile(grid, position: int, modifiers: Qt.KeyboardModifier = NONE) -> None:
    """Click on an image."""
    QTest.mouseClick(grid.viewport(), LEFT, modifiers, tile_place(grid, position))


def selected_paths(grid) -> list[str]:
    """Paths of the selected images, in the order shown."""
    model = grid.model()
    return [model.index(int(place)).data(PathRole) for place in grid.selected_positions()]


def example_place(card, index: int) -> QPoint:
    """The middle of an example of a bin."""
    layout = CardLayout(card.width(), len(card.examples), card.fold, card.bare)
    return layout.thumb(index).center()


def drop_area(panel) -> DropHint:
    """The place where dropped pictures make a new bin."""
    return panel.findChild(DropHint)


def new_card(panel) -> NewBinCard | None:
    """The card that asks for the name of a new bin, while it does."""
    QApplication.processEvents()  # it is shown a moment after it was asked for
    cards = [card for card in panel.findChildren(NewBinCard) if not card.isHidden()]
    return cards[0] if cards else None


def new_button(panel) -> QPushButton:
    """The button that makes a bin."""
    buttons = panel.findChildren(QPushButton)
    return next(button for button in buttons if button.accessibleName() == "New bin")


def choose_in_menus(window, *texts: str) -> None:
    """Open one menu after the other, and take the last entry."""
    actions = window.menuBar().actions()
    for text in texts:
        action = next(a for a in actions if a.text().replace("&", "") == text)
        if action.menu() is not None:
            action.menu().aboutToShow.emit()
            actions = action.menu().actions()
    action.trigger()
