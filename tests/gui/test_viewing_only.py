"""A project that is open for viewing only: what is held back, why, and when it comes back."""

from __future__ import annotations

import shutil

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu, QPushButton, QToolButton

from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.learners.registry import all_learners
from tests.gui.bins import open_menu
from tests.gui.conftest import put, sum_sorted
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
from tests.gui.test_desk import offered, settle
from tests.gui.test_review_dialogs import answered
from tests.gui.test_review_keys import press
from tests.gui.test_review_views import click_action
from tests.pictures import make_classes

# the offscreen platform has no keyboard to grab for a menu
pytestmark = pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
IGNORED = [Qt.DropAction.IgnoreAction]
LEFT = Qt.MouseButton.LeftButton
REASON = "This project is open for viewing only. Save as… makes a copy you can change."
HELD = (
    *("add_folder", "undo", "redo", "confirm", "take_out", "pick", "none", "accept_page"),
    *("accept_above", "limit", "new_bin", "new_bin_selected", "import_bins", "rename", "delete"),
)
FREE = (
    *("open", "save_as", "duplicate", "export", "close", "select_all", "search", "preview"),
    *("next_doubt", "similar"),
)
REFUSED = (
    *(Key.Key_1, Key.Key_2, Key.Key_7, Key.Key_0, Key.Key_Delete, Key.Key_N, Key.Key_C),
    *(Key.Key_A, Key.Key_L, Key.Key_Return, Key.Key_Space, Key.Key_F2),
    *((SHIFT, Key.Key_A), (CTRL, Key.Key_Z), (CTRL, Key.Key_Y), (CTRL, Key.Key_B)),
    *((CTRL | SHIFT, Key.Key_B), (CTRL | SHIFT, Key.Key_O)),
)


@pytest.fixture
def folder(tmp_path):
    """Pictures of which some begin with what is a key of an action as well."""
    make_classes(tmp_path / "targets", 8, flat=True)
    for number, name in enumerate(("1.png", "7.png", "nut.png", "cat.png", "apple.png")):
        (tmp_path / "targets" / f"green{number}.png").rename(tmp_path / "targets" / name)
    return tmp_path / "targets"


@pytest.fixture
def viewed(saved, another_window, qtbot):
    """A second window that may only look at the saved project."""
    parts = another_window()
    look_at(parts, saved, qtbot)
    return parts


def look_at(parts, path, qtbot) -> None:
    """Open a project that somebody else has open, as it is offered."""
    window, session = parts.window, parts.session
    window.files.open(str(path))
    qtbot.waitUntil(lambda: any(m.action == "Open for viewing" for m in window.banners.messages))
    offered(window, qtbot).run()
    qtbot.waitUntil(lambda: session.read_only)
    settle(session, qtbot)
    qtbot.waitUntil(lambda: sum_sorted(session) == 24)
    qtbot.waitUntil(lambda: window.grid.visualRect(window.model.index(5)).isValid())
    window.activateWindow()
    window.grid.setFocus()


def save_a_copy(parts, dialogs, path, qtbot) -> None:
    """Go on in a copy, by the button of the message."""
    dialogs.save_answer = str(path)
    click_action(parts.window, "Save as…")
    qtbot.waitUntil(lambda: parts.session.desk.now.path == str(path))
    settle(parts.session, qtbot)


def state(session) -> tuple:
    """What the user decided."""
    return session.project.bins, dict(session.project.labels), session.project.options


def told(window) -> list[str]:
    return [f"{m.text} {m.hint}".strip() for m in window.banners.messages]


def held(menu: QMenu) -> dict[str, str]:
    """What a menu does not offer, and why."""
    greyed = [action for action in menu.actions() if not action.isEnabled()]
    return {action.text(): action.toolTip() for action in greyed if action.text()}


