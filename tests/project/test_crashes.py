"""Killed processes, full and failing disks, two instances: nothing is lost, nothing doubled."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.keeper import Keeper
from fewshot_gui.project.keeping import Keeping
from fewshot_gui.project.lock import lock_path
from fewshot_gui.project.model import Project
from tests.project.crashing import operation
from tests.project.decisions import decisions, kept, loaded, made

ROOT = Path(__file__).parents[2]
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = 65534

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and signals")


def child(*arguments, before=(), **options):
    command = [*before, sys.executable, "-m", "tests.project.crashing", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, **options
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_killed_at_any_moment_nothing_acknowledged_is_lost_and_nothing_doubled(tmp_path):
    path = made(str(tmp_path), Project())
    answer = child("kill", path, 55, 7)
    assert answer["faults"] == []
    assert answer["acknowledged"] > 55


def test_of_two_that_open_at_once_one_writes_and_the_other_is_told_who(tmp_path):
    path = made(str(tmp_path))
    before = loaded(path)
    rounds = child("race", path, 25)
    assert len(rounds) == 25
    for children, lines in rounds:
        refused, writes = lines
        holder = int(writes.removeprefix("writes "))
        assert holder in children
        # in the first moment the holder may not have written its name yet
        assert refused in (f"refused {holder}", "refused 0")
    assert loaded(path) == before


# -- a failing disk ------------------------------------------------------------------------


def states(count):
    """What a file may hold after so many operations."""
    project = Project()
    found = [decisions(project)]
    for number in range(count):
        operation(project, number)
        found.append(decisions(project))
    return found


def last_of(possible, found):
    """The last place of a state: undoing and redoing gives the same one again."""
    return max(i for i, state in enumerate(possible) if state == found)


def can_trace():
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False)
    return done.returncode == 0


FAULTS = [
    *(("local", f"pwrite64:error=ENOSPC:when={n}+") for n in (8, 60)),
    *(("local", f"pwrite64:error=ENOSPC:when={n}") for n in (9, 33)),
    *(("local", f"pwrite64:error=EIO:when={n}") for n in (12, 40)),
    ("local", "pwrite64:error=EIO:when=30+"),
    ("local", "pwrite64:error=EDQUOT:when=25+"),
    ("local", "fdatasync:error=EIO:when=2"),
    ("network", "pwrite64:error=ENOSPC:when=40+"),
    ("network", "pwrite64:error=EIO:when=44"),
    *(("network", f"fdatasync:error=EIO:when={n}") for n in (4, 9)),
    ("network", "fdatasync:error=EIO:when=12+"),
]


@pytest.mark.parametrize(("disk", "fault"), FAULTS)
def test_writes_that_fail_lose_nothing_that_was_acknowledged(tmp_path, disk, fault):
    if not can_trace():
        pytest.skip("strace is not here, or may not trace")
    count = 12
    path = made(str(tmp_path), Project())
    trace = ["strace", "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", f"inject={fault}"]
    done = subprocess.run(
        [*trace, sys.executable, "-m", "tests.project.crashing", "label", path, str(count),
         str(int(disk == "network"))],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "INJECTED" in (tmp_path / "trace").read_text()
    possible = states(count)
    found = last_of(possible, loaded(path))
    if done.returncode:  # it could not even be opened
        assert "UserError" in done.stderr.splitlines()[-1]
        assert found == 0
        return
    answer = json.loads(done.stdout)
    assert found >= answer["acknowledged"]
    assert found == count or not answer["closed"]
    assert answer["closed"] or answer["troubles"]


@contextlib.contextmanager
def small_disk(megabytes):
    """A disk of its own that is soon full."""
    folder = tempfile.mkdtemp(prefix="fewshot-disk-")
    size = f"size={megabytes}M"
    mount = ["mount", "-t", "tmpfs", "-o", size, "fewshot-test", folder]
    if not IS_ROOT or shutil.which("mount") is None:
        pytest.skip("only root mounts a small disk")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        os.rmdir(folder)


def fill(folder):
    """Take all the room that is left."""
    path = os.path.join(folder, "ballast")
    with contextlib.suppress(OSError), open(path, "ab", buffering=0) as stream:
        while True:
            stream.write(b"x" * 4096)
    return path


def test_a_full_disk_is_told_and_waited_for(monkeypatch):
    monkeypatch.setattr("fewshot_gui.project.keeper.RETRY_S", 0.05)
    monkeypatch.setattr("fewshot_gui.project.keeper.LONGEST_RETRY_S", 0.05)
    with small_disk(2) as folder:
        path = made(folder, Project())
        file, project = kept(path)
        keeper = project.journal = Keeper(file)
        told = []
        keeper.on_state = told.append
        project.add_bin("A", ["/first.jpg"])
        assert keeper.pending == 0
        ballast = fill(folder)
        number = 0
        while keeper.pending < 3:
            number += 1
            project.put([f"/{number}-{i}.jpg" for i in range(200)], project.bins[0].id)
        project.undo()
        until(lambda: told[-1].pending == keeper.pending == 4)
        assert told[-1].kind is Keeping.TROUBLE
        assert told[-1].error.message == "The project cannot be saved: the disk is full."
        assert told[-1].error.hint == (
            "Your last 4 actions are kept and will be saved as soon as there is room."
        )
        os.unlink(ballast)
        until(lambda: keeper.pending == 0 and told[-1].kind is Keeping.SAVED)
        assert keeper.close()
        assert loaded(path) == decisions(project)


def test_from_a_full_disk_a_project_can_be_saved_elsewhere(tmp_path):
    with small_disk(1) as folder:
        path = made(folder, Project())
        file, project = kept(path)
        keeper = project.journal = Keeper(file)
        project.add_bin("A")
        fill(folder)
        while keeper.pending < 2:
            project.put([f"/{len(project.labels)}-{i}" for i in range(500)], project.bins[0].id)
        copy, target = str(tmp_path / "copy.fewshot"), str(tmp_path / "b.fewshot")
        assert keeper.save_copy(copy).result(10) == copy
        assert loaded(copy) == decisions(project)
        assert keeper.move_to(target).result(10) == target
        until(lambda: keeper.pending == 0)
        project.add_bin("B")
        assert keeper.close()
        assert loaded(target) == decisions(project)


def test_nothing_is_left_of_what_had_no_room(tmp_path):
    with small_disk(1) as folder:
        project = Project()
        project.add_bin("A", [f"/{i:06}.jpg" for i in range(40_000)])
        target = os.path.join(folder, "big.fewshot")
        with pytest.raises(UserError, match="the disk is full"):
            ProjectFile.create(target, project)
        file = ProjectFile.create(str(tmp_path / "a.fewshot"), project)
        with pytest.raises(UserError, match="the disk is full"):
            file.save_copy(target)
        file.close()
        assert set(os.listdir(folder)) <= {".big.fewshot.lock"}


def test_a_limit_on_the_size_of_files_is_a_failing_disk(tmp_path):
    path = made(str(tmp_path), Project())
    limit = "ulimit -f 60; exec "
    command = f"{sys.executable} -m tests.project.crashing label {path} 400 0"
    done = subprocess.run(
        ["bash", "-c", limit + command],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert not answer["closed"]
    assert answer["troubles"]
    assert last_of(states(400), loaded(path)) >= answer["acknowledged"] > 0


# -- forbidden places ----------------------------------------------------------------------


@pytest.fixture
def shared_folder():
    """A folder that a plain user can reach."""
    folder = tempfile.mkdtemp(prefix="fewshot-plain-")
    os.chmod(folder, 0o755)
    yield folder
    for entry in (folder, *(os.path.join(folder, name) for name in os.listdir(folder))):
        os.chmod(entry, 0o700)
    shutil.rmtree(folder)


@pytest.mark.parametrize("forbidden", ["file", "folder", "both"])
def test_what_may_not_be_written_opens_for_viewing(shared_folder, forbidden):
    folder = shared_folder
    path = made(folder)
    labels = len(loaded(path)[1])
    os.unlink(lock_path(path))
    os.chmod(path, 0o444 if forbidden in ("file", "both") else 0o666)
    os.chmod(folder, 0o555 if forbidden in ("folder", "both") else 0o777)
    answer = child("look", path, NOBODY)
    assert answer["read_only"]
    assert answer["labels"] == labels
    assert answer["notices"] == ["This project can only be viewed: you may not write to it."]
    assert answer["created"] is True or "may not write" in answer["created"]
    assert (answer["created"] is True) == (forbidden == "file")


def test_a_project_left_open_can_be_viewed_in_a_forbidden_folder(shared_folder):
    folder = shared_folder
    path = made(folder, Project())
    file, project = kept(path)
    project.add_bin("A", ["/a", "/b"])
    os.mkdir(os.path.join(folder, "killed"))
    for ending in ("", "-wal"):
        shutil.copy(path + ending, os.path.join(folder, "killed", "a.fewshot" + ending))
    file.close()
    os.chmod(os.path.join(folder, "killed"), 0o555)
    answer = child("look", os.path.join(folder, "killed", "a.fewshot"), NOBODY)
    assert (answer["read_only"], answer["labels"]) == (True, 2)


def test_what_may_not_be_read_is_told(shared_folder):
    folder = shared_folder
    path = made(folder)
    os.chmod(path, 0)
    answer = child("look", path, NOBODY)
    assert answer["error"] == "UserError"
    assert answer["message"] == "The project “a.fewshot” cannot be opened."


def until(condition):
    """Wait for a thread, not for ever."""
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
