"""The large preview, driven as a hand does: keys, wheel, drags and clicks."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QImage, QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu

from fewshot_gui import workflow
from fewshot_gui.gui.collection import Collection
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.preview import Preview
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.images.scan import scan
from fewshot_gui.jobs import Job
from fewshot_gui.learners.registry import DEFAULT_LEARNER
from fewshot_gui.project.model import Project
from fewshot_gui.project.values import UNKNOWN
from tests.gui.fakes import FakeWorkbench
from tests.gui.preview_pool import SlowPool
from tests.pictures import make_picture

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
ODD_NAME = "<b>red & bold<b>.png"


class Desk(QObject):
    """An open folder with two bins, sorted: as much of a session as the preview sees."""

    folder_changed = Signal()
    crashed = Signal(object)

    def __init__(self, folder):
        super().__init__()
        self.bench = FakeWorkbench()
        self.project = Project()
        self.collection = Collection(self.bench.new_table())
        table = self.collection.table
        rows = table.add(scan(folder, Job()).files, as_targets=True)
        self.collection.set_targets(np.asarray(rows, np.int64))
        self.bench.embed(table, self.collection.targets, Job())

    def row(self, name: str) -> int:
        table = self.collection.table
        return next(row for row in range(len(table)) if table.file(row).relative == name)

    def path(self, name: str) -> str:
        return self.collection.table.file(self.row(name)).path

    def do(self, edit) -> None:
        """Take over what the user did, and sort anew."""
        after = {path: label for path, (_before, label) in edit.labels.items()}
        self.collection.set_labels(after)
        self.collection.clear_predictions()
        support = workflow.support_set(self.project, self.collection.table)
        if len(support.class_ids) > 1:
            table, targets = self.collection.table, self.collection.targets
            learned = workflow.fit(DEFAULT_LEARNER, support, table, Job())
            rows = table.ready(targets)
            self.collection.set_predictions(rows, learned.predict(table, rows, Job()))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Six red and six blue pictures of 1200 × 900, and one file that is none."""
    folder = tmp_path_factory.mktemp("photos")
    for colour, seed in (("red", 0), ("blue", 100)):
        for i in range(6):
            make_picture(folder / f"{colour}{i}.png", colour, seed + i, (1200, 900))
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def desk(qapp, photos):
    desk = Desk(photos)
    names = {
        name: [desk.path(f"{name.lower()}{i}.png") for i in (0, 1)] for name in ("Red", "Blue")
    }
    desk.do(desk.project.add_bins(names))
    yield desk
    desk.bench.close()


@pytest.fixture
def pool():
    pool = SlowPool(threads=2)
    yield pool
    pool.close()


@pytest.fixture
def theme(qapp):
    return Theme(QApplication.instance(), "light")


@pytest.fixture
def thumbnails(qapp, pool):
    thumbnails = Thumbnails(lambda: pool)
    yield thumbnails
    thumbnails.close()


@pytest.fixture
def shell(qapp, desk, theme, thumbnails, pool, qtbot):
    """A window that holds a preview and has actions of its own on some keys."""
    runner = JobRunner()
    shell = QMainWindow()
    shell.preview = Preview(desk, theme, Icons(theme, shell), thumbnails, lambda: pool, runner)
    shell.setCentralWidget(shell.preview)
    shell.pressed = []
    for keys in ("1", "9", "0", "Del", "Space", "Return", "Esc", "Ctrl+Z", "Left", "Ctrl++"):
        action = QAction(keys, shell)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _on=False, keys=keys: shell.pressed.append(keys))
        shell.addAction(action)
    shell.resize(900, 600)
    shell.show()
    shell.activateWindow()
    qtbot.waitUntil(shell.isActiveWindow)
    shell.preview.setFocus()
    yield shell
    pool.gate.set()
    runner.shutdown()
    shell.close()
    shell.deleteLater()


@pytest.fixture
def preview(shell):
    return shell.preview


