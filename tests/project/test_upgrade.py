"""Files of older versions: upgraded on a copy, the old one kept, newer ones refused."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fewshot_gui.project import schema
from fewshot_gui.project.backups import Backups
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.model import Project
from fewshot_gui.project.problems import DamagedProject, NewerProject
from fewshot_gui.project.summary import read_summary
from fewshot_gui.project.values import Bin, Folder, Label, Options, Setup, Source
from tests.project.decisions import decisions, loaded, made

DATA = Path(__file__).parent / "data"


def first_project():
    """What the file of every version holds. Never to be changed: files of users are like it."""
    project = Project(Setup(folders=(Folder(1, "/pictures"),)))
    project.add_bins({"Lemon": ["/pictures/a.jpg", "/pictures/sub/b.jpg"], "Lime": ["/c.jpg"]})
    lemon, lime = (b.id for b in project.bins)
    project.put(["/pictures/d.jpg"], lime, {"/pictures/d.jpg": lemon})
    project.confirm({"/pictures/e.jpg": lemon})
    project.put(["/pictures/f.jpg"], 0)
    project.describe_bin(lime, "Green, sour.")
    project.set_picture(lemon, "/pictures/sub/b.jpg")
    project.set_learner("centred")
    project.rename_bin(lime, "Limette")
    project.undo()
    return project


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
def test_the_file_of_every_version_gives_the_same_project(tmp_path, version):
    path = shutil.copy(DATA / f"version-{version}.fewshot", tmp_path)
    expected = decisions(first_project())
    for read_only in (True, False):
        file = ProjectFile.open(path, read_only)
        found = decisions(file.load())
        file.close()
        assert found == expected
    setup, labels, *_ = expected
    assert setup.options == Options("centred", 0.5)
    assert setup.bins[0] == Bin(2, "Lemon", 0, "", "/pictures/sub/b.jpg")
    assert labels["/pictures/d.jpg"] == Label(3, Source.CORRECTED)


def add_notes(db):
    db.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, words BLOB)")
    db.execute("INSERT INTO note VALUES (1, x'41')")


def fail(db):
    db.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, words BLOB)")
    raise sqlite3.OperationalError("in the middle")


@pytest.fixture
def next_version(monkeypatch):
    """A program of the version after this one, which has one table more."""
    now = schema.VERSION
    tables = {**schema.SCHEMAS[now]}
    tables["note"] = "CREATE TABLE note (id INTEGER PRIMARY KEY, words BLOB)"

    def install(step):
        monkeypatch.setattr(schema, "VERSION", now + 1)
        monkeypatch.setattr(schema, "SCHEMAS", {**schema.SCHEMAS, now + 1: tables})
        monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))

    return install


def version_in(path):
    with closing(sqlite3.connect(path)) as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


def test_an_upgrade_keeps_everything_and_the_old_file(tmp_path, next_version):
    path = made(str(tmp_path))
    before, now = loaded(path), schema.VERSION
    next_version(add_notes)
    viewed = ProjectFile.open(path, read_only=True)
    assert decisions(viewed.load()) == before
    viewed.close()
    assert version_in(path) == now  # looking changes nothing
    assert read_summary(path).labels == len(before[1])
    assert loaded(path) == before
    assert version_in(path) == now + 1
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT words FROM note").fetchall() == [(b"A",)]
    (backup,) = Backups(read_summary(path).uuid).list()
    assert version_in(backup.path) == now
    assert backup.labels == len(before[1])
    assert loaded(path) == before
    assert {p.name for p in tmp_path.iterdir()} <= {"a.fewshot", ".a.fewshot.lock"}


def test_the_old_program_refuses_the_new_file_and_opens_the_backup(
    tmp_path, next_version, monkeypatch
):
    path = made(str(tmp_path))
    before = loaded(path)
    with monkeypatch.context() as later:
        now = schema.VERSION
        tables = {**schema.SCHEMAS[now], "note": "CREATE TABLE note (id INTEGER PRIMARY KEY)"}
        later.setattr(schema, "VERSION", now + 1)
        later.setattr(schema, "SCHEMAS", {**schema.SCHEMAS, now + 1: tables})
        later.setattr(schema, "MIGRATIONS", (lambda db: db.execute(tables["note"]),))
        uuid = read_summary(path).uuid
        loaded(path)
    with pytest.raises(NewerProject):
        loaded(path)
    (backup,) = Backups(uuid).list()
    copy = shutil.copy(backup.path, tmp_path / "old.fewshot")
    assert loaded(str(copy)) == before


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(tmp_path, next_version):
    path = made(str(tmp_path))
    before = Path(path).read_bytes()
    next_version(fail)
    with pytest.raises(DamagedProject):
        ProjectFile.open(path)
    assert Path(path).read_bytes() == before
    assert not list(tmp_path.glob(".*.part*"))


def test_what_a_killed_process_left_is_upgraded_with_its_log(tmp_path, next_version):
    path = made(str(tmp_path))
    file = ProjectFile.open(path)
    project = file.load()
    project.journal = file
    project.add_bin("In the log", ["/log"])
    left = str(tmp_path / "left.fewshot")
    for ending in ("", "-wal"):
        shutil.copy(path + ending, left + ending)
    file.close()
    next_version(add_notes)
    assert loaded(left) == decisions(project)
