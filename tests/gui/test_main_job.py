"""The main job in the real window: open, drag, sort, correct, export."""

from __future__ import annotations

import csv
import shutil

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from fewshot_gui.errors import UserError
from fewshot_gui.gui.arrangement import Order, Show
from fewshot_gui.gui.collection import CONFIRMED, CORRECTED, SUPPORT
from fewshot_gui.gui.messages import Kind
from fewshot_gui.gui.reader import ReaderState
from fewshot_gui.learners.registry import learner_info
from tests.gui.conftest import path_of, put, sum_sorted
from tests.gui.driving import (
    choose_in_menus,
    click_tile,
    drag,
    drop_area,
    drop_files,
    example_place,
    new_button,
    new_card,
    selected_paths,
    tile_place,
)
from tests.pictures import make_classes, make_picture

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def names(window) -> list[str]:
    model = window.model
    return [model.data(model.index(i)) for i in range(model.rowCount())]


def settled(session):
    return lambda: not session.sorter.busy and session.reader.state is not ReaderState.READING


def add_bin(window, session, qtbot, name):
    """A new bin without examples, and its card once it has its place."""
    session.add_bin(name)
    card = window.panel.cards[-1]
    qtbot.waitUntil(lambda: card.isVisible() and card.width() > 150)
    return card


def test_it_greets_with_the_welcome_page(window):
    assert window.stack.currentWidget() is window.welcome
    assert not window.actions_by_name["export"].isEnabled()
    assert not window.status.isVisible()


def test_open_button_asks_for_a_folder_and_shows_it(window, dialogs, folder, qtbot, parts):
    dialogs.folder_answer = str(folder)
    qtbot.mouseClick(window.welcome.open_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.model.rowCount() == 24)
    qtbot.waitUntil(lambda: not parts.session.scanning)
    assert names(window)[:9] == [*(f"blue{i}.png" for i in range(8)), "green0.png"]
    assert [entry.place for entry in window.files.recent()] == [str(folder)]


def test_a_folder_dropped_on_the_welcome_page_opens(window, folder, qtbot):
    drop_files(window.welcome, QPoint(200, 200), [folder])
    qtbot.waitUntil(lambda: window.model.rowCount() == 24)


def test_a_folder_that_is_not_there_is_a_banner_and_no_more(window, tmp_path, qtbot):
    window.open_folder(str(tmp_path / "nowhere"))
    qtbot.waitUntil(lambda: len(window.banners.messages) == 1)
    assert window.banners.messages[0].kind is Kind.ERROR
    assert window.stack.currentWidget() is window.welcome


def test_a_folder_without_pictures_says_so(window, tmp_path, qtbot):
    (tmp_path / "notes.txt").write_text("nothing to see")
    window.open_folder(str(tmp_path))
    qtbot.waitUntil(lambda: window.page.empty.title == "No pictures in this folder")
    assert window.page.stack.currentWidget() is window.page.empty


def test_everything_is_read_before_there_are_bins(opened, session):
    assert session.collection.table.counts().ready == 24
    assert not session.project.bins


def test_two_bins_with_a_picture_sort_everything(sorted_window, session):
    bins = {b.name: b.id for b in session.project.bins}
    for name in ("red5.png", "blue5.png"):
        row = session.collection.table.row(path_of(session, name))
        assert session.collection.best[row] == bins[name[:-5].capitalize()]


def test_drag_from_the_grid_to_the_empty_area_makes_a_bin(opened, session, monkeypatch, qtbot):
    click_tile(opened.grid, 0)
    drag(
        monkeypatch,
        opened.grid.viewport(),
        tile_place(opened.grid, 0),
        drop_area(opened.panel),
        QPoint(40, 40),
    )
    card = new_card(opened.panel)
    assert card is not None
    qtbot.keyClicks(card.edit, "Sky")
    qtbot.keyClick(card.edit, Qt.Key.Key_Return)
    assert [b.name for b in session.project.bins] == ["Sky"]
    assert session.project.support(session.project.bins[0].id) == (path_of(session, "blue0.png"),)
    assert new_card(opened.panel) is None


