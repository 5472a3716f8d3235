"""The bins panel by itself: cards, keys, menu, order, search and very many bins."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QWidget

from fewshot_gui.gui.bin_layout import MOST, Fold
from fewshot_gui.gui.bin_mime import mime_of_bin
from fewshot_gui.gui.bins_panel import BinsPanel
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.project.model import Project
from fewshot_gui.project.values import UNKNOWN
from tests.gui.bins import FakeSession, choose, menu_texts, names, open_menu, press
from tests.gui.driving import (
    drag,
    drop_area,
    drop_files,
    example_place,
    in_window,
    new_button,
    new_card,
)
from tests.gui.fakes import FakePool

# the offscreen platform has no keyboard to grab for a menu
pytestmark = pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def session():
    return FakeSession()


@pytest.fixture
def panel(qtbot, session):
    """A panel between two buttons, in a window of its own."""
    theme = Theme(QApplication.instance(), "light")
    pool = FakePool()
    thumbnails = Thumbnails(lambda: pool)
    panel = BinsPanel(session, theme, Icons(theme), thumbnails)
    window = QWidget()
    layout = QHBoxLayout(window)
    for widget in (QPushButton("before"), panel, QPushButton("after")):
        layout.addWidget(widget)
    window.resize(620, 760)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    yield panel
    popup = QApplication.activePopupWidget()
    if popup is not None:
        popup.close()
    thumbnails.close()
    pool.close()


def click(card, place: QPoint, held=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.mouseClick(card, LEFT, held, place)


def head_of(card) -> QPoint:
    """A place on the name, where a card is taken hold of."""
    return card._name_rect().center()


def shown(panel) -> list[str]:
    return [card.bin.name for card in panel.cards]


# -- what a card shows ---------------------------------------------------------------------


def test_counts_of_examples_and_sorted_images(panel, session, qtbot):
    (lemon,) = session.fill(Lemon=3)
    session.collection.counts = {lemon: 1200, UNKNOWN: 4}
    session.predictions_changed.emit()
    card = panel.cards[0]
    qtbot.waitUntil(lambda: "1,200 sorted here" in card.accessibleDescription())
    assert "3 examples" in card.accessibleDescription()
    assert card.accessibleName() == "Lemon"
    assert "4 sent here" in panel.unknown_card.accessibleDescription()


def test_the_first_nine_bins_have_a_key(panel, session):
    session.fill(**{f"b{i:02d}": 1 for i in range(11)})
    keys = [panel.card(b.id).accessibleDescription()[:5] for b in session.project.bins]
    assert keys[:9] == [f"Key {i}" for i in range(1, 10)]
    assert not any(text.startswith("Key") for text in keys[9:])


def test_cards_stay_the_same_widgets_when_something_changes(panel, session):
    lemon, lime = session.fill(Lemon=2, Lime=2)
    before = {b: panel.card(b) for b in (lemon, lime)}
    session.put(["/pictures/new.png"], lime)
    session.rename_bin(lemon, "Citrus")
    session.move_bin(lime, 0)
    assert shown(panel) == ["Lime", "Citrus"]
    assert {b: panel.card(b) for b in (lemon, lime)} == before
    assert panel.card(lime).examples[0] == "/pictures/new.png"


def test_undo_brings_a_bin_back(panel, session):
    lemon, _lime = session.fill(Lemon=2, Lime=1)
    session.remove_bin(lemon)
    assert shown(panel) == ["Lime"]
    session.undo()
    assert shown(panel) == ["Lemon", "Lime"]
    assert len(panel.card(lemon).examples) == 2


def test_names_and_descriptions_are_plain_text(panel, session):
    (bad,) = session.fill(**{"<b>x</b> & y": 1})
    session.describe_bin(bad, "<img src=x>")
    card = panel.card(bad)
    QTest.mouseMove(card, head_of(card))
    tip = card._tip(head_of(card))
    assert tip.startswith("<b>x</b> & y\n<img src=x>")
    assert card.toolTip() == "" or "&lt;img" in card.toolTip()
    card.setFocus()
    press(card, Qt.Key.Key_Menu)
    assert "Rename" in menu_texts()


# -- keys ----------------------------------------------------------------------------------


def test_arrows_go_from_card_to_card_and_to_the_last_one(panel, session):
    lemon, lime = (panel.card(b) for b in session.fill(Lemon=1, Lime=1))
    lemon.setFocus()
    press(lemon, Qt.Key.Key_Down)
    assert lime.hasFocus()
    press(lime, Qt.Key.Key_Down)
    assert panel.unknown_card.hasFocus()
    assert panel.current_card() is None  # nobody can rename or delete it
    press(panel.unknown_card, Qt.Key.Key_Up, Qt.Key.Key_Up)
    assert lime.hasFocus()
    press(lime, Qt.Key.Key_Up)
    assert lemon.hasFocus()


def test_tab_goes_through_the_cards_and_out_again(panel, session):
    lemon, lime = (panel.card(b) for b in session.fill(Lemon=1, Lime=1))
    new_button(panel).setFocus()
    press(new_button(panel), Qt.Key.Key_Tab)
    assert lemon.hasFocus()
    press(lemon, Qt.Key.Key_Tab)
    assert lime.hasFocus()
    press(lime, Qt.Key.Key_Tab)
    assert panel.unknown_card.hasFocus()
    press(panel.unknown_card, Qt.Key.Key_Tab)
    assert panel.unknown_card.limit_button.hasFocus()
    press(panel.unknown_card.limit_button, Qt.Key.Key_Tab)
    assert panel.window().focusWidget().text() == "after"
    lemon.setFocus()
    press(lemon, Qt.Key.Key_Tab, held=SHIFT)
    assert panel.window().focusWidget() is new_button(panel)


def test_alt_arrows_move_a_bin(panel, session):
    ids = session.fill(Lemon=1, Lime=1, Melon=1)
    card = panel.card(ids[0])
    card.setFocus()
    press(card, Qt.Key.Key_Down, held=ALT)
    assert names(session) == ["Lime", "Lemon", "Melon"]
    assert card.hasFocus()
    press(card, Qt.Key.Key_Up, held=ALT)
    press(card, Qt.Key.Key_Up, held=ALT)  # it is the first one already
    assert names(session) == ["Lemon", "Lime", "Melon"]
    session.undo()
    assert names(session) == ["Lime", "Lemon", "Melon"]


def test_plus_and_minus_fold(panel, session):
    (lemon,) = session.fill(Lemon=30)
    card = panel.card(lemon)
    card.setFocus()
    heights = [card.height()]
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_Minus):
        press(card, key)
        heights.append(card.height())
    assert heights[1] > heights[0] == heights[2] > heights[3]
    press(card, Qt.Key.Key_Plus)
    assert card.height() == heights[0]


def test_f2_renames_and_leaving_keeps_what_was_typed(panel, session):
    lemon, lime = session.fill(Lemon=1, Lime=1)
    card = panel.card(lemon)
    card.setFocus()
    press(card, Qt.Key.Key_F2)
    QTest.keyClicks(card._edit, "Citrus")
    panel.card(lime).setFocus()
    assert names(session) == ["Citrus", "Lime"]
    assert card._edit is None
    press(panel.card(lime), Qt.Key.Key_F2)
    QTest.keyClicks(panel.card(lime)._edit, "Nothing")
    press(panel.card(lime)._edit, Qt.Key.Key_Escape)
    assert names(session) == ["Citrus", "Lime"]


def test_a_name_that_is_taken_is_told_once(panel, session):
    lemon, _lime = session.fill(Lemon=1, Lime=1)
    heard = []
    session.message.connect(heard.append)
    card = panel.card(lemon)
    card.start_rename()
    card._edit.setText("lime")
    press(card._edit, Qt.Key.Key_Return)
    assert len(heard) == 1
    assert "already" in heard[0].text
    assert names(session) == ["Lemon", "Lime"]


def test_the_neighbour_has_the_keyboard_when_a_bin_goes(panel, session):
    ids = session.fill(Lemon=1, Lime=1, Melon=1)
    panel.card(ids[1]).setFocus()
    session.remove_bin(ids[1])
    assert panel.card(ids[2]).hasFocus()
    session.remove_bin(ids[2])
    assert panel.card(ids[0]).hasFocus()
    session.remove_bin(ids[0])
    assert new_button(panel).hasFocus()


# -- examples ------------------------------------------------------------------------------


def test_shift_and_ctrl_clicks_choose_examples(panel, session):
    (lemon,) = session.fill(Lemon=5)
    card = panel.card(lemon)
    click(card, example_place(card, 0))
    click(card, example_place(card, 2), SHIFT)
    assert card.chosen_examples == card.examples[:3]
    click(card, example_place(card, 1), CTRL)
    assert card.chosen_examples == (card.examples[0], card.examples[2])
    click(card, example_place(card, 0))
    assert card.chosen_examples == (card.examples[0],)
    assert panel.chosen_examples() == (card.examples[0],)


def test_shift_arrows_choose_and_delete_takes_out_all_of_them(panel, session):
    (lemon,) = session.fill(Lemon=5)
    card = panel.card(lemon)
    card.setFocus()
    gone = card.examples[:3]
    press(card, Qt.Key.Key_Right)
    press(card, Qt.Key.Key_Right, Qt.Key.Key_Right, held=SHIFT)
    assert card.chosen_examples == gone
    press(card, Qt.Key.Key_Delete)
    assert not set(gone) & set(session.project.support(lemon))
    assert len(card.examples) == 2
    session.undo()  # one action
    assert len(card.examples) == 5


def test_delete_without_a_chosen_example_changes_nothing(panel, session):
    (lemon,) = session.fill(Lemon=2)
    card = panel.card(lemon)
    card.setFocus()
    press(card, Qt.Key.Key_Delete)
    assert len(session.project.support(lemon)) == 2


def test_ctrl_a_and_esc(panel, session):
    (lemon,) = session.fill(Lemon=9)
    card = panel.card(lemon)
    card.setFocus()
    press(card, Qt.Key.Key_A, held=CTRL)
    assert card.chosen_examples == card.examples
    press(card, Qt.Key.Key_Escape)
    assert card.chosen_examples == ()


def test_only_one_card_has_chosen_examples(panel, session):
    lemon, lime = (panel.card(b) for b in session.fill(Lemon=2, Lime=2))
    click(lemon, example_place(lemon, 0))
    click(lime, example_place(lime, 0))
    assert lemon.chosen_examples == ()
    assert panel.chosen_examples() == lime.chosen_examples != ()


def test_several_examples_are_dragged_to_another_bin(panel, session, monkeypatch):
    lemon, lime = (panel.card(b) for b in session.fill(Lemon=4, Lime=1))
    moved = lemon.examples[:2]
    click(lemon, example_place(lemon, 0))
    click(lemon, example_place(lemon, 1), SHIFT)
    results = drag(monkeypatch, lemon, example_place(lemon, 1), lime, lime.rect().center())
    assert results == [Qt.DropAction.CopyAction]
    assert set(moved) < set(session.project.support(lime.bin.id))
    assert len(lemon.examples) == 2
    session.undo()
    assert len(lemon.examples) == 4


def test_examples_are_not_dropped_on_their_own_bin(panel, session, monkeypatch):
    (lemon,) = session.fill(Lemon=2)
    card = panel.card(lemon)
    before = session.project.labels
    drag(monkeypatch, card, example_place(card, 0), card, head_of(card))
    assert dict(session.project.labels) == dict(before)


def test_ten_thousand_examples_are_a_few_pictures_and_a_number(panel, session):
    (big,) = session.fill(Big=10_000)
    card = panel.card(big)
    assert len(card.visible_examples()) == card._layout.columns - 1
    click(card, card._layout.more.center())
    assert len(card.visible_examples()) == MOST
    asked = []
    panel.show_examples_asked.connect(asked.append)
    panel._list.reveal(big, card._layout.grid_link.center())
    click(card, card._layout.grid_link.center())
    assert asked == [big]
    click(card, card._layout.less.center())
    assert len(card.visible_examples()) == card._layout.columns - 1
    assert len(panel.findChildren(QWidget)) < 60


# -- the menu --------------------------------------------------------------------------------


@pytest.fixture
def three(panel, session):
    """Cards of Lemon, Lime and Melon with three examples each; Lemon has the keyboard."""
    cards = [panel.card(b) for b in session.fill(Lemon=3, Lime=3, Melon=3)]
    cards[0].setFocus()
    return cards


@pytest.mark.parametrize(("key", "held"), [(Qt.Key.Key_Menu, None), (Qt.Key.Key_F10, SHIFT)])
def test_the_menu_opens_by_key(three, key, held):
    press(three[0], key, held=held)
    assert "Rename" in menu_texts()


def test_the_menu_opens_by_its_button_and_by_a_right_click(three, panel, session):
    QTest.mouseClick(three[1]._more, LEFT)
    choose("Delete bin")
    assert names(session) == ["Lemon", "Melon"]
    assert three[0]._more.accessibleName() == "Actions of “Lemon”"


def test_rename_by_menu(three, session):
    press(three[0], Qt.Key.Key_Menu)
    choose("Rename")
    QTest.keyClicks(three[0]._edit, "Citrus")
    press(three[0]._edit, Qt.Key.Key_Return)
    assert names(session) == ["Citrus", "Lime", "Melon"]


def test_another_colour_by_menu(three, session):
    press(three[0], Qt.Key.Key_Menu)
    choose("Colour", "Teal")
    assert session.project.bins[0].colour == 6
    press(three[0], Qt.Key.Key_Menu)
    choose("Colour", "Dotted", "Gold")
    assert session.project.bins[0].colour == 2 * 16 + 4
    session.undo()
    assert session.project.bins[0].colour == 6


def test_move_by_menu(three, session):
    press(three[0], Qt.Key.Key_Menu)
    assert "Move up" not in menu_texts()
    choose("Move down")
    assert names(session) == ["Lime", "Lemon", "Melon"]


def test_merge_into_another_bin(three, session):
    press(three[0], Qt.Key.Key_Menu)
    choose("Merge into", "Melon")
    assert names(session) == ["Lime", "Melon"]
    assert len(session.project.support(three[2].bin.id)) == 6
    session.undo()
    assert names(session) == ["Lemon", "Lime", "Melon"]


def test_merge_with_many_bins_is_a_search(panel, session, three):
    session.fill(**{f"Species {i:02d}": 1 for i in range(20)})
    press(three[0], Qt.Key.Key_Menu)
    choose("Merge into…")
    picker = panel.commands.picker
    assert picker.isVisible()
    assert "Lemon" not in picker.texts()
    assert "Unknown" not in picker.texts()
    QTest.keyClicks(picker.edit, "spe17")
    press(picker.edit, Qt.Key.Key_Return)
    assert "Lemon" not in names(session)
    assert len(session.project.support(session.project.bin_named("Species 17").id)) == 4


def test_chosen_bins_are_merged_and_deleted_as_one_action(three, panel, session):
    lemon, lime, melon = three
    click(lemon, head_of(lemon), CTRL)
    click(melon, head_of(melon), CTRL)
    assert panel.marked == (lemon.bin.id, melon.bin.id)
    press(melon, Qt.Key.Key_Menu)
    choose("Merge the 2 chosen bins into “Melon”")
    assert names(session) == ["Lime", "Melon"]
    assert panel.marked == (melon.bin.id,)
    session.undo()
    lemon = panel.card(session.project.bins[0].id)
    lemon.setFocus()
    press(lemon, Qt.Key.Key_Escape)
    press(panel.card(melon.bin.id), Qt.Key.Key_Escape)
    lime.setFocus()
    press(lime, Qt.Key.Key_Down, held=SHIFT)  # choose two by key
    assert panel.marked == (lime.bin.id, melon.bin.id)
    press(panel.card(melon.bin.id), Qt.Key.Key_Menu)
    choose("Delete 2 chosen bins")
    assert names(session) == ["Lemon"]


def test_space_and_a_plain_click_choose_bins(three, panel):
    lemon, lime, _melon = three
    press(lemon, Qt.Key.Key_Space)
    press(lime, Qt.Key.Key_Space)
    assert len(panel.marked) == 2
    press(lime, Qt.Key.Key_Space)
    assert panel.marked == (lemon.bin.id,)
    click(lime, head_of(lime))
    assert panel.marked == ()


def test_describe_by_menu(three, session):
    press(three[0], Qt.Key.Key_Menu)
    choose("Describe…")
    popup = QApplication.activePopupWidget()
    QTest.keyClicks(popup.edit, "Yellow ones")
    press(popup.edit, Qt.Key.Key_Return, held=SHIFT)
    QTest.keyClicks(popup.edit, "only")
    press(popup.edit, Qt.Key.Key_Return)
    assert session.project.bins[0].description == "Yellow ones\nonly"
    assert "Yellow ones" in three[0].accessibleDescription()
    assert "Yellow ones only" in three[0]._line_text()
    assert "Yellow ones\nonly" in three[0]._tip(head_of(three[0]))


def test_esc_keeps_the_old_description_and_a_click_elsewhere_the_new_one(three, panel, session):
    session.describe_bin(three[0].bin.id, "old")
    panel.commands.ask_description(three[0].bin.id, three[0], three[0].head_rect())
    popup = QApplication.activePopupWidget()
    popup.edit.setPlainText("typed")
    press(popup.edit, Qt.Key.Key_Escape)
    assert session.project.bins[0].description == "old"
    panel.commands.ask_description(three[0].bin.id, three[0], three[0].head_rect())
    assert popup.edit.toPlainText() == "old"
    popup.edit.setPlainText("typed")
    popup.close()
    assert session.project.bins[0].description == "typed"


def test_a_description_that_is_too_long_is_told(three, panel, session):
    heard = []
    session.message.connect(heard.append)
    panel.commands.ask_description(three[0].bin.id, three[0], three[0].head_rect())
    popup = QApplication.activePopupWidget()
    popup.edit.setPlainText("x" * 2001)
    assert not popup._save.isEnabled()
    popup.close()
    assert session.project.bins[0].description == ""
    assert "too long" in heard[0].text


def test_the_picture_of_a_bin(three, session):
    card = three[0]
    press(card, Qt.Key.Key_Right, Qt.Key.Key_Right)
    (path,) = card.chosen_examples
    press(card, Qt.Key.Key_Menu)
    choose("Use as the picture of this bin")
    assert session.project.bins[0].picture == path
    press(card, Qt.Key.Key_Minus)
    assert card.pictures() == (path,)  # what a closed card shows
    press(card, Qt.Key.Key_Plus, Qt.Key.Key_Right, Qt.Key.Key_Right)
    press(card, Qt.Key.Key_Menu)
    choose("No longer the picture of this bin")
    assert session.project.bins[0].picture == ""


def test_examples_are_split_off_into_a_new_bin(three, panel, session):
    card = three[0]
    press(card, Qt.Key.Key_Right)
    press(card, Qt.Key.Key_Right, held=SHIFT)
    paths = card.chosen_examples
    press(card, Qt.Key.Key_Menu)
    choose("Split 2 examples off into a new bin…")
    QTest.keyClicks(new_card(panel).edit, "Unripe")
    press(new_card(panel).edit, Qt.Key.Key_Return)
    made = session.project.bin_named("Unripe")
    assert set(session.project.support(made.id)) == set(paths)
    assert len(card.examples) == 1
    session.undo()
    assert len(card.examples) == 3


def test_examples_are_moved_by_menu(three, session):
    card = three[0]
    press(card, Qt.Key.Key_Right)
    press(card, Qt.Key.Key_Menu)
    choose("Move 1 example to", "Lime")
    assert len(session.project.support(three[1].bin.id)) == 4
    press(card, Qt.Key.Key_Menu)
    choose("Move 1 example to", "Unknown")
    assert len(session.project.support(UNKNOWN)) == 1


def test_one_key_opens_one_menu(three, panel):
    three[0].open_menu()
    first = open_menu()
    three[0].open_menu()
    assert open_menu() is first
    first.close()
    three[0].open_menu()
    assert "Rename" in menu_texts()


# -- order -----------------------------------------------------------------------------------


def test_a_card_is_dragged_by_its_head(three, panel, session, monkeypatch):
    lemon, _lime, melon = three
    below = QPoint(60, melon.height() - 4)
    results = drag(monkeypatch, lemon, head_of(lemon), melon, below)
    assert results == [Qt.DropAction.CopyAction]
    assert names(session) == ["Lime", "Melon", "Lemon"]
    assert panel.window().focusWidget() is panel.card(lemon.bin.id)
    drag(monkeypatch, melon, head_of(melon), panel.cards[0], QPoint(60, 4))
    assert names(session) == ["Melon", "Lime", "Lemon"]
    session.undo()
    assert names(session) == ["Lime", "Melon", "Lemon"]


def test_a_card_dropped_where_it_is_changes_nothing(three, session, monkeypatch):
    lemon, lime, _melon = three
    edits = session.project.edits
    drag(monkeypatch, lemon, head_of(lemon), lemon, QPoint(80, lemon.height() - 4))
    drag(monkeypatch, lime, head_of(lime), lemon, QPoint(60, lemon.height() - 4))
    assert session.project.edits == edits


def test_a_line_shows_where_a_dragged_bin_would_go(three, panel, session):
    sheet = panel._list.widget()
    window = panel.window().windowHandle()
    data = mime_of_bin(session.id, three[0].bin.id)
    rest = (Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    for card, y in ((three[1], 4), (three[1], three[1].height() - 4), (three[2], 110)):
        spot = in_window(card, QPoint(50, y))
        QApplication.sendEvent(window, QDragEnterEvent(spot, *rest))
        move = QDragMoveEvent(spot, *rest)
        QApplication.sendEvent(window, move)
        assert move.isAccepted()
        nearest = card.y() - 4 if y < card.height() / 2 else card.geometry().bottom() + 5
        assert abs(sheet.line - nearest) <= 1
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert sheet.line is None


def test_pictures_dropped_between_cards_make_a_new_bin(three, panel, tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    drop_files(drop_area(panel), QPoint(40, 20), [tmp_path / "a.png"])
    assert new_card(panel) is not None
    assert [p.rpartition("/")[2] for p in new_card(panel).paths] == ["a.png"]


def test_sort_by_name(panel, session):
    session.fill(pear=1, Apple=1, quince=1)
    panel._head.menu_button.menu().actions()[0].trigger()
    assert names(session) == ["Apple", "pear", "quince"]
    session.undo()
    assert names(session) == ["pear", "Apple", "quince"]


# -- what belongs to no bin --------------------------------------------------------------------


def test_the_last_card_comes_with_the_first_bin(panel, session):
    assert not panel.unknown_card.isVisible()
    session.fill(Lemon=1)
    assert panel.unknown_card.isVisible()
    assert panel.unknown_card.accessibleName() == "Unknown"


def test_examples_of_strangers_are_dragged_there_and_back(panel, session, monkeypatch):
    (lemon,) = session.fill(Lemon=3)
    card, last = panel.card(lemon), panel.unknown_card
    path = card.examples[0]
    drag(monkeypatch, card, example_place(card, 0), last, last.rect().center())
    assert session.project.support(UNKNOWN) == (path,)
    assert "1 example" in last.accessibleDescription()
    drag(monkeypatch, last, example_place(last, 0), card, card.rect().center())
    assert session.project.support(UNKNOWN) == ()


def test_the_last_card_cannot_be_renamed_moved_merged_or_deleted(panel, session, monkeypatch):
    (lemon,) = session.fill(Lemon=1)
    last = panel.unknown_card
    last.setFocus()
    press(last, Qt.Key.Key_F2)
    assert last._edit is None
    press(last, Qt.Key.Key_Up, held=ALT)
    panel.rename(last)
    assert last._edit is None
    assert drag(monkeypatch, last, head_of(last), panel.card(lemon), QPoint(60, 3)) == []
    press(last, Qt.Key.Key_Menu)
    offered = menu_texts()
    assert offered == ["Show these images only"]
    assert names(session) == ["Lemon"]


def test_the_limit_is_asked_for(panel, session, qtbot):
    session.fill(Lemon=1)
    with qtbot.waitSignal(panel.unknown_limit_asked):
        QTest.mouseClick(panel.unknown_card.limit_button, LEFT)


def test_files_dropped_on_the_last_card(panel, session, tmp_path):
    session.fill(Lemon=1)
    (tmp_path / "a.png").write_bytes(b"x")
    drop_files(panel.unknown_card, QPoint(60, 20), [tmp_path / "a.png"])
    assert [class_id for class_id, _paths in session.taken] == [UNKNOWN]


# -- very many bins ------------------------------------------------------------------------------


@pytest.fixture
def many(panel, session):
    """300 bins with two examples each."""
    return session.fill(**{f"Species {i:03d}": 2 for i in range(300)})


def test_only_the_cards_in_sight_are_made(panel, many):
    assert 5 <= len(panel.cards) < 30
    bar = panel._list.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    assert many[150] in {card.bin.id for card in panel.cards}
    for step in range(20):
        bar.setValue(bar.maximum() * step // 20)
    assert len(panel.cards) < 120


def test_every_bin_is_reached_by_key(panel, session, many):
    panel.focus_bins()
    reached = []
    for _i in range(300):
        card = panel.current_card()
        view = panel._list.viewport().rect()
        assert view.contains(card.mapTo(panel._list.viewport(), QPoint(5, 5)))
        reached.append(card.bin.id)
        press(card, Qt.Key.Key_Down)
    assert reached == many
    assert panel.unknown_card.hasFocus()


def test_a_card_with_the_keyboard_stays_however_far_the_list_is_scrolled(panel, many):
    first = panel.card(many[0])
    first.setFocus()
    bar = panel._list.verticalScrollBar()
    for value in range(0, bar.maximum(), 400):
        bar.setValue(value)
    assert panel.card(many[0]) is first
    assert first.hasFocus()


def test_a_change_far_away_makes_no_cards(panel, session, many):
    before = set(panel.cards)
    session.put(["/pictures/new.png"], many[250])
    session.rename_bin(many[299], "Last")
    assert set(panel.cards) == before
    card = panel.card(many[250])
    assert card.examples[0] == "/pictures/new.png"


def test_search_by_name_and_description(panel, session, many, qtbot):
    assert panel.search.isVisible()
    session.describe_bin(many[77], "with very long ears")
    panel.focus_search()
    QTest.keyClicks(panel.search, "long EARS")
    assert shown(panel) == ["Species 077"]
    press(panel.search, Qt.Key.Key_Down)
    assert panel.card(many[77]).hasFocus()
    panel.focus_search()
    press(panel.search, Qt.Key.Key_Escape)
    assert panel.search.text() == ""
    assert len(panel.cards) > 1
    QTest.keyClicks(panel.search, "nothing like it")
    assert panel.cards == ()
    assert "No bin has these words" in panel._hint.text()


def test_a_new_bin_is_seen_even_while_a_search_hides_it(panel, session, many):
    panel.search.setText("077")
    panel.begin_new_bin()
    QTest.keyClicks(new_card(panel).edit, "Newcomer")
    press(new_card(panel).edit, Qt.Key.Key_Return)
    assert panel.search.text() == ""
    assert "Newcomer" in shown(panel)


def test_moving_among_those_found_passes_the_hidden_ones(panel, session):
    session.fill(**{"Red a": 1, "Blue": 1, "Red b": 1})
    panel.search.setText("red")
    card = panel.cards[0]
    card.setFocus()
    press(card, Qt.Key.Key_Down, held=ALT)
    assert names(session) == ["Blue", "Red b", "Red a"]


def test_close_and_open_all(panel, session, many):
    panel.collapse_all()
    closed = len(panel.cards)
    assert all(card.fold is Fold.CLOSED for card in panel.cards)
    bar = panel._list.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert panel.card(many[-1]).fold is Fold.CLOSED  # made later, closed all the same
    bar.setValue(0)
    panel.expand_all()
    assert all(card.fold is Fold.OPEN for card in panel.cards)
    assert closed > 15


def test_a_closed_card_stays_closed_when_it_is_made_again(panel, session, many):
    card = panel.card(many[1])
    QTest.mouseClick(card._folder, LEFT)
    assert card.fold is Fold.CLOSED
    new_button(panel).setFocus()
    bar = panel._list.verticalScrollBar()
    for value in range(0, bar.maximum(), 300):
        bar.setValue(value)
    assert many[1] not in {c.bin.id for c in panel.cards}
    bar.setValue(0)
    assert panel.card(many[1]).fold is Fold.CLOSED


def test_a_closed_bin_takes_drops(panel, session, monkeypatch):
    lemon, lime = session.fill(Lemon=2, Lime=1)
    panel.card(lime).set_fold(Fold.CLOSED)
    source = panel.card(lemon)
    drag(monkeypatch, source, example_place(source, 0), panel.card(lime), QPoint(80, 18))
    assert len(session.project.support(lime)) == 2


def test_another_project_begins_with_open_cards(panel, session):
    session.fill(Lemon=1)
    panel.collapse_all()
    session.project = Project()
    session.bins_changed.emit()
    session.fill(Lime=1)
    assert [card.fold for card in panel.cards] == [Fold.OPEN]
