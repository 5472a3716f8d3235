"""Reviewing with nothing but the keyboard, in the real window."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fewshot_gui.gui.arrangement import Order, Show
from fewshot_gui.gui.collection import CONFIRMED, NOBODY, SUPPORT
from fewshot_gui.project.values import UNKNOWN
from tests.gui.conftest import path_of, put
from tests.gui.driving import click_tile
from tests.gui.test_session import idle

Key = Qt.Key


def press(window, *keys) -> None:
    """Press keys where the focus is."""
    for key in keys:
        modifiers = Qt.KeyboardModifier.NoModifier
        if isinstance(key, tuple):
            modifiers, key = key
        QTest.keyClick(window.focusWidget(), key, modifiers)


def current(window) -> str:
    return window.model.data(window.grid.currentIndex())


def sources(session) -> np.ndarray:
    return session.collection.source[session.collection.targets]


def label_of(session, name: str):
    return session.project.label(path_of(session, name))


def test_f_shows_large_keys_decide_there_and_esc_goes_back(sorted_window, session, qtbot):
    window = sorted_window
    click_tile(window.grid, 3)
    name = current(window)
    press(window, Key.Key_F)
    assert window.review.previewing
    qtbot.waitUntil(lambda: window.preview.hasFocus() or window.preview.canvas.hasFocus())
    assert window.preview.name.text == name
    press(window, Key.Key_1)
    assert label_of(session, name).class_id == session.project.bins[0].id
    assert window.preview.row == window.model.rows[4]
    press(window, Key.Key_Right)
    assert window.preview.row == window.model.rows[5]
    press(window, Key.Key_Space)
    assert session.collection.source[window.model.rows[5]] == CONFIRMED
    press(window, (Qt.KeyboardModifier.ControlModifier, Key.Key_Z))
    assert session.collection.source[window.model.rows[5]] == NOBODY
    press(window, Key.Key_Escape)
    assert not window.review.previewing
    assert window.grid.hasFocus()
    assert window.grid.currentIndex().row() == 6


def test_a_double_click_shows_large(sorted_window, qtbot):
    window = sorted_window
    place = window.grid.visualRect(window.model.index(2)).center()
    QTest.mouseClick(window.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(window.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.review.previewing
    assert window.preview.row == window.model.rows[2]


def test_d_goes_to_the_least_sure_and_on_from_there(sorted_window, session, qtbot):
    window = sorted_window
    window.grid.setFocus()
    collection = session.collection
    open_rows = collection.targets[sources(session) == NOBODY]
    by_doubt = open_rows[np.lexsort((open_rows, collection.confidence[open_rows]))]
    for row in by_doubt[:3].tolist():
        press(window, Key.Key_D)
        assert window.grid.current_row() == row
    press(window, Key.Key_F, Key.Key_D)
    assert window.review.previewing
    assert window.preview.row == by_doubt[3]


def test_a_confirms_what_is_in_sight_and_goes_on(sorted_window, session, qtbot):
    window = sorted_window
    window.page.zoom(4)  # so large that not all fit
    window.grid.setFocus()
    qtbot.waitUntil(lambda: len(window.review._in_sight()) < 24)
    seen = window.model.rows[window.review._in_sight()]
    press(window, Key.Key_A)
    collection = session.collection
    assert (collection.source[seen] != NOBODY).all()
    rest = collection.targets[~np.isin(collection.targets, seen)]
    assert not (collection.source[rest] == CONFIRMED).any()
    assert window.grid.current_row() not in seen
    for _page in range(24):
        press(window, Key.Key_A)
    assert (sources(session) != NOBODY).all()
    window.actions_by_name["undo"].trigger()
    assert (sources(session) == NOBODY).any()


def test_n_teaches_what_belongs_nowhere_and_the_likes_of_it_follow(sorted_window, session, qtbot):
    window = sorted_window
    for name in ("green0.png", "green1.png"):
        window.grid.select_rows(np.asarray([session.collection.table.row(path_of(session, name))]))
        window.grid.setFocus()
        press(window, Key.Key_N)
        assert label_of(session, name).class_id == UNKNOWN
    qtbot.waitUntil(idle(session))
    counts = session.collection.sorted_counts()
    assert counts[UNKNOWN] == 8
    window.page.show_only(Show.CLASS, UNKNOWN)
    assert {window.model.data(window.model.index(i))[:5] for i in range(8)} == {"green"}
    session.undo()
    session.undo()
    qtbot.waitUntil(idle(session))
    assert UNKNOWN not in session.collection.sorted_counts()


@pytest.mark.parametrize("key", [Key.Key_C, Key.Key_Slash])
def test_a_class_is_picked_by_its_first_letters(sorted_window, session, qtbot, key):
    window = sorted_window
    for number in range(12):
        put(session, window, f"Class {number}")
    put(session, window, "Zebra")
    click_tile(window.grid, 3)
    name = current(window)
    press(window, key)
    qtbot.waitUntil(lambda: window.picker.isVisible())
    QTest.keyClicks(window.picker.focusWidget() or window.picker, "zeb")
    QTest.keyClick(window.picker.focusWidget() or window.picker, Key.Key_Return)
    assert not window.picker.isVisible()
    assert label_of(session, name).class_id == session.project.bin_named("Zebra").id
    assert window.grid.currentIndex().row() == 4


def test_a_new_class_is_made_by_typing_its_name(sorted_window, session, qtbot):
    window = sorted_window
    click_tile(window.grid, 3)
    name = current(window)
    press(window, Key.Key_C)
    QTest.keyClicks(window.picker.focusWidget() or window.picker, "Papaya")
    QTest.keyClick(window.picker.focusWidget() or window.picker, Key.Key_Return)
    assert session.project.bin_named("Papaya") is not None
    assert label_of(session, name).class_id == session.project.bin_named("Papaya").id


def test_the_search_finds_names_and_is_cleared(sorted_window, session, qtbot):
    window = sorted_window
    press(window, (Qt.KeyboardModifier.ControlModifier, Key.Key_F))
    assert window.page.search.hasFocus()
    QTest.keyClicks(window.page.search, "RED 3")
    qtbot.waitUntil(lambda: window.model.rowCount() == 1)
    assert window.model.data(window.model.index(0)) == "red3.png"
    window.page.search.clear()
    qtbot.waitUntil(lambda: window.model.rowCount() == 24)
    QTest.keyClicks(window.page.search, "nothing like it")
    qtbot.waitUntil(lambda: window.page.empty.title == "Nothing to show here")
    QTest.mouseClick(window.page.empty.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.model.rowCount() == 24)


@pytest.mark.parametrize("order", [Order.NAME, Order.DATE])
def test_orders_that_are_found_out_in_the_background(sorted_window, session, qtbot, order):
    window = sorted_window
    rows = window.model.rows.copy()
    table = session.collection.table
    window.page.set_order(order)
    if order is Order.NAME:
        qtbot.waitUntil(lambda: window.page.view.order is order)
        assert window.model.data(window.model.index(0)) == "blue0.png"
    else:
        newest = sorted(rows.tolist(), key=lambda row: -table.file(row).mtime_ns)
        qtbot.waitUntil(lambda: window.model.rows.tolist() == newest)


def test_all_examples_of_a_bin_are_shown_in_the_grid(sorted_window, session, qtbot):
    red = session.project.bins[0]
    session.put([path_of(session, "red4.png"), path_of(session, "red5.png")], red.id)
    sorted_window.review.show_examples(red.id)
    shown = [sorted_window.model.data(sorted_window.model.index(i)) for i in range(3)]
    assert shown == ["red0.png", "red4.png", "red5.png"]
    assert sorted_window.model.rowCount() == 3
    assert (session.collection.source[sorted_window.model.rows] == SUPPORT).sum() >= 1
    sorted_window.page.show_only(Show.ALL)
    assert sorted_window.model.rowCount() == 24


def test_ctrl_a_and_return_confirm_everything(sorted_window, session):
    window = sorted_window
    window.grid.setFocus()
    press(window, (Qt.KeyboardModifier.ControlModifier, Key.Key_A), Key.Key_Return)
    assert (sources(session) != NOBODY).all()
    assert session.project.undo_text == "Confirm 22 images"


def test_a_new_bin_from_the_selection_goes_on_to_the_next_picture(sorted_window, session, qtbot):
    """The selection must not stay on the picture, or the next bin takes it from this one."""
    window = sorted_window
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    click_tile(window.grid, 2)
    names = []
    for name in ("Banana", "Garlic"):
        names.append(current(window))
        press(window, (both, Key.Key_B))
        QTest.keyClicks(window.focusWidget(), name)
        press(window, Key.Key_Return)
        assert window.grid.hasFocus()
    assert names[0] != names[1]
    for name, bin_name in zip(names, ("Banana", "Garlic"), strict=True):
        assert label_of(session, name).class_id == session.project.bin_named(bin_name).id
