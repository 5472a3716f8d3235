"""What reviewing leaves as it was: the view, the history, the message with the button."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from fewshot_gui.gui.arrangement import Order, Show
from fewshot_gui.gui.collection import CONFIRMED, NOBODY, SUPPORT
from fewshot_gui.gui.gatherer import AWAY
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.reader import ReaderState
from fewshot_gui.gui.review_accept import AcceptDialog
from fewshot_gui.gui.review_enough import EnoughDialog
from fewshot_gui.project.values import UNKNOWN
from tests.gui.bins import choose
from tests.gui.conftest import path_of, put, sum_sorted
from tests.gui.test_projects import leave, texts
from tests.gui.test_review_dialogs import answered
from tests.gui.test_review_keys import current as current_name
from tests.gui.test_review_keys import press
from tests.gui.test_session import idle

Key = Qt.Key
ESC = Qt.Key.Key_Escape


def actions(window) -> list[str]:
    return [message.action for message in window.banners.messages if message.action]


def click_action(window, text: str) -> None:
    """Press the button of a message."""
    button = next(b for b in window.banners.findChildren(QPushButton) if b.text() == text)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def free_targets(session) -> np.ndarray:
    targets = session.collection.targets
    return targets[session.collection.source[targets] == NOBODY]


# -- agreeing --------------------------------------------------------------------------------


def test_undo_in_the_message_takes_the_agreement_back(sorted_window, session):
    session.collection.confidence[:] = 0.3
    sorted_window.grid.setFocus()
    press(sorted_window, Key.Key_A)
    assert (session.collection.source == CONFIRMED).any()
    click_action(sorted_window, "Undo")
    assert not (session.collection.source == CONFIRMED).any()
    assert actions(sorted_window) == []


def test_the_message_goes_when_undo_would_mean_something_else(sorted_window, session):
    session.collection.confidence[:] = 0.3
    sorted_window.grid.setFocus()
    press(sorted_window, Key.Key_A)
    assert actions(sorted_window) == ["Undo"]
    session.rename_bin(session.project.bins[0].id, "Other")
    assert actions(sorted_window) == []


def test_nothing_is_said_to_be_confirmed_in_a_project_that_is_only_looked_at(
    saved,
    another_window,
    qtbot,
):
    second = another_window().window
    second.files.open(str(saved))
    qtbot.waitUntil(lambda: bool(actions(second)))
    second.banners.messages[0].run()
    session = second.review._session
    qtbot.waitUntil(lambda: session.collection is not None and idle(session)())
    session.collection.confidence[:] = 0.3
    second.grid.setFocus()
    press(second, Key.Key_A)
    assert "viewing only" in texts(second)
    assert "confirmed" not in texts(second)


def test_the_sure_ones_are_shown_with_class_and_confidence_side_by_side(sorted_window, session):
    collection = session.collection
    rows = free_targets(session)
    red, blue = (session.project.bin_named(name).id for name in ("Red", "Blue"))
    collection.best[rows] = np.where(np.arange(len(rows)) % 2, red, blue)
    collection.confidence[rows] = np.linspace(0.91, 0.99, len(rows))
    sorted_window.review.accept_above()
    strip = sorted_window.findChild(AcceptDialog).strip
    shown = strip.shown
    assert len(shown) > 4
    assert [picture.name for picture in shown] == sorted((p.name for p in shown), reverse=True)
    assert {"Red", "Blue"} == {picture.name for picture in shown}
    assert all(picture.sure.startswith("9") for picture in shown)
    assert "Red, 9" in strip.accessibleDescription()
    strip.window().close()


# -- the view stays ----------------------------------------------------------------------------


def test_d_stays_in_the_view_and_offers_the_others(sorted_window, session):
    window, collection = sorted_window, session.collection
    red = session.project.bin_named("Red").id
    inside = free_targets(session)
    inside = inside[collection.shown(inside) == red]
    collection.confidence[:] = 0.2
    collection.confidence[inside] = 0.9
    window.page.show_only(Show.CLASS, red)
    window.grid.setFocus()
    press(window, Key.Key_D)
    assert window.page.view.class_id == red
    assert window.grid.current_row() in inside
    session.confirm(inside)
    press(window, Key.Key_D)
    assert window.page.view.class_id == red
    assert "among the pictures that are shown" in texts(window)
    click_action(window, "Look at all pictures")
    assert window.page.view.show is Show.ALL
    assert collection.source[window.grid.current_row()] == NOBODY


def test_d_leaves_out_what_went_to_unknown(sorted_window, session):
    window, collection = sorted_window, session.collection
    session.set_unknown(0.5)
    free = free_targets(session)
    collection.confidence[free] = 0.9
    collection.unknown[free] = 0.0
    collection.confidence[free[3]], collection.unknown[free[3]] = 0.1, 0.9
    collection.confidence[free[7]] = 0.4
    window.page.set_order(Order.LEAST_SURE)
    window.page.refresh()
    window.grid.setFocus()
    press(window, Key.Key_D)
    assert window.grid.current_row() == int(free[7]) == int(window.model.rows[0])
    session.confirm(np.delete(free, 3))
    press(window, Key.Key_D)
    assert "went to Unknown" in texts(window)
    click_action(window, "Show")
    assert (window.page.view.show, window.page.view.class_id) == (Show.CLASS, UNKNOWN)


def test_an_example_from_elsewhere_is_looked_at_in_between(sorted_window, session, examples, qtbot):
    window = sorted_window
    path = str(examples / "red" / "50.png")
    session.put_files([path], session.project.bins[0].id)
    qtbot.waitUntil(lambda: session.project.label(path) is not None)
    qtbot.waitUntil(idle(session))
    window.page.show_only(Show.UNLABELLED)
    rows = window.model.rows
    window.grid.setFocus()
    press(window, Key.Key_Home, Key.Key_Right, Key.Key_F)
    assert window.preview.row == rows[1]
    outside = session.collection.table.row(path)
    for key, following in ((Key.Key_Right, 2), (Key.Key_Left, 2)):
        window.preview.row_asked.emit(outside)
        assert window.preview.row == outside
        assert window.page.view.show is Show.UNLABELLED
        press(window, key)
        assert window.preview.row == rows[following]
    window.preview.row_asked.emit(outside)
    press(window, Key.Key_Escape)
    assert window.grid.current_row() == rows[2]


def test_after_a_decision_on_it_one_is_back_where_one_came_from(sorted_window, session):
    window = sorted_window
    window.page.show_only(Show.CONFIRMED)
    session.confirm(free_targets(session)[:3])
    window.grid.setFocus()
    press(window, Key.Key_Home, Key.Key_F)
    first = window.preview.row
    other = int(free_targets(session)[0])
    window.preview.row_asked.emit(other)
    press(window, Key.Key_1)
    assert session.collection.source[other] != NOBODY
    assert window.preview.row == first


def test_the_picker_closes_with_its_project(sorted_window, session, folder, tmp_path, qtbot):
    shutil.copytree(folder, tmp_path / "other")
    window = sorted_window
    window.grid.select_rows(np.asarray([5]))
    window.files.open(str(tmp_path / "other"))
    window.review.pick_class()
    assert window.picker.isVisible()
    qtbot.waitUntil(lambda: session.project.folders[0].path.endswith("other"))
    assert not window.picker.isVisible()
    qtbot.waitUntil(idle(session))


# -- the search --------------------------------------------------------------------------------


def test_esc_clears_the_search_then_leaves_it_and_never_stops_reading(
    window, session, folder, workbench, qtbot
):
    workbench.gate.clear()
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.READING and not session.scanning)
    window.actions_by_name["search"].trigger()
    QTest.keyClicks(window.page.search, "red")
    qtbot.waitUntil(lambda: window.model.rowCount() == 8)
    press(window, ESC)
    assert window.page.search.text() == ""
    assert window.page.search.hasFocus()
    qtbot.waitUntil(lambda: window.model.rowCount() == 24)
    press(window, ESC)
    assert window.grid.hasFocus()
    assert session.reader.state is ReaderState.READING
    press(window, ESC)
    assert session.reader.state is not ReaderState.READING


def test_enter_in_the_search_goes_to_what_was_found(sorted_window, qtbot):
    sorted_window.actions_by_name["search"].trigger()
    QTest.keyClicks(sorted_window.page.search, "red3")
    press(sorted_window, Key.Key_Return)
    qtbot.waitUntil(lambda: sorted_window.model.rowCount() == 1)
    assert sorted_window.grid.hasFocus()


# -- why, and what teaches ---------------------------------------------------------------------


def test_why_a_picture_is_suggested_is_shown_told_and_spoken(sorted_window, session, qtbot):
    window = sorted_window
    for name in ("red1.png", "blue1.png"):
        put(session, window, name[:-5].capitalize(), name)
    qtbot.waitUntil(idle(session))
    window.grid.setFocus()
    press(window, Key.Key_S)
    qtbot.waitUntil(lambda: window.page.view.show is Show.CHOSEN)
    notes = {window.model.tile(place).note for place in range(window.model.rowCount())}
    assert "" not in notes
    assert notes & {"between Red and Blue", "between Blue and Red"}
    index = window.model.index(0)
    note = window.model.tile(0).note
    assert f"Suggested: {note}" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert note in index.data(Qt.ItemDataRole.AccessibleTextRole)
    window.page.show_all()
    assert not any(window.model.tile(place).note for place in range(window.model.rowCount()))


def test_the_mark_of_a_picture_is_explained_at_the_picture(sorted_window, session):
    window = sorted_window
    session.confirm(free_targets(session)[:1])
    for name, words in (("red0.png", "Star: your example"), ("green7.png", "a guess")):
        place = window.model.position(session.collection.table.row(path_of(session, name)))
        assert words in window.model.index(place).data(Qt.ItemDataRole.ToolTipRole)
    confirmed = int(np.flatnonzero(session.collection.source == CONFIRMED)[0])
    tip = window.model.index(window.model.position(confirmed)).data(Qt.ItemDataRole.ToolTipRole)
    assert "settled, but no example" in tip


def test_confirmed_pictures_are_no_examples_until_the_user_says_so(sorted_window, session, qtbot):
    window = sorted_window
    session.confirm(free_targets(session))
    count = int((session.collection.source == CONFIRMED).sum())
    assert count == 22
    window.grid.setFocus()
    press(window, Key.Key_H)
    dialog = answered(window, qtbot)
    assert dialog.view.confirmed.text().startswith("22 pictures that you confirmed are no examples")
    QTest.mouseClick(dialog.teach_button, Qt.MouseButton.LeftButton)
    assert (session.collection.source[session.collection.targets] == SUPPORT).all()
    qtbot.waitUntil(lambda: dialog.view.confirmed.isHidden())  # asked anew, in the same window
    assert not dialog.waiting
    assert not dialog.teach_button.isVisible()
    assert window.findChildren(EnoughDialog) == [dialog]
    dialog.close()
    session.undo()
    assert int((session.collection.source == CONFIRMED).sum()) == count


# -- examples that are away --------------------------------------------------------------------


@pytest.fixture
def from_elsewhere(opened, session, examples, qtbot):
    """Bins with six examples of another folder."""
    session.import_class_folders([str(examples)])
    qtbot.waitUntil(lambda: len(session.project.bins) == 3)
    qtbot.waitUntil(lambda: idle(session)() and sum_sorted(session) == 24)
    return examples


def test_examples_that_are_away_are_told_once_until_they_are_back(
    from_elsewhere,
    parts,
    session,
    another_window,
    qtbot,
):
    path = session.desk.now.path
    leave(parts)
    hidden = from_elsewhere.rename(from_elsewhere.with_name("hidden"))
    again = another_window()
    again.window.files.open(path)
    qtbot.waitUntil(lambda: AWAY in [m.key for m in again.window.banners.messages])
    qtbot.waitUntil(idle(again.session))
    warnings = [m.text for m in again.window.banners.messages if m.kind is Kind.WARNING]
    assert warnings == ["6 examples cannot be found, among them 50.png."]
    hidden.rename(from_elsewhere)
    again.session.gatherer.due.emit()
    qtbot.waitUntil(lambda: AWAY not in [m.key for m in again.window.banners.messages])
    qtbot.waitUntil(lambda: sum_sorted(again.session) == 24)


def test_examples_in_a_project_folder_that_is_away_are_the_folders_affair(
    sorted_window,
    parts,
    session,
    folder,
    tmp_path,
    another_window,
    qtbot,
):
    path = session.desk.now.path
    leave(parts)
    folder.rename(tmp_path / "gone")
    again = another_window()
    again.window.files.open(path)
    qtbot.waitUntil(lambda: "cannot be reached" in texts(again.window))
    qtbot.waitUntil(idle(again.session))
    qtbot.wait(100)
    bad = [m for m in again.window.banners.messages if m.kind in (Kind.WARNING, Kind.ERROR)]
    assert len(bad) == 1


# -- without a mouse ---------------------------------------------------------------------------


CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def type_name(window, name: str) -> None:
    """Type into what asks for the name of a bin, and press Enter."""
    QTest.keyClicks(window.focusWidget(), name)
    press(window, Key.Key_Return)


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
def test_a_sitting_from_start_to_end_with_keys_alone(
    window, session, folder, dialogs, tmp_path, qtbot
):
    dialogs.folder_answer = str(folder)
    press(window, (CTRL, Key.Key_O))
    qtbot.waitUntil(lambda: session.collection is not None and idle(session)())
    assert window.grid.hasFocus()
    press(window, Key.Key_Home, (SHIFT, Key.Key_Right), (CTRL | SHIFT, Key.Key_B))
    type_name(window, "Blue")
    assert window.grid.hasFocus()
    assert current_name(window) == "blue2.png"
    press(window, Key.Key_End, (CTRL | SHIFT, Key.Key_B))
    type_name(window, "Red")
    qtbot.waitUntil(lambda: idle(session)() and sum_sorted(session) == 24)
    press(window, Key.Key_Home, *[Key.Key_Right] * 8)
    assert current_name(window) == "green0.png"
    press(window, Key.Key_1, Key.Key_1, Key.Key_N)  # two mistakes, and a stranger
    blue = session.project.bin_named("Blue")
    assert len(session.project.support(blue.id)) == 4
    assert session.project.support(UNKNOWN) == (path_of(session, "green2.png"),)
    qtbot.waitUntil(idle(session))

    press(window, (CTRL, Key.Key_2))
    card = window.panel.card(blue.id)
    assert card.hasFocus()
    press(window, Key.Key_Home, (SHIFT, Key.Key_Right))
    assert len(card.chosen_examples) == 2
    press(window, Key.Key_Menu)
    choose("Split 2 examples off into a new bin…")
    window.activateWindow()  # the offscreen platform forgets it with a menu
    type_name(window, "Green")
    green = session.project.bin_named("Green")
    assert {p[-10:] for p in session.project.support(green.id)} == {"green0.png", "green1.png"}
    assert window.panel.card(green.id).hasFocus()  # one goes on with the new bin
    qtbot.waitUntil(lambda: idle(session)() and sum_sorted(session) == 24)

    press(window, (CTRL, Key.Key_1))
    assert window.grid.hasFocus()
    press(window, Key.Key_F, Key.Key_Right, Key.Key_Space, ESC, Key.Key_Home)
    for _page in range(6):
        press(window, Key.Key_A)
    assert not len(free_targets(session))
    dialogs.save_answer = str(tmp_path / "labels.csv")
    with qtbot.waitSignal(session.exported):
        press(window, (CTRL, Key.Key_E))
    assert len((tmp_path / "labels.csv").read_text(encoding="utf-8").splitlines()) == 25
    press(window, (CTRL, Key.Key_W))
    qtbot.waitUntil(lambda: session.collection is None)
    assert window.welcome.open_button.hasFocus()


def test_esc_in_the_name_of_a_new_bin_goes_back_to_where_one_was(sorted_window, session):
    window = sorted_window
    window.grid.setFocus()
    press(window, Key.Key_Home, (CTRL | SHIFT, Key.Key_B), ESC)
    assert window.grid.hasFocus()
    window.panel.focus_bins()
    card = window.panel.cards[0]
    assert card.hasFocus()
    press(window, (CTRL, Key.Key_B), ESC)
    assert card.hasFocus()
    assert len(session.project.bins) == 2


# -- little room -------------------------------------------------------------------------------


def test_messages_take_no_room_from_the_bins_and_fold_where_there_is_little(sorted_window, qtbot):
    window = sorted_window
    window.resize(900, 600)
    qtbot.waitUntil(lambda: window.height() == 600)
    assert window.width() == 900
    height = window.panel.height()
    for number in range(3):
        window.banners.show_message(Message(Kind.WARNING, f"Message {number}"))
    first, *others = window.banners.banners
    qtbot.waitUntil(first.isVisible)
    assert window.panel.height() == height
    assert first.message.text == "Message 2"
    assert not any(banner.isVisible() for banner in others)
    assert first.more_button.accessibleName() == "Show 2 more messages"
    first.more_button.setFocus()
    press(window, Key.Key_Space)
    assert all(banner.isVisible() for banner in window.banners.banners)
    assert not first.more_button.isVisible()
    assert window.panel.height() == height
    assert window.grid.height() > 150
    window.resize(1200, 800)
    qtbot.waitUntil(lambda: window.height() == 800)
    assert all(banner.isVisible() for banner in window.banners.banners)
    window.resize(900, 600)
    qtbot.waitUntil(lambda: not others[0].isVisible())
    window.banners.settle("Message 2")
    assert others[0].isVisible()
    assert others[0].more_button.text() == "1 more"
