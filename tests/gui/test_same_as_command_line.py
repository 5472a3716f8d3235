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
    qtbot.waitUntil(lambda: not session.scanning)


def exported(parts, qtbot, path: Path) -> bytes:
    session = parts.session
    qtbot.waitUntil(
        lambda: (
            session.reader.state is ReaderState.IDLE
            and session.collection.table.counts().pending == 0
            and not session.sorter.busy
        ),
    )
    with qtbot.waitSignal(session.exported):
        session.export_csv(str(path))
    return path.read_bytes()


def classified(support: Path, targets: Path, output: Path, learner: str) -> bytes:
    subprocess.run(
        [
            *(sys.executable, "-P", "-m", "fewshot_gui", "classify", "--device", "cpu"),
            *("--support", support, "--targets", targets, "--output", output),
            *("--learner", learner),
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


@pytest.mark.parametrize("learner", ["auto", "refine", "prototypes"])
def test_class_folders_dropped_as_bins(real_parts, targets, tmp_path, qtbot, learner):
    real_parts.session.set_learner(learner)
    make_classes(tmp_path / "support", 3, first=70)
    read_all(real_parts, targets, qtbot)
    real_parts.session.import_class_folders([str(tmp_path / "support")])
    qtbot.waitUntil(lambda: len(real_parts.session.project.filled_bins) == 3)
    window = exported(real_parts, qtbot, tmp_path / "window.csv")
    assert window == classified(tmp_path / "support", targets, tmp_path / "cli.csv", learner)
    assert window.count(b"\r\n") == 26


@pytest.mark.parametrize("learner", ["auto", "refine"])
def test_images_of_the_folder_put_into_bins_one_after_the_other(
    real_parts, targets, tmp_path, qtbot, learner
):
    """Examples from the grid against copies of them in class folders, in another order."""
    session = real_parts.session
    session.set_learner(learner)
    read_all(real_parts, targets, qtbot)
    for name in ("blue1.png", "red3.png", "green0.png", "blue0.png", "more/red21.png"):
        colour = Path(name).stem.rstrip("0123456789")
        session.add_bin(colour, [str(targets / name)])
        copy = tmp_path / "support" / colour / f"copy-{Path(name).name}"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(targets / name, copy)
    window = exported(real_parts, qtbot, tmp_path / "window.csv")
    assert window == classified(tmp_path / "support", targets, tmp_path / "cli.csv", learner)
    assert window.count(b",support,") == 6


def export_command(project: Path, output: Path) -> bytes:
    subprocess.run(
        [
            *(sys.executable, "-P", "-m", "fewshot_gui", "export", project, "--csv", output),
            *("--device", "cpu"),
        ],
        env={**os.environ, "XDG_CACHE_HOME": str(output.parent / "another-cache")},
        check=True,
        capture_output=True,
    )
    return output.read_bytes()


def test_a_project_is_exported_alike_while_the_window_has_it_open(
    real_parts, targets, tmp_path, qtbot
):
    """Examples from here and elsewhere, corrections, confirmed and unknown ones."""
    session = real_parts.session
    make_classes(tmp_path / "support", 3, first=70)
    read_all(real_parts, targets, qtbot)
    session.import_class_folders([str(tmp_path / "support")])
    qtbot.waitUntil(lambda: len(session.project.filled_bins) == 3)
    exported(real_parts, qtbot, tmp_path / "before.csv")
    red, green = (session.project.bin_named(name).id for name in ("red", "green"))
    session.put([str(targets / "green0.png"), str(targets / "red1.png")], red)
    session.put([str(targets / "blue3.png")], 0)
    collection = session.collection
    session.confirm(collection.targets[collection.best[collection.targets] == green][:2])
    session.set_learner("lda")
    session.set_unknown(0.3)
    saved = tmp_path / "work.fewshot"
    session.desk.save_as(str(saved))
    qtbot.waitUntil(lambda: session.desk.now.path == str(saved) and not session.desk.unwritten)
    window = exported(real_parts, qtbot, tmp_path / "window.csv")
    for told in (b",corrected,", b",confirmed,", b",support,", b",unknown,", b",lda,"):
        assert told in window
    assert export_command(saved, tmp_path / "cli.csv") == window


def test_a_project_is_exported_alike_after_its_pictures_were_moved_about(
    real_parts, targets, tmp_path, qtbot
):
    """One renamed, one copied elsewhere, two that changed places, one replaced."""
    session = real_parts.session
    read_all(real_parts, targets, qtbot)
    for name in ("blue1", "red3", "green0", "blue0", "red0", "green1", "green2", "blue2"):
        session.add_bin(name.rstrip("0123456789"), [str(targets / f"{name}.png")])
    saved = tmp_path / "work.fewshot"
    session.desk.save_as(str(saved))
    exported(real_parts, qtbot, tmp_path / "before.csv")
    qtbot.waitUntil(lambda: session.desk.now.path == str(saved) and not session.desk.unwritten)
    session.close_folder()
    log = Path(f"{saved}-wal")  # the last facts are in the file itself when this is gone
    qtbot.waitUntil(lambda: not log.exists())
    (targets / "blue1.png").rename(targets / "renamed.png")
    shutil.copy(targets / "red3.png", targets / "more" / "copied.png")
    (targets / "red3.png").unlink()
    (targets / "green1.png").rename(targets / "x.png")
    (targets / "blue2.png").rename(targets / "green1.png")
    (targets / "x.png").rename(targets / "blue2.png")
    shutil.copy(targets / "red4.png", targets / "green2.png")
    copied = tmp_path / "copy.fewshot"
    shutil.copy(saved, copied)  # the window writes what it finds into the other one
    command = export_command(copied, tmp_path / "cli.csv")
    session.open_project(str(saved))
    qtbot.waitUntil(lambda: session.collection is not None and not session.scanning)
    window = exported(real_parts, qtbot, tmp_path / "window.csv")
    assert command == window
    rows = {line.split(",")[0]: line.split(",") for line in command.decode().splitlines()}
    assert rows["renamed.png"][6] == rows["more/copied.png"][6] == "support"
    assert rows["green1.png"][1] == "blue"
    assert rows["blue2.png"][1] == "green"
    assert "red3.png" not in rows
