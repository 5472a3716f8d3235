"""Backups: whole, thinned with age, and put back for real."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fewshot_gui.project import schema
from fewshot_gui.project.backups import Backups, kept_times, restore_backup
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.model import Project
from fewshot_gui.project.problems import Damaged, DamagedProject, ProjectInUse
from fewshot_gui.project.summary import read_summary
from tests.project.decisions import decisions, kept, loaded, made, sample


class Clock:
    def __init__(self):
        self.now = datetime(2026, 5, 17, 12, tzinfo=UTC).timestamp()

    def __call__(self):
        return self.now


def backed_up(folder, labels=(1, 3)):
    """A project file and its state at each of its backups."""
    path = made(str(folder), Project())
    file, project = kept(path)
    clock = Clock()
    clock.now -= 3600 * len(labels)
    project.add_bin("A")
    states = []
    for count in labels:
        project.put([f"/{count}-{i}" for i in range(count)], project.bins[0].id)
        clock.now += 3600
        file.back_up(clock)
        states.append(decisions(project))
    file.close()
    return path, states


def content(path):
    return os.listdir(path) if os.path.isdir(path) else Path(path).read_bytes()


@pytest.mark.parametrize(
    "harm", [b"", b"not a project at all", bytes(5000), None, "truncated", "header", "folder"]
)
def test_a_damaged_project_offers_its_backups_and_one_can_be_put_back(tmp_path, harm):
    path, states = backed_up(tmp_path)
    with open(path, "r+b") as stream:
        if isinstance(harm, bytes):
            stream.truncate(0)
            stream.write(harm)
        elif harm == "truncated":
            stream.truncate(9000)
        elif harm == "header":
            stream.write(bytes(200))
        else:
            stream.seek(5000)
            stream.write(os.urandom(20_000))
    if harm == "folder":
        os.unlink(path)
        os.mkdir(path)
    with pytest.raises(DamagedProject) as caught:
        ProjectFile.open(path)
    error = caught.value
    assert [b.labels for b in error.backups] == [4, 1]
    assert error.backups[0].time == Clock().now
    assert "4 labels" in error.hint
    damaged = content(path)
    aside = restore_backup(path, error.backups[0])
    assert loaded(path) == states[1]
    assert os.path.basename(aside).startswith("a.damaged-")
    assert aside.endswith(".fewshot")
    assert content(aside) == damaged


def test_any_backup_can_be_put_back_even_where_nothing_is_left(tmp_path):
    path, states = backed_up(tmp_path)
    backups = Backups(read_summary(path).uuid).list()
    assert loaded(restore_backup(path, backups[1])) == states[1]
    assert loaded(path) == states[0]
    os.unlink(path)
    assert restore_backup(path, backups[0]) == ""
    assert loaded(path) == states[1]


def test_a_damaged_backup_is_passed_over_and_never_put_back(tmp_path):
    path, states = backed_up(tmp_path, (1, 2, 3))
    newest = Backups(read_summary(path).uuid).list()[0]
    with open(newest.path, "r+b") as stream:
        stream.seek(4096)
        stream.write(os.urandom(12_000))
    before = loaded(path)
    with pytest.raises(DamagedProject):
        restore_backup(path, newest)
    assert loaded(path) == before
    with open(path, "wb") as stream:
        stream.write(b"gone")
    with pytest.raises(DamagedProject) as caught:
        ProjectFile.open(path)
    assert [b.labels for b in caught.value.backups] == [3, 1]
    restore_backup(path, caught.value.backups[0])
    assert loaded(path) == states[1]


def test_no_backup_is_made_of_a_damaged_file(tmp_path):
    path, _states = backed_up(tmp_path)
    file, project = kept(path)
    project.add_bin("B", [f"/more/{i}" for i in range(2000)])
    file.checkpoint(least_pages=0)
    backups = Backups(file.uuid)
    before = backups.list()
    with open(path, "r+b") as stream:
        stream.seek(4096)
        stream.write(os.urandom(os.path.getsize(path) - 8192))
    with pytest.raises((Damaged, sqlite3.DatabaseError)):
        file.reopened()
    with (
        closing(schema.connect(path, "rw")) as db,  # has nothing of the file in memory
        pytest.raises((Damaged, sqlite3.DatabaseError)),
    ):
        backups.make(db, path)
    assert backups.list() == before
    file.let_go()


def test_a_project_that_is_open_is_not_replaced(tmp_path):
    path, _states = backed_up(tmp_path)
    file = ProjectFile.open(path)
    newest = Backups(file.uuid).list()[0]
    with pytest.raises(ProjectInUse):
        restore_backup(path, newest)
    file.close()


def test_backups_are_thinned_with_age():
    now = datetime(2026, 5, 17, 12, tzinfo=UTC)
    times = {(now - timedelta(hours=h)).timestamp() for h in range(24 * 500)}
    left = sorted(kept_times(times, now.timestamp()), reverse=True)
    ages = [(now.timestamp() - t) / 86_400 for t in left]
    assert sum(age < 2 for age in ages) == 48
    assert len(left) == 48 + 12 + 10 + 9
    days = [datetime.fromtimestamp(t, UTC).date() for t in left[48:60]]
    assert len(set(days)) == 12
    assert 350 > ages[-1] > 250
    assert kept_times(left, now.timestamp()) == set(left)
    assert kept_times([], 0.0) == set()


def test_thinning_over_a_year_always_leaves_old_ones():
    clock, times = datetime(2026, 1, 1, tzinfo=UTC), set()
    for day in range(400):
        times.add((clock + timedelta(days=day)).timestamp())
        times = kept_times(times, (clock + timedelta(days=day)).timestamp())
    ages = sorted(((clock + timedelta(days=399)).timestamp() - t) / 86_400 for t in times)
    assert len(times) <= 2 + 12 + 10 + 9
    assert ages[0] == 0
    assert ages[-1] > 120


def test_old_backups_are_removed_when_a_new_one_is_made(tmp_path):
    path = made(str(tmp_path), sample(str(tmp_path)))
    file = ProjectFile.open(path)
    clock = Clock()
    for _ in range(30):
        file.back_up(clock)
        clock.now += 12 * 3600
    assert len(Backups(file.uuid).list()) < 25
    file.close()
