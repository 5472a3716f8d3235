"""Labelled pictures whose files hold another picture: they teach nothing unseen."""

from __future__ import annotations

import pytest

from fewshot_gui import workflow
from tests.gui.conftest import path_of
from tests.gui.test_folders import keys, label_of, look_again
from tests.gui.test_session import idle
from tests.pictures import make_picture


def examples(session) -> set[str]:
    """Names of the pictures that the learner learns from now."""
    table = session.collection.table
    support = workflow.support_set(session.project, table)
    return {table.file(row).relative for row in support.rows.tolist()}


@pytest.fixture
def changed(sorted_window, session, folder, qtbot):
    """Three reds of which one is blue now."""
    red = session.project.bin_named("Red").id
    session.put([path_of(session, name) for name in ("red1.png", "red2.png")], red)
    qtbot.waitUntil(idle(session))
    make_picture(folder / "red1.png", "blue", seed=93)
    look_again(sorted_window, session, qtbot)
    qtbot.waitUntil(lambda: keys(sorted_window) == ["changed"])
    qtbot.waitUntil(idle(session))
    return str(folder / "red1.png")


def test_a_changed_picture_teaches_nothing(sorted_window, session, changed, qtbot):
    assert label_of(session, changed) == "Red"
    assert examples(session) == {"red0.png", "red2.png", "blue0.png"}
    row = session.collection.table.row(changed)
    blue = session.project.bin_named("Blue").id
    qtbot.waitUntil(lambda: session.collection.best[row] == blue)


@pytest.mark.parametrize("name", ["Red", "Blue"])
def test_whoever_puts_it_into_a_bin_teaches_with_it_again(
    sorted_window, session, changed, qtbot, name
):
    session.put([changed], session.project.bin_named(name).id)
    qtbot.waitUntil(idle(session))
    assert "red1.png" in examples(session)
    assert label_of(session, changed) == name
    assert keys(sorted_window) == []
    assert not session.collection.changed.any()
    look_again(sorted_window, session, qtbot)
    assert keys(sorted_window) == []


def test_taking_it_out_ends_the_doubt_until_that_is_undone(sorted_window, session, changed, qtbot):
    session.take_out([changed])
    qtbot.waitUntil(idle(session))
    assert keys(sorted_window) == []
    assert not session.project.doubted
    session.undo()
    qtbot.waitUntil(idle(session))
    assert label_of(session, changed) == "Red"
    assert "red1.png" not in examples(session)
    assert keys(sorted_window) == ["changed"]


def test_an_undone_decision_about_it_leaves_it_in_doubt(sorted_window, session, changed, qtbot):
    before = examples(session)
    session.put([changed], session.project.bin_named("Blue").id)
    qtbot.waitUntil(idle(session))
    session.undo()
    qtbot.waitUntil(idle(session))
    assert label_of(session, changed) == "Red"
    assert examples(session) == before


def test_what_happens_to_its_bin_says_nothing_of_it(sorted_window, session, changed, qtbot):
    session.add_bin("Rouge")
    into = session.project.bin_named("Rouge").id
    session.merge_bins([session.project.bin_named("Red").id], into)
    qtbot.waitUntil(idle(session))
    assert label_of(session, changed) == "Rouge"
    assert "red1.png" not in examples(session)
    session.remove_bin(into)
    qtbot.waitUntil(idle(session))
    assert keys(sorted_window) == []
    session.undo()
    qtbot.waitUntil(idle(session))
    assert "red1.png" not in examples(session)
    assert keys(sorted_window) == ["changed"]


def test_the_doubt_outlives_another_opening(sorted_window, session, changed, folder, qtbot):
    session.close_folder()
    session.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.collection is not None and session.collection.changed.any())
    assert "changed" in keys(sorted_window)
    qtbot.waitUntil(idle(session))
    assert examples(session) == {"red0.png", "red2.png", "blue0.png"}
