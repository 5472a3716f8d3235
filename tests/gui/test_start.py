"""How the window starts, and drags on a platform that has real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_window_does_not_import_the_heavy_parts():
    heavy = "{'torch', 'timm', 'PIL', 'pyqtgraph'}"
    code = "import sys, fewshot_gui.gui.app, fewshot_gui.gui.evaluate_window;"
    code += f"print({heavy} & set(sys.modules))"
    assert run_python("-c", code).stdout.strip() == "set()"


def test_the_window_is_on_the_screen_before_what_belongs_in_it_is_imported():
    code = """
import sys
from PySide6.QtCore import QTimer
from fewshot_gui.gui import main_window, start
steps = []
class Watched(main_window.MainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        steps.append("numpy" in sys.modules)
    def furnish(self, *parts):
        super().furnish(*parts)
        steps.append("furnished")
        QTimer.singleShot(0, self, self.close)
start.MainWindow = Watched
code = start.run()
print(steps[0], "furnished" in steps, code)
"""
    assert run_python("-c", code).stdout.split() == ["False", "True", "0"]


def test_a_window_may_be_closed_while_it_starts():
    code = """
from PySide6.QtCore import QTimer
from fewshot_gui.gui import start
begin = start.Start.begin
start.Start.begin = lambda self: (begin(self), QTimer.singleShot(0, self.window.close))
print(start.run())
"""
    done = run_python("-c", code)
    assert done.stdout.strip() == "0"
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_ctrl_c_is_heard_before_there_is_a_window():
    code = """
import os, signal
from PySide6.QtWidgets import QApplication
QApplication.exec = lambda *_: os._exit(7)
from fewshot_gui.gui import start
really = start.QApplication
start.QApplication = lambda *words: (os.kill(os.getpid(), signal.SIGINT), really(*words))[1]
from fewshot_gui.cli import main
main([])
"""
    done = run_python("-c", code, QT_QPA_PLATFORM="offscreen")
    assert done.returncode == -signal.SIGINT


def test_a_library_that_is_missing_is_told_of():
    code = """
import sys
sys.modules["fewshot_gui.gui.session"] = None
from fewshot_gui.cli import main
sys.exit(main([]))
"""
    done = run_python("-c", code, QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 2
    assert "The window cannot open" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_window_that_cannot_be_furnished_is_not_left_empty(tmp_path):
    code = """
import sys
from fewshot_gui.gui import main_window
def furnish(self, *parts):
    raise ValueError("no luck")
main_window.MainWindow.furnish = furnish
from fewshot_gui.cli import main
main([])
"""
    done = run_python("-c", code, QT_QPA_PLATFORM="offscreen", XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "ValueError: no luck" in done.stderr
    if sys.platform == "linux":
        (log,) = tmp_path.rglob("*.log")
        assert "ValueError: no luck" in log.read_text("utf-8")


def test_charts_use_the_windows_qt_whatever_the_user_has_set_for_other_programs():
    code = "from fewshot_gui.gui.evaluate_job import prepare_charts; prepare_charts();"
    code += "import pyqtgraph; print(pyqtgraph.Qt.QT_LIB)"
    assert run_python("-c", code, PYQTGRAPH_QT_LIB="PyQt5").stdout.strip() == "PySide6"


@pytest.mark.skipif(sys.platform != "linux", reason="needs Qt's minimal platform")
def test_drags_that_are_qts_own_from_press_to_drop():
    """The offscreen platform has no drags; minimal has them, and the same tests pass there."""
    done = run_python(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "drag or many_at_once"),
        "tests/gui/test_main_job.py",
        QT_QPA_PLATFORM="minimal",
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
