"""A whole sitting on real photos, with the keys and drags of a person who knows the answers.

``pytest tests/gui/test_sitting_grocery.py -rP`` prints how many actions it took. An action is
one thing done: a key, a drag, a name typed. Looking and scrolling are free for everybody.
"""

from __future__ import annotations

import hashlib
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.backbones.units import to_units
from fewshot_gui.gui.app import build
from fewshot_gui.gui.arrangement import Show
from fewshot_gui.gui.collection import NOBODY
from fewshot_gui.learners.predictions import NO_CLASS
from tests.gui.driving import drag, tile_place
from tests.gui.fakes import FakeDialogs, FakeWorkbench
from tests.gui.test_session import idle

WAYS, EACH = 10, 20
ALLOWED_WRONG = 2  # of 200: 99 %

pytestmark = [pytest.mark.accuracy, pytest.mark.slow]


class KnownEmbeddings(FakeWorkbench):
    """Gives pictures the embeddings that the real backbone computed for the same bytes."""

    def __init__(self, table: EmbeddingTable, rows: np.ndarray) -> None:
        super().__init__()
        self._table = table
        digests = table.digests(rows)
        self._rows = {d.tobytes(): row for d, row in zip(digests, rows.tolist(), strict=True)}

    def new_table(self) -> EmbeddingTable:
        return EmbeddingTable(self._table.width)

    def _read(self, table, row) -> None:
        content = Path(table.file(row).path).read_bytes()
        digest = np.frombuffer(hashlib.blake2b(content, digest_size=16).digest(), np.uint8)
        known = self._rows[digest.tobytes()]
        table.store_units(
            np.asarray([row]), to_units(self._table.units(np.asarray([known]))), digest[None]
        )


@pytest.fixture
def task(grocery_table, tmp_path):
    """200 photos of 10 classes in one folder, mixed; and the class of each."""
    table, rows = grocery_table
    chance = random.Random(3)
    large = sorted(name for name in rows if len(rows[name]) >= EACH)
    chosen = chance.sample(large, WAYS)
    photos = [(name, row) for name in chosen for row in chance.sample(list(rows[name]), EACH)]
    chance.shuffle(photos)
    truth = {}
    (tmp_path / "photos").mkdir()
    for number, (name, row) in enumerate(photos):
        source = Path(table.file(int(row)).path)
        target = tmp_path / "photos" / f"IMG_{number:04}{source.suffix}"
        shutil.copyfile(source, target)
        truth[target.name] = name.replace("/", " ")
    everything = np.concatenate(list(rows.values()))
    return tmp_path / "photos", truth, KnownEmbeddings(table, everything)


