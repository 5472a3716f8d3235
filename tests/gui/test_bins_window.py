"""The bins panel in the real window: keys that the window has other uses for, real drops."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from fewshot_gui.gui.bin_commands import BAD_NAME
from fewshot_gui.gui.bin_new import NewBinCard
from fewshot_gui.gui.name_edit import NameEdit
from fewshot_gui.project.values import UNKNOWN
from tests.gui.bins import choose, press
from tests.gui.conftest import path_of, put, sum_sorted
from tests.gui.driving import (
    click_tile,
    drag,
    drop_files,
    example_place,
    selected_paths,
    tile_place,
)
from tests.pictures import make_picture

# the offscreen platform has no keyboard to grab for a menu
pytestmark = pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)

SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier
REDS = ("red1.png", "red2.png", "red3.png")


@pytest.fixture
def red(sorted_window, session, qtbot):
    """The card of Red, which holds four examples."""
    put(session, sorted_window, "Red", *REDS)
    qtbot.waitUntil(lambda: not session.sorter.busy)
    card = sorted_window.panel.cards[0]
    assert len(card.examples) == 4
    card.setFocus()
    return card


@pytest.mark.parametrize("key", [Qt.Key.Key_Delete, Qt.Key.Key_0])
def test_all_chosen_examples_are_taken_out_at_once(red, session, key):
    press(red, Qt.Key.Key_Right)
    press(red, Qt.Key.Key_Right, Qt.Key.Key_Right, held=SHIFT)
    press(red, key)
    assert session.project.support(red.bin.id) == (path_of(session, "red0.png"),)
    session.undo()
    assert len(session.project.support(red.bin.id)) == 4


def test_ctrl_a_in_a_card_leaves_the_grid_alone(red, sorted_window):
    click_tile(sorted_window.grid, 3)
    before = selected_paths(sorted_window.grid)
    red.setFocus()
    press(red, Qt.Key.Key_A, held=CTRL)
    assert red.chosen_examples == red.examples
    assert selected_paths(sorted_window.grid) == before


def test_several_examples_dragged_to_the_grid_are_taken_out(
    red, sorted_window, session, monkeypatch
):
    press(red, Qt.Key.Key_Right)
    press(red, Qt.Key.Key_Right, held=SHIFT)
    gone = red.chosen_examples
    grid = sorted_window.grid.viewport()
    drag(monkeypatch, red, example_place(red, 1), grid, grid.rect().center())
    assert not any(session.project.label(path) for path in gone)
    assert len(red.examples) == 2


def test_a_number_key_in_a_card_still_means_the_selection(red, sorted_window, session):
    click_tile(sorted_window.grid, 3)
    (path,) = selected_paths(sorted_window.grid)
    red.setFocus()
    press(red, Qt.Key.Key_2)
    assert session.project.label(path).class_id == session.project.bins[1].id


def test_the_menu_acts_on_the_real_session(red, session, qtbot):
    press(red, Qt.Key.Key_Menu)
    choose("Merge into", "Blue")
    assert [b.name for b in session.project.bins] == ["Blue"]
    session.undo()
    qtbot.waitUntil(lambda: not session.sorter.busy and sum_sorted(session) == 24)
    assert [b.name for b in session.project.bins] == ["Red", "Blue"]


def test_pictures_of_strangers_are_dropped_on_the_last_card(
    sorted_window, session, monkeypatch, qtbot
):
    grid, last = sorted_window.grid, sorted_window.panel.unknown_card
    green = path_of(session, "green3.png")
    click_tile(grid, 8 + 3)
    assert selected_paths(grid) == [green]
    drag(monkeypatch, grid.viewport(), tile_place(grid, 8 + 3), last, last.rect().center())
    assert session.project.support(UNKNOWN) == (green,)
    assert last.examples == (green,)
    qtbot.waitUntil(lambda: "0 sent here" not in last.accessibleDescription())


def test_keys_for_bins_do_nothing_on_the_last_card(sorted_window, session, qtbot):
    last = sorted_window.panel.unknown_card
    last.setFocus()
    before = session.project.bins
    press(last, Qt.Key.Key_F2)
    press(last, Qt.Key.Key_Delete)
    sorted_window.actions_by_name["delete"].trigger()
    assert session.project.bins == before


def test_a_file_that_is_no_picture_becomes_no_example(sorted_window, session, tmp_path, qtbot):
    picture = make_picture(tmp_path / "another.png", "red", seed=7)
    (tmp_path / "note.txt").write_text("no picture")
    panel = sorted_window.panel
    drop_files(panel, panel.rect().center(), [tmp_path / "note.txt", picture])
    qtbot.waitUntil(lambda: panel.findChild(NewBinCard) is not None)
    assert panel.findChild(NewBinCard).paths == [str(picture)]
    messages = sorted_window.banners.messages
    assert any("“note.txt” is no picture" in message.text for message in messages)
    red = session.project.bin_named("Red").id
    session.put_files([str(tmp_path / "note.txt")], red)
    qtbot.waitUntil(lambda: not session.scanning)
    assert len(session.project.support(red)) == 1


def test_what_is_dropped_on_the_welcome_page_is_opened_or_told(
    window, session, folder, tmp_path, qtbot
):
    drop_files(window, window.rect().center(), [folder / "red0.png"])
    qtbot.waitUntil(lambda: any("Drop a folder" in m.text for m in window.banners.messages))
    assert session.collection is None
    drop_files(window, window.rect().center(), [folder])
    qtbot.waitUntil(lambda: session.collection is not None)


def test_a_project_file_that_is_dropped_is_opened(saved, window, session, qtbot):
    session.close_folder()
    drop_files(window, window.rect().center(), [saved])
    qtbot.waitUntil(lambda: session.desk.now.path == str(saved))


def test_a_name_that_is_refused_can_be_mended(red, sorted_window, session, qtbot):
    qtbot.keyClick(red, Qt.Key.Key_F2)
    edit = red.findChild(NameEdit)
    edit.selectAll()
    qtbot.keyClicks(edit, "blue")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert [m.text for m in sorted_window.banners.messages if m.key == BAD_NAME] == [
        "There is already a bin called “Blue”."
    ]
    edits = [e for e in red.findChildren(NameEdit) if e.isVisible()]
    assert [e.text() for e in edits] == ["blue"]
    edits[0].setText("Blueish")
    qtbot.keyClick(edits[0], Qt.Key.Key_Return)
    assert session.project.bin_named("Blueish") is not None
    assert not [m for m in sorted_window.banners.messages if m.key == BAD_NAME]


def test_enter_in_the_search_selects_what_was_found(sorted_window, session, qtbot):
    window = sorted_window
    window.actions_by_name["search"].trigger()
    qtbot.keyClicks(window.page.search, "green5")
    qtbot.keyClick(window.page.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: selected_names(window, session) == ["green5.png"])
    blue = session.project.bin_named("Blue")
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_2)
    assert path_of(session, "green5.png") in session.project.support(blue.id)


def selected_names(window, session):
    return [session.collection.table.file(int(r)).relative for r in window.grid.selected_rows()]