def test_esc_in_the_name_makes_no_bin(opened, session, qtbot):
    opened.actions_by_name["new_bin"].trigger()
    qtbot.keyClick(new_card(opened.panel).edit, Qt.Key.Key_Escape)
    assert new_card(opened.panel) is None
    assert not session.project.bins


def test_a_bin_without_a_name_is_refused_in_place(opened, session, qtbot):
    opened.actions_by_name["new_bin"].trigger()
    qtbot.keyClick(new_card(opened.panel).edit, Qt.Key.Key_Return)
    assert not session.project.bins
    assert new_card(opened.panel) is not None


def test_drag_from_the_grid_to_a_bin(opened, session, monkeypatch, qtbot):
    card = add_bin(opened, session, qtbot, "Red")
    place = tile_place(opened.grid, 16)
    results = drag(monkeypatch, opened.grid.viewport(), place, card, card.rect().center())
    assert results == [Qt.DropAction.CopyAction]
    assert session.project.support(session.project.bins[0].id) == (path_of(session, "red0.png"),)
    assert not opened.grid.dragging


def test_many_at_once(opened, session, monkeypatch, qtbot):
    card = add_bin(opened, session, qtbot, "Blue")
    click_tile(opened.grid, 0)
    click_tile(opened.grid, 3, SHIFT)
    click_tile(opened.grid, 6, CTRL)
    grid = opened.grid
    drag(monkeypatch, grid.viewport(), tile_place(grid, 2), card, card.rect().center())
    given = {p.rpartition("/")[2] for p in session.project.support(session.project.bins[0].id)}
    assert given == {f"blue{i}.png" for i in (0, 1, 2, 3, 6)}


def test_drag_between_bins_moves_the_example(sorted_window, session, monkeypatch):
    red, blue = sorted_window.panel.cards
    drag(monkeypatch, red, example_place(red, 0), blue, QPoint(120, 20))
    assert session.project.support(red.bin.id) == ()
    assert path_of(session, "red0.png") in session.project.support(blue.bin.id)


def test_drag_from_a_bin_to_the_grid_takes_the_example_out(sorted_window, session, monkeypatch):
    red, _blue = sorted_window.panel.cards
    grid = sorted_window.grid.viewport()
    drag(monkeypatch, red, example_place(red, 0), grid, grid.rect().center())
    assert session.project.support(red.bin.id) == ()
    assert session.project.label(path_of(session, "red0.png")) is None


def test_dragging_grid_pictures_onto_the_grid_changes_nothing(opened, session, monkeypatch):
    grid = opened.grid
    results = drag(
        monkeypatch, grid.viewport(), tile_place(grid, 0), grid.viewport(), tile_place(grid, 7)
    )
    assert results == [Qt.DropAction.IgnoreAction]
    assert not session.project.labels


def test_rubber_band_in_the_gaps_selects(opened):
    grid = opened.grid
    first, last = grid.visualRect(grid.model().index(0)), grid.visualRect(grid.model().index(1))
    view = grid.viewport()
    start = QPoint(last.right() + 4, last.bottom() + 4)
    assert not grid.indexAt(start).isValid()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(view, last.center())
    QTest.mouseMove(view, first.center())
    QTest.mouseRelease(
        view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, first.center()
    )
    assert grid.selected_positions().tolist() == [0, 1]


def test_files_from_the_file_manager_become_examples(opened, session, tmp_path, qtbot):
    outside = make_picture(tmp_path / "elsewhere" / "rose.png", "red", seed=7)
    card = add_bin(opened, session, qtbot, "Red")
    inside = tmp_path / "targets" / "red1.png"
    assert drop_files(card, QPoint(60, 20), [outside, inside]) is Qt.DropAction.CopyAction
    qtbot.waitUntil(lambda: len(session.project.support(card.bin.id)) == 2)
    assert opened.model.rowCount() == 24  # an example from elsewhere is no target


