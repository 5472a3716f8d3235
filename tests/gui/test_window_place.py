"""The window comes back to where it was, if that was written down well."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QMainWindow, QSplitter

from fewshot_gui.gui import window_place
from fewshot_gui.gui.window_place import keep_place, restore_place, restore_shares


@pytest.fixture
def place(qapp, qtbot, tmp_path, monkeypatch):
    """A window with two parts, and the file where its place is kept."""
    monkeypatch.setattr(window_place, "config_dir", lambda: tmp_path)
    window, splitter = QMainWindow(), QSplitter()
    qtbot.addWidget(window)
    window.setCentralWidget(splitter)
    return window, splitter, tmp_path / "window.ini"


def test_a_window_has_its_size_again(place, qtbot):
    window, splitter, _file = place
    window.resize(700, 500)
    keep_place(window, splitter)
    other = QMainWindow()
    qtbot.addWidget(other)
    restore_place(other)
    assert other.size() == window.size()


@pytest.mark.parametrize("value", ["hello", "1, 2", "@ByteArray(xx)", "@Variant(xx)", "7"])
def test_a_damaged_file_means_the_first_size(place, value):
    window, splitter, file = place
    file.write_text(f"[General]\ngeometry={value}\nsplitter={value}\n", "utf-8")
    restore_place(window)
    restore_shares(splitter)
    assert (window.width(), window.height()) == (1280, 820)
