"""The keeper: never blocks for long, never loses a step, says how it is doing."""

from __future__ import annotations

import os
import threading
import time

import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.project import keeper as keeping
from fewshot_gui.project.backups import Backups
from fewshot_gui.project.draft_names import drafts_folder
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.identity import KnownImage
from fewshot_gui.project.keeper import Keeper
from fewshot_gui.project.keeping import KeeperState, Keeping
from fewshot_gui.project.model import Project
from fewshot_gui.project.problems import ReadOnlyProject
from tests.project.decisions import decisions, loaded, made


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(keeping, "RETRY_S", 0.02)
    monkeypatch.setattr(keeping, "LONGEST_RETRY_S", 0.05)


def keeper_of(path):
    file = ProjectFile.open(path)
    project = file.load()
    keeper = project.journal = Keeper(file)
    told = []
    keeper.on_state = told.append
    return project, keeper, told


def until(condition):
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_what_the_caller_goes_on_with_is_in_the_file(tmp_path):
    path = made(str(tmp_path), Project())
    project, keeper, told = keeper_of(path)
    project.add_bin("A", ["/a"])
    project.undo()
    project.redo()
    until(lambda: keeper.pending == 0)
    other = ProjectFile.open(path, read_only=True)
    assert decisions(other.load()) == decisions(project)
    other.close()
    assert keeper.state == KeeperState(Keeping.SAVED)
    assert all(state.error is None for state in told)
    assert keeper.close()
    assert loaded(path) == decisions(project)
    assert {p.name for p in tmp_path.iterdir()} <= {"a.fewshot", ".a.fewshot.lock"}


def test_bookkeeping_goes_the_same_way(tmp_path):
    project = Project()
    project.add_folder("/p")
    project.add_bin("A", ["/p/1", "/p/2"])
    path = made(str(tmp_path), project)
    project, keeper, _told = keeper_of(path)
    keeper.note({"/p/1": KnownImage(1, 2, 3, b"d" * 16)})
    keeper.renamed({"/p/1": "/p/one"})
    keeper.relocate(project.folders[0].id, "/q")
    assert keeper.pending == 0
    project.renamed({"/p/1": "/p/one"})
    project.relocated(project.folders[0].id, "/q")
    assert keeper.close()
    assert loaded(path) == decisions(project)
    file = ProjectFile.open(path)
    assert file.known() == {"/q/one": KnownImage(1, 2, 3, b"d" * 16)}
    file.close()


def test_a_slow_disk_does_not_hold_the_caller(tmp_path, monkeypatch):
    path = made(str(tmp_path), Project())
    project, keeper, told = keeper_of(path)
    gate = threading.Event()
    write = ProjectFile.did

    def slow(file, edit, step=None):
        gate.wait(120)
        write(file, edit, step)

    monkeypatch.setattr(ProjectFile, "did", slow)
    project.add_bin("A")
    project.add_bin("B")
    assert keeper.pending == 2
    assert told[-1].kind is Keeping.SAVING
    gate.set()
    until(lambda: told[-1] == KeeperState(Keeping.SAVED))
    assert keeper.close()
    assert loaded(path) == decisions(project)


def test_an_error_is_told_and_the_step_is_written_later_and_once(tmp_path, monkeypatch):
    path = made(str(tmp_path), Project())
    project, keeper, told = keeper_of(path)
    write = ProjectFile.did
    faults = [OSError(5, "Input/output error")] * 2

    def failing(file, edit, step=None):
        if faults:
            raise faults.pop()
        write(file, edit, step)

    def failing_afterwards(file, edit, step=None):
        write(file, edit, step)
        if not told_after:
            told_after.append(True)
            raise OSError(5, "Input/output error")

    told_after = []
    monkeypatch.setattr(ProjectFile, "did", failing)
    project.add_bin("A")
    until(lambda: keeper.pending == 0 and told[-1].kind is Keeping.SAVED)
    assert told[0].kind is Keeping.TROUBLE
    assert "Input/output error" in told[0].error.message
    assert "Your last action is kept" in told[0].error.hint
    monkeypatch.setattr(ProjectFile, "did", failing_afterwards)
    project.add_bin("B", ["/b"])
    until(lambda: keeper.pending == 0)
    assert told_after
    assert keeper.close()
    assert loaded(path) == decisions(project)


