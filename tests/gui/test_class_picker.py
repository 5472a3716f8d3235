"""Choosing a class by typing."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListView, QWidget

from fewshot_gui.gui.class_picker import ClassPicker
from fewshot_gui.gui.class_picker_match import fit, folded, ranked
from fewshot_gui.gui.theme import Theme
from fewshot_gui.project.values import UNKNOWN
from tests.gui.bins import FakeSession

# the offscreen platform has no keyboard to grab for a popup
pytestmark = pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)

NAMES = ("Lemon", "Lime", "Blood orange", "Orange", "Äpfel", "Golden delicious", "Melon")


def texts(typed: str, *recent: int) -> list[str]:
    return [NAMES[i] for i in ranked(typed, [folded(name) for name in NAMES], recent)]


# -- what fits ------------------------------------------------------------------------------


def test_beginnings_come_before_what_is_inside():
    assert texts("or") == ["Orange", "Blood orange"]
    assert texts("le")[0] == "Lemon"
    assert texts("emon") == ["Lemon"]
    assert texts("mel") == ["Melon"]


def test_the_whole_name_comes_first():
    names = ["limestone", "lime"]
    assert ranked("Lime", names) == [1, 0]


def test_initials_and_letters_in_order_fit():
    assert texts("gd") == ["Golden delicious"]
    assert texts("lm") == ["Lemon", "Lime"]
    assert texts("bdorg") == ["Blood orange"]
    assert texts("xyz") == []


def test_case_and_accents_do_not_matter():
    assert texts("ÄPF") == texts("apf") == ["Äpfel"]
    assert fit(folded("É"), folded("été")) is not None


def test_nothing_typed_means_all_with_the_last_used_first():
    assert texts("") == list(NAMES)
    assert texts("", 4, 1)[:3] == ["Äpfel", "Lime", "Lemon"]


def test_among_equals_the_last_used_comes_first():
    assert texts("l")[:2] == ["Lemon", "Lime"]
    assert texts("l", 1)[:2] == ["Lime", "Lemon"]
    assert texts("l", 6)[:2] == ["Lemon", "Lime"]  # Melon only has the letter in it


# -- the popup ------------------------------------------------------------------------------


@pytest.fixture
def session():
    session = FakeSession()
    session.project.add_bins(dict.fromkeys(NAMES, ()))
    return session


@pytest.fixture
def window(qtbot):
    window = QWidget()
    window.resize(600, 500)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


@pytest.fixture
def theme(qapp):
    return Theme(QApplication.instance(), "light")


@pytest.fixture
def picker(window, session, theme):
    picker = ClassPicker(session, theme, window)
    picker.heard = []
    picker.chosen.connect(lambda class_id: picker.heard.append(("chosen", class_id)))
    picker.new_asked.connect(lambda name: picker.heard.append(("new", name)))
    picker.cancelled.connect(lambda: picker.heard.append(("cancelled",)))
    picker.ask(window, "Put 3 images in")
    yield picker
    picker.hide()


def press(picker, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(picker.edit, key)


def id_of(session, name: str) -> int:
    return session.project.bin_named(name).id


def test_it_lists_the_bins_and_none_of_them(picker):
    assert picker.texts() == [*NAMES, "Unknown"]
    assert picker.list.currentIndex().data() == "Lemon"


def test_typing_and_enter_choose(picker, session):
    QTest.keyClicks(picker.edit, "bl")
    press(picker, Qt.Key.Key_Return)
    assert picker.heard == [("chosen", id_of(session, "Blood orange"))]
    assert not picker.isVisible()


def test_arrows_move_and_stop_at_the_ends(picker, session):
    press(picker, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Enter)
    assert picker.heard == [("chosen", id_of(session, "Blood orange"))]


def test_unknown_is_found_like_a_bin(picker):
    QTest.keyClicks(picker.edit, "unkn")
    press(picker, Qt.Key.Key_Return)
    assert picker.heard == [("chosen", UNKNOWN)]


def test_esc_cancels(picker):
    press(picker, Qt.Key.Key_Escape)
    assert picker.heard == [("cancelled",)]
    assert not picker.isVisible()


def test_a_click_elsewhere_cancels_too(picker):
    picker.close()
    assert picker.heard == [("cancelled",)]


def test_a_click_chooses(picker, session):
    place = picker.list.visualRect(picker.list.model().index(3, 0)).center()
    QTest.mouseClick(
        picker.list.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place
    )
    assert picker.heard == [("chosen", id_of(session, "Orange"))]


def test_a_new_name_is_offered_last(picker):
    QTest.keyClicks(picker.edit, "Oran")
    assert picker.texts() == ["Orange", "Blood orange", "New bin “Oran”"]
    picker.edit.setText("  Pear ")
    assert picker.texts() == ["New bin “Pear”"]
    press(picker, Qt.Key.Key_Return)
    assert picker.heard == [("new", "Pear")]


def test_no_new_bin_with_a_name_that_is_taken(picker):
    picker.edit.setText("LEMON")
    assert picker.texts() == ["Lemon"]


def test_what_was_used_comes_first_the_next_time(picker, window, session):
    QTest.keyClicks(picker.edit, "mel")
    press(picker, Qt.Key.Key_Return)
    picker.ask(window, "Again")
    assert picker.texts()[:3] == ["Melon", "Lemon", "Lime"]
    assert picker.edit.text() == ""


def test_names_are_plain_text(picker, session, window):
    session.project.add_bin("<b>bold</b> & more")
    picker.ask(window, "<i>title</i>")
    picker.edit.setText("<b>")
    assert picker.texts()[0] == "<b>bold</b> & more"
    assert picker._title.textFormat() is Qt.TextFormat.PlainText


def test_some_classes_can_be_left_out(picker, window, session):
    gone = [id_of(session, name) for name in NAMES[:5]]
    picker.ask(window, "Merge", without=gone, new=False, unknown=False)
    assert picker.texts() == ["Golden delicious", "Melon"]
    picker.edit.setText("Something new")
    assert picker.texts() == []
    press(picker, Qt.Key.Key_Return)
    assert picker.heard == [("cancelled",)]  # of the first question; Enter has chosen nothing
    assert picker.isVisible()


def test_what_enter_takes_is_told_to_screen_readers(picker):
    assert "Lemon, 1 of 8" in picker.edit.accessibleDescription()
    press(picker, Qt.Key.Key_Down)
    assert "Lime, 2 of 8" in picker.edit.accessibleDescription()
    assert picker.edit.accessibleName() == "Put 3 images in"
    picker.edit.setText("Lime")
    assert "Lime, 1 of 1" in picker.edit.accessibleDescription()


def test_a_thousand_classes(picker, window, session):
    session.project.add_bins({f"Species {i:04d}": () for i in range(1000)})
    picker.ask(window, "Many")
    assert len(picker.texts()) == 1008
    QTest.keyClicks(picker.edit, "0777")
    assert picker.list.currentIndex().data() == "Species 0777"
    press(picker, Qt.Key.Key_Return)
    assert picker.heard[-1] == ("chosen", id_of(session, "Species 0777"))


def test_it_stays_on_the_screen(window, session, theme):
    small = QWidget(window)
    small.setGeometry(window.width() - 20, window.height() - 20, 20, 20)
    small.show()
    picker = ClassPicker(session, theme, window)
    picker.ask(small, "Here")
    assert window.screen().availableGeometry().contains(picker.geometry())
    picker.hide()


def test_the_list_keeps_qts_rules(picker, qtmodeltester):
    model = picker.findChild(QListView).model()
    qtmodeltester.check(model)
    before = model.rowCount()
    press(picker, Qt.Key.Key_A)
    assert 0 < model.rowCount() < before
    qtmodeltester.check(model)