class Person:
    """Does what a person does, and counts it."""

    def __init__(self, window, session, truth, qtbot, monkeypatch) -> None:
        self.window, self.session, self.truth = window, session, truth
        self._qtbot, self._monkeypatch = qtbot, monkeypatch
        self.actions = 0

    def settle(self) -> None:
        QApplication.processEvents()
        self._qtbot.waitUntil(idle(self.session))

    def press(self, key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
        if not self.window.isActiveWindow():  # as the system does when a popup closes
            self.window.activateWindow()
            self._qtbot.waitUntil(self.window.isActiveWindow)
        QTest.keyClick(self.window.focusWidget(), key, modifier)
        self.actions += 1

    def answer(self, row: int) -> str:
        return self.truth[Path(self.session.collection.table.file(row).path).name]

    def bin_of(self, name: str):
        return self.session.project.bin_named(name)

    def select(self, row: int) -> None:
        """Go to an image; what it costs is told by who calls."""
        grid = self.window.grid
        grid.setFocus()
        grid.select_rows(np.asarray([row]), row)

    def label_current(self) -> None:
        """Put the current image where it belongs, by key; the next one is current then."""
        row = self.window.grid.current_row()
        name = self.answer(row)
        known = self.bin_of(name)
        place = self.session.project.bins.index(known) if known else 99
        if place < 9:
            self.press(Qt.Key(Qt.Key.Key_1 + place))
        else:
            self.press(Qt.Key.Key_C)
            line = self.window.picker.focusWidget() or self.window.picker
            QTest.keyClicks(line, name)
            QTest.keyClick(line, Qt.Key.Key_Return)
            self.actions += 1
        label = self.session.project.label(self.session.collection.table.file(row).path)
        assert self.session.project.class_name(label.class_id) == name

    def drag_to_its_bin(self, row: int) -> None:
        window = self.window
        place = tile_place(window.grid, window.model.position(row))
        card = window.panel.card(self.bin_of(self.answer(row)).id)
        drag(self._monkeypatch, window.grid.viewport(), place, card, card.rect().center())
        assert self.session.collection.is_support(np.asarray([row])).all()
        self.actions += 1

    def wrong(self) -> np.ndarray:
        """Images that wear a wrong class, or none, the least sure first."""
        collection = self.session.collection
        targets = collection.targets
        shown = collection.shown(targets)
        names = {b.id: b.name for b in self.session.project.bins} | {NO_CLASS: "", 0: "Unknown"}
        bad = [
            row
            for row, class_id in zip(targets.tolist(), shown.tolist(), strict=True)
            if names[class_id] != self.answer(row)
        ]
        rows = np.asarray(bad, np.int64)
        return rows[np.argsort(collection.confidence[rows], kind="stable")]

    def share_right(self) -> float:
        return 1 - len(self.wrong()) / len(self.truth)


@pytest.fixture
def person(qapp, qtbot, task, monkeypatch):
    folder, truth, bench = task
    parts = build(qapp, bench, dialogs=FakeDialogs())
    parts.window.resize(1400, 1000)
    parts.window.show()
    qtbot.waitExposed(parts.window)
    parts.window.files.open(str(folder))
    session = parts.session
    qtbot.waitUntil(lambda: session.collection is not None and idle(session)())
    yield Person(parts.window, session, truth, qtbot, monkeypatch)
    parts.window.leave_at_once()
    parts.window.deleteLater()
    bench.close()


def examples_of(person, row: int) -> int:
    known = person.bin_of(person.answer(row))
    return len(person.session.project.support(known.id)) if known else 0


def with_help(person) -> None:
    """What to label next, then the mistakes that are seen, then accept the rest."""
    window, session = person.window, person.session
    for _round in range(4):
        person.press(Qt.Key.Key_S)
        person.settle()
        person._qtbot.waitUntil(lambda: window.page.view.show is Show.CHOSEN)
        rows = window.model.rows.copy()
        names = {person.answer(int(row)) for row in rows}
        unseen = {n for n in names if person.bin_of(n) is None}
        if session.project.bins and not unseen:
            break
        for row in rows.tolist():
            if examples_of(person, row) < 2 and session.collection.source[row] == NOBODY:
                if window.grid.current_row() != row:
                    person.select(row)
                    person.actions += 1  # a click
                person.label_current()
        person.settle()
        if len(session.project.bins) == WAYS:
            break
    window.page.show_only(Show.ALL)
    window.panel.collapse_all()  # so that all bins are in sight
    person.actions += 2
    QApplication.processEvents()
    while len(person.wrong()) > ALLOWED_WRONG:
        # the mistake that the program is surest of teaches it most
        person.drag_to_its_bin(int(person.wrong()[-1]))
        person.settle()
    window.grid.setFocus()
    window.grid.selectAll()
    person.actions += 1
    person.press(Qt.Key.Key_Return)
    person.settle()


def one_by_one(person) -> None:
    """Every image by its key, in the order of the folder."""
    window = person.window
    person.select(int(window.model.rows[0]))
    for _number in range(len(person.truth)):
        person.label_current()
    person.settle()


def test_a_sitting_with_help_takes_few_actions(person, capsys):
    with_help(person)
    collection = person.session.collection
    assert person.share_right() >= 0.99
    assert (collection.source[collection.targets] != NOBODY).all()
    print(f"with help: {person.actions} actions for 200 images, {person.share_right():.1%} right")
    assert person.actions <= len(person.truth) / 2  # far below; the number is what is printed


def test_a_sitting_one_by_one(person):
    one_by_one(person)
    assert person.share_right() == 1.0
    print(f"one by one: {person.actions} actions for 200 images")
    assert person.actions >= len(person.truth)
