"""The page “How well does it sort?” under clicks and keys, with a stand-in for the long work."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QGraphicsView,
    QLineEdit,
    QProgressBar,
)

from fewshot_gui.errors import UserError
from fewshot_gui.evaluate import Question
from fewshot_gui.gui.evaluate_window import EvaluateWindow
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Kind
from fewshot_gui.gui.theme import Theme
from fewshot_gui.metatrain.plan import Mode
from tests.gui.driving import COPY, drop_files
from tests.gui.evaluate_toys import ToyEvaluate
from tests.gui.fakes import FakeDialogs
from tests.pictures import make_classes, make_picture

Key = Qt.Key
LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QGraphicsView,
    QLineEdit,
    QProgressBar,
)


@pytest.fixture
def toy():
    toy = ToyEvaluate()
    yield toy
    toy.gate.set()


@pytest.fixture
def runner(qapp, toy):
    runner = JobRunner()
    yield runner
    toy.gate.set()
    runner.shutdown()


@pytest.fixture
def asked():
    return FakeDialogs()


@pytest.fixture
def theme(qapp):
    return Theme(QApplication.instance(), "light")


@pytest.fixture
def page(runner, toy, asked, theme, qtbot):
    page = EvaluateWindow(None, runner, theme, Icons(theme), asked, lambda: "cpu", lambda: "", toy)
    page.show()
    qtbot.waitExposed(page)
    yield page
    page.close()
    page.deleteLater()


@pytest.fixture
def classes(tmp_path):
    """Three classes of eight pictures."""
    make_classes(tmp_path / "classes", 8)
    return tmp_path / "classes"


@pytest.fixture
def ready(page, asked, classes, qtbot):
    """The page with the folder chosen and looked at."""
    asked.folder_answer = str(classes)
    click(page.form.choose_button)
    qtbot.waitUntil(page.start_button.isEnabled)
    return page


@pytest.fixture
def answered(ready, qtbot):
    """The page with results on it."""
    click(ready.start_button)
    qtbot.waitUntil(lambda: ready.results.answer is not None)
    return ready


def click(widget) -> None:
    QTest.mouseClick(widget, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(10, 10))


def type_number(field, number: int) -> None:
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, str(number))
    QTest.keyClick(field, Key.Key_Tab)


def told(page) -> list[str]:
    return [message.text for message in page.banners.messages]


# -- what to find out --------------------------------------------------------------------------


def test_nothing_can_be_started_before_a_folder_is_chosen(page, toy):
    assert not page.start_button.isEnabled()
    assert "Choose a folder" in page.start_button.accessibleDescription()
    QTest.keyClick(page, Key.Key_Return, CONTROL)
    assert not page.evaluator.busy
    assert not toy.asked


def test_the_defaults_ask_for_everything_that_the_command_line_would(ready, toy, classes, qtbot):
    assert ready.form.found.text() == "3 classes, 24 pictures"
    click(ready.start_button)
    qtbot.waitUntil(lambda: ready.results.answer is not None)
    ((folder, question, device, isolated),) = toy.asked
    assert (folder, device, isolated) == (str(classes), "cpu", True)
    assert question == Question(tuple(ready.form.learners.boxes), ("lite0",))


def test_every_field_reaches_the_question(ready, toy, qtbot):
    form = ready.form
    for key, box in form.learners.boxes.items():
        if key not in ("prototypes", "ridge"):
            click(box)
    form.mode.setFocus()
    QTest.keyClick(form.mode, Key.Key_Down)
    type_number(form.ways, 2)
    type_number(form.shots, 3)
    type_number(form.targets, 4)
    type_number(form.episodes, 7)
    click(form.more.button)
    click(form.backbones.boxes["lite2"])
    type_number(form.seed, 11)
    QTest.keyClick(ready, Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: bool(toy.asked))
    assert toy.asked[0][1] == Question(
        learners=("prototypes", "ridge"),
        backbones=("lite0", "lite2"),
        ways=2,
        shots=3,
        targets=4,
        episodes=7,
        mode=Mode.UNEVEN,
        seed=11,
    )


def test_each_way_of_choosing_pictures_is_explained(page):
    sentences = set()
    page.form.mode.setFocus()
    for _mode in Mode:
        sentences.add(page.form.mode.words.text())
        assert page.form.mode.accessibleDescription() == page.form.mode.words.text()
        QTest.keyClick(page.form.mode, Key.Key_Down)
    assert len(sentences) == len(Mode)


def test_fields_that_mean_nothing_cannot_be_used(ready):
    form = ready.form
    form.mode.setFocus()
    QTest.keyClick(form.mode, Key.Key_End)
    assert form.mode.chosen is Mode.FOLDER
    assert not form.ways.isEnabled()
    assert not form.targets.isEnabled()
    QTest.keyClick(form.mode, Key.Key_Home)
    assert form.ways.isEnabled()
    click(form.curve)
    assert not form.shots.isEnabled()
    assert not form.within.isEnabled()  # all classes lie in the same folder


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda form: type_number(form.ways, 4), "only 3 classes"),
        (lambda form: type_number(form.shots, 40), "Of 3 classes that are needed"),
        (lambda form: [click(box) for box in form.learners.boxes.values()], "one learner"),
        (lambda form: click(form.backbones.boxes["lite0"]), "one backbone"),
    ],
)
def test_what_cannot_be_is_said_beside_the_fields(ready, toy, change, words):
    click(ready.form.more.button)
    change(ready.form)
    assert words in ready.problem.text()
    assert ready.problem.isVisible()
    assert not ready.start_button.isEnabled()
    assert words in ready.start_button.accessibleDescription()
    QTest.keyClick(ready, Key.Key_Return, CONTROL)
    assert not toy.asked


def test_a_problem_goes_when_it_is_put_right(ready):
    type_number(ready.form.ways, 4)
    assert ready.problem.isVisible()
    type_number(ready.form.ways, 3)
    assert not ready.problem.isVisible()
    assert ready.start_button.isEnabled()


def test_a_folder_may_be_typed_or_dropped(page, classes, tmp_path, qtbot):
    page.form.folder.setFocus()
    QTest.keyClicks(page.form.folder, str(classes))
    QTest.keyClick(page.form.folder, Key.Key_Return)
    qtbot.waitUntil(page.start_button.isEnabled)
    assert not page.evaluator.busy  # Return named the folder, and started nothing
    make_classes(tmp_path / "other", 2)
    assert drop_files(page, QPoint(20, 20), [tmp_path / "other"]) == COPY
    qtbot.waitUntil(lambda: page.form.found.text() == "3 classes, 6 pictures")
    assert page.form.folder.text() == str(tmp_path / "other")


@pytest.mark.parametrize("name", ["missing", "flat", "empty"])
def test_folders_that_will_not_do(page, asked, classes, tmp_path, qtbot, name):
    make_picture(tmp_path / "flat" / "a.png")
    (tmp_path / "empty").mkdir()
    asked.folder_answer = str(tmp_path / name)
    click(page.form.choose_button)
    words = {"missing": "does not exist", "flat": "at least two folders", "empty": "no image"}
    qtbot.waitUntil(lambda: words[name] in page.problem.text())
    assert page.problem.isVisible()
    assert not page.start_button.isEnabled()
    asked.folder_answer = str(classes)
    click(page.form.choose_button)
    qtbot.waitUntil(page.start_button.isEnabled)
    assert not page.problem.isVisible()


# -- running -----------------------------------------------------------------------------------


def test_progress_is_told_and_the_fields_wait(ready, toy, qtbot):
    toy.gate.clear()
    click(ready.start_button)
    qtbot.waitUntil(lambda: "1 of 4" in ready.activity.text())
    assert ready.bar.isVisible()
    assert (ready.bar.value(), ready.bar.maximum()) == (1, 4)
    assert not ready.start_button.isVisible()
    assert not ready.form.shots.isEnabled()
    toy.gate.set()
    qtbot.waitUntil(lambda: ready.results.answer is not None)
    assert ready.start_button.isVisible()
    assert ready.form.shots.isEnabled()
    assert not ready.bar.isVisible()


def test_there_is_one_evaluation_at_a_time(ready, toy, qtbot):
    toy.gate.clear()
    click(ready.start_button)
    QTest.keyClick(ready, Key.Key_Return, CONTROL)
    ready.evaluator.start("elsewhere", Question((), ()))
    toy.gate.set()
    qtbot.waitUntil(lambda: ready.results.answer is not None)
    assert len(toy.asked) == 1


@pytest.mark.parametrize("deaf", [False, True])
@pytest.mark.parametrize("way", ["click", "escape"])
def test_what_was_cancelled_leaves_nothing_behind(ready, toy, qtbot, runner, way, deaf):
    """Even where the work does not hear of it before it is done."""
    toy.gate.clear()
    toy.deaf, toy.notice = deaf, "Some pictures are left out."
    click(ready.start_button)
    qtbot.waitUntil(lambda: "1 of 4" in ready.activity.text())
    if way == "click":
        click(ready.cancel_button)
    else:
        QTest.keyClick(ready, Key.Key_Escape)
    assert toy.jobs[0].cancelled
    assert ready.isVisible()
    assert ready.start_button.isEnabled()
    assert not told(ready)
    toy.gate.set()
    qtbot.waitUntil(lambda: not runner.busy)
    assert ready.results.answer is None
    click(ready.start_button)  # and the next one is as good as ever
    qtbot.waitUntil(lambda: ready.results.answer is not None)
    assert len(toy.asked) == 2


def test_cancelling_keeps_what_was_found_before(answered, toy, qtbot):
    before = answered.results.answer
    toy.gate.clear()
    click(answered.start_button)
    QTest.keyClick(answered, Key.Key_Escape)
    assert answered.results.answer is before


def test_closing_cancels_and_what_was_found_is_kept(answered, toy, qtbot, runner):
    before = answered.results.answer
    toy.gate.clear()
    click(answered.start_button)
    qtbot.waitUntil(lambda: len(toy.jobs) == 2)
    answered.close()
    assert toy.jobs[1].cancelled
    qtbot.waitUntil(lambda: not runner.busy)
    answered.show()
    assert answered.results.answer is before
    assert answered.start_button.isEnabled()
    QTest.keyClick(answered, Key.Key_Escape)  # nothing runs: Esc closes
    assert not answered.isVisible()


def test_what_the_user_can_put_right_is_a_banner(ready, toy, qtbot):
    toy.error = UserError("Too few classes.", "Add some.")
    click(ready.start_button)
    qtbot.waitUntil(lambda: "Too few classes." in told(ready))
    assert ready.banners.messages[0].kind is Kind.ERROR
    assert ready.start_button.isEnabled()
    toy.error = None
    click(ready.start_button)
    qtbot.waitUntil(lambda: ready.results.answer is not None)
    assert not told(ready)


def test_a_bug_is_passed_on_and_the_page_is_usable(ready, toy, qtbot, caplog):
    toy.error = ZeroDivisionError("oops")
    with qtbot.waitSignal(ready.crashed) as caught:
        click(ready.start_button)
    assert caught.args == [toy.error]
    assert ready.start_button.isEnabled()
    assert ready.results.answer is None


def test_notices_stay_beside_the_results(ready, toy, qtbot):
    toy.notice = "2 pictures cannot be read and are left out."
    click(ready.start_button)
    qtbot.waitUntil(lambda: ready.results.answer is not None)
    assert ready.results.facts.text().endswith(f"with 72 pictures. {toy.notice}")
    toy.notice = ""
    click(ready.start_button)
    qtbot.waitUntil(lambda: ready.results.facts.text().endswith("with 72 pictures."))


# -- the window --------------------------------------------------------------------------------


def test_the_window_opens_the_page_with_a_key_and_closes_it_with_itself(window, qtbot):
    assert window.evaluation.page is None
    action = window.actions_by_name["evaluate"]
    assert action.isEnabled()  # though no project is open
    QTest.keyClick(window, Key.Key_E, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    page = window.evaluation.page
    qtbot.waitUntil(page.isVisible)
    page.close()
    action.trigger()
    assert window.evaluation.page is page
    qtbot.waitUntil(page.isVisible)
    window.leave_at_once()
    assert not page.isVisible()


def test_every_control_has_a_name(answered):
    click(answered.form.more.button)
    found = [control for kind in CONTROLS for control in answered.findChildren(kind)]
    assert len(found) > 20
    nameless = [
        control
        for control in found
        if not (control.accessibleName() or getattr(control, "text", str)())
        and not control.objectName().startswith("qt_")
        and control.focusPolicy() != Qt.FocusPolicy.NoFocus
    ]
    assert not nameless


def test_the_page_is_usable_with_the_tab_key_alone(ready):
    ready.form.folder.setFocus()
    reached = set()
    for _press in range(60):
        QTest.keyClick(QApplication.focusWidget(), Key.Key_Tab)
        reached.add(QApplication.focusWidget())
    form = ready.form
    for field in (form.mode, form.ways, form.shots, form.curve, form.more.button):
        assert field in reached
    assert set(form.learners.boxes.values()) <= reached
    assert ready.start_button in reached


def test_a_wheel_over_a_number_changes_nothing(page):
    class Turn:
        ignored = False

        def ignore(self):
            self.ignored = True

    turn, before = Turn(), page.form.shots.value()
    page.form.shots.wheelEvent(turn)
    assert turn.ignored
    assert page.form.shots.value() == before


def test_the_headline_says_it_in_words(answered):
    results = answered.results
    best = max(results.answer.found.results, key=lambda result: result.accuracy.mean)
    assert f"{100 * best.accuracy.mean:.1f} %" in results.headline.text()
    assert "5 examples of each" in results.headline.text()
    assert results.facts.text().startswith("8 tasks of 5 classes and 20 pictures to sort")


def test_another_theme_dresses_everything_anew(answered, theme):
    theme.choose("dark")
    chart = answered.results.plots.chart
    assert chart.backgroundBrush().color().name() == theme.tones.surface
    assert theme.tones.surface in answered.styleSheet()
    theme.choose("light")
    assert chart.backgroundBrush().color().name() == theme.tones.surface


def test_a_second_answer_takes_the_place_of_the_first(answered, toy, qtbot):
    before = answered.results.answer
    for box in list(answered.form.learners.boxes.values())[1:]:
        click(box)
    click(answered.start_button)
    qtbot.waitUntil(lambda: answered.results.answer is not before)
    assert answered.results.table.model().rowCount() == 1
    assert len(answered.results.answer.found.results) == 1


def test_the_question_is_kept_with_its_answer(answered):
    assert answered.results.answer.question == answered.form.question
    assert Path(answered.form.folder.text()).name == "classes"


def test_trained_learners_are_offered_and_can_be_compared(ready, qtbot):
    qtbot.waitUntil(lambda: "photos" in ready.form.trained.boxes)
    box = ready.form.trained.boxes["photos"]
    assert box.accessibleName() == "Photographs"
    assert not box.isChecked()
    click(box)
    assert ready.form.question.learners[-1] == "photos"