def test_a_file_that_was_moved_away_is_told_and_found_again(tmp_path):
    path = made(str(tmp_path), Project())
    project, keeper, told = keeper_of(path)
    os.rename(path, f"{path}.away")
    project.add_bin("A")
    until(lambda: told and told[-1].kind is Keeping.TROUBLE)
    assert told[-1].error.message == ("The project cannot be saved: its file was moved or deleted.")
    assert keeper.pending == 1
    os.rename(f"{path}.away", path)
    until(lambda: keeper.pending == 0)
    assert keeper.close()
    assert loaded(path) == decisions(project)


def test_a_deleted_file_can_be_saved_elsewhere(tmp_path):
    path = made(str(tmp_path), Project())
    project, keeper, told = keeper_of(path)
    project.add_bin("A")
    os.unlink(path)
    project.add_bin("B")
    until(lambda: told and told[-1].kind is Keeping.TROUBLE)
    target = str(tmp_path / "b.fewshot")
    assert keeper.move_to(target).result(10) == target
    until(lambda: told[-1].kind is Keeping.SAVED)
    assert keeper.close()
    assert loaded(target) == decisions(project)
    assert not os.path.exists(path)


def test_a_deleted_file_can_be_saved_under_its_own_name(tmp_path):
    path = made(str(tmp_path), Project())
    project, keeper, told = keeper_of(path)
    project.add_bin("A")
    os.unlink(path)
    project.add_bin("B")
    until(lambda: told and told[-1].kind is Keeping.TROUBLE)
    time.sleep(0.2)  # it is tried again meanwhile
    assert "moved or deleted" in told[-1].error.message
    assert keeper.move_to(path).result(10) == path
    until(lambda: keeper.pending == 0)
    project.add_bin("C")
    assert keeper.close()
    assert loaded(path) == decisions(project)


