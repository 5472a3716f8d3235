"""The grid under real keys and mouse: selecting, moving, scrolling, dragging."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QDrag, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fewshot_gui.gui.arrangement import Arrangement, Order
from fewshot_gui.gui.grid_view import MIRRORED
from fewshot_gui.gui.image_delegate import STRIP, ImageDelegate
from tests.gui.driving import LEFT, NONE, click_tile, drag, tile_place

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Key = Qt.Key


@pytest.fixture
def grid(opened):
    """24 images in several columns."""
    grid = opened.grid
    grid.setFocus()
    assert 2 < grid.places.columns < 12
    click_tile(grid, 0)
    return grid


def selected(grid):
    return grid.selected_positions().tolist()


def told_to_qt(grid):
    return sorted(index.row() for index in grid.selectionModel().selectedIndexes())


def press(grid, key, modifiers=NONE):
    QTest.keyClick(grid, key, modifiers)


def test_arrows_go_through_the_grid(grid):
    columns = grid.places.columns
    press(grid, Key.Key_Right)
    assert selected(grid) == [1]
    press(grid, Key.Key_Down)
    assert selected(grid) == [1 + columns]
    press(grid, Key.Key_Left)
    press(grid, Key.Key_Left)
    assert selected(grid) == [columns - 1]
    press(grid, Key.Key_Up)
    assert selected(grid) == [columns - 1]
    assert grid.currentIndex().row() == columns - 1


def test_home_end_and_pages(grid):
    press(grid, Key.Key_End)
    assert selected(grid) == [23]
    assert 23 in grid.in_sight()
    press(grid, Key.Key_PageUp)
    assert selected(grid)[0] < 23
    press(grid, Key.Key_Home)
    assert selected(grid) == [0]
    assert grid.verticalScrollBar().value() == 0
    press(grid, Key.Key_PageDown)
    assert selected(grid)[0] >= grid.places.columns


def test_shift_stretches_a_range_and_takes_it_back(grid):
    press(grid, Key.Key_Right)
    press(grid, Key.Key_Right, SHIFT)
    press(grid, Key.Key_Right, SHIFT)
    assert selected(grid) == [1, 2, 3]
    press(grid, Key.Key_Left, SHIFT)
    assert selected(grid) == [1, 2]
    press(grid, Key.Key_Home, SHIFT)
    assert selected(grid) == [0, 1]
    press(grid, Key.Key_End, SHIFT)
    assert selected(grid) == list(range(1, 24))
    press(grid, Key.Key_Left)
    assert selected(grid) == [22]


def test_ctrl_moves_without_selecting_and_space_selects_more(grid):
    press(grid, Key.Key_Right, CTRL)
    press(grid, Key.Key_Right, CTRL)
    assert selected(grid) == [0]
    assert grid.currentIndex().row() == 2
    press(grid, Key.Key_Space, CTRL)
    assert selected(grid) == [0, 2]
    press(grid, Key.Key_Space, CTRL)
    assert selected(grid) == [0]
    press(grid, Key.Key_Space, CTRL)
    press(grid, Key.Key_Right, CTRL | SHIFT)
    assert selected(grid) == [0, 2, 3]


def test_clicks_with_modifiers(grid):
    click_tile(grid, 2)
    click_tile(grid, 5, SHIFT)
    assert selected(grid) == [2, 3, 4, 5]
    click_tile(grid, 3, CTRL)
    assert selected(grid) == [2, 4, 5]
    click_tile(grid, 9, CTRL)
    assert selected(grid) == [2, 4, 5, 9]
    click_tile(grid, 11, SHIFT | CTRL)
    assert selected(grid) == [2, 4, 5, 9, 10, 11]
    click_tile(grid, 4)
    assert selected(grid) == [4]


def test_a_click_between_the_tiles_selects_nothing(grid):
    gap = grid.visualRect(grid.model().index(0)).bottomRight() + QPoint(3, 3)
    QTest.mouseClick(grid.viewport(), LEFT, NONE, gap)
    assert selected(grid) == []
    assert grid.currentIndex().row() == 0  # the keyboard goes on from there


def test_the_right_button_keeps_what_is_selected(grid):
    click_tile(grid, 2)
    click_tile(grid, 4, SHIFT)
    right = Qt.MouseButton.RightButton
    QTest.mouseClick(grid.viewport(), right, NONE, tile_place(grid, 3))
    assert selected(grid) == [2, 3, 4]
    QTest.mouseClick(grid.viewport(), right, NONE, tile_place(grid, 7))
    assert selected(grid) == [7]


def test_a_rubber_band_adds_with_ctrl_and_shrinks_again(grid):
    click_tile(grid, 7)
    view = grid.viewport()
    second = grid.visualRect(grid.model().index(1))
    start = second.bottomRight() + QPoint(4, 4)
    QTest.mousePress(view, LEFT, CTRL, start)
    QTest.mouseMove(view, grid.visualRect(grid.model().index(0)).center())
    assert selected(grid) == [0, 1, 7]
    QTest.mouseMove(view, second.center())
    assert selected(grid) == [1, 7]
    QTest.mouseRelease(view, LEFT, CTRL, second.center())
    assert selected(grid) == [1, 7]


def test_all_are_selected_at_once_and_qt_knows(grid):
    changes = []
    grid.selection_changed.connect(lambda: changes.append(1))
    press(grid, Key.Key_A, CTRL)
    assert selected(grid) == list(range(24))
    assert len(grid.selectionModel().selection()) == 1
    assert changes == [1]


def test_qt_and_the_grid_tell_each_other(grid):
    click_tile(grid, 2)
    click_tile(grid, 4, CTRL)
    assert told_to_qt(grid) == [2, 4]
    model = grid.model()
    flags = QItemSelectionModel.SelectionFlag
    chosen = QItemSelection(model.index(6), model.index(8))
    grid.selectionModel().select(chosen, flags.ClearAndSelect)
    assert selected(grid) == [6, 7, 8]
    grid.selectionModel().setCurrentIndex(model.index(1), flags.ClearAndSelect)
    assert selected(grid) == [1]


def test_a_selection_in_very_many_pieces(window, session, tmp_path, qtbot):
    for i in range(5 * MIRRORED):
        (tmp_path / f"{i}.png").write_bytes(b"")
    window.open_folder(str(tmp_path))
    qtbot.waitUntil(lambda: not session.scanning and window.model.rowCount() == 5 * MIRRORED)
    grid = window.grid
    odd = window.model.rows[1::2].copy()
    grid.select_rows(odd)
    assert selected(grid) == list(range(1, 5 * MIRRORED, 2))
    click_tile(grid, 2, CTRL)
    assert len(selected(grid)) == len(odd) + 1
    click_tile(grid, 3)
    assert selected(grid) == [3]
    assert told_to_qt(grid) == [3]


def test_a_press_on_a_selected_image_drags_all_of_them(grid, session, monkeypatch):
    click_tile(grid, 2)
    click_tile(grid, 4, SHIFT)
    dragged_paths = []
    monkeypatch.setattr(
        "tests.gui.driving.send_drop",
        lambda _target, _place, data: (
            dragged_paths.extend(data.urls()) or Qt.DropAction.IgnoreAction
        ),
    )
    place = tile_place(grid, 3)
    assert drag(monkeypatch, grid.viewport(), place, grid.viewport(), place + QPoint(90, 0))
    assert [url.fileName() for url in dragged_paths] == [
        session.collection.table.file(row).relative for row in grid.selected_rows().tolist()
    ]
    assert selected(grid) == [2, 3, 4]


def test_paths_of_a_drag_are_not_made_before_the_drop(grid, session, monkeypatch):
    grid.selectAll()
    asked = []
    real = type(session.collection).paths
    monkeypatch.setattr(
        type(session.collection),
        "paths",
        lambda self, rows: asked.append(len(rows)) or real(self, rows),
    )
    monkeypatch.setattr(QDrag, "exec", lambda _self, *_actions: Qt.DropAction.IgnoreAction)
    grid.startDrag(Qt.DropAction.CopyAction)
    assert max(asked) <= 3


def test_the_wheel_scrolls_and_ctrl_zooms(grid, qtbot):
    grid.window().resize(700, 420)
    qtbot.waitUntil(lambda: grid.verticalScrollBar().maximum() > 100)
    place = QPointF(grid.viewport().rect().center())

    def turn(modifiers):
        event = QWheelEvent(
            place,
            QPointF(grid.viewport().mapToGlobal(place.toPoint())),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            modifiers,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(grid.viewport(), event)

    turn(NONE)
    assert grid.verticalScrollBar().value() > 0
    with qtbot.waitSignal(grid.zoomed) as zoomed:
        turn(CTRL)
    assert zoomed.args == [-1]


def test_another_width_keeps_the_first_picture_in_sight(grid, qtbot):
    window = grid.window()
    window.resize(760, 420)
    qtbot.waitUntil(lambda: grid.verticalScrollBar().maximum() > 0)
    grid.scrollTo(grid.model().index(16), grid.ScrollHint.PositionAtTop)
    window.resize(1100, 420)
    assert 16 in grid.in_sight()


def test_groups_begin_a_new_line_below_their_strip(sorted_window):
    sorted_window.page.set_order(Order.GROUPED)
    grid, model = sorted_window.grid, sorted_window.model
    second = next(i for i in range(1, 24) if model.head(i))
    before, first = (grid.visualRect(model.index(i)) for i in (second - 1, second))
    assert first.left() == grid.visualRect(model.index(0)).left()
    assert first.top() - before.top() > STRIP
    assert not grid.indexAt(QPoint(first.center().x(), first.top() - STRIP // 2)).isValid()
    sorted_window.page.set_order(Order.FOLDER)
    assert grid.visualRect(model.index(0)).top() < STRIP


def test_other_images_at_the_same_number_are_found_and_painted(grid, session):
    order = session.collection.targets[::-1].copy()
    click_tile(grid, 3)
    row = grid.current_row()
    grid.show_arrangement(Arrangement(order), grouped=False)
    assert selected(grid) == [20]
    assert grid.current_row() == row
    grid.show_arrangement(Arrangement(order[:5]), grouped=False)
    assert selected(grid) == []
    assert grid.current_row() == -1
    assert len(grid.in_sight()) == 5


def test_assistive_technology_finds_a_list_of_pictures(grid):
    click_tile(grid, 2)
    view = QAccessible.queryAccessibleInterface(grid)
    assert view.role() is QAccessible.Role.List
    assert view.text(QAccessible.Text.Name)
    assert view.childCount() == 24
    child = view.child(2)
    assert child.role() is QAccessible.Role.ListItem
    assert child.text(QAccessible.Text.Name).startswith("blue2.png")
    assert child.state().selected
    assert not view.child(3).state().selected
    rect = child.rect()
    assert grid.indexAt(grid.viewport().mapFromGlobal(rect.center())).row() == 2


def test_a_tool_tip_is_shown_for_the_tile_below_the_pointer(grid):
    index = grid.indexAt(tile_place(grid, 5))
    assert index.row() == 5
    assert "blue5.png" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_double_click_and_return_activate(grid, qtbot):
    with qtbot.waitSignal(grid.activated) as activated:
        QTest.mouseDClick(grid.viewport(), LEFT, NONE, tile_place(grid, 4))
    assert activated.args[0].row() == 4


def test_two_tiles_that_change_are_painted_and_none_between_them(sorted_window, monkeypatch, qtbot):
    grid = sorted_window.grid
    painted = []
    real = ImageDelegate.paint

    def paint(self, painter, option, index):
        painted.append(index.row())
        real(self, painter, option, index)

    qtbot.wait(200)  # thumbnails have come in
    last = grid.in_sight()[-1]
    with monkeypatch.context() as patch:
        patch.setattr(ImageDelegate, "paint", paint)
        for place in (0, last):
            grid.viewport().update(grid.visualRect(grid.model().index(place)))
        qtbot.waitUntil(lambda: bool(painted))
    assert set(painted) == {0, last}
