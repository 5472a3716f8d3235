"""Questions about the project: answered beside the window, asked anew when they are stale."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fewshot_gui.gui.collection import NOBODY
from fewshot_gui.gui.reviewer import LANE
from tests.gui.conftest import path_of, put
from tests.gui.test_session import idle


@pytest.fixture
def held(parts):
    """The reviewer's lane does nothing until this is set."""
    gate = threading.Event()
    parts.runner.start(LANE, lambda _job: gate.wait(120), failed=lambda _error: None)
    yield gate
    gate.set()


@pytest.fixture
def answers(window):
    """(title, rows) of all that was chosen."""
    told = []
    window.reviewer.chosen.connect(lambda title, rows: told.append((title, rows)))
    return told


def texts(window) -> list[str]:
    return [message.text for message in window.banners.messages]


def test_what_was_decided_meanwhile_is_not_suggested(sorted_window, session, held, answers, qtbot):
    sorted_window.reviewer.suggest(22)
    decided = session.collection.targets[3:9]
    session.confirm(decided)
    held.set()
    qtbot.waitUntil(lambda: bool(answers))
    assert not np.isin(answers[0][1], decided).any()
    assert len(answers[0][1]) > 0


def test_other_examples_ask_anew_and_the_answer_comes_once(sorted_window, session, held, qtbot):
    verdicts = []
    sorted_window.reviewer.verdict.connect(verdicts.append)
    sorted_window.reviewer.enough()
    put(session, sorted_window, "Green", "green0.png", "green1.png")
    held.set()
    qtbot.waitUntil(lambda: bool(verdicts))
    qtbot.waitUntil(idle(session))
    qtbot.wait(50)
    (verdict,) = verdicts
    assert verdict.project.revision == session.project.revision
    assert [c.examples for c in verdict.enough.classes] == [1, 2, 1]  # blue, green, red


def test_of_two_questions_of_a_kind_the_later_one_is_answered(sorted_window, held, answers, qtbot):
    sorted_window.reviewer.suggest(3)
    sorted_window.reviewer.suggest(5)
    held.set()
    qtbot.waitUntil(lambda: bool(answers))
    qtbot.wait(50)
    assert [len(rows) for _title, rows in answers] == [5]


def test_an_answer_that_is_on_its_way_is_dropped_for_a_later_question(
    sorted_window, parts, answers, qtbot
):
    over = threading.Event()
    sorted_window.reviewer.suggest(3)
    parts.runner.start(LANE, lambda _job: over.set(), failed=lambda _error: None)
    assert over.wait(120)  # no events until here: the first answer is there and not told
    sorted_window.reviewer.suggest(5)
    qtbot.waitUntil(lambda: bool(answers))
    qtbot.wait(50)
    assert [len(rows) for _title, rows in answers] == [5]


def test_an_answer_about_another_project_is_dropped(sorted_window, session, held, answers, qtbot):
    sorted_window.reviewer.suggest(3)
    sorted_window.reviewer.find_similar(0)
    sorted_window.reviewer.enough()
    verdicts = []
    sorted_window.reviewer.verdict.connect(verdicts.append)
    session.close_folder()
    qtbot.waitUntil(lambda: session.collection is None)
    held.set()
    qtbot.wait(100)
    assert not answers
    assert not verdicts
    assert texts(sorted_window) == []


def test_what_goes_on_is_told_and_that_it_ended(sorted_window, held, qtbot):
    told = []
    sorted_window.reviewer.busy_changed.connect(told.append)
    sorted_window.reviewer.find_similar(0)
    sorted_window.reviewer.enough()
    held.set()
    qtbot.waitUntil(lambda: told[-1:] == [""])
    assert told == ["Looking for similar pictures…", "Trying out your examples…", ""]


def test_all_are_offered_before_any_is_offered_again(sorted_window, session, answers, qtbot):
    for _turn in range(3):
        with qtbot.waitSignal(sorted_window.reviewer.chosen):
            sorted_window.reviewer.suggest(15)
    first, second, third = (rows.tolist() for _title, rows in answers)
    undecided = session.collection.targets
    undecided = undecided[session.collection.source[undecided] == NOBODY]
    assert len(first) == 15
    assert sorted(first + second) == sorted(undecided.tolist())
    assert len(third) == 15


def test_similar_pictures_are_found_whatever_order_the_targets_have(
    sorted_window, session, answers, qtbot
):
    collection = session.collection
    collection.set_targets(np.random.default_rng(1).permutation(collection.targets))
    row = collection.table.row(path_of(session, "blue5.png"))
    with qtbot.waitSignal(sorted_window.reviewer.chosen):
        sorted_window.reviewer.find_similar(row)
    title, rows = answers[0]
    names = [collection.table.file(r).relative for r in rows.tolist()]
    assert title == "Like blue5.png"
    assert names[0] == "blue5.png"
    assert {name[:4] for name in names[:8]} == {"blue"}
    assert sorted(rows.tolist()) == sorted(collection.targets.tolist())


def test_nothing_is_like_a_picture_that_cannot_be_read(window, session, folder, qtbot):
    (folder / "bad.png").write_bytes(b"nonsense")
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: not session.scanning and idle(session)())
    qtbot.waitUntil(lambda: len(session.collection.failed_targets()) == 1)
    window.reviewer.find_similar(session.collection.table.row(path_of(session, "bad.png")))
    assert "cannot be read" in texts(window)[0]


def test_why_there_is_nothing_to_show_is_said(window, session, folder, workbench, qtbot):
    workbench.gate.clear()
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.collection is not None and not session.scanning)
    window.reviewer.next_possible_class()
    assert texts(window)[0] == "First give two bins an example each."
    window.reviewer.suggest()
    assert texts(window)[0] == "The pictures are still being read."
    window.reviewer.find_similar(int(session.collection.targets[0]))
    assert texts(window)[0] == "This picture has not been read yet."


def test_an_example_that_cannot_be_read_does_not_stop_the_hints(
    sorted_window, session, folder, qtbot
):
    (folder / "bad.png").write_bytes(b"nonsense")
    session.refresh()
    qtbot.waitUntil(lambda: len(session.collection.targets) == 25)
    qtbot.waitUntil(idle(session))
    names = ["bad.png", *(f"red{i}.png" for i in range(1, 6))]
    red = session.project.bin_named("Red").id
    session.put([path_of(session, name) for name in names], red)
    qtbot.waitUntil(lambda: bool(sorted_window.reviewer.findings))


def test_hints_are_those_of_the_project_that_is_open(sorted_window, session, qtbot):
    red = session.project.bin_named("Red").id
    session.put([path_of(session, f"red{i}.png") for i in range(1, 6)], red)
    qtbot.waitUntil(lambda: bool(sorted_window.reviewer.findings))
    session.close_folder()
    qtbot.waitUntil(lambda: session.collection is None)
    assert sorted_window.reviewer.findings == ()
    assert not sorted_window.hygiene.isVisible()


def test_possible_classes_leave_out_what_has_a_bin_by_now(sorted_window, session, answers, qtbot):
    with qtbot.waitSignal(sorted_window.reviewer.chosen):
        sorted_window.reviewer.next_possible_class()
    rows = answers[0][1]
    names = session.collection.paths(rows)
    assert len(rows) >= 3
    session.add_bin("Found", names)
    qtbot.waitUntil(idle(session))
    told = len(texts(sorted_window))
    sorted_window.reviewer.next_possible_class()
    qtbot.waitUntil(lambda: len(answers) > 1 or len(texts(sorted_window)) > told)
    for _title, later in answers[1:]:
        assert not np.isin(later, rows).any()
