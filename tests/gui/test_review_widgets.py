"""The dialogs and the hints by themselves: keys, names, words, and what comes after closing."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QScrollArea, QSlider

from fewshot_gui.gui.arrangement import Show
from fewshot_gui.gui.collection import CONFIRMED, NOBODY
from fewshot_gui.gui.review_accept import AcceptDialog
from fewshot_gui.gui.review_enough import EnoughDialog
from fewshot_gui.gui.review_unknown import UnknownDialog
from fewshot_gui.gui.review_verdict import RateBar
from fewshot_gui.gui.reviewer import Verdict
from fewshot_gui.project.model import Project
from fewshot_gui.review.enough import ClassEnough, Enough, Mixed
from fewshot_gui.review.hygiene import Finding, Kind
from fewshot_gui.review.wilson import Rate
from tests.gui.conftest import path_of, put
from tests.gui.test_review_dialogs import dialog_of, press
from tests.gui.test_session import idle

Key = Qt.Key
CONTROLS = (QAbstractButton, QComboBox, QScrollArea, QSlider, RateBar)


def keys(widget, *pressed) -> None:
    """Press keys where the focus of a window is."""
    for key in pressed:
        QTest.keyClick(widget.focusWidget() or widget, key)


def undecided(session) -> np.ndarray:
    targets = session.collection.targets
    return targets[session.collection.source[targets] == NOBODY]


def verdict(ways: int, **changes) -> Verdict:
    """One of ``ways`` classes, of which the last one does badly."""
    project = Project()
    for number in range(ways):
        project.add_bin(f"Class {number:02}")
    ids = [b.id for b in project.bins]
    classes = [ClassEnough(c, 8, Rate(8, 8), 0) for c in ids[:-1]]
    classes.append(ClassEnough(ids[-1], 4, Rate(4, 2), 6))
    parts = {
        "overall": Rate(8 * ways - 4, 8 * ways - 6),
        "mixed": Mixed((ids[-1], ids[0]), (3, 5)),
        "neediest": ids[-1],
        "can_tell": True,
    }
    return Verdict(Enough(tuple(classes), **{**parts, **changes}), project)


def enough_dialog(window, told: Verdict, qtbot) -> EnoughDialog:
    dialog = EnoughDialog(
        window, window._theme, len(told.enough.classes), str, lambda: told.project.edits
    )
    dialog.show()
    dialog.tell(told)
    qtbot.waitUntil(dialog.isVisible)
    return dialog


# -- all of them -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "kind"), [("accept_above", AcceptDialog), ("set_limit", UnknownDialog)]
)
def test_a_dialog_that_was_closed_hears_nothing_more(sorted_window, session, qtbot, ask, kind):
    getattr(sorted_window.review, ask)()
    dialog = dialog_of(sorted_window, kind, qtbot)
    keys(dialog, Key.Key_Escape)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert sorted_window.findChild(kind) is None
    session.confirm(session.collection.targets[:3])  # a slot that still listened would raise
    put(session, sorted_window, "Green", "green0.png")
    qtbot.waitUntil(idle(session))


@pytest.mark.parametrize(
    ("ask", "kind"), [("accept_above", AcceptDialog), ("set_limit", UnknownDialog)]
)
def test_a_dialog_goes_with_its_project(sorted_window, session, qtbot, ask, kind):
    getattr(sorted_window.review, ask)()
    dialog_of(sorted_window, kind, qtbot)
    session.close_folder()
    qtbot.waitUntil(lambda: sorted_window.findChild(kind) is None)


def test_every_control_has_a_name(sorted_window, session, qtbot):
    sorted_window.review.accept_above()
    sorted_window.review.set_limit()
    dialogs = [
        dialog_of(sorted_window, AcceptDialog, qtbot),
        dialog_of(sorted_window, UnknownDialog, qtbot),
        enough_dialog(sorted_window, verdict(3), qtbot),
        sorted_window.hygiene,
    ]
    for dialog in dialogs:
        found = [control for kind in CONTROLS for control in dialog.findChildren(kind)]
        assert found
        nameless = [control for control in found if not control.accessibleName()]
        assert not nameless


# -- Unknown ---------------------------------------------------------------------------------


def test_the_limit_is_set_with_keys_and_esc_leaves_all_as_it_was(sorted_window, session, qtbot):
    sorted_window.grid.setFocus()
    press(sorted_window, Key.Key_L)
    dialog = dialog_of(sorted_window, UnknownDialog, qtbot)
    assert dialog.slider.hasFocus() or dialog.focusWidget() is dialog.slider
    keys(dialog, Key.Key_Home)
    assert dialog.words.text().startswith("0 of 22 images go to Unknown")
    keys(dialog, Key.Key_End)
    assert dialog.words.text() == "22 of 22 images go to Unknown; none is left."
    keys(dialog, Key.Key_Left, Key.Key_PageDown)
    assert dialog.slider.value() == 89
    assert dialog.slider.accessibleDescription() == dialog.words.text()
    keys(dialog, Key.Key_Escape)
    assert session.project.options.unknown == 1.0
    press(sorted_window, Key.Key_L)
    dialog = dialog_of(sorted_window, UnknownDialog, qtbot)
    keys(dialog, Key.Key_Home, Key.Key_PageUp, Key.Key_Return)
    assert session.project.options.unknown == pytest.approx(0.9)


def test_the_pictures_shown_are_those_on_either_side_of_the_limit(sorted_window, session, qtbot):
    sorted_window.review.set_limit()
    dialog = dialog_of(sorted_window, UnknownDialog, qtbot)
    collection = session.collection
    rows = undecided(session)
    shuffled = np.random.default_rng(2).permutation(len(rows))
    collection.unknown[rows] = np.linspace(0.05, 0.95, len(rows), dtype=np.float32)[shuffled]
    session.predictions_changed.emit()
    scores = {collection.table.path(int(r)): float(collection.unknown[r]) for r in rows}
    dialog.level = float(np.median(list(scores.values())))
    gone = [scores[shown.path] for shown in dialog.gone.pictures]
    kept = [scores[shown.path] for shown in dialog.kept.pictures]
    assert gone
    assert kept
    assert min(gone) > dialog.level >= max(kept)
    assert gone == sorted(gone)  # the nearest first
    assert kept == sorted(kept, reverse=True)
    assert min(gone) == min(s for s in scores.values() if s > dialog.level)


def test_the_curves_go_the_way_of_the_slider(sorted_window, qtbot):
    sorted_window.review.set_limit()
    dialog = dialog_of(sorted_window, UnknownDialog, qtbot)
    dialog.slider.setValue(0)
    assert "Unknown: 0;" in dialog.plot.accessibleDescription()
    dialog.slider.setValue(100)
    assert "Unknown: 22;" in dialog.plot.accessibleDescription()
    assert dialog.plot.accessibleDescription().endswith("none left")
    image = dialog.plot.grab().toImage()
    accent = colour_of(sorted_window, "accent")
    reach = {side: _highest(image, side, accent) for side in (0.05, 0.96)}
    assert reach[0.96] < reach[0.05]  # few on the left, many on the right


def colour_of(window, tone: str) -> int:
    return QColor(getattr(window._theme.tones, tone)).rgb()


def _highest(image, share: float, rgb: int) -> int:
    """Top pixel of a colour in one column of the curves; the words above them left out."""
    x = round(image.width() * share)
    top = round(20 * image.devicePixelRatio())
    return next(y for y in range(top, image.height()) if image.pixel(x, y) == rgb)


def test_what_is_used_now_is_what_the_cost_is_compared_with(sorted_window, session, qtbot):
    session.set_unknown(0.4)
    sorted_window.review.set_limit()
    dialog = dialog_of(sorted_window, UnknownDialog, qtbot)
    assert dialog.level == pytest.approx(0.4)
    text = dialog.words.text()
    error = text.partition("about ")[2].partition(" %")[0]
    assert f"(now {error} %)" in text


def test_a_limit_follows_what_is_learned_meanwhile(sorted_window, session, qtbot):
    sorted_window.review.set_limit()
    dialog = dialog_of(sorted_window, UnknownDialog, qtbot)
    assert " of 22 images" in dialog.words.text()
    session.confirm(session.collection.targets[:6])
    left = len(undecided(session))
    assert left < 22
    assert f" of {left} images" in dialog.words.text()


def test_without_predictions_the_limit_says_so(opened, qtbot):
    opened.review.set_limit()
    dialog = dialog_of(opened, UnknownDialog, qtbot)
    assert "two bins" in dialog.words.text()
    assert not dialog.use_button.isEnabled()
    assert dialog.off_button.isEnabled()


# -- accepting -------------------------------------------------------------------------------


def test_the_slider_cuts_at_the_confidence_and_the_errors_are_told(sorted_window, session, qtbot):
    sorted_window.review.accept_above()
    dialog = dialog_of(sorted_window, AcceptDialog, qtbot)
    collection, rows = session.collection, undecided(session)
    collection.confidence[rows] = np.linspace(0.5, 0.995, len(rows), dtype=np.float32)
    session.predictions_changed.emit()
    for _key in range(3):
        keys(dialog, Key.Key_PageDown)
    assert dialog.slider.value() == 60
    sure = rows[collection.confidence[rows] >= np.float32(0.6)]
    assert sorted(dialog.rows().tolist()) == sorted(sure.tolist())
    wrong = round(float((1 - collection.confidence[sure]).sum()))
    assert wrong > 1
    assert dialog.words.text() == f"{len(sure)} images, about {wrong} wrong."
    assert dialog.strip.pictures[0].path == collection.table.path(int(sure[0]))  # the least sure
    keys(dialog, Key.Key_End)
    assert dialog.words.text() == "No image is that sure."
    assert not dialog.button.isEnabled()
    keys(dialog, Key.Key_Escape)
    assert not (collection.source == CONFIRMED).any()


def test_what_goes_to_unknown_is_not_accepted_as_a_class(sorted_window, session, qtbot):
    collection = session.collection
    session.set_unknown(float(np.median(collection.unknown[undecided(session)])))
    sent = undecided(session)[collection.rejected(undecided(session))]
    assert len(sent)
    sorted_window.review.accept_above()
    dialog = dialog_of(sorted_window, AcceptDialog, qtbot)
    keys(dialog, Key.Key_Home)
    assert not np.isin(sent, dialog.rows()).any()
    assert len(dialog.rows()) == len(undecided(session)) - len(sent)


def test_bins_that_change_meanwhile_are_listed_as_they_are(sorted_window, session, qtbot):
    sorted_window.review.accept_above()
    dialog = dialog_of(sorted_window, AcceptDialog, qtbot)
    dialog.classes.setCurrentText("Blue")
    session.rename_bin(session.project.bin_named("Blue").id, "Sky")
    assert dialog.classes.currentText() == "Sky"
    session.remove_bin(session.project.bin_named("Sky").id)
    assert dialog.classes.currentText() == "All classes"


# -- enough ----------------------------------------------------------------------------------


def test_the_answer_is_one_sentence_and_every_class_has_a_bar(sorted_window, qtbot):
    dialog = enough_dialog(sorted_window, verdict(40), qtbot)
    assert dialog.view.headline.text() == "Not quite: give “Class 39” about 6 more examples."
    assert "“Class 39” and “Class 00” are mixed up most." in dialog.view.words.text()
    bars = {bar.accessibleName(): bar for bar in dialog.findChildren(RateBar)}
    assert len(bars) == 40
    assert bars["Class 39: 2 of 4"].y() < bars["Class 00: 8 of 8"].y()  # who needs help first
    assert dialog.view.table.horizontalScrollBar().maximum() == 0
    dialog.view.table.setFocus()
    keys(dialog, Key.Key_PageDown)
    assert dialog.view.table.verticalScrollBar().value() > 0


def test_well_taught_classes_are_told_so(sorted_window, qtbot):
    told = verdict(3, neediest=None, mixed=None, overall=Rate(40, 39))
    dialog = enough_dialog(sorted_window, told, qtbot)
    assert dialog.view.headline.text().startswith("Yes")
    assert not dialog.show_button.isVisible()


def test_too_few_examples_are_no_verdict(sorted_window, qtbot):
    dialog = enough_dialog(sorted_window, verdict(2, can_tell=False, mixed=None), qtbot)
    assert dialog.view.headline.text() == "There are too few examples to tell."
    assert "%" not in dialog.view.headline.text() + dialog.view.words.text()


def test_the_mixed_up_ones_are_shown_by_key(sorted_window, qtbot):
    dialog = enough_dialog(sorted_window, verdict(3), qtbot)
    shown = []
    dialog.shown.connect(lambda title, rows: shown.append((title, rows.tolist())))
    dialog.show_button.setFocus()
    keys(dialog, Key.Key_Space)
    assert shown == [("Class 02 and Class 00 mixed up", [3, 5])]


# -- hints -----------------------------------------------------------------------------------


@pytest.fixture
def hinted(sorted_window, session):
    """A window with three findings."""
    red, blue = (session.project.bin_named(name).id for name in ("Red", "Blue"))
    tell(
        sorted_window,
        Finding(Kind.OUTLIER, (red, blue), (0,), 0.6),
        Finding(Kind.NEAR_DUPLICATES, (red,), (1, 2), 0.3),
        Finding(Kind.UNEVEN, (blue, red), (), 0.1),
    )
    return sorted_window


def tell(window, *findings: Finding) -> None:
    window.reviewer.findings = findings
    window.reviewer.findings_changed.emit()


def words(window) -> list[str]:
    return [line.words for line in window.hygiene.lines]


def test_the_hints_are_opened_and_closed_by_key(hinted, qtbot):
    bar = hinted.hygiene
    assert bar.isVisible()
    assert not bar.list.isVisible()
    bar.button.setFocus()
    press(hinted, Key.Key_Space)
    assert bar.list.isVisible()
    assert words(hinted) == [
        "An example of “Red” looks like “Blue”",
        "“Red” holds 2 nearly identical pictures",
        "“Blue” has 1 example, “Red” has 1",
    ]
    assert hinted.focusWidget() is bar.lines[0].show_button
    press(hinted, Key.Key_Tab)
    assert hinted.focusWidget() is bar.lines[0].dismiss_button
    stopped = []
    cancel = hinted.actions_by_name["cancel"]  # Esc as well, while pictures are read
    cancel.setEnabled(True)
    cancel.triggered.connect(lambda: stopped.append(True))
    press(hinted, Key.Key_Escape)
    assert not bar.list.isVisible()
    assert bar.button.hasFocus()
    assert not stopped


def test_dismissing_goes_on_with_the_next_and_hides_the_bar_at_last(hinted, qtbot):
    bar = hinted.hygiene
    bar.button.setFocus()
    press(hinted, Key.Key_Space)
    bar.lines[1].dismiss_button.setFocus()
    press(hinted, Key.Key_Space)
    assert bar.button.text() == "2 hints about your examples"
    assert hinted.focusWidget() is bar.lines[1].dismiss_button
    press(hinted, Key.Key_Space)
    press(hinted, Key.Key_Space)
    assert not bar.isVisible()


def test_new_hints_do_not_take_the_focus_nor_open_the_list(hinted, session, qtbot):
    bar = hinted.hygiene
    hinted.grid.setFocus()
    red = session.project.bin_named("Red").id
    tell(hinted, Finding(Kind.NEAR_DUPLICATES, (red,), (1, 2, 3), 0.3))
    assert hinted.grid.hasFocus()
    assert not bar.list.isVisible()
    assert bar.button.text() == "1 hint about your examples"


def test_new_hints_leave_the_focus_in_the_list_where_it_is(hinted, session):
    bar = hinted.hygiene
    bar.button.click()
    bar.lines[1].dismiss_button.setFocus()
    red = session.project.bin_named("Red").id
    tell(hinted, *bar.findings, Finding(Kind.NEAR_DUPLICATES, (red,), (4, 5), 0.1))
    assert len(bar.lines) == 4
    assert hinted.focusWidget() is bar.lines[1].dismiss_button


def test_a_dismissed_hint_stays_away_when_the_project_is_opened_again(
    hinted, session, folder, qtbot
):
    red = session.project.bin_named("Red").id

    def alike(*names: str) -> Finding:
        rows = (session.collection.table.row(path_of(session, name)) for name in names)
        return Finding(Kind.NEAR_DUPLICATES, (red,), tuple(rows), 0.3)

    tell(hinted, alike("red1.png", "red2.png"), alike("red3.png", "red4.png"))
    hinted.hygiene.button.click()
    hinted.hygiene.all_button.click()
    assert not hinted.hygiene.isVisible()
    session.close_folder()
    qtbot.waitUntil(lambda: session.collection is None)
    session.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.collection is not None and not session.scanning)
    qtbot.waitUntil(idle(session))  # the pictures may have other rows now
    new = alike("red4.png", "red5.png")
    tell(hinted, alike("red1.png", "red2.png"), new, alike("red3.png", "red4.png"))
    assert hinted.hygiene.findings == (new,)


def test_a_hint_about_a_bin_that_is_gone_is_gone(hinted, session):
    session.remove_bin(session.project.bin_named("Blue").id)
    assert [f.kind for f in hinted.hygiene.findings] == [Kind.NEAR_DUPLICATES]


def test_a_hint_shows_the_examples_it_is_about(hinted, session):
    blue = path_of(session, "blue0.png")
    hinted.hygiene.button.click()
    hinted.hygiene.lines[2].show_button.click()
    assert hinted.page.view.show is Show.CHOSEN
    assert session.collection.paths(hinted.model.rows) == [blue]
