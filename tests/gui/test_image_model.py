"""The model of the grid."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtTest import QAbstractItemModelTester

from fewshot_gui.gui.arrangement import Order, Show
from fewshot_gui.gui.plain import plain_tip
from tests.gui.conftest import path_of
from tests.pictures import make_picture


def test_model_keeps_qts_rules(sorted_window, qtmodeltester):
    qtmodeltester.check(sorted_window.model)


def test_model_keeps_qts_rules_while_it_changes(window, session, folder, qtbot):
    tester = QAbstractItemModelTester(
        window.model, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: not session.scanning and window.model.rowCount() == 24)
    window.page.show_only(Show.UNREADABLE)
    window.page.show_only(Show.ALL)
    window.page.set_order(Order.GROUPED)
    window.page.set_order(Order.LEAST_SURE)
    assert isinstance(tester.model(), QAbstractItemModel)


def test_positions_are_found_by_row(sorted_window, session):
    model = sorted_window.model
    for position in (0, 7, 23):
        assert model.position(int(model.rows[position])) == position
    assert model.position(10_000) == -1
    assert model.position(-1) == -1


def test_tool_tip_and_spoken_text_tell_the_prediction(sorted_window):
    model = sorted_window.model
    tip = model.data(model.index(1), Qt.ItemDataRole.ToolTipRole)
    assert "blue1.png" in tip
    assert "Looks like Blue" in tip
    assert "or Red" in tip
    spoken = model.data(model.index(1), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("blue1.png, Blue ")
    spoken = model.data(model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "blue0.png, Your example of Blue"


def test_file_names_are_never_rich_text(window, session, tmp_path, qtbot):
    make_picture(tmp_path / "odd" / "<b>x</b>.png", "red")
    window.open_folder(str(tmp_path / "odd"))
    qtbot.waitUntil(lambda: not session.scanning and window.model.rowCount() == 1)
    tip = window.model.data(window.model.index(0), Qt.ItemDataRole.ToolTipRole)
    assert "<b>" not in tip
    assert "&lt;b&gt;" in tip
    assert plain_tip("a & b") == "a & b"


def test_tiles_tell_how_a_class_came_about(sorted_window, session):
    model = sorted_window.model
    row = session.collection.table.row(path_of(session, "red0.png"))
    tile = model.tile(model.position(row))
    assert tile.bin.name == "Red"
    assert not tile.unsure
    assert model.tile(3).confidence > 0