def test_a_folder_that_is_gone_is_named(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    project, keeper, told = keeper_of(made(str(folder), Project()))
    os.rename(folder, tmp_path / "away")
    project.add_bin("A")
    until(lambda: told and told[-1].kind is Keeping.TROUBLE)
    assert f"the folder “{folder}” is not there" in told[-1].error.message
    os.rename(tmp_path / "away", folder)
    until(lambda: keeper.pending == 0)
    assert keeper.close()


def test_an_older_version_in_its_place_is_not_written_over(tmp_path):
    path = made(str(tmp_path), Project())
    with open(path, "rb") as stream:
        older = stream.read()
    project, keeper, told = keeper_of(path)
    project.add_bin("A")
    os.rename(path, f"{path}.mine")
    with open(path, "wb") as stream:
        stream.write(older)
    project.add_bin("B")
    until(lambda: told and "another program" in str(told[-1].error))
    assert not keeper.close(0.2)
    assert keeper.pending == 1


def test_closing_gives_up_in_time_and_says_so(tmp_path, monkeypatch):
    path = made(str(tmp_path), Project())
    project, keeper, _told = keeper_of(path)

    def failing(_file, _edit, _step=None):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(ProjectFile, "did", failing)
    project.add_bin("A")
    started = time.monotonic()
    assert not keeper.close(0.3)
    assert time.monotonic() - started < 60
    assert keeper.pending == 1
    assert loaded(path) == decisions(Project())  # and the lock is free


def test_copies_and_moves(tmp_path):
    path = made(str(tmp_path))
    project, keeper, _told = keeper_of(path)
    project.add_bin("Orange", ["/o"])
    copy, target = str(tmp_path / "copy.fewshot"), str(tmp_path / "moved.fewshot")
    assert keeper.save_copy(copy).result(10) == copy
    before = decisions(project)
    assert keeper.move_to(target).result(10) == target
    assert keeper.path == target
    assert keeper.move_to(target).result(10) == target
    project.add_bin("Plum")
    with pytest.raises(UserError, match="is not there"):
        keeper.move_to(str(tmp_path / "no" / "x.fewshot")).result(10)
    project.undo()
    assert keeper.close()
    assert loaded(copy) == loaded(path) == before
    assert loaded(target) == decisions(project)
    with pytest.raises(UserError, match="closed"):
        keeper.save_copy(copy).result(10)


def test_a_read_only_project_takes_no_step(tmp_path):
    path = made(str(tmp_path))
    file = ProjectFile.open(path, read_only=True)
    project = file.load()
    keeper = project.journal = Keeper(file)
    with pytest.raises(ReadOnlyProject):
        project.add_bin("X")
    assert keeper.close()


class Clock:
    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


def test_backups_are_made_by_the_way_and_on_closing_if_there_is_something_new(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(keeping, "IDLE_S", 0.01)
    path = made(str(tmp_path), Project())
    file = ProjectFile.open(path)
    backups = Backups(file.uuid)
    clock = Clock()
    project = file.load()
    keeper = project.journal = Keeper(file, clock)
    project.add_bin("A", ["/a"])
    time.sleep(0.1)
    assert backups.list() == []
    clock.now += keeping.BACKUP_EVERY_S + 1
    until(lambda: len(backups.list()) == 1)
    assert backups.list()[0].labels == 1
    clock.now += keeping.BACKUP_EVERY_S + 1
    time.sleep(0.1)
    assert len(backups.list()) == 1
    project.add_bin("B", ["/b"])
    clock.now += 1
    assert keeper.close()
    assert [b.labels for b in backups.list()] == [2, 1]
    file = ProjectFile.open(path)
    clock.now = time.time()
    keeper = Keeper(file, clock)
    assert keeper.close()
    assert len(backups.list()) == 2


def test_a_draft_that_goes_on_under_a_name_is_gone(tmp_path):
    draft = os.path.join(drafts_folder(), "targets-0-1.fewshot")
    os.makedirs(drafts_folder())
    keeper = Keeper(ProjectFile.create(draft, Project()))
    moved = keeper.move_to(str(tmp_path / "named.fewshot"))
    assert keeper.close()  # nobody waited for it: the program ends
    assert moved.result() == str(tmp_path / "named.fewshot")
    assert not os.path.exists(draft)


def test_what_is_just_being_written_is_at_no_risk_and_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "USUAL_S", 120.0)
    path = made(str(tmp_path), Project())
    project, keeper, _told = keeper_of(path)
    project.add_bin("A", [f"/{number}" for number in range(3 * keeping.MANY)])
    assert keeper.pending == 1
    assert keeper.at_risk == 0
    project.add_bin("B", ["/b"])
    project.undo()
    assert keeper.at_risk == 0
    assert keeper.close(0.0)
    assert loaded(path) == decisions(project)


def test_what_cannot_be_written_is_at_risk(tmp_path, monkeypatch):
    path = made(str(tmp_path), Project())
    project, keeper, _told = keeper_of(path)

    def fails(*_arguments):
        raise OSError("the disk fails")

    monkeypatch.setattr(ProjectFile, "did", fails)
    project.add_bin("A")
    until(lambda: keeper.at_risk == 1)
    assert not keeper.close(0.1)


def test_what_hangs_is_at_risk_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "USUAL_S", 0.1)
    path = made(str(tmp_path), Project())
    project, keeper, _told = keeper_of(path)
    gate = threading.Event()
    did = ProjectFile.did

    def hangs(*arguments):
        gate.wait(120)
        did(*arguments)

    monkeypatch.setattr(ProjectFile, "did", hangs)
    project.add_bin("A")
    until(lambda: keeper.at_risk == 1)
    gate.set()
    until(lambda: keeper.pending == 0)
    assert keeper.at_risk == 0
    assert keeper.close()
