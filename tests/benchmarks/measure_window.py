"""Opens a large folder in a window of its own process and prints what it cost, as JSON.

python measure_window.py FOLDER COUNT
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from fewshot_gui.gui.app import build
from fewshot_gui.gui.arrangement import Order, Show
from fewshot_gui.gui.reader import ReaderState
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.start import favour_window
from fewshot_gui.workflow import Workbench
from tests.benchmarks.heartbeat import Heartbeat
from tests.benchmarks.make_folder import CLASSES, number_of

EXAMPLES = 5
DROPS = 15
WHEELS = 150
JUMPS = 60
PAUSE = 0.016
EXAMPLES_AT_ONCE = 5_000


def now() -> float:
    return time.perf_counter()


def memory() -> float:
    """Largest memory so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def until(condition: Callable[[], bool], seconds: float = 900) -> float:
    """Run the event loop until something is so; returns the seconds."""
    start = now()
    while not condition():
        QApplication.processEvents()
        time.sleep(0.0005)
        if now() - start > seconds:
            raise TimeoutError
    return now() - start


def rest(seconds: float) -> None:
    """Run the event loop for a while."""
    end = now() + seconds
    until(lambda: now() > end)


def beats(name: str, late: np.ndarray, to: dict[str, float]) -> None:
    to[f"{name} p99 ms"] = float(np.percentile(late, 99))
    to[f"{name} max ms"] = float(late.max())


def measure_bulk(session: Session, found: dict[str, float]) -> None:
    """What one action on many images holds up the window for."""
    targets = session.collection.targets
    some = session.collection.paths(targets[:: max(1, len(targets) // EXAMPLES_AT_ONCE)])
    keeper = session.desk.now.keeper
    into = session.project.bins[0].id
    actions = {
        "confirm all": lambda: session.confirm(targets),
        "undo it": session.undo,
        "redo it": session.redo,
        "take all out": lambda: session.take_out(session.collection.paths(targets)),
        "put 5,000": lambda: session.put(some, into),
        "undo the 5,000": session.undo,
    }
    heart = Heartbeat()
    for name, act in actions.items():
        heart.start()
        begin = now()
        act()
        found[f"{name} ms"] = (now() - begin) * 1e3
        until(lambda: not session.sorter.busy and not keeper.pending)
        rest(0.5)
        found[f"{name} max ms"] = float(heart.stop().max())


def measure(folder: str, count: int) -> dict[str, float]:
    app = QApplication([])
    parts = build(app, Workbench(isolated=True))
    favour_window()
    window, session, grid = parts.window, parts.session, parts.window.grid
    window.resize(1280, 860)
    window.show()
    rest(4)  # the engine has started, as it has for a user who looks for a folder
    found: dict[str, float] = {"before MB": memory()}
    heart = Heartbeat()

    heart.start()
    begin = now()
    window.open_folder(folder)
    until(lambda: window.model.rowCount() > 0 and grid.isVisible())
    grid.viewport().repaint()
    found["first pictures s"] = now() - begin
    until(lambda: not session.scanning and window.model.rowCount() == count)
    found["all listed s"] = now() - begin
    until(
        lambda: (
            session.collection.table.counts().ready == count
            and session.reader.state is ReaderState.IDLE
        )
    )
    found["all embeddings s"] = now() - begin
    beats("opening", heart.stop(), found)
    found["opened MB"] = memory()
    rest(2)

    heart.start()
    place = QPointF(grid.viewport().rect().center())
    for i in range(WHEELS):
        down = -1 if i % 50 < 35 else 1
        event = QWheelEvent(
            place,
            QPointF(grid.viewport().mapToGlobal(place.toPoint())),
            QPoint(),
            QPoint(0, 360 * down),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(grid.viewport(), event)
        rest(PAUSE)
    beats("wheel", heart.stop(), found)
    heart.start()
    bar = grid.verticalScrollBar()
    for i in range(JUMPS):
        bar.setValue(bar.maximum() * ((i * 37) % JUMPS) // JUMPS)
        rest(PAUSE if i % 5 else 0.25)
    beats("scroll bar", heart.stop(), found)
    bar.setValue(bar.maximum() // 2)
    begin = now()
    sight = grid.in_sight()
    paths = [session.collection.table.path(int(window.model.rows[p])) for p in sight]
    until(lambda: all(parts.thumbnails.dimensions(path) for path in paths), 60)
    found["thumbnails in sight s"] = now() - begin

    table, targets = session.collection.table, session.collection.targets
    sample = [table.path(int(row)) for row in targets[: CLASSES * (EXAMPLES + DROPS) * 3]]
    of_class: dict[int, list[str]] = {c: [] for c in range(CLASSES)}
    for path in sample:
        of_class[number_of(path) % CLASSES].append(path)
    for c in range(CLASSES):
        session.add_bin(f"Class {c:02}", of_class[c][:EXAMPLES])
    until(lambda: not session.sorter.busy)
    rest(1)
    heart.start()
    drops, scores = [], []
    for i in range(DROPS):
        bin_ = session.project.bins[i % CLASSES]
        path = of_class[int(bin_.name[-2:])][EXAMPLES + i // CLASSES + 1]
        before, begin = session.collection.confidence, now()
        session.put([path], bin_.id)
        until(lambda before=before: session.collection.confidence is not before)
        grid.viewport().repaint()
        drops.append((now() - begin) * 1e3)
        until(lambda: not session.sorter.busy)
        scores.append((now() - begin) * 1e3)
        rest(0.2)
    beats("drops", heart.stop(), found)
    found["drop p50 ms"] = float(np.percentile(drops, 50))
    found["drop p95 ms"] = float(np.percentile(drops, 95))
    found["unknown scores p95 ms"] = float(np.percentile(scores, 95))
    best = session.collection.best[targets]
    names = {b.id: int(b.name[-2:]) for b in session.project.bins}
    some = np.linspace(0, len(targets) - 1, 500).astype(int)
    right = [
        names.get(int(best[i])) == number_of(table.path(int(targets[i]))) % CLASSES for i in some
    ]
    found["right %"] = 100 * float(np.mean(right))

    changes = [
        lambda: window.page.set_order(Order.LEAST_SURE),
        lambda: window.page.set_order(Order.GROUPED),
        lambda: window.page.set_order(Order.FOLDER),
        lambda: window.page.show_only(Show.UNSURE),
        lambda: window.page.show_only(Show.ALL),
    ]
    took = []
    for change in changes * 2:
        begin = now()
        change()
        grid.viewport().repaint()
        took.append((now() - begin) * 1e3)
        rest(0.1)
    found["order or filter p50 ms"] = float(np.median(took))
    found["order or filter max ms"] = float(np.max(took))
    begin = now()
    grid.selectAll()
    grid.viewport().repaint()
    found["select all ms"] = (now() - begin) * 1e3
    measure_bulk(session, found)
    found["peak MB"] = memory()
    embeddings = count * table.width * 2 + min(count, 131_072) * table.width * 2
    found["embeddings MB"] = embeddings / 1e6
    window.leave_at_once()
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
            os.environ[name] = os.path.join(home, name)
        result = measure(sys.argv[1], int(sys.argv[2]))
        print(json.dumps(result), flush=True)
        os._exit(0)
