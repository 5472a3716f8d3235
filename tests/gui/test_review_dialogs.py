"""Accepting in bulk, the limit for Unknown, “enough?”, hints about the examples, suggestions."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fewshot_gui.gui.arrangement import Show
from fewshot_gui.gui.collection import CONFIRMED, NOBODY
from fewshot_gui.gui.review_accept import AcceptDialog
from fewshot_gui.gui.review_enough import EnoughDialog
from fewshot_gui.gui.review_unknown import UnknownDialog
from fewshot_gui.gui.reviewer import LANE
from fewshot_gui.project.values import UNKNOWN
from fewshot_gui.review.enough import FEWEST_TESTED
from fewshot_gui.review.hygiene import Kind
from tests.gui.conftest import path_of, put
from tests.gui.test_session import idle

Key = Qt.Key
SHIFT = Qt.KeyboardModifier.ShiftModifier


def press(window, key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window.focusWidget(), key, modifier)


def dialog_of(window, kind, qtbot):
    """The one that is open; one that was closed may not be gone yet."""

    def opened():
        return [dialog for dialog in window.findChildren(kind) if dialog.isVisible()]

    qtbot.waitUntil(lambda: bool(opened()))
    return opened()[-1]


def answered(window, qtbot) -> EnoughDialog:
    """The window of “enough?”, with the verdict."""
    dialog = dialog_of(window, EnoughDialog, qtbot)
    qtbot.waitUntil(lambda: not dialog.waiting)
    return dialog


@pytest.fixture
def three(sorted_window, session, qtbot):
    """Red, blue and green with four examples each."""
    for name in ("Red", "Blue", "Green"):
        put(session, sorted_window, name, *(f"{name.lower()}{i}.png" for i in range(4)))
    qtbot.waitUntil(idle(session))
    sorted_window.grid.setFocus()
    return sorted_window


def test_the_sure_ones_are_confirmed_and_the_number_was_told_before(three, session, qtbot):
    press(three, Key.Key_A, SHIFT)
    dialog = dialog_of(three, AcceptDialog, qtbot)
    assert dialog.classes.currentText() == "All classes"
    dialog.classes.setCurrentText("Red")
    red = session.project.bin_named("Red").id
    rows = dialog.rows()
    assert (session.collection.best[rows] == red).all()
    assert f"{len(rows)} image" in dialog.words.text()
    assert dialog.button.text() == f"&Confirm {len(rows)} images"
    dialog.slider.setValue(100)
    assert len(dialog.rows()) <= len(rows)
    dialog.slider.setValue(0)
    wanted = dialog.rows()
    QTest.keyClick(dialog, Key.Key_Return)
    assert (session.collection.source[wanted] == CONFIRMED).all()
    others = np.setdiff1d(session.collection.targets, wanted)
    assert not (session.collection.source[others] == CONFIRMED).any()
    session.undo()
    assert (session.collection.source[wanted] == NOBODY).all()


def test_pictures_of_no_bin_are_left_out_unless_the_user_wants_them(sorted_window, session, qtbot):
    """There are green pictures in the folder, but no bin for them."""
    window = sorted_window
    for name in ("Red", "Blue"):
        put(session, window, name, *(f"{name.lower()}{i}.png" for i in range(4)))
    qtbot.waitUntil(idle(session))
    window.grid.setFocus()
    press(window, Key.Key_A, SHIFT)
    dialog = dialog_of(window, AcceptDialog, qtbot)
    dialog.slider.setValue(0)
    assert dialog.leave_out.isVisible()
    assert dialog.leave_out.isChecked()
    assert not any("green" in path for path in session.collection.paths(dialog.rows()))
    before, promise = len(dialog.rows()), dialog.words.text()
    QTest.keyClick(dialog.leave_out, Key.Key_Space)
    assert len(dialog.rows()) > before
    assert any("green" in path for path in session.collection.paths(dialog.rows()))
    assert dialog.words.text() != promise
    assert "wrong" in dialog.words.text()
    assert "none of them wrong" not in dialog.words.text()


def test_the_dialog_begins_with_the_class_that_is_shown(three, session, qtbot):
    three.page.show_only(Show.CLASS, session.project.bin_named("Blue").id)
    three.grid.setFocus()
    press(three, Key.Key_A, SHIFT)
    assert dialog_of(three, AcceptDialog, qtbot).classes.currentText() == "Blue"


def test_the_limit_for_unknown_tells_its_cost_and_is_undone(sorted_window, session, qtbot):
    sorted_window.grid.setFocus()
    press(sorted_window, Key.Key_L)
    dialog = dialog_of(sorted_window, UnknownDialog, qtbot)
    dialog.slider.setValue(0)
    assert "0 of 22 images go" in dialog.words.text()
    dialog.slider.setValue(100)
    assert "22 of 22 images go" in dialog.words.text()
    before = dict(session.collection.sorted_counts())
    assert UNKNOWN not in before  # nothing is applied while the slider moves
    scores = session.collection.unknown[session.collection.targets]
    open_ones = session.collection.source[session.collection.targets] == NOBODY
    level = float(np.median(scores[open_ones]))
    dialog.level = level
    sent = int((scores[open_ones] > dialog.level).sum())
    assert f"{sent} of 22" in dialog.words.text()
    QTest.mouseClick(dialog.use_button, Qt.MouseButton.LeftButton)
    assert session.collection.sorted_counts().get(UNKNOWN, 0) == sent
    session.undo()
    assert dict(session.collection.sorted_counts()) == before


def test_none_can_be_sent_to_unknown_again(sorted_window, session, qtbot):
    session.set_unknown(0.0)
    sorted_window.review.set_limit()
    dialog = dialog_of(sorted_window, UnknownDialog, qtbot)
    QTest.mouseClick(dialog.off_button, Qt.MouseButton.LeftButton)
    assert session.project.options.unknown == 1.0
    assert UNKNOWN not in session.collection.sorted_counts()


def test_the_bins_panel_opens_the_limit(sorted_window, qtbot):
    sorted_window.panel.unknown_limit_asked.emit()
    dialog_of(sorted_window, UnknownDialog, qtbot)


def test_enough_tells_what_hiding_the_examples_showed(three, session, qtbot):
    press(three, Key.Key_H)
    dialog = answered(three, qtbot)
    assert "expected to be right" in dialog.view.words.text()
    assert not dialog.show_button.isVisible()


def test_enough_is_no_yes_where_much_belongs_to_no_bin_or_little_is_proven(
    sorted_window, session, qtbot
):
    """Green has no bin at first; later twelve examples are all there are."""
    window = sorted_window
    for name in ("Red", "Blue"):
        put(session, window, name, *(f"{name.lower()}{i}.png" for i in range(5)))
    qtbot.waitUntil(idle(session))
    window.review.ask_enough()
    dialog = answered(window, qtbot)
    assert "belong to none of them" in dialog.view.headline.text()
    assert "because they belong to no bin" in dialog.view.words.text()
    dialog.close()
    put(session, window, "Green", *(f"green{i}.png" for i in range(4)))
    qtbot.waitUntil(idle(session))
    window.review.ask_enough()
    assert "prove little" in answered(window, qtbot).view.headline.text()


def test_enough_says_where_it_cannot_tell(sorted_window, qtbot):
    sorted_window.review.ask_enough()
    dialog = answered(sorted_window, qtbot)
    assert "too few examples to tell" in dialog.view.headline.text()
    assert f"{FEWEST_TESTED} examples" in dialog.view.words.text()


def test_enough_without_bins_is_a_sentence(opened, qtbot):
    opened.review.ask_enough()
    qtbot.waitUntil(lambda: any("two classes" in m.text for m in opened.banners.messages))
    qtbot.waitUntil(lambda: opened.findChild(EnoughDialog) is None)


def test_the_wait_for_the_verdict_is_seen_and_ended_by_key(three, parts, qtbot):
    held = threading.Event()
    parts.runner.start(LANE, lambda _job: held.wait(120), failed=lambda _error: None)
    press(three, Key.Key_H)
    dialog = dialog_of(three, EnoughDialog, qtbot)
    assert dialog.waiting
    press(dialog, Key.Key_Escape)
    qtbot.waitUntil(lambda: three.findChild(EnoughDialog) is None)
    verdicts = []
    three.reviewer.verdict.connect(verdicts.append)
    held.set()
    qtbot.wait(100)
    assert verdicts == []
    assert three.findChild(EnoughDialog) is None


def test_mixed_up_classes_are_named_and_shown(three, session, folder, qtbot):
    """Examples of red in blue and the other way round."""
    blue, red = (session.project.bin_named(name).id for name in ("Blue", "Red"))
    session.put([path_of(session, f"red{i}.png") for i in (4, 5)], blue)
    session.put([path_of(session, f"blue{i}.png") for i in (4, 5)], red)
    qtbot.waitUntil(idle(session))
    three.review.ask_enough()
    dialog = answered(three, qtbot)
    assert "mixed up most" in dialog.view.words.text()
    QTest.mouseClick(dialog.show_button, Qt.MouseButton.LeftButton)
    assert three.page.view.show is Show.CHOSEN
    assert three.model.rowCount() >= 2


def test_hints_come_quietly_and_can_be_seen_and_dismissed(sorted_window, session, qtbot):
    window = sorted_window
    assert not window.hygiene.isVisible()
    red = session.project.bin_named("Red").id
    session.put([path_of(session, f"red{i}.png") for i in range(1, 6)], red)
    window.grid.setFocus()
    qtbot.waitUntil(window.hygiene.isVisible)
    assert window.grid.hasFocus()
    uneven = [f for f in window.hygiene.findings if f.kind is Kind.UNEVEN]
    assert len(uneven) == 1
    count = len(window.hygiene.findings)
    assert window.hygiene.button.text().startswith(f"{count} hint")
    window.hygiene.button.setFocus()
    press(window, Key.Key_Space)
    line = next(line for line in window.hygiene.lines if "Blue" in line.words)
    assert line.words == "“Blue” has 1 example, “Red” has 6"
    line.show_button.setFocus()
    press(window, Key.Key_Space)
    assert window.page.view.show is Show.CHOSEN
    assert [window.model.data(window.model.index(0))] == ["blue0.png"]
    assert window.hygiene.list.isVisible()  # for the next one
    line.dismiss_button.setFocus()
    press(window, Key.Key_Space)
    assert uneven[0] not in window.hygiene.findings
    assert len(window.hygiene.findings) == count - 1


def test_the_same_picture_in_two_bins_is_a_hint(sorted_window, session, folder, qtbot):
    shutil.copyfile(folder / "red0.png", folder / "twin.png")
    session.refresh()
    qtbot.waitUntil(lambda: len(session.collection.targets) == 25)
    qtbot.waitUntil(idle(session))
    session.put([path_of(session, "twin.png")], session.project.bin_named("Blue").id)
    kinds = sorted_window.hygiene
    qtbot.waitUntil(lambda: Kind.SAME_PICTURE in [f.kind for f in kinds.findings])


def test_suggestions_are_shown_and_others_come_the_next_time(sorted_window, session, qtbot):
    window = sorted_window
    window.reviewer.suggest(6)
    qtbot.waitUntil(lambda: window.page.view.show is Show.CHOSEN)
    first = set(window.model.rows.tolist())
    assert len(first) == 6
    assert window.page.filter.currentText() == "What to label next"
    assert window.grid.hasFocus()
    with qtbot.waitSignal(window.reviewer.chosen):
        window.reviewer.suggest(6)
    assert not first & set(window.model.rows.tolist())
    assert (session.collection.source[window.model.rows] == NOBODY).all()


def test_nothing_to_suggest_is_said(sorted_window, session):
    session.confirm(session.collection.targets)
    sorted_window.review.suggest()
    assert "decided on every picture" in sorted_window.banners.messages[0].text


def test_similar_pictures_come_first(sorted_window, session, qtbot):
    window = sorted_window
    row = session.collection.table.row(path_of(session, "green3.png"))
    window.grid.select_rows(np.asarray([row]), row)
    window.grid.setFocus()
    press(window, Key.Key_M)
    qtbot.waitUntil(lambda: window.page.view.show is Show.CHOSEN)
    names = [window.model.data(window.model.index(i)) for i in range(8)]
    assert names[0] == "green3.png"
    assert {name[:5] for name in names} == {"green"}
    assert window.model.rowCount() == 24


def test_a_possible_new_class_is_found_and_the_queue_goes_round(sorted_window, session, qtbot):
    window = sorted_window
    window.grid.setFocus()
    titles, groups = [], []
    window.reviewer.chosen.connect(lambda title, _rows: titles.append(title))
    window.reviewer.chosen.connect(lambda _title, rows: groups.append(rows))
    for _press in range(3):
        with qtbot.waitSignal(window.reviewer.chosen):
            press(window, Key.Key_P)
    assert titles[0].startswith("Possible new class 1 of ")
    count = int(titles[0].split()[-1])
    assert titles[:3] == [f"Possible new class {n % count + 1} of {count}" for n in range(3)]
    first = session.collection.paths(groups[0])
    assert len(first) >= 3
    assert all("green" in path.rpartition("/")[2] for path in first)  # no bin holds a green one


def test_a_verdict_says_when_something_was_changed_since(three, session, qtbot):
    three.review.ask_enough()
    dialog = dialog_of(three, EnoughDialog, qtbot)
    qtbot.waitUntil(lambda: not dialog.waiting)
    assert not dialog.stale.isVisible()
    red = session.project.support(session.project.bin_named("Red").id)
    session.take_out(red[:1])
    assert dialog.stale.isVisible()
    QTest.mouseClick(dialog.again_button, Qt.MouseButton.LeftButton)
    assert dialog.waiting
    qtbot.waitUntil(lambda: not dialog.waiting)
    assert not dialog.stale.isVisible()
    assert not dialog.again_button.isVisible()


def test_what_an_example_of_no_bin_sends_away_is_told_with_a_way_back(three, session, qtbot):
    assert session.project.options.unknown == 1.0
    limit = [m for m in three.banners.messages if m.key == "limit"]
    assert limit == []
    session.put([path_of(session, "green0.png")], UNKNOWN)
    qtbot.waitUntil(idle(session))
    gone = session.collection.sorted_counts().get(UNKNOWN, 0)
    told = [m for m in three.banners.messages if m.key == "limit"]
    assert len(told) == (1 if gone else 0)
    assert gone
    assert told[0].text.startswith(f"{gone} more picture")
    session.undo()
    assert not [m for m in three.banners.messages if m.key == "limit"]
    assert session.collection.sorted_counts().get(UNKNOWN, 0) == 0