# -- keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", REFUSED)
def test_a_refused_key_leaves_the_selection_and_says_why_once(viewed, dialogs, key):
    window, before = viewed.window, state(viewed.session)
    click_tile(window.grid, 9)
    press(window, (CTRL, Key.Key_Right))  # a cursor beside the selection, which stays
    here, chosen = window.grid.current_row(), selected_paths(window.grid)
    asked = list(dialogs.asked)
    press(window, key, key)
    assert window.grid.current_row() == here
    assert selected_paths(window.grid) == chosen
    assert window.grid.hasFocus()
    assert QApplication.activePopupWidget() is None
    assert not window.picker.isVisible()
    assert dialogs.asked == asked
    assert state(viewed.session) == before
    assert told(window).count(REASON) == 1
    (banner,) = (b for b in window.banners.banners if b.message.text == REASON)
    assert banner.reminding


def test_a_refused_key_leaves_the_picture_that_is_shown_large(viewed):
    window, before = viewed.window, state(viewed.session)
    click_tile(window.grid, 9)
    press(window, Key.Key_F)
    here = window.preview.row
    press(window, Key.Key_1, Key.Key_N, Key.Key_Space, Key.Key_Return, Key.Key_Delete)
    assert window.review.previewing
    assert window.preview.row == here
    press(window, Key.Key_Right)
    assert window.preview.row != here
    assert state(viewed.session) == before


def test_keys_of_buttons_and_searches_are_their_own(viewed, qtbot):
    window = viewed.window
    press(window, (CTRL, Key.Key_F))
    QTest.keyClicks(window.page.search, "n1c")
    assert window.page.search.text() == "n1c"
    window.page.search.clear()
    (banner,) = (b for b in window.banners.banners if b.message.text == REASON)
    assert not banner.reminding


def test_keys_of_a_card_change_nothing(viewed):
    window, before = viewed.window, state(viewed.session)
    press(window, (CTRL, Key.Key_2))
    card = window.panel.cards[0]
    assert card.hasFocus()
    alt = Qt.KeyboardModifier.AltModifier
    press(window, Key.Key_Right, Key.Key_Delete, Key.Key_F2, (alt, Key.Key_Down))
    assert state(viewed.session) == before
    assert card.chosen_examples == card.examples
    assert window.panel.cards[0] is card
    assert not card.findChildren(QLineEdit)
    assert told(window).count(REASON) == 1


def test_the_name_of_a_bin_is_not_asked_for(viewed):
    window = viewed.window
    card = window.panel.cards[0]
    QTest.mouseDClick(card, LEFT, pos=card.head_rect().center() - QPoint(40, 0))
    assert not card.findChildren(QLineEdit)
    press(window, (CTRL, Key.Key_B))
    assert new_card(window.panel) is None


# -- what is greyed --------------------------------------------------------------------------


def test_what_would_change_the_project_is_greyed_with_the_reason(viewed):
    window = viewed.window
    click_tile(window.grid, 9)
    for name in HELD:
        action = window.actions_by_name[name]
        assert not action.isEnabled(), name
        assert action.toolTip() == action.statusTip() == REASON, name
        assert all(m.toolTipsVisible() for m in action.associatedObjects() if type(m) is QMenu)
    assert not any(action.isEnabled() for action in window.actions_by_name.bins)
    assert all(window.actions_by_name[name].isEnabled() for name in FREE)
    for button in (new_button(window.panel), window.panel.unknown_card.limit_button):
        assert not button.isEnabled()
        assert button.toolTip() == REASON
    buttons = window.panel.findChildren(QToolButton)
    all_bins = next(button for button in buttons if button.accessibleName() == "All bins")
    assert held(all_bins.menu()) == {"Sort by name": REASON}
    assert not drop_area(window.panel).isEnabled()


def test_the_menu_of_a_bin_offers_to_look_only(viewed):
    window = viewed.window
    press(window, (CTRL, Key.Key_2), Key.Key_Right, Key.Key_Menu)
    menu = open_menu()
    greyed = held(menu)
    left = [a.text() for a in menu.actions() if a.isEnabled() and a.text()]
    menu.close()
    assert left == ["Show only this class", "Show the examples in the grid"]
    assert set(greyed.values()) == {REASON}
    assert {"Rename", "Describe…", "Colour", "Merge into", "Delete bin"} <= set(greyed)


