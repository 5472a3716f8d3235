"""Whatever is done in a sitting, the window, the project and its file say the same."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fewshot_gui.gui import collection as collections
from fewshot_gui.project import keeper
from fewshot_gui.project.values import UNKNOWN
from tests.gui.test_folders import look_again
from tests.gui.test_session import idle

STEPS = 35


def told(project):
    """All decisions; which of a bin's examples comes first is not asked."""
    support = {c: set(project.support(c)) for c in (UNKNOWN, *(b.id for b in project.bins))}
    return project.setup, dict(project.labels), support


def agree(session):
    """Each image wears in the grid what the project says of it."""
    collection, project = session.collection, session.project
    for row in range(len(collection.table)):
        label = project.label(collection.table.path(row))
        worn = int(collection.label[row]) if collection.source[row] != collections.NOBODY else None
        assert worn == (label.class_id if label else None)
        assert bool(collection.is_support(np.asarray([row]))[0]) == bool(label and label.is_support)


class Sitter:
    """Does one thing after the other, as chance will have it."""

    def __init__(self, chance, window, session, folder, qtbot):
        self.chance, self.window, self.session = chance, window, session
        self.folder, self.qtbot = folder, qtbot
        self.count = 0

    def some(self, most=12):
        collection = self.session.collection
        targets = collection.table.ready(collection.targets).tolist()  # those that are there
        return np.array(
            self.chance.sample(targets, min(len(targets), self.chance.randint(1, most)))
        )

    def paths(self, most=12):
        return self.session.collection.paths(self.some(most))

    def bins(self):
        return [b.id for b in self.session.project.bins]

    def act(self):
        """One action that can be undone, unless there is nothing to do."""
        session, chance, bins = self.session, self.chance, self.bins()
        self.count += 1
        actions = [
            lambda: session.put(self.paths(), chance.choice([*bins, UNKNOWN])),
            lambda: session.confirm(self.some()),
            lambda: session.take_out(self.paths()),
            session.teach_confirmed,
            lambda: session.add_bin(f"bin {self.count}", self.paths(4)),
        ]
        if len(bins) > 2:
            actions.append(lambda: session.merge_bins([bins[0]], bins[1]))
            actions.append(lambda: session.remove_bin(bins[0]))
        chance.choice(actions)()

    def all_is_remembered(self):
        """Whether it is written down what labelled images are like; that takes some turns."""
        table, labels = self.session.collection.table, self.session.project.labels
        there = (path for path in labels if len(table.ready([table.row(path)])))
        return set(there) <= self.session.watch.tracker.known.keys()

    def rename_a_file(self):
        self.qtbot.waitUntil(self.all_is_remembered)
        self.count += 1
        name = self.chance.choice(sorted(p.name for p in self.folder.iterdir()))
        (self.folder / name).rename(self.folder / f"moved{self.count}.png")
        self.look()

    def delete_a_file_for_a_while(self):
        self.qtbot.waitUntil(self.all_is_remembered)
        path = self.chance.choice(sorted(self.folder.iterdir()))
        content = path.read_bytes()
        path.unlink()
        self.look()
        agree(self.session)
        path.write_bytes(content)
        self.look()

    def look(self):
        look_again(self.window, self.session, self.qtbot)
        self.qtbot.waitUntil(idle(self.session))


@pytest.mark.parametrize("seed", range(8))
def test_any_sitting(sorted_window, session, folder, qtbot, seed, monkeypatch):
    monkeypatch.setattr(collections, "_MANY", 1)  # what is kept for many images is used for all
    monkeypatch.setattr(keeper, "MANY", 2)
    chance = random.Random(seed)
    sitter = Sitter(chance, sorted_window, session, folder, qtbot)
    for _step in range(STEPS):
        before, depth = told(session.project), len(session.project.history[0])
        what = chance.random()
        if what < 0.6:
            sitter.act()
            if len(session.project.history[0]) > depth:
                after = told(session.project)
                session.undo()
                assert told(session.project) == before
                agree(session)
                session.redo()
                assert told(session.project) == after
        elif what < 0.75:
            session.undo()
        elif what < 0.85:
            session.redo()
        else:
            chance.choice([sitter.rename_a_file, sitter.delete_a_file_for_a_while])()
        agree(session)
    qtbot.waitUntil(sitter.all_is_remembered)
    expected = told(session.project), [edit.text for edit in session.project.history[0]]
    session.close_folder()
    session.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.collection is not None and not session.scanning)
    qtbot.waitUntil(idle(session))
    assert (told(session.project), [e.text for e in session.project.history[0]]) == expected
    agree(session)
    while session.project.history[0]:
        session.undo()
    agree(session)
    assert not session.project.labels
