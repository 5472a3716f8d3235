"""Makes the README's pictures: the real window with the bundled sample, light and dark.

    python packaging/make_screenshots.py

Runs without a display. Settings and caches of the user are left alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parent / "screenshots"
SIZE = (1280, 800)
PATIENCE_SECONDS = 180


def main() -> int:
    """Write one picture for each look."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as places:
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
            os.environ[name] = places
        _take_all()
    return 0


def _take_all() -> None:
    from PySide6.QtWidgets import QApplication

    from fewshot_gui.gui.app import build
    from fewshot_gui.gui.arrangement import Order
    from fewshot_gui.workflow import Workbench

    app = QApplication(sys.argv[:1])
    parts = build(app, Workbench(isolated=True))
    window, session = parts.window, parts.session
    window.resize(*SIZE)
    window.show()
    window.open_sample()
    _wait(app, lambda: session.collection is not None and _all_sorted(session))
    FOLDER.mkdir(exist_ok=True)
    _take(app, parts, "light", "sorted.png")
    window.page.set_order(Order.LEAST_SURE)
    _take(app, parts, "dark", "least-sure-first.png")
    window.review.next_doubt()
    window.review.toggle_preview()
    _take(app, parts, "light", "large.png")
    window.leave_at_once()


def _all_sorted(session) -> bool:
    counts = session.collection.table.counts()
    return not session.scanning and counts.pending == 0 and _predicted(session)


def _predicted(session) -> bool:
    collection = session.collection
    best = collection.best[collection.targets]
    return len(best) > 0 and not session.sorter.busy and bool((best >= 0).all())


def _take(app, parts, theme: str, name: str) -> None:
    parts.theme.choose(theme)
    # Thumbnails come from other processes; nothing tells when the last one is painted.
    until = time.monotonic() + 3
    _wait(app, lambda: time.monotonic() > until)
    parts.window.grab().save(str(FOLDER / name))
    print(FOLDER / name)


def _wait(app, is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError("the window did not come that far")
        app.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
