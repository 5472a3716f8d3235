"""The page “Train a learner”: real clicks and keys, and made-up trainings behind it."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from fewshot_gui.errors import UserError
from fewshot_gui.gui import train_run
from fewshot_gui.gui.app import build
from fewshot_gui.gui.dialogs import StillTraining
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.train_window import TrainWindow
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.metatrain.advice import with_network
from fewshot_gui.metatrain.choices import SplitBy
from fewshot_gui.metatrain.training_order import checkpoint_of
from fewshot_gui.metatrain.training_process import train_in_process
from fewshot_gui.workflow import Workbench
from tests.gui.fakes import FakeDialogs
from tests.gui.test_evaluate_page import CONTROL, Key, click, told, type_number
from tests.gui.train_toys import BETTER, PREPARED, ToyTrain, episode, looked, stepped
from tests.metatrain.drawings import SIDE, draw_classes

CLASSES = 12


@pytest.fixture(scope="module")
def drawings(tmp_path_factory) -> Path:
    return draw_classes(tmp_path_factory.mktemp("drawn"), CLASSES)


@pytest.fixture
def toy():
    return ToyTrain()


@pytest.fixture
def runner(qapp):
    runner = JobRunner()
    yield runner
    runner.shutdown()


@pytest.fixture
def asked():
    return FakeDialogs()


@pytest.fixture
def learners(tmp_path):
    return tmp_path / "learners"


@pytest.fixture
def page(runner, toy, asked, learners, qtbot):
    used: list[str] = []
    theme = Theme(QApplication.instance(), "light")
    with DecodePool(1) as pool:
        page = TrainWindow(
            None,
            runner,
            theme,
            Icons(theme),
            asked,
            lambda: pool,
            lambda: "cpu",
            lambda: "",
            learners,
            used.append,
            toy,
        )
        page.used = used
        page.show()
        qtbot.waitExposed(page)
        yield page
        page.leave()
        page.deleteLater()


@pytest.fixture
def ready(page, asked, drawings, qtbot):
    """The page with the folder chosen and looked at."""
    asked.folder_answer = str(drawings)
    click(page.form.choose_button)
    qtbot.waitUntil(page.buttons.train_button.isEnabled)
    return page


@pytest.fixture
def training(ready, toy, drawings, qtbot):
    """The page while something is trained."""
    click(ready.buttons.train_button)
    for event in (PREPARED, stepped(20), looked(50, 0.6), episode(drawings, 50), stepped(60)):
        toy.events.put(event)
    qtbot.waitUntil(lambda: "60" in ready.buttons.activity.text())
    return ready


def test_the_folder_is_told_of_and_what_suits_it_is_chosen(ready, drawings, learners):
    form = ready.form
    assert f"{CLASSES} classes with {6 * CLASSES + 1} pictures" in form.found.text()
    said = f"{form.found.text()} {form.advice.text()}"
    assert said.count("different tasks of") == 1
    assert form.order.folder == str(drawings)
    assert Path(form.order.output).parent == learners
    assert not form.problem()


def test_too_few_classes_are_told_of_and_nothing_can_be_started(page, tmp_path, qtbot):
    draw_classes(tmp_path / "few", 4)
    page.form.name_folder(str(tmp_path / "few"))
    qtbot.waitUntil(lambda: bool(page.form.problem()))
    assert "6 different tasks of 2" in page.form.problem()
    assert "too few" in page.buttons.problem.text()
    assert not page.buttons.train_button.isEnabled()


@pytest.mark.parametrize("kind", ["missing", "empty"])
def test_a_folder_that_cannot_be_used_is_refused_where_it_was_named(page, tmp_path, qtbot, kind):
    if kind == "empty":
        (tmp_path / kind).mkdir()
    page.form.folder.setFocus()
    QTest.keyClicks(page.form.folder, str(tmp_path / kind))
    QTest.keyClick(page.form.folder, Key.Key_Return)
    qtbot.waitUntil(lambda: bool(page.form.problem()))
    assert not page.buttons.train_button.isEnabled()
    assert page.isVisible()


def test_a_folder_can_be_dropped(page, drawings, qtbot):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(drawings))])
    page.dropEvent(
        QDropEvent(
            QPointF(50, 50),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    qtbot.waitUntil(page.buttons.train_button.isEnabled)
    assert page.form.folder.text() == str(drawings)


def test_what_the_user_chose_is_ordered(ready, toy, qtbot):
    form = ready.form
    type_number(form.ways, 4)
    type_number(form.shots, 2)
    click(form.more.button)
    type_number(form.seed, 7)
    QTest.keyClick(ready, Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: bool(toy.orders))
    order, resume = toy.orders[0]
    assert (order.ways[1], order.shots[1], order.seed, order.device) == (4, 2, 7, "cpu")
    assert not resume


def test_it_shows_how_it_goes(training, qtbot):
    progress = training.progress
    qtbot.waitUntil(lambda: progress.accuracy is not None)
    assert "60" in progress.headline.text()
    assert "60" in training.buttons.activity.text()
    assert "31" in training.buttons.activity.text()  # episodes a second
    assert training.buttons.bar.value() == 60
    assert "60" in progress.accuracy.accessibleDescription()
    progress.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: progress.gallery.isVisible())


def test_pausing_holds_the_training_and_going_on_lets_it_go(training, toy, qtbot):
    click(training.buttons.hold_button)
    assert toy.control.held
    assert training.buttons.hold_button.text() == "&Continue"
    click(training.buttons.hold_button)
    assert not toy.control.held
    assert training.buttons.hold_button.text() == "&Pause"


def test_nothing_moves_while_it_is_paused_before_the_first_step(ready, toy, qtbot):
    click(ready.buttons.train_button)
    toy.events.put(PREPARED)
    qtbot.waitUntil(lambda: "before it learns" in ready.buttons.activity.text())
    assert ready.buttons.bar.maximum() == 0  # it moves: nobody knows for how long
    click(ready.buttons.hold_button)
    assert ready.buttons.activity.text() == "Paused"
    assert ready.buttons.bar.maximum() > 0
    click(ready.buttons.hold_button)
    assert ready.buttons.bar.maximum() == 0


def test_stop_and_keep_ends_in_a_verdict_and_a_file(training, toy, learners, qtbot):
    click(training.buttons.finish_button)
    qtbot.waitUntil(lambda: bool(training.verdict.path))
    assert Path(training.verdict.path).parent == learners
    assert training.verdict.sentence.text() == BETTER
    assert "81.2" in training.verdict.numbers.text()
    qtbot.waitUntil(lambda: not training.trainings.busy)
    click(training.verdict.use_button)
    assert training.used == [training.verdict.path]


def test_the_learner_can_be_saved_elsewhere(training, toy, asked, tmp_path, qtbot):
    toy.events.put("done")
    qtbot.waitUntil(lambda: bool(training.verdict.path))
    asked.save_answer = str(tmp_path / "mine")
    with qtbot.waitSignal(training.copies.message):
        click(training.verdict.save_button)
    assert (tmp_path / "mine.safetensors").read_bytes() == b"a learner"


def test_one_that_was_put_down_can_be_gone_on_with(training, toy, qtbot):
    toy.orders[0][0].checkpoint.write_bytes(b"as it was")
    click(training.buttons.later_button)
    qtbot.waitUntil(lambda: not training.trainings.busy)
    assert "put down" in " ".join(told(training))
    assert training.buttons.train_button.isVisible()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UserError("The disk is full.", "Make room."), "The disk is full."),
        (RuntimeError("the process died"), "The training broke down."),
    ],
)
def test_what_goes_wrong_is_said_and_the_page_can_be_used_again(training, toy, qtbot, error, words):
    toy.events.put(error)
    qtbot.waitUntil(lambda: words in told(training))
    assert not training.trainings.busy
    qtbot.waitUntil(training.buttons.train_button.isEnabled)


def test_what_another_window_trained_meanwhile_is_not_written_over(ready, toy, learners, qtbot):
    expected = Path(ready.form.order.output)
    learners.mkdir()
    expected.write_bytes(b"somebody else's learner")
    click(ready.buttons.train_button)
    qtbot.waitUntil(lambda: bool(toy.orders))
    toy.events.put("done")
    qtbot.waitUntil(lambda: not ready.trainings.busy)
    assert expected.read_bytes() == b"somebody else's learner"
    assert Path(toy.orders[0][0].output) == expected.with_stem(f"{expected.stem}-2")


def test_closing_the_page_asks_and_may_let_it_go_on(training, asked, toy, qtbot):
    asked.training_answer = StillTraining.STAY
    QTest.keyClick(training, Key.Key_Escape)
    assert training.isVisible()
    asked.training_answer = StillTraining.GO_ON
    QTest.keyClick(training, Key.Key_Escape)
    assert not training.isVisible()
    assert training.trainings.busy
    assert asked.asked[-2:] == ["close training", "close training"]
    with qtbot.waitSignal(training.unseen) as seen:
        toy.events.put("done")
    assert BETTER in seen.args[0].text


def test_leaving_asks_and_puts_it_down(training, asked, toy, qtbot):
    asked.training_answer = StillTraining.STAY
    assert not training.may_leave()
    asked.training_answer = StillTraining.LATER
    assert training.may_leave()
    training.leave()
    qtbot.waitUntil(lambda: toy.job.cancelled)
    qtbot.waitUntil(lambda: not training.trainings.busy)


def test_every_button_and_field_has_a_name(training):
    for button in training.findChildren(QPushButton):
        assert button.accessibleName() or button.text(), button
    form = training.form
    for field in (form.folder, form.ways, form.shots, form.algorithm, form.network, form.length):
        assert field.accessibleName()


def test_what_is_advanced_is_ordered_too(ready, asked, toy, qtbot, tmp_path):
    form, advanced = ready.form, ready.form.advanced
    before = form.order
    click(form.more.button)
    click(form.more_still.button)
    assert form.order == before  # nothing is wanted otherwise yet
    type_number(advanced.validation, 25)
    type_number(advanced.test, 30)
    type_number(advanced.steps, 30)
    type_number(advanced.patience, 0)
    type_number(advanced.looked, 9)
    type_number(advanced.tests, 0)
    advanced.rate.setValue(0.25)
    assert not form.length.isEnabled()  # the number of steps says it
    click(ready.buttons.train_button)
    qtbot.waitUntil(lambda: bool(toy.orders))
    order = toy.orders[0][0]
    assert (order.validation, order.test, order.rate) == (0.25, 0.3, 0.25)
    assert (order.steps, order.patience) == (30, 0)
    assert (order.watch_episodes, order.test_episodes) == (9, 0)


def test_a_table_may_deal_out_the_classes(ready, asked, tmp_path):
    form, advanced = ready.form, ready.form.advanced
    click(form.more.button)
    click(form.more_still.button)
    asked.save_answer = str(tmp_path / "classes.csv")
    click(advanced.classes_button)
    assert form.order.split == SplitBy.FILE
    assert form.order.classes_file == asked.save_answer
    assert not advanced.validation.isEnabled()
    assert not form.split.isEnabled()
    advanced.classes.clear()
    assert form.order.split == SplitBy.CLASS
    assert advanced.validation.isEnabled()


def test_shares_that_leave_nothing_are_refused_beside_the_fields(ready):
    type_number(ready.form.advanced.test, 90)
    assert "leave none to learn from" in ready.buttons.problem.text()
    assert not ready.buttons.train_button.isEnabled()


@pytest.mark.parametrize("points", [9, 16])
def test_with_large_letters_nothing_is_cut_and_charts_stay_readable(
    page, asked, toy, drawings, qtbot, points
):
    font = page.font()
    font.setPointSizeF(points)
    page.setFont(font)
    page.resize(1024, 700)
    page.form.name_folder(str(drawings))
    qtbot.waitUntil(page.buttons.train_button.isEnabled)
    for heading in page.form.findChildren(QLabel):
        if heading.isVisible():
            assert heading.geometry().right() < page.form.viewport().width()
    click(page.buttons.train_button)
    for event in (PREPARED, stepped(20), looked(50, 0.6), "done"):
        toy.events.put(event)
    qtbot.waitUntil(lambda: bool(page.verdict.path) and page.progress.accuracy is not None)
    line = page.fontMetrics().height()
    qtbot.waitUntil(lambda: page.progress.accuracy.height() >= 8 * line)
    assert page.progress.loss.height() >= 5 * line
    assert page.size().toTuple() == (1024, 700)


@pytest.fixture
def brief(monkeypatch):
    """What is advised takes seconds."""
    real = train_run.advise

    def advise(report, output):
        advice = real(report, output)
        order = with_network(advice.order, "conv4")
        quick = {"steps": 8, "watch_every": 4, "watch_episodes": 4, "test_episodes": 4}
        return replace(advice, order=replace(order, **quick, side=SIDE, ways=(2, 2)))

    monkeypatch.setattr(train_run, "advise", advise)


@pytest.fixture
def real(page, monkeypatch):
    """The page trains in processes of their own, which are kept here."""
    started: list[subprocess.Popen] = []

    class Kept(subprocess.Popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            if "fewshot_gui.metatrain.training_child" in self.args:
                started.append(self)

    monkeypatch.setattr(page.trainings, "_train", train_in_process)
    monkeypatch.setattr(train_run, "advise", endless(train_run.advise))
    monkeypatch.setattr(subprocess, "Popen", Kept)
    return started


def endless(real):
    """What is advised takes for ever, and is put down every few steps."""

    def advise(report, output):
        advice = real(report, output)
        order = with_network(advice.order, "conv4")
        long = {"steps": 1_000_000, "watch_every": 2, "watch_episodes": 2, "patience": 0}
        return replace(advice, order=replace(order, **long, side=SIDE, ways=(2, 2)))

    return advise


def test_a_process_that_is_killed_is_told_of_and_can_be_gone_on_with(page, real, drawings, qtbot):
    page.form.name_folder(str(drawings))
    qtbot.waitUntil(page.buttons.train_button.isEnabled)
    click(page.buttons.train_button)
    qtbot.waitUntil(lambda: len(page.progress.looks) > 1)
    (process,) = real
    process.kill()
    qtbot.waitUntil(lambda: "ended all of a sudden" in " ".join(told(page)))
    assert "you can go on from there" in page.banners.messages[-1].hint
    qtbot.waitUntil(lambda: page.form.earlier is not None)
    assert page.buttons.resume_button.isVisible()
    assert page.buttons.resume_button.isEnabled()
    assert checkpoint_of(page.form.earlier.output).exists()


@pytest.mark.slow
def test_a_training_from_the_menu_to_the_project(qapp, qtbot, drawings, tmp_path, brief):
    """The real thing, very short: a process of its own trains, and the project uses it."""
    dialogs = FakeDialogs()
    with closing(Workbench(device="cpu", isolated=True)) as workbench:
        parts = build(QApplication.instance(), workbench, dialogs=dialogs)
        window, session = parts.window, parts.session
        parts.preferences.update(device="cpu")
        window.show()
        qtbot.waitExposed(window)
        flat = tmp_path / "flat"
        flat.mkdir()
        for number, path in enumerate(sorted(drawings.rglob("[01].png"))):
            shutil.copy(path, flat / f"{number}.png")
        window.open_folder(str(flat))
        qtbot.waitUntil(lambda: session.collection is not None and not session.scanning)
        QTest.keyClick(window, Key.Key_T, CONTROL | Qt.KeyboardModifier.ShiftModifier)
        page = window.training.page
        qtbot.waitUntil(page.isVisible)
        page.form.name_folder(str(drawings))
        qtbot.waitUntil(page.buttons.train_button.isEnabled)
        click(page.buttons.train_button)
        qtbot.waitUntil(lambda: bool(page.verdict.path), timeout=180_000)
        assert [look.step for look in page.progress.looks] == [0, 4, 8]
        assert page.verdict.sentence.text()
        assert not checkpoint_of(page.verdict.path).exists()
        click(page.verdict.use_button)
        name = Path(page.verdict.path).stem
        qtbot.waitUntil(lambda: session.backbone.key == name)
        window.leave_at_once()
        window.deleteLater()