def test_folders_and_the_learner_stay_as_they_are(viewed):
    window, session = viewed.window, viewed.session
    folders = QMenu()
    window.files.fill_folders(folders)
    inner = folders.actions()[0].menu()
    assert set(held(inner).values()) == {REASON}
    assert len(held(inner)) == len(inner.actions()) == 2
    learner = session.learner
    other = next(info.title for info in all_learners() if info.key != learner)
    choose_in_menus(window, "Sort", "Learner", other)
    assert session.learner == learner


def test_examples_are_not_taken_out_of_the_evidence(viewed, qtbot):
    window, before = viewed.window, state(viewed.session)
    click_tile(window.grid, 12)
    press(window, Key.Key_F)
    qtbot.waitUntil(lambda: any(t.worn.name for t in window.preview.strip.causes.shown))
    tile = next(t for t in window.preview.strip.causes.shown if t.worn.name)
    assert list(held(tile.menu()).values()) == [REASON]
    QTest.mouseMove(tile)
    QTest.mouseClick(tile.out_button, LEFT)
    assert tile.out_button.toolTip() == REASON
    assert state(viewed.session) == before


def test_confirmed_pictures_are_not_made_examples(
    sorted_window, session, saved, another_window, qtbot
):
    click_tile(sorted_window.grid, 12)
    sorted_window.grid.setFocus()
    press(sorted_window, Key.Key_Return)
    qtbot.waitUntil(lambda: not session.desk.unwritten)
    viewed = another_window()
    look_at(viewed, saved, qtbot)
    press(viewed.window, Key.Key_H)
    dialog = answered(viewed.window, qtbot)
    assert dialog.teach_button.isVisible()
    assert not dialog.teach_button.isEnabled()
    assert dialog.teach_button.toolTip() == REASON
    dialog.close()


# -- drops -----------------------------------------------------------------------------------


def test_drops_are_refused_wherever_they_would_change_something(viewed, folder, monkeypatch):
    window, before = viewed.window, state(viewed.session)
    panel, grid = window.panel, window.grid
    card, other = panel.cards
    click_tile(grid, 9)
    for target in (card, panel.unknown_card, drop_area(panel)):
        middle = target.rect().center()
        start = tile_place(grid, 9)
        assert drag(monkeypatch, grid.viewport(), start, target, middle) == IGNORED
        for files in ([folder / "red5.png"], [folder]):
            assert [drop_files(target, middle, files)] == IGNORED
    place, viewport = example_place(card, 0), grid.viewport()
    assert drag(monkeypatch, card, place, viewport, viewport.rect().center()) == IGNORED
    assert drag(monkeypatch, card, place, other, other.rect().center()) == IGNORED
    bottom = drop_area(panel)
    assert drag(monkeypatch, card, QPoint(60, 12), bottom, bottom.rect().center()) == IGNORED
    assert [drop_files(viewport, viewport.rect().center(), [folder])] == IGNORED
    assert state(viewed.session) == before


# -- the message -----------------------------------------------------------------------------


def test_the_message_stays_when_its_question_is_cancelled_and_others_come(viewed, dialogs):
    window = viewed.window
    dialogs.save_answer = ""
    click_action(window, "Save as…")
    for number in range(5):
        window.banners.show_message(Message(Kind.WARNING, f"message {number}"))
    press(window, Key.Key_1)
    assert told(window) == ["message 4", "message 3", REASON]
    (banner,) = (b for b in window.banners.banners if b.message.text == REASON)
    names = [b.accessibleName() for b in banner.findChildren(QPushButton) if b.isVisible()]
    assert names == ["Save as…"]
    assert not any(button.isVisible() for button in banner.findChildren(QToolButton))


def test_where_there_is_room_for_one_message_a_refused_key_shows_why(viewed, qtbot):
    window = viewed.window
    window.resize(900, 600)
    qtbot.waitUntil(lambda: window.height() == 600)
    window.banners.show_message(Message(Kind.WARNING, "another"))
    assert [b.message.text for b in window.banners.banners if b.isVisible()] == ["another"]
    click_tile(window.grid, 3)
    press(window, Key.Key_1)
    assert [b.message.text for b in window.banners.banners if b.isVisible()] == [REASON]