def test_a_dropped_file_that_cannot_be_used_is_a_banner(opened, session, tmp_path, qtbot):
    card = add_bin(opened, session, qtbot, "Red")
    drop_files(card, QPoint(60, 20), [tmp_path / "gone.png"])
    qtbot.waitUntil(lambda: len(opened.banners.messages) == 1)
    assert "gone.png" in opened.banners.messages[0].text


def test_a_folder_of_class_folders_makes_the_bins(opened, session, examples, qtbot):
    drop_files(drop_area(opened.panel), QPoint(40, 40), [examples])
    qtbot.waitUntil(lambda: len(session.project.bins) == 3)
    assert [b.name for b in session.project.bins] == ["blue", "green", "red"]
    each = {b.id: 8 for b in session.project.bins}
    qtbot.waitUntil(lambda: session.collection.sorted_counts() == each)
    assert len(opened.panel.cards) == 3


def test_keys_put_confirm_and_take_out(sorted_window, session, qtbot):
    grid = sorted_window.grid
    grid.setFocus()
    click_tile(grid, 1)
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    row = session.collection.table.row(path_of(session, "blue1.png"))
    assert session.collection.source[row] == CONFIRMED
    assert grid.currentIndex().row() == 2  # on to the next
    assert grid.selected_positions().tolist() == [2]
    qtbot.keyClick(grid, Qt.Key.Key_1)
    row = session.collection.table.row(path_of(session, "blue2.png"))
    assert session.collection.source[row] == CORRECTED  # it wore Blue
    qtbot.waitUntil(settled(session))
    assert grid.selected_positions().tolist() == [3]  # on to the next here, too
    qtbot.keyClick(grid, Qt.Key.Key_Left)
    qtbot.keyClick(grid, Qt.Key.Key_0)
    assert session.project.label(path_of(session, "blue2.png")) is None
    click_tile(grid, 17)
    qtbot.keyClick(grid, Qt.Key.Key_1)
    row = session.collection.table.row(path_of(session, "red1.png"))
    assert session.collection.source[row] == SUPPORT
    click_tile(grid, 17)
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert session.project.label(path_of(session, "red1.png")) is None


def test_undo_and_redo_name_what_they_do(sorted_window, session, qtbot):
    undo, redo = (sorted_window.actions_by_name[name] for name in ("undo", "redo"))
    assert "Blue" in undo.text()
    undo.trigger()
    qtbot.waitUntil(lambda: sum_sorted(session) == 1)  # one bin left: only its example is sorted
    assert len(sorted_window.panel.cards) == 1
    assert "Blue" in redo.text()
    redo.trigger()
    qtbot.waitUntil(lambda: sum_sorted(session) == 24)
    assert not redo.isEnabled()


def test_each_drop_sorts_again_without_a_button(sorted_window, session, qtbot):
    put(session, sorted_window, "Green", "green0.png")
    green = session.project.bin_named("Green").id
    qtbot.waitUntil(lambda: session.collection.sorted_counts().get(green) == 8)


def test_examples_are_read_first_and_partial_results_are_shown(
    window, session, folder, examples, workbench, qtbot
):
    workbench.gate.clear()
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: not session.scanning)
    session.import_class_folders([str(examples)])
    qtbot.waitUntil(lambda: len(session.project.bins) == 3)
    workbench.gate.set()
    qtbot.waitUntil(lambda: sum_sorted(session) == 24)
    qtbot.waitUntil(lambda: len(workbench.embedded) == 30)
    assert all("examples" in path for path in workbench.embedded[:6])


def test_cancel_and_resume(window, session, folder, workbench, qtbot):
    workbench.gate.clear()
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.READING)
    window.actions_by_name["cancel"].trigger()
    assert session.reader.state is ReaderState.PAUSED
    assert window.status.button.text() == "Resume"
    workbench.gate.set()
    assert session.collection.table.counts().ready < 24
    qtbot.mouseClick(window.status.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.collection.table.counts().ready == 24)
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.IDLE)
    assert not window.status.button.isVisible()


