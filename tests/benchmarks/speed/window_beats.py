"""How long the event loop is held while a folder is classified: ``python window_beats.py DIR N``.

Opens the folder of ``N`` new pictures in the window, as a user does, fills two bins, and
watches a timer of 5 ms until every picture has its class. Prints JSON.
"""

from __future__ import annotations

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication

from fewshot_gui.gui.app import build
from fewshot_gui.gui.reader import ReaderState
from fewshot_gui.gui.start import favour_window
from fewshot_gui.workflow import Workbench
from tests.benchmarks.heartbeat import Heartbeat
from tests.benchmarks.measure_window import now, rest, until

EXAMPLES = 6
AN_HOUR = 3600


def measure(folder: str, count: int) -> dict[str, float]:
    """Beats in milliseconds, and how long it took."""
    app = QApplication([])
    parts = build(app, Workbench(isolated=True))
    favour_window()
    window, session = parts.window, parts.session
    window.resize(1280, 860)
    window.show()
    rest(2)
    window.open_folder(folder)
    until(lambda: not session.scanning and window.model.rowCount() == count)
    paths = [session.collection.table.file(row).path for row in range(2 * EXAMPLES)]
    heart, begun = Heartbeat(), now()
    heart.start()
    for name, first in (("One", 0), ("Other", 1)):
        session.add_bin(name, paths[first::2])
    until(lambda: session.reader.state is ReaderState.IDLE and not session.sorter.busy, AN_HOUR)
    late, seconds = heart.stop(), now() - begun
    if (session.collection.best[session.collection.targets] == -1).any():
        raise RuntimeError("some pictures have no class")
    window.leave_at_once()
    return {
        "p50_ms": float(np.median(late)),
        "p99_ms": float(np.percentile(late, 99)),
        "max_ms": float(late.max()),
        "beats": len(late),
        "seconds": seconds,
        "images_per_second": count / seconds,
    }


if __name__ == "__main__":
    found = measure(sys.argv[1], int(sys.argv[2]))
    print(json.dumps(found), flush=True)
    os._exit(0)