# -- what is typed ---------------------------------------------------------------------------


def test_a_name_that_is_being_typed_waits_for_a_copy(
    saved, folder, another_window, dialogs, tmp_path, qtbot
):
    shutil.copytree(folder, tmp_path / "other")
    parts = another_window()
    window, session = parts.window, parts.session
    window.files.open(str(tmp_path / "other"))
    settle(session, qtbot)
    window.activateWindow()
    press(window, (CTRL, Key.Key_B))
    QTest.keyClicks(window.focusWidget(), "Green")
    look_at(parts, saved, qtbot)
    card = new_card(window.panel)
    card.edit.setFocus()
    press(window, Key.Key_Return, Key.Key_Return)
    assert new_card(window.panel) is card
    assert card.edit.text() == "Green"
    assert REASON in card.findChild(QLabel).text()
    assert session.project.bin_named("Green") is None
    save_a_copy(parts, dialogs, tmp_path / "copy.fewshot", qtbot)
    assert REASON not in card.findChild(QLabel).text()
    card.edit.setFocus()
    press(window, Key.Key_Return)
    assert session.project.bin_named("Green") is not None
    assert new_card(window.panel) is None


# -- and back --------------------------------------------------------------------------------


def all_is_back(parts, monkeypatch) -> None:
    """Keys, buttons, menus and drops change the project again."""
    window, session = parts.window, parts.session
    assert REASON not in told(window)
    assert window.actions_by_name["none"].statusTip() == "It belongs to no bin"
    assert new_button(window.panel).isEnabled()
    assert new_button(window.panel).toolTip() == "Make a bin (Ctrl+B)"
    window.activateWindow()
    click_tile(window.grid, 9)
    (path,) = selected_paths(window.grid)
    press(window, Key.Key_1)
    card = window.panel.cards[0]
    assert session.project.label(path).class_id == card.bin.id
    assert selected_paths(window.grid) != [path]
    grid = window.grid
    (path,) = selected_paths(grid)
    start = tile_place(grid, window.model.position(grid.current_row()))
    done = drag(monkeypatch, grid.viewport(), start, card, card.rect().center())
    assert done == [Qt.DropAction.CopyAction]
    assert path in session.project.support(card.bin.id)
    press(window, (CTRL, Key.Key_2), Key.Key_F2)
    assert card.findChildren(QLineEdit)
    press(window, Key.Key_Escape, Key.Key_Menu)
    assert "Delete bin" not in held(open_menu())
    open_menu().close()


def test_a_copy_brings_everything_back(viewed, dialogs, tmp_path, monkeypatch, qtbot):
    press(viewed.window, Key.Key_1)
    save_a_copy(viewed, dialogs, tmp_path / "copy.fewshot", qtbot)
    all_is_back(viewed, monkeypatch)


def test_another_project_brings_everything_back(viewed, folder, tmp_path, monkeypatch, qtbot):
    shutil.copytree(folder, tmp_path / "other")
    window, session = viewed.window, viewed.session
    window.files.open(str(tmp_path / "other"))
    qtbot.waitUntil(lambda: session.project.folders[0].path.endswith("other"))
    settle(session, qtbot)
    put(session, window, "Red", "red0.png")
    put(session, window, "Blue", "blue0.png")
    qtbot.waitUntil(lambda: not session.sorter.busy and sum_sorted(session) == 24)
    all_is_back(viewed, monkeypatch)


def test_a_project_that_is_closed_holds_nothing_back(viewed):
    window = viewed.window
    press(window, (CTRL, Key.Key_W))
    assert viewed.session.collection is None
    assert REASON not in told(window)
    assert window.acceptDrops()
    assert not window.actions_by_name["new_bin"].isEnabled()  # nothing is open
    assert window.actions_by_name["new_bin"].toolTip() != REASON