def test_while_paused_examples_are_read_all_the_same(window, session, folder, workbench, qtbot):
    workbench.gate.clear()
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.READING)
    session.cancel()
    workbench.gate.set()
    put(session, window, "Red", "red0.png")
    put(session, window, "Blue", "blue0.png")
    qtbot.waitUntil(lambda: session.collection.table.counts().ready == 2)
    assert session.reader.state is ReaderState.PAUSED
    qtbot.waitUntil(lambda: sum_sorted(session) == 2)


def test_unreadable_pictures_have_a_reason_and_are_counted(window, session, folder, qtbot):
    (folder / "torn.png").write_bytes(b"no picture at all")
    window.open_folder(str(folder))
    qtbot.waitUntil(
        lambda: session.collection is not None and session.collection.table.counts().failed == 1
    )
    qtbot.waitUntil(lambda: "1 unreadable (1 damaged)" in window.status.facts.text())
    qtbot.mouseClick(window.status.facts, Qt.MouseButton.LeftButton)
    assert window.page.view.show is Show.UNREADABLE
    assert names(window) == ["torn.png"]
    assert "damaged" in window.model.tile(0).reason
    assert "damaged" in window.model.data(window.model.index(0), Qt.ItemDataRole.ToolTipRole)


def test_filter_by_bin_and_nothing_to_show(sorted_window, session, qtbot):
    red, _blue = sorted_window.panel.cards
    qtbot.mouseClick(red, Qt.MouseButton.LeftButton, pos=red._sorted_rect().center())
    assert sorted_window.page.view.class_id == red.bin.id
    assert all(name.startswith(("red", "green")) for name in names(sorted_window))
    assert "of 24" in sorted_window.page.count.text()
    qtbot.mouseClick(red, Qt.MouseButton.LeftButton, pos=red._sorted_rect().center())
    assert sorted_window.model.rowCount() == 24
    sorted_window.page.show_only(Show.UNREADABLE)
    assert sorted_window.page.empty.title == "Nothing to show here"
    qtbot.mouseClick(sorted_window.page.empty.button, Qt.MouseButton.LeftButton)
    assert sorted_window.model.rowCount() == 24


def test_orders(sorted_window, session):
    page, model = sorted_window.page, sorted_window.model
    page.set_order(Order.LEAST_SURE)
    collection = session.collection
    sure = collection.confidence[model.rows[:22]]
    assert (np.diff(sure) >= 0).all()
    page.set_order(Order.GROUPED)
    heads = [model.tile(i).head for i in range(model.rowCount()) if model.tile(i).head]
    assert [head[0] for head in heads] == ["Red", "Blue"]
    assert sum(head[2] for head in heads) == 24


def test_selection_survives_another_order(sorted_window):
    click_tile(sorted_window.grid, 3)
    click_tile(sorted_window.grid, 5, CTRL)
    before = set(selected_paths(sorted_window.grid))
    current = sorted_window.grid.current_row()
    sorted_window.page.set_order(Order.GROUPED)
    assert set(selected_paths(sorted_window.grid)) == before
    assert sorted_window.grid.current_row() == current


def test_images_are_not_reshuffled_during_a_drag(sorted_window, session, qtbot):
    page, grid = sorted_window.page, sorted_window.grid
    page.set_order(Order.LEAST_SURE)
    before = names(sorted_window)
    grid.dragging = True
    put(session, sorted_window, "Green", "green0.png")
    qtbot.waitUntil(settled(session))
    assert names(sorted_window) == before
    grid.dragging = False
    grid.drag_ended.emit()
    assert names(sorted_window) != before


def test_the_same_picture_in_two_bins_is_told(sorted_window, session, folder, tmp_path, qtbot):
    copy = tmp_path / "copy.png"
    shutil.copy(folder / "red0.png", copy)
    session.put_files([str(copy)], session.project.bin_named("Blue").id)
    qtbot.waitUntil(lambda: any(m.key == "conflicts" for m in sorted_window.banners.messages))
    text = sorted_window.banners.messages[0].text
    assert "red0.png" in text
    assert "copy.png" in text
    session.undo()
    qtbot.waitUntil(lambda: not sorted_window.banners.messages)