def show(preview, desk, name: str, around: tuple[str, ...] = ()) -> None:
    row = desk.row(name)
    place = desk.collection.targets.tolist().index(row)
    rows = tuple(desk.row(other) for other in around)
    preview.show_row(row, place, len(desk.collection.targets), rows)


def complete(preview):
    return lambda: not preview.waiting


@pytest.fixture
def shown(preview, desk, qtbot):
    """The preview with a red picture, and all that belongs to it."""
    show(preview, desk, "red4.png")
    qtbot.waitUntil(complete(preview))
    return preview


def press(preview, key, modifiers=NONE) -> None:
    QTest.keyClick(preview.focusWidget() or preview.canvas, key, modifiers)


def wheel(canvas, at: QPoint, notches: int) -> None:
    event = QWheelEvent(
        QPointF(at),
        QPointF(canvas.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        NONE,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def colour_at(canvas, at: QPoint):
    return canvas.grab().toImage().pixelColor(at)


def grain(canvas) -> float:
    """How much pixels side by side differ in the middle of what is seen.

    The pictures are noisy; what is enlarged is smoother than what is decoded at its size.
    """
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    seen = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    middle = seen[image.height() // 2 - 40 :, image.width() // 2 - 40 :][:80, :80]
    return float(np.abs(np.diff(middle.astype(np.float64), axis=1)).mean())


# -- the picture ---------------------------------------------------------------------------


def test_it_is_fitted_and_as_sharp_as_the_screen(shown, pool):
    canvas = shown.canvas
    frame = canvas.frame
    assert canvas.fitted
    assert frame.height() == pytest.approx(canvas.height() - 32, abs=1)
    assert frame.center().x() == pytest.approx(canvas.width() / 2, abs=1)
    assert canvas.scale == pytest.approx(frame.width() / 1200, abs=0.002)
    sides = [side for path, side, priority in pool.requests if priority < 0]
    assert max(sides) <= canvas.width()  # no more is decoded than is seen
    assert colour_at(canvas, frame.center().toPoint()).red() > 120
    assert shown.zoom_button.text() == f"{round(canvas.scale * 100)} %"


def test_the_thumbnail_stands_in_enlarged_until_the_picture_is_here(
    preview, desk, thumbnails, pool, qtbot
):
    pool.held = {1}  # nothing waits
    show(preview, desk, "red4.png")
    qtbot.waitUntil(lambda: thumbnails.dimensions(desk.path("red4.png")) is not None)
    preview.clear()
    pool.held = set()
    pool.gate.clear()
    show(preview, desk, "red4.png")
    canvas = preview.canvas
    coarse, before = grain(canvas), canvas.frame
    edge = before.topLeft().toPoint() + QPoint(3, 3)
    assert colour_at(canvas, edge).red() > 120  # all of the frame is filled
    pool.gate.set()
    qtbot.waitUntil(lambda: grain(canvas) > 2 * coarse)
    assert canvas.frame == before  # nothing jumps


def test_the_last_picture_stays_for_a_moment_and_never_blinks(shown, desk, pool, qtbot):
    canvas, middle = shown.canvas, shown.canvas.rect().center()
    colour_at(canvas, middle)
    pool.gate.clear()
    show(shown, desk, "blue4.png")
    assert colour_at(canvas, middle).red() > 120
    qtbot.waitUntil(lambda: colour_at(canvas, middle).red() != colour_at(canvas, middle).green())
    pool.gate.set()
    qtbot.waitUntil(lambda: colour_at(canvas, middle).blue() > 150)


def test_the_next_ones_are_read_ahead(preview, desk, pool, qtbot):
    show(preview, desk, "red2.png", ("red3.png", "red1.png"))
    qtbot.waitUntil(complete(preview))
    asked = [path for path, _side, priority in pool.requests if priority < 0]
    assert asked[0] == desk.path("red2.png")
    assert set(asked) == {desk.path(f"red{i}.png") for i in (1, 2, 3)}
    show(preview, desk, "red3.png")
    at_once = preview.canvas.grab().toImage()
    qtbot.waitUntil(complete(preview))
    assert preview.canvas.grab().toImage() == at_once


def test_a_file_that_cannot_be_read_says_why(preview, desk, qtbot):
    show(preview, desk, "broken.png")
    qtbot.waitUntil(complete(preview))
    assert preview.canvas.reason == "The file is damaged (no picture)"
    assert "damaged" in preview.canvas.accessibleDescription()
    assert preview.strip.shown == []
    assert not preview.zoom_in_button.isEnabled()


def test_a_file_that_has_gone_says_so(preview, desk, thumbnails, tmp_path, qtbot):
    path = make_picture(tmp_path / "late.png")
    (row,) = desk.collection.table.add(scan(tmp_path, Job()).files)
    os.remove(path)
    preview.show_row(row, -1, 0, ())
    qtbot.waitUntil(lambda: "no longer there" in preview.canvas.reason)
    assert preview.position.text == ""


# -- zooming -------------------------------------------------------------------------------


def test_the_wheel_zooms_towards_the_pointer(shown, qtbot):
    canvas, at = shown.canvas, QPoint(300, 120)

    def under() -> float:
        return (at.x() - canvas.frame.left()) / canvas.frame.width()

    wheel(canvas, at, 4)
    assert not canvas.fitted
    place = under()
    wheel(canvas, at, 2)
    assert under() == pytest.approx(place, abs=0.01)
    wheel(canvas, at, -20)
    assert canvas.fitted


def test_zoomed_in_the_whole_picture_is_decoded(shown, pool, qtbot):
    shown.canvas.toggle()
    assert shown.canvas.scale == 1.0
    enlarged = grain(shown.canvas)
    qtbot.waitUntil(lambda: pool.requests[-1][1] == 1200)
    qtbot.waitUntil(complete(shown))
    assert grain(shown.canvas) > 1.2 * enlarged
    assert shown.zoom_button.text() == "100 %"


def test_keys_zoom_and_the_double_click_does_too(shown):
    canvas = shown.canvas
    fit = canvas.scale
    press(shown, Qt.Key.Key_Plus)
    assert canvas.scale > fit
    press(shown, Qt.Key.Key_Minus)
    assert canvas.fitted
    press(shown, Qt.Key.Key_Z)
    assert canvas.scale == 1.0
    QTest.mouseDClick(canvas, LEFT, NONE, QPoint(100, 100))
    assert canvas.fitted
    QTest.mouseDClick(canvas, LEFT, NONE, canvas.frame.topLeft().toPoint())
    assert canvas.scale == 1.0
    assert canvas.frame.left() >= -2  # the corner that was meant


def test_dragging_moves_the_picture_and_so_do_shifted_arrows(shown):
    canvas = shown.canvas
    press(shown, Qt.Key.Key_Z)
    before = canvas.frame.topLeft()
    start = canvas.rect().center()
    QTest.mousePress(canvas, LEFT, NONE, start)
    QTest.mouseMove(canvas, start - QPoint(30, 20))
    QTest.mouseRelease(canvas, LEFT, NONE, start - QPoint(30, 20))
    assert canvas.frame.topLeft() == before - QPointF(30, 20)
    press(shown, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert canvas.frame.left() < before.x() - 30
    QTest.mouseMove(canvas, start)  # the button is up
    assert canvas.frame.left() < before.x() - 30


def test_the_next_picture_is_fitted_again(shown, desk):
    press(shown, Qt.Key.Key_Z)
    show(shown, desk, "red5.png")
    assert shown.canvas.fitted


def test_a_larger_window_asks_for_a_sharper_picture(shown, shell, qtbot):
    shell.resize(1500, 1100)
    qtbot.waitUntil(lambda: shown.canvas.height() > 700)
    enlarged = grain(shown.canvas)
    qtbot.waitUntil(lambda: grain(shown.canvas) > 1.2 * enlarged)


# -- keys ----------------------------------------------------------------------------------


def test_arrows_step_and_escape_closes(shown, shell, qtbot):
    steps = []
    shown.step_asked.connect(steps.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Up):
        press(shown, key)
    assert steps == [1, 1, -1, -1]
    with qtbot.waitSignal(shown.closed):
        press(shown, Qt.Key.Key_Escape)
    assert shell.pressed == []  # the window has actions on Left and Esc as well


@pytest.mark.parametrize(
    ("key", "modifiers", "name"),
    [
        (Qt.Key.Key_1, NONE, "1"),
        (Qt.Key.Key_9, NONE, "9"),
        (Qt.Key.Key_0, NONE, "0"),
        (Qt.Key.Key_Delete, NONE, "Del"),
        (Qt.Key.Key_Space, NONE, "Space"),
        (Qt.Key.Key_Return, NONE, "Return"),
        (Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, "Ctrl+Z"),
        (Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier, "Ctrl++"),
    ],
)
def test_keys_that_label_reach_the_window(shown, shell, key, modifiers, name):
    scale = shown.canvas.scale
    press(shown, key, modifiers)
    assert shell.pressed == [name]
    assert shown.canvas.scale == scale


def test_every_button_does_what_its_key_does(shown, qtbot):
    steps = []
    shown.step_asked.connect(steps.append)
    QTest.mouseClick(shown.next_button, LEFT)
    QTest.mouseClick(shown.previous_button, LEFT)
    assert steps == [1, -1]
    QTest.mouseClick(shown.zoom_in_button, LEFT)
    assert not shown.canvas.fitted
    QTest.mouseClick(shown.zoom_out_button, LEFT)
    assert shown.canvas.fitted
    QTest.mouseClick(shown.zoom_button, LEFT)
    assert shown.canvas.scale == 1.0
    assert shown.canvas.hasFocus()  # keys that label go on working
    with qtbot.waitSignal(shown.closed):
        QTest.mouseClick(shown.close_button, LEFT)


def test_a_button_with_the_focus_is_pressed_before_a_class_is_confirmed(shown, shell, qtbot):
    shown.next_button.setFocus(Qt.FocusReason.TabFocusReason)
    with qtbot.waitSignals([shown.step_asked, shown.step_asked]):
        press(shown, Qt.Key.Key_Space)
        press(shown, Qt.Key.Key_Return)
    assert shell.pressed == []


def test_every_control_has_a_name(shown):
    for button in (
        shown.previous_button,
        shown.next_button,
        shown.zoom_out_button,
        shown.zoom_button,
        shown.zoom_in_button,
        shown.close_button,
        shown.canvas,
        shown.strip,
        *shown.strip.shown,
    ):
        assert button.accessibleName()


# -- facts ---------------------------------------------------------------------------------


def test_what_is_known_of_a_sorted_picture(shown, desk):
    desk.collection.confidence[desk.row("red4.png")] = 0.934
    shown.refresh()
    assert shown.name.text == "red4.png"
    assert shown.position.text == "12 of 13"
    assert shown.facts.worn.name == "Red"
    assert shown.facts.sure == "93 %"
    assert shown.measures.text.startswith("1,200 × 900 · 2.")  # and so many MB
    assert "red4.png, 12 of 13, Red" in shown.canvas.accessibleDescription()


def test_what_the_user_said(preview, desk):
    show(preview, desk, "red0.png")
    assert preview.facts.notes[0] == "Your example of Red"
    assert preview.facts.sure == ""
    desk.do(desk.project.confirm({desk.path("red3.png"): desk.project.bin_named("Red").id}))
    show(preview, desk, "red3.png")
    assert preview.facts.notes[0] == "Confirmed by you as Red"


def test_a_picture_that_fits_no_bin_says_so(preview, desk):
    row = desk.row("red4.png")
    desk.collection.unknown[row] = 0.8
    show(preview, desk, "red4.png")
    assert preview.facts.worn.name == "Red"
    assert "Perhaps Unknown, 80 %" in preview.facts.notes
    desk.collection.level = 0.7
    preview.refresh()
    assert preview.facts.worn.class_id == UNKNOWN
    assert preview.facts.sure == "80 %"
    assert preview.facts.notes[0].startswith("Looks like Red")


def test_the_runner_up_is_told_where_it_is_worth_telling(preview, desk):
    row, blue = desk.row("red4.png"), desk.project.bin_named("Blue").id
    desk.collection.runner_up[row] = blue
    for share, told in ((0.31, ("or Blue, 31 %",)), (0.001, ())):
        desk.collection.runner_up_confidence[row] = share
        show(preview, desk, "red4.png")
        assert preview.facts.notes == told


def test_labels_that_change_are_told_at_once(shown, desk, qtbot):
    desk.do(desk.project.put([desk.path("red4.png")], desk.project.bin_named("Blue").id))
    shown.refresh()
    assert shown.facts.worn.name == "Blue"
    assert shown.strip.causes.title.text == "Nearest examples"
    qtbot.waitUntil(complete(shown))
    causes = {tile.path for tile in shown.strip.causes.shown}
    assert causes == {desk.path("blue0.png"), desk.path("blue1.png")}


def test_a_long_name_is_shortened_in_the_middle_and_whole_in_the_tool_tip(
    preview, desk, tmp_path, qtbot
):
    name = "a" * 120 + "-the-end.png"
    make_picture(tmp_path / name)
    (row,) = desk.collection.table.add(scan(tmp_path, Job()).files)
    preview.show_row(row, -1, 0, ())
    qtbot.waitUntil(lambda: "…" in preview.name.shown)
    assert preview.name.shown.endswith("end.png")
    assert preview.name.toolTip() == name
    assert preview.width() == 900  # it does not push the window


def test_names_are_never_taken_for_markup(preview, desk, tmp_path, qtbot):
    file = scan(make_picture(tmp_path / "x.png").parent, Job()).files[0]
    (row,) = desk.collection.table.add([replace(file, relative=ODD_NAME)])
    preview.show_row(row, -1, 0, ())
    assert preview.name.text == ODD_NAME
    assert "&lt;b&gt;red" in preview.name.toolTip()


# -- evidence ------------------------------------------------------------------------------


def test_the_examples_behind_the_class_and_the_nearest_pictures(shown, desk):
    strip = shown.strip
    assert strip.causes.title.text == "Because of these examples"
    assert {t.path for t in strip.causes.shown} == {desk.path("red0.png"), desk.path("red1.png")}
    assert all(0.9 < tile.cosine <= 1 for tile in strip.causes.shown)
    assert len(strip.similar.shown) >= 3
    assert all(tile.worn.name == "Red" for tile in strip.similar.shown[:3])
    assert desk.row("red4.png") not in {tile.row for tile in strip.similar.shown}


def test_a_click_goes_to_a_neighbour_and_keeps_the_focus(shown, qtbot):
    tile = shown.strip.similar.shown[1]
    with qtbot.waitSignal(shown.row_asked) as asked:
        QTest.mouseClick(tile, LEFT, NONE, tile.rect().center())
    assert asked.args == [tile.row]
    assert shown.canvas.hasFocus()


def test_keys_go_to_the_evidence_and_back(shown, shell, qtbot):
    press(shown, Qt.Key.Key_E)
    tiles = shown.strip.shown
    assert tiles[0].hasFocus()
    press(shown, Qt.Key.Key_Right)
    press(shown, Qt.Key.Key_Right)
    assert tiles[2].hasFocus()
    with qtbot.waitSignal(shown.row_asked) as asked:
        press(shown, Qt.Key.Key_Return)
    assert asked.args == [tiles[2].row]
    press(shown, Qt.Key.Key_1)
    assert shell.pressed == ["1"]  # Return was not the window's, 1 is
    press(shown, Qt.Key.Key_Up)
    assert shown.canvas.hasFocus()


def test_the_focus_goes_back_to_the_picture_with_the_next_one(shown, desk):
    press(shown, Qt.Key.Key_E)
    show(shown, desk, "red5.png")
    assert shown.canvas.hasFocus()


def test_a_wrong_example_can_be_taken_out_with_its_button(shown, qtbot):
    press(shown, Qt.Key.Key_E)
    tile = shown.strip.causes.shown[0]
    assert tile.out_button.isVisible()
    assert tile.out_button.accessibleName() == "Take this example out of “Red”"
    with qtbot.waitSignal(shown.take_out_asked) as asked:
        QTest.mouseClick(tile.out_button, LEFT)
    assert asked.args == [tile.path]


def test_a_wrong_example_can_be_taken_out_with_the_menu_key(shown, monkeypatch, qtbot):
    menus = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, _place: menus.append(menu))
    press(shown, Qt.Key.Key_E)
    tile = shown.strip.causes.shown[0]
    place = tile.rect().center()
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Keyboard, place, tile.mapToGlobal(place), NONE
    )
    QApplication.sendEvent(tile, event)
    with qtbot.waitSignal(shown.take_out_asked) as asked:
        menus[0].actions()[1].trigger()
    assert asked.args == [tile.path]


def test_only_examples_can_be_taken_out(shown):
    assert len(shown.strip.similar.shown[0].menu().actions()) == 1


def test_evidence_of_the_last_picture_is_gone_at_once(shown, desk, qtbot):
    show(shown, desk, "blue4.png")
    assert shown.strip.evidence is None
    assert all(tile.path == "" for tile in shown.strip.shown)
    qtbot.waitUntil(complete(shown))
    assert all("blue" in tile.path for tile in shown.strip.causes.shown)


def test_a_picture_without_class_has_neighbours_only(preview, desk, qtbot):
    desk.do(desk.project.remove_bins([b.id for b in desk.project.bins]))
    show(preview, desk, "red4.png")
    qtbot.waitUntil(complete(preview))
    assert preview.strip.causes.shown == []
    words = preview.strip.causes.words
    assert words.text == "Give two bins an example each."
    qtbot.waitUntil(lambda: words.shown == words.text)  # there is room for it
    assert len(preview.strip.similar.shown) >= 3


def test_a_picture_that_was_just_read_gets_its_evidence(preview, desk, tmp_path, qtbot):
    make_picture(tmp_path / "new.png", "red", 77)
    table = desk.collection.table
    (row,) = table.add(scan(tmp_path, Job()).files)
    preview.show_row(row, -1, 0, ())
    assert preview.strip.similar.words.text == "This picture has not been read yet."
    desk.bench.embed(table, np.asarray([row]), Job())
    desk.collection.ensure()
    preview.refresh()
    qtbot.waitUntil(lambda: len(preview.strip.similar.shown) >= 3 and not preview.waiting)
    assert all("red" in tile.path for tile in preview.strip.similar.shown[:3])


# -- the rest ------------------------------------------------------------------------------


def test_another_folder_clears_it(shown, desk, photos):
    desk.collection = Collection(desk.bench.new_table())
    desk.folder_changed.emit()
    assert shown.row == -1
    assert shown.canvas.path == ""
    assert shown.strip.shown == []
    shown.refresh()
    shown.show_row(3, 0, 1, ())  # a row of the folder that was left
    assert shown.row == -1


@pytest.mark.parametrize("size", [(560, 420), (2400, 1400)])
def test_small_and_huge_windows(shown, shell, size, qtbot):
    shell.resize(*size)
    qtbot.waitUntil(lambda: shell.preview.size().width() == size[0])
    qtbot.waitUntil(complete(shown))
    assert shown.canvas.height() > 90
    assert shown.canvas.rect().contains(shown.canvas.frame.toRect())
    strip = shown.strip
    assert strip.similar.shown
    assert strip.causes.title.shown == strip.causes.title.text
    for tile in strip.shown:
        assert strip.rect().contains(tile.mapTo(strip, tile.rect().bottomRight()))


def test_it_follows_the_theme(shown, theme):
    canvas = shown.canvas
    corner = QPoint(2, 2)
    light = colour_at(canvas, corner)
    theme.choose("dark")
    assert colour_at(canvas, corner).lightness() < light.lightness() - 100
    theme.choose("light")
