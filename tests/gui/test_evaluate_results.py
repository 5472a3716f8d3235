"""The table, the charts and the files of an evaluation."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtTest import QTest

from fewshot_gui.evaluate import Evaluation, Question
from fewshot_gui.gui.evaluate_files import ResultFiles
from fewshot_gui.gui.evaluate_job import Answer
from fewshot_gui.gui.evaluate_results import EvaluateResults
from fewshot_gui.gui.evaluate_style import evaluate_style
from fewshot_gui.gui.evaluate_words import enough_words, headline, titles_of
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.theme import DARK, LIGHT, Theme, contrast
from fewshot_gui.metatrain.plan import Mode
from fewshot_gui.metatrain.report import as_json, json_text, table_lines
from tests.gui.evaluate_toys import ToyEvaluate
from tests.gui.fakes import FakeDialogs

Key = Qt.Key
CONTROL = Qt.KeyboardModifier.ControlModifier
LEARNERS = ("prototypes", "nearest", "ridge")


@pytest.fixture
def asked():
    return FakeDialogs()


@pytest.fixture
def runner(qapp):
    runner = JobRunner()
    yield runner
    runner.shutdown()


@pytest.fixture
def files(runner, asked):
    return ResultFiles(None, runner, asked)


@pytest.fixture
def results(qapp, qtbot, files):
    results = EvaluateResults(Theme(qapp, "light"), files)
    results.setStyleSheet(evaluate_style(LIGHT))
    results.resize(900, 700)
    results.show()
    qtbot.waitExposed(results)
    yield results
    results.deleteLater()


def answer(classes: int = 6, **asked) -> Answer:
    question = Question(LEARNERS, ("lite0",), seed=3, **asked)
    return Answer(question, ToyEvaluate(classes).found(question))


def tab(results, title: str):
    """Click on a tab; returns its chart."""
    plots = results.plots
    bar = plots.tabBar()
    index = next(i for i in range(bar.count()) if bar.tabText(i) == title)
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(index).center())
    assert plots.currentIndex() == index
    return plots.chart


def column(table, number: int) -> list[str]:
    model = table.model()
    return [model.index(row, number).data() for row in range(model.rowCount())]


def click_heading(table, number: int) -> None:
    header = table.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(number) + 20, header.height() // 2)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)


# -- the table -----------------------------------------------------------------------------------


def test_the_table_says_what_the_command_line_says(results):
    told = answer(mode=Mode.STRANGERS)
    results.show_answer(told)
    lines = table_lines(told.found.results)[2:]
    titles = titles_of(told.found.results)
    for row, result in enumerate(told.found.results):
        words = [column(results.table, number)[row] for number in range(8)]
        assert words[0] == titles[result.learner]
        for word in words[1:]:
            assert word in lines[row]


def test_the_table_sorts_by_numbers_and_not_by_their_words(results):
    results.show_answer(answer(curve=True))
    click_heading(results.table, 2)
    shots = [int(words) for words in column(results.table, 2)]
    assert shots == sorted(shots) or shots == sorted(shots, reverse=True)
    click_heading(results.table, 3)
    first = [float(words.split()[0]) for words in column(results.table, 3)]
    click_heading(results.table, 3)
    second = [float(words.split()[0]) for words in column(results.table, 3)]
    assert sorted([first, second]) == sorted([sorted(first), sorted(first, reverse=True)])


def test_ctrl_c_copies_the_chosen_lines_for_a_spreadsheet(results):
    results.show_answer(answer())
    table = results.table
    table.setFocus()
    table.selectRow(0)
    QTest.keyClick(table, Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(table, Key.Key_C, CONTROL)
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().split("\n")]
    assert lines[0][:2] == ["Learner", "Accuracy"]
    assert [line[0] for line in lines[1:]] == ["Nearest prototype", "Nearest example"]
    assert {len(line) for line in lines} == {len(lines[0])}


def test_columns_that_would_say_nothing_are_hidden(results):
    table = results.table
    results.show_answer(answer())
    assert [table.isColumnHidden(c) for c in (1, 2, 6)] == [True, True, True]
    results.show_answer(answer(curve=True, mode=Mode.STRANGERS))
    assert [table.isColumnHidden(c) for c in (1, 2, 6)] == [True, False, False]


def test_each_heading_is_explained(results):
    model = results.table.model()
    tips = [
        model.headerData(c, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
        for c in range(model.columnCount())
    ]
    assert all(tips)
    assert len(set(tips)) == 8


def test_the_model_keeps_qts_rules(results, qtmodeltester):
    results.show_answer(answer())
    qtmodeltester.check(results.table.model())


# -- the charts ----------------------------------------------------------------------------------


def test_charts_say_their_numbers_to_those_who_cannot_see_them(results):
    told = answer(curve=True)
    results.show_answer(told)
    plots = results.plots
    last = [r for r in told.found.results if r.plan.shots == 5]
    for result in last:
        assert f"{100 * result.accuracy.mean:.1f} %" in plots.accuracy.accessibleDescription()
    assert "1: " in plots.curve.accessibleDescription()
    assert plots.curve.accessibleDescription().count(":") == 3 * (1 + 3)
    assert "class " in tab(results, "Classes").accessibleDescription()
    assert "% sure" in tab(results, "How sure").accessibleDescription()
    assert "class " in tab(results, "Mixed up").accessibleDescription()


def test_the_curve_is_there_where_it_was_asked_for(results):
    results.show_answer(answer())
    assert not results.plots.isTabVisible(1)
    results.show_answer(answer(curve=True))
    assert results.plots.isTabVisible(1)
    assert results.plots.currentIndex() == 1
    assert "examples of each class" in results.plots.curve_words.text()


def test_how_many_examples_are_enough():
    found = answer(curve=True).found
    at = {r.plan.shots: r.accuracy.mean for r in found.results if r.learner == "prototypes"}
    alone = [r for r in found.results if r.learner == "prototypes"]
    goal = max(at.values()) - 0.01
    enough = min(shots for shots, mean in at.items() if mean >= goal)
    assert f"{enough} example" in enough_words(alone)
    assert enough_words(answer().found.results) == ""


def test_the_chosen_line_is_what_the_charts_are_about(results):
    results.show_answer(answer())
    tab(results, "How sure")
    table = results.table
    table.setFocus()
    table.selectRow(0)
    assert "Nearest prototype" in results.plots.calibration_words.text()
    before = results.plots.calibration.accessibleDescription()
    QTest.keyClick(table, Key.Key_Down)
    assert "Nearest example" in results.plots.calibration_words.text()
    assert results.plots.calibration.accessibleDescription() != before


def point_at(chart, true: int, other: int) -> bool:
    """Move the pointer to a field; False where the chart had not found its place yet."""
    scene = chart.plotItem.vb.mapViewToScene(QPointF(other + 0.5, true + 0.5))
    QTest.mouseMove(chart.viewport(), QPoint(1, 1))  # a pointer that rests says nothing
    QTest.mouseMove(chart.viewport(), chart.mapFromScene(scene))
    return chart.cell == (true, other)


@pytest.mark.parametrize("classes", [6, 82])
def test_each_field_of_the_confusion_matrix_can_be_read(results, qtbot, classes):
    told = answer(classes, mode=Mode.FOLDER)
    results.show_answer(told)
    results.table.selectRow(1)
    chart = tab(results, "Mixed up")
    confusion = told.found.results[1].confusion
    matrix = confusion.matrix()
    for true, other in ((0, 0), (classes - 1, 0), (2, 3)):
        qtbot.waitUntil(lambda cell=(true, other): point_at(chart, *cell))
        words = results.plots.cell_words.text()
        assert f"class {true}" in words
        assert f"{matrix[true, other]} of {confusion.tested[true]}" in words
        assert chart.accessibleDescription() == words


def test_the_confusion_matrix_has_keys(results, qtbot):
    results.show_answer(answer(20))
    chart = tab(results, "Mixed up")
    chart.setFocus()
    chart.mark(0, 0)
    for key in (Key.Key_Right, Key.Key_Right, Key.Key_Down, Key.Key_Left):
        QTest.keyClick(chart, key)
    assert chart.cell == (1, 1)
    for key in (Key.Key_Up, Key.Key_Up, Key.Key_Left, Key.Key_Left):
        QTest.keyClick(chart, key)
    assert chart.cell == (0, 0)  # there is nothing beyond
    whole = chart.viewRect().width()
    for _time in range(4):
        QTest.keyClick(chart, Key.Key_Plus)
    box = chart.plotItem.vb
    assert box.viewRect().width() < whole
    for _time in range(19):
        QTest.keyClick(chart, Key.Key_Right)
    assert chart.cell == (0, 19)
    assert box.viewRect().right() >= 19.9  # it came along
    QTest.keyClick(chart, Key.Key_Home)
    assert box.viewRect().width() == pytest.approx(20)


def test_the_worst_mistake_is_marked_first(results):
    told = answer(20)
    results.show_answer(told)
    results.table.selectRow(1)
    chart = tab(results, "Mixed up")
    confusion = told.found.results[1].confusion
    shares = confusion.matrix() / np.maximum(confusion.tested, 1)[:, None]
    np.fill_diagonal(shares, 0)
    assert shares[chart.cell] == shares.max()


def test_other_classes_come_with_other_names(results):
    results.show_answer(answer(20))
    tab(results, "Mixed up").mark(19, 19)
    results.show_answer(answer(6))
    chart = tab(results, "Mixed up")
    assert max(chart.cell) < 6
    assert chart.viewRect().width() > 0


def test_charts_can_be_read_on_both_grounds():
    """What carries a meaning stands out from its ground at least 3 to 1, as WCAG asks."""
    for tones in (LIGHT, DARK):
        for ink in (tones.accent, tones.text, tones.muted, tones.warning):
            assert contrast(_colour(ink), _colour(tones.surface)) >= 3


def _colour(name: str):
    return QColor(name)


# -- words ---------------------------------------------------------------------------------------


def test_the_headline_names_the_best_one_at_most_examples():
    found = answer(curve=True).found
    last = [r for r in found.results if r.plan.shots == 5]
    best = max(last, key=lambda r: r.accuracy.mean)
    words = headline(found)
    assert titles_of([best])[best.learner] in words
    assert f"{100 * best.accuracy.mean:.1f} %" in words
    assert "5 examples" in words


def test_names_of_strangers_do_no_harm(results, qtbot):
    """Folders may be called anything."""
    told = answer(20)
    names = tuple(f"<b>{i}\n\x1b[31m {'x' * 300}" for i in range(20))
    data = type(told.found.data)(names, told.found.data.rows)
    results.show_answer(Answer(told.question, Evaluation(data, told.found.results)))
    for title in ("Classes", "Mixed up", "How sure"):
        tab(results, title)
        assert not results.plots.chart.grab().isNull()
    assert results.plots.cell_words.textFormat() == Qt.TextFormat.PlainText
    assert results.plots.minimumSizeHint().width() < 900


# -- files ---------------------------------------------------------------------------------------


@pytest.fixture
def saved(results, files, asked, qtbot, tmp_path):
    """Saves by one of the entries of the menu; returns the bytes."""

    def save(entry: str, name: str) -> bytes:
        asked.save_answer = str(tmp_path / name)
        with qtbot.waitSignal(files.message) as caught:
            getattr(results, f"{entry}_action").trigger()
        assert name in caught.args[0].text
        return (tmp_path / name).read_bytes()

    return save


def test_results_are_saved_as_on_the_command_line(results, saved):
    told = answer(curve=True)
    results.show_answer(told)
    text = saved("json", "all.json").decode()
    assert text == json_text(told.found.results, told.found.data, 3) + "\n"
    assert json.loads(text)["seed"] == 3
    rows = list(csv.DictReader(io.StringIO(saved("csv", "table.csv").decode(), newline="")))
    expected = as_json(told.found.results, told.found.data)
    assert [row["learner"] for row in rows] == [one["learner"] for one in expected]
    assert [float(row["accuracy"]) for row in rows] == [one["accuracy"] for one in expected]


TABS = ("Accuracy", "How many examples", "Classes", "Mixed up", "How sure")


@pytest.mark.parametrize("title", TABS)
def test_every_chart_is_saved_as_a_picture(results, saved, title):
    results.show_answer(answer(curve=True))
    chart = tab(results, title)
    with Image.open(io.BytesIO(saved("png", "chart.png"))) as image:
        assert image.format == "PNG"
        assert image.width == 2 * chart.width()
        assert len(image.convert("RGB").getcolors(1 << 24)) > 20  # something is drawn
    drawing = ET.fromstring(saved("svg", "chart.svg"))
    assert drawing.tag.endswith("svg")
    words = "".join(drawing.itertext())
    assert chart.accessibleName() in words
    assert len(list(drawing.iter())) > 30


def test_a_name_without_an_ending_gets_one(results, files, asked, qtbot, tmp_path):
    results.show_answer(answer())
    asked.save_answer = str(tmp_path / "mine")
    with qtbot.waitSignal(files.message):
        results.csv_action.trigger()
    assert (tmp_path / "mine.csv").exists()
    assert asked.asked[-1].endswith("evaluation.csv")
    results.csv_action.trigger()
    assert asked.asked[-1] == str(tmp_path / "evaluation.csv")  # the same folder is offered


def test_where_nothing_can_be_written_the_user_is_told(results, files, asked, qtbot, tmp_path):
    results.show_answer(answer())
    asked.save_answer = str(tmp_path / "missing" / "all.json")
    with qtbot.waitSignal(files.message) as caught:
        results.json_action.trigger()
    assert "could not be written" in caught.args[0].text


def test_nothing_is_written_where_the_user_thinks_better_of_it(results, runner, asked, tmp_path):
    results.show_answer(answer())
    results.png_action.trigger()
    assert not runner.busy
    assert not list(tmp_path.iterdir())