def test_export(sorted_window, session, dialogs, tmp_path, qtbot):
    dialogs.save_answer = str(tmp_path / "result.csv")
    sorted_window.actions_by_name["export"].trigger()
    qtbot.waitUntil(lambda: len(sorted_window.banners.messages) == 1)
    message = sorted_window.banners.messages[0]
    assert message.kind is Kind.SUCCESS
    assert "24 rows" in message.text
    with open(tmp_path / "result.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows][:2] == ["blue0.png", "blue1.png"]
    assert {row["source"] for row in rows} == {"support", "predicted"}


def test_export_before_all_is_read_asks_first(
    window, session, folder, workbench, dialogs, tmp_path, qtbot
):
    workbench.gate.clear()
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.READING)
    session.export_csv(str(tmp_path / "early.csv"))
    message = window.banners.messages[0]
    assert "24 pictures" in message.text
    assert message.action == "Export anyway"
    assert not (tmp_path / "early.csv").exists()


def test_export_that_fails_is_a_banner(sorted_window, session, tmp_path, qtbot):
    session.export_csv(str(tmp_path / "no" / "such" / "folder.csv"))
    qtbot.waitUntil(lambda: len(sorted_window.banners.messages) == 1)
    assert sorted_window.banners.messages[0].kind is Kind.ERROR


def test_an_error_while_reading_is_a_banner_and_can_be_resumed(
    window, session, folder, workbench, qtbot
):
    workbench.error = UserError("The network is not there.", "Install it.")
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: len(window.banners.messages) == 1)
    assert window.banners.messages[0].text == "The network is not there."
    assert session.reader.state is ReaderState.PAUSED
    workbench.error = None
    session.resume()
    qtbot.waitUntil(lambda: session.collection.table.counts().ready == 24)


def test_folder_deleted_while_running(window, session, folder, workbench, qtbot):
    workbench.gate.clear()
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.READING)
    shutil.rmtree(folder)
    workbench.gate.set()
    qtbot.waitUntil(lambda: any(m.key == "folder" for m in window.banners.messages))
    counts = session.collection.table.counts()
    assert (counts.failed, counts.pending) == (0, 24)  # nothing is known of them now


def test_renaming_and_deleting_a_bin(sorted_window, session, qtbot):
    card = sorted_window.panel.cards[0]
    card.setFocus()
    qtbot.keyClick(card, Qt.Key.Key_F2)
    edit = card._edit
    edit.setText("Crimson")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert session.project.bins[0].name == "Crimson"
    card.start_rename()
    card._edit.setText("Blue")
    qtbot.keyClick(card._edit, Qt.Key.Key_Return)
    assert "already" in sorted_window.banners.messages[0].text
    session.remove_bin(card.bin.id)
    assert [c.bin.name for c in sorted_window.panel.cards] == ["Blue"]


def test_keys_inside_a_bin(sorted_window, session, qtbot):
    red, blue = sorted_window.panel.cards
    red.setFocus()
    qtbot.keyClick(red, Qt.Key.Key_Down)
    assert blue.hasFocus()
    qtbot.keyClick(blue, Qt.Key.Key_Right)
    qtbot.keyClick(blue, Qt.Key.Key_Delete)
    assert session.project.support(blue.bin.id) == ()


def test_delete_means_what_has_the_focus(sorted_window, session, qtbot):
    red, _blue = sorted_window.panel.cards
    click_tile(sorted_window.grid, 0)  # blue0.png, an example
    labels = dict(session.project.labels)
    red.setFocus()
    assert red.chosen_examples == ()
    qtbot.keyClick(red, Qt.Key.Key_Delete)
    assert session.project.labels == labels
    new_button(sorted_window.panel).setFocus()
    qtbot.keyClick(new_button(sorted_window.panel), Qt.Key.Key_Delete)
    assert session.project.labels == labels
    sorted_window.grid.setFocus()
    qtbot.keyClick(sorted_window.grid, Qt.Key.Key_Delete)
    assert session.project.label(path_of(session, "blue0.png")) is None


