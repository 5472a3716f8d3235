"""The window and the command line give the same bytes for the same support set."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from fewshot_gui.gui.app import build
from fewshot_gui.gui.reader import ReaderState
from fewshot_gui.workflow import Workbench
from tests.pictures import make_classes


@pytest.fixture
def real_parts(qapp, qtbot):
    """A window with the real engine behind it, on the CPU."""
    with closing(Workbench(device="cpu", isolated=True)) as workbench:
        parts = build(QApplication.instance(), workbench)
        parts.window.show()
        qtbot.waitExposed(parts.window)
        yield parts
        parts.window.leave_at_once()
        parts.window.deleteLater()


def read_all(parts, folder, qtbot):
    parts.window.open_folder(str(folder))
    session = parts.session
    qtbot.waitUntil(lambda: not session.scanning, timeout=20_000)


def exported(parts, qtbot, path: Path) -> bytes:
    session = parts.session
    qtbot.waitUntil(
        lambda: (
            session.reader.state is ReaderState.IDLE
            and session.collection.table.counts().pending == 0
            and not session.sorter.busy
        ),
        timeout=120_000,
    )
    with qtbot.waitSignal(session.exported, timeout=20_000):
        session.export_csv(str(path))
    return path.read_bytes()


def classified(support: Path, targets: Path, output: Path) -> bytes:
    subprocess.run(
        [
            *(sys.executable, "-P", "-m", "fewshot_gui", "classify", "--device", "cpu"),
            *("--support", support, "--targets", targets, "--output", output),
        ],
        # With a cache of its own, nothing of the window's is found there.
        env={**os.environ, "XDG_CACHE_HOME": str(output.parent / "another-cache")},
        check=True,
        capture_output=True,
    )
    return output.read_bytes()


@pytest.fixture
def targets(tmp_path):
    """Flat and nested pictures, odd names, and two that cannot be read."""
    folder = tmp_path / "targets"
    make_classes(folder, 5, flat=True)
    make_classes(folder / "more", 2, first=20, flat=True)
    shutil.copy(folder / "red0.png", folder / "=1+1.png")
    shutil.copy(folder / "blue1.png", folder / "Ünï, “cødé”.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (folder / "empty.png").touch()
    return folder


def test_class_folders_dropped_as_bins(real_parts, targets, tmp_path, qtbot):
    make_classes(tmp_path / "support", 3, first=70)
    read_all(real_parts, targets, qtbot)
    real_parts.session.import_class_folders([str(tmp_path / "support")])
    qtbot.waitUntil(lambda: len(real_parts.session.project.filled_bins) == 3)
    window = exported(real_parts, qtbot, tmp_path / "window.csv")
    assert window == classified(tmp_path / "support", targets, tmp_path / "cli.csv")
    assert window.count(b"\r\n") == 26


def test_images_of_the_folder_put_into_bins_one_after_the_other(
    real_parts, targets, tmp_path, qtbot
):
    """Examples from the grid against copies of them in class folders, in another order."""
    session = real_parts.session
    read_all(real_parts, targets, qtbot)
    for name in ("blue1.png", "red3.png", "green0.png", "blue0.png", "more/red21.png"):
        colour = Path(name).stem.rstrip("0123456789")
        session.add_bin(colour, [str(targets / name)])
        copy = tmp_path / "support" / colour / f"copy-{Path(name).name}"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(targets / name, copy)
    window = exported(real_parts, qtbot, tmp_path / "window.csv")
    assert window == classified(tmp_path / "support", targets, tmp_path / "cli.csv")
    assert window.count(b",support,") == 6
