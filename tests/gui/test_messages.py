"""Banners, the error dialog, help, and names for those who cannot see."""

from __future__ import annotations

import logging
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit, QSlider

from fewshot_gui.gui.banner import MOST
from fewshot_gui.gui.help import HelpDialog
from fewshot_gui.gui.logbook import Logbook, start_log
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.paths import log_dir


def test_newest_on_top_and_not_too_many(window):
    for i in range(MOST + 2):
        window.banners.show_message(Message(Kind.WARNING, f"message {i}"))
    shown = [m.text for m in window.banners.messages]
    assert shown == [f"message {i}" for i in range(MOST + 1, 1, -1)]


def test_same_message_only_once_and_settled(window):
    window.banners.show_message(Message(Kind.ERROR, "old", key="k"))
    window.banners.show_message(Message(Kind.ERROR, "new", key="k"))
    assert [m.text for m in window.banners.messages] == ["new"]
    window.banners.settle("k")
    assert not window.banners.messages
    assert not window.banners.isVisible()


def test_close_button_and_action(window, qtbot):
    ran = []
    window.banners.show_message(Message(Kind.INFO, "a", action="Do it", run=lambda: ran.append(1)))
    window.banners.show_message(Message(Kind.INFO, "b", action="Do it", run=lambda: ran.append(2)))
    first, second = window.banners.banners
    buttons = first.findChildren(QAbstractButton)
    qtbot.mouseClick(next(b for b in buttons if b.text() == "Do it"), Qt.MouseButton.LeftButton)
    assert ran == [2]
    close = next(b for b in second.findChildren(QAbstractButton) if not b.text())
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert ran == [2]
    assert not window.banners.messages


def test_text_is_plain(window):
    window.banners.show_message(Message(Kind.INFO, "<b>bold.png</b>"))
    label = window.banners.banners[0].findChild(QLabel)
    assert label.textFormat() is Qt.TextFormat.PlainText


def test_an_unexpected_error_is_shown_once_with_its_details(window):
    try:
        raise ZeroDivisionError("by accident")
    except ZeroDivisionError as error:
        window.show_error(error)
        window.show_error(error)
    dialog = window._errors
    assert dialog.isVisible()
    assert not dialog.isModal()
    dialog.copy_button.click()
    copied = QApplication.clipboard().text()
    assert copied.count("ZeroDivisionError: by accident") == 1
    assert "Python" in copied
    dialog.close()


def test_a_failed_job_is_shown(window, session, folder, workbench, qtbot):
    workbench.error = RuntimeError("out of luck")
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: window._errors.isVisible())
    assert "out of luck" in window._errors.details.toPlainText()
    window._errors.close()


def test_hooks_lead_to_the_log_and_to_the_window(qapp, qtbot, caplog):
    logbook = Logbook()
    old = sys.excepthook
    logbook.install()
    try:
        assert sys.excepthook is not old
        with qtbot.waitSignal(logbook.noted) as noted, caplog.at_level(logging.ERROR):
            error = ValueError("surprise")
            sys.excepthook(ValueError, error, None)
        assert noted.args == [error]
        assert "surprise" in caplog.text
    finally:
        logbook.remove()
    assert sys.excepthook is old


def test_the_log_goes_to_a_file():
    before = set(logging.getLogger().handlers)
    start_log()
    logging.getLogger("fewshot_gui").error("written down")
    for handler in set(logging.getLogger().handlers) - before:
        logging.getLogger().removeHandler(handler)
        handler.close()
    assert "written down" in (log_dir() / "fewshot-gui.log").read_text()


@pytest.mark.parametrize("name", ["help", "shortcuts", "about"])
def test_help_opens_and_closes(window, qtbot, name):
    before = set(QApplication.topLevelWidgets())
    window.actions_by_name[name].trigger()
    dialog = next(w for w in set(QApplication.topLevelWidgets()) - before if w.isVisible())
    if isinstance(dialog, HelpDialog) and name == "shortcuts":
        assert "Ctrl+B" in dialog.browser.toPlainText()
    dialog.close()


def test_everything_has_a_name_for_screen_readers(sorted_window):
    nameless = [
        widget
        for kind in (QAbstractButton, QComboBox, QLineEdit, QSlider)
        for widget in sorted_window.findChildren(kind)
        if not (widget.accessibleName() or getattr(widget, "text", str)())
        and not widget.objectName().startswith("qt_")
    ]
    assert not [w for w in nameless if w.isVisible()]
    assert sorted_window.grid.accessibleName()
    assert sorted_window.panel.cards[0].accessibleName() == "Red"
    assert "1 example" in sorted_window.panel.cards[0].accessibleDescription()


def test_no_two_actions_share_a_shortcut(window):
    keys = [k.toString() for a in window.actions_by_name.all() for k in a.shortcuts()]
    assert len(keys) == len(set(keys))