def test_f2_without_a_bin_in_focus_renames_none(sorted_window, qtbot):
    sorted_window.grid.setFocus()
    qtbot.keyClick(sorted_window.grid, Qt.Key.Key_F2)
    assert all(card._edit is None for card in sorted_window.panel.cards)
    assert "Choose a bin first" in sorted_window.banners.messages[0].text


def test_every_example_of_a_bin_is_reached_by_key(opened, session, tmp_path, qtbot):
    make_classes(tmp_path / "many", 140, first=100, flat=False)
    session.import_class_folders([str(tmp_path / "many")])
    qtbot.waitUntil(lambda: len(session.project.bins) == 3)
    card = opened.panel.cards[0]
    qtbot.waitUntil(lambda: card.isVisible() and card.width() > 150)
    card.setFocus()
    reached = []
    for _i in range(140):
        qtbot.keyClick(card, Qt.Key.Key_Right)
        (chosen,) = card.chosen_examples
        assert chosen in card.visible_examples()
        reached.append(chosen)
    assert tuple(reached) == card.examples
    for _i in range(139):
        qtbot.keyClick(card, Qt.Key.Key_Left)
        assert card.chosen_examples[0] in card.visible_examples()
    assert card.chosen_examples == (card.examples[0],)
    qtbot.keyClick(card, Qt.Key.Key_End)
    assert card.chosen_examples == (card.examples[-1],)
    tall = card.height()
    qtbot.keyClick(card, Qt.Key.Key_Minus)
    assert card.height() < tall
    assert card.chosen_examples == ()  # it is not in sight any more
    qtbot.keyClick(card, Qt.Key.Key_Plus)
    assert card.height() == tall


def test_where_the_network_runs_can_be_chosen(window, parts):
    choose_in_menus(window, "Sort", "Compute on", "Processor (CPU)")
    assert parts.preferences.now.device == "cpu"
    assert "next time" in window.banners.messages[0].text


def test_another_learner_sorts_again(sorted_window, session, qtbot, parts):
    before = session.collection.confidence.copy()
    choose_in_menus(sorted_window, "Sort", "Learner", learner_info("matching").title)
    qtbot.waitUntil(lambda: not np.array_equal(before, session.collection.confidence))
    assert parts.preferences.now.learner == "matching"


def test_hints_for_the_next_step(opened, session):
    panel = opened.panel
    assert "first bin" in drop_area(panel).accessibleName()
    put(session, opened, "Red", "red0.png")
    assert "One more bin" in panel._hint.text()
    put(session, opened, "Blue", "blue0.png")
    assert panel._hint.isHidden()


def test_closing_stops_everything(window, folder, workbench, session, qtbot):
    workbench.gate.clear()
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.READING)
    window.close()
    assert workbench.closed


def test_the_grid_has_the_keyboard_once_a_folder_is_listed(opened):
    assert opened.focusWidget() is opened.grid


def test_a_number_key_goes_on_to_the_next_image(sorted_window, session, qtbot):
    click_tile(sorted_window.grid, 4)
    first = selected_paths(sorted_window.grid)
    QTest.keyClick(sorted_window.grid, Qt.Key.Key_2)
    assert session.project.label(first[0]).class_id == session.project.bins[1].id
    following = selected_paths(sorted_window.grid)
    assert len(following) == 1
    assert following != first


def test_least_sure_first_begins_with_the_least_sure(sorted_window, session, qtbot):
    click_tile(sorted_window.grid, 20)
    sorted_window.page.set_order(Order.LEAST_SURE)
    rows = sorted_window.grid.selected_rows()
    unlabelled = session.collection.targets[
        session.collection.source[session.collection.targets] == 0
    ]
    assert session.collection.confidence[rows[0]] == session.collection.confidence[unlabelled].min()
    assert sorted_window.grid.verticalScrollBar().value() == 0


def test_a_folder_that_does_not_exist_is_not_remembered(window, parts, session, tmp_path, qtbot):
    window.open_folder(str(tmp_path / "nowhere"))
    qtbot.waitUntil(lambda: len(window.banners.messages) == 1)
    assert session.collection is None
    assert parts.preferences.now.recent == ()
