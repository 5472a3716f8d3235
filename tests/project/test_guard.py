"""Files that were damaged, and files from strangers: refused or harmless, never believed."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import struct
from contextlib import closing

import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.project import codec, schema
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.loading import image_sum
from fewshot_gui.project.model import Project
from fewshot_gui.project.problems import DamagedProject, NewerProject, NotAProject
from tests.project.decisions import decisions, kept, loaded, made, sample


def opened(path):
    """The decisions in a file, or the user's error; nothing else may happen."""
    try:
        return loaded(path)
    except UserError as error:
        return error


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("original"))
    project = sample(folder)
    for number in range(40):
        project.put([f"{folder}/pictures/more/{number}-{i}.jpg" for i in range(9)], 0)
    path = made(folder, project)
    with open(path, "rb") as stream:
        return stream.read(), decisions(project)


# -- damage ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_a_flipped_bit_is_noticed_or_changes_nothing(tmp_path, original, seed):
    data, expected = original
    rng = random.Random(seed)
    damaged = bytearray(data)
    damaged[rng.randrange(100, len(data))] ^= 1 << rng.randrange(8)
    path = tmp_path / "a.fewshot"
    path.write_bytes(damaged)
    found = opened(str(path))
    assert isinstance(found, DamagedProject) or found == expected
    if isinstance(found, DamagedProject):
        assert path.read_bytes() == damaged


def cut(data, rng):
    return data[: rng.randrange(1, len(data))]


def zeroed(data, rng):
    start = rng.randrange(0, len(data) - 4096)
    return data[:start] + bytes(4096) + data[start + 4096 :]


def doubled(data, rng):
    page = 4096 * rng.randrange(1, len(data) // 4096 - 1)
    return data[:page] + data[page - 4096 : page] + data[page + 4096 :]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("harm", [cut, zeroed, doubled])
def test_pieces_that_are_missing_or_wrong_are_noticed(tmp_path, original, harm, seed):
    data, expected = original
    path = tmp_path / "a.fewshot"
    path.write_bytes(harm(data, random.Random(seed)))
    found = opened(str(path))
    assert isinstance(found, DamagedProject | NotAProject) or found == expected


def left_open(folder, project):
    """A project file as a killed process leaves it, with actions in its log."""
    path = made(str(folder), project, "live.fewshot")
    file, project = kept(path)
    project.add_bin("In the log", ["/log/1", "/log/2"])
    left = os.path.join(str(folder), "left.fewshot")
    for ending in ("", "-wal"):
        shutil.copy(path + ending, left + ending)
    file.close()
    return left, decisions(project)


def test_what_a_killed_process_left_is_taken_over(tmp_path):
    path, expected = left_open(tmp_path, sample(str(tmp_path)))
    file = ProjectFile.open(path)
    assert decisions(file.load()) == expected
    assert file.notices == ()
    file.close()


def test_a_log_that_was_taken_away_is_told(tmp_path):
    path, _expected = left_open(tmp_path, sample(str(tmp_path)))
    os.unlink(f"{path}-wal")
    file = ProjectFile.open(path)
    assert "may be missing" in file.notices[0]
    assert file.load().bin_named("In the log") is None
    file.close()
    file = ProjectFile.open(path)
    assert file.notices == ()
    file.close()


def test_the_log_of_another_project_is_not_mixed_in(tmp_path):
    (tmp_path / "x").mkdir()
    path, _ = left_open(tmp_path, sample(str(tmp_path)))
    other, _ = left_open(tmp_path / "x", Project())
    with open(path, "rb") as stream:
        before = stream.read()
    shutil.copy(f"{other}-wal", f"{path}-wal")
    with pytest.raises(DamagedProject):
        loaded(path)
    # and an older log of the same project
    (tmp_path / "y").mkdir()
    path_again, _ = left_open(tmp_path / "y", sample(str(tmp_path)))
    with open(path_again, "wb") as stream:
        stream.write(before)
    with pytest.raises(DamagedProject):
        loaded(path_again)


@pytest.mark.parametrize("cut_at", [0, 10, 31, 32, 4000, 9000])
def test_a_log_that_was_cut_short_gives_an_earlier_state(tmp_path, cut_at):
    path, expected = left_open(tmp_path, sample(str(tmp_path)))
    with open(f"{path}-wal", "r+b") as stream:
        stream.truncate(cut_at)
    before = sample(str(tmp_path))
    assert opened(path) in (decisions(before), expected)


def test_a_folder_or_nothing_in_the_place_of_a_project(tmp_path):
    path = str(tmp_path / "a.fewshot")
    with pytest.raises(UserError, match="cannot be opened"):
        ProjectFile.open(path)
    os.mkdir(path)
    for read_only in (False, True):
        with pytest.raises(NotAProject, match="is a folder"):
            ProjectFile.open(path, read_only)
    assert os.listdir(tmp_path) == ["a.fewshot"]


# -- what is no project --------------------------------------------------------------------------


def picture():
    return b"\xff\xd8\xff\xe0" + bytes(3000)


@pytest.mark.parametrize("content", [b"", b"x", b"SQLite format 3\0", os.urandom(9000), picture()])
def test_other_files_are_not_projects_and_stay_as_they_are(tmp_path, content):
    path = tmp_path / "a.fewshot"
    path.write_bytes(content)
    with pytest.raises(NotAProject, match="not a project"):
        ProjectFile.open(str(path))
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["a.fewshot"]


def test_another_program_s_database_is_not_a_project(tmp_path):
    path = str(tmp_path / "a.fewshot")
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE mine (x)")
        db.commit()
    with pytest.raises(NotAProject):
        ProjectFile.open(path)


@pytest.mark.parametrize("version", [2, 7, 2**31 - 1])
def test_a_newer_file_is_refused_unharmed(tmp_path, version):
    path = made(str(tmp_path))
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version={version}")
    with open(path, "rb") as stream:
        before = stream.read()
    for read_only in (False, True):
        with pytest.raises(NewerProject, match="newer version"):
            ProjectFile.open(path, read_only)
    with open(path, "rb") as stream:
        assert stream.read() == before


@pytest.mark.parametrize("version", [0, -1, -(2**31)])
def test_versions_that_never_were_are_damage(tmp_path, version):
    path = made(str(tmp_path))
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version={version}")
    with pytest.raises(DamagedProject):
        ProjectFile.open(path)


# -- hostile content, with every checksum right ------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TRIGGER t AFTER INSERT ON label BEGIN DELETE FROM label; END",
        "CREATE VIEW v AS SELECT * FROM label",
        "CREATE TABLE other (x)",
        "CREATE INDEX i ON label (code)",
        "CREATE VIRTUAL TABLE f USING fts5 (x)",
        "CREATE INDEX i ON label (abs(code))",
        "DROP TABLE holder",
        "ALTER TABLE label ADD COLUMN x DEFAULT (randomblob(100000000))",
        "ALTER TABLE label RENAME TO labels",
        "CREATE TABLE sqlite_thing (x)",
        "DROP TABLE label; CREATE VIEW label AS SELECT 1 image, 2 code, 3 place, 4 crc",
        "DROP TABLE holder; CREATE TABLE holder (id INTEGER PRIMARY KEY, host, pid, since, seen)",
    ],
)
def test_any_table_that_is_not_ours_is_refused(tmp_path, sql):
    path = made(str(tmp_path))
    with closing(sqlite3.connect(path)) as db:
        try:
            db.executescript(sql)
        except sqlite3.OperationalError:
            pytest.skip("this SQLite does not make such a table")
    for read_only in (False, True):
        with pytest.raises(DamagedProject):
            ProjectFile.open(path, read_only)


def forge(path, sql, values=()):
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA foreign_keys=OFF")
        db.execute(sql, values)
        db.commit()


def forge_image(path, folder, stored, relative=None, number=900):
    crc = image_sum(number, folder, stored, relative)
    forge(
        path, "INSERT INTO image VALUES (?,?,?,?,NULL,?)", (number, folder, stored, relative, crc)
    )
    crc = int(codec.row_sums([number], [1], [900])[0])
    forge(path, "INSERT INTO label VALUES (?, 1, 900, ?)", (number, crc))


HOSTILE_PATHS = [
    b"../secret.jpg",
    b"a/../../secret.jpg",
    b"..",
    b".",
    b"",
    b"/etc/passwd",
    b"a//b",
    b"a/",
    b"a/./b",
    b"nul\0.jpg",
    b"x/" * 20_000 + b"x",
]


@pytest.mark.parametrize("stored", HOSTILE_PATHS)
def test_a_path_that_leads_out_of_its_folder_is_refused(tmp_path, stored):
    path = made(str(tmp_path))
    forge_image(path, 1, stored)
    with pytest.raises(DamagedProject):
        loaded(path)


@pytest.mark.parametrize("stored", [b"relative.jpg", b"", b"/a/../b", b"/nul\0", b"./x", b"../x"])
@pytest.mark.parametrize("table", ["image", "folder"])
def test_a_path_that_should_be_absolute_and_plain_is_refused(tmp_path, table, stored):
    path = made(str(tmp_path))
    if table == "image":
        forge_image(path, None, stored)
    else:
        crc = image_sum(1, None, stored, None)
        forge(path, "UPDATE folder SET path = ?, relative = NULL, crc = ?", (stored, crc))
    with pytest.raises(DamagedProject):
        loaded(path)


@pytest.mark.parametrize("relative", [b"/etc", b"a/../../x", b"a/./b", b"../a//b", b"\0"])
def test_a_way_from_the_file_that_is_none_is_refused(tmp_path, relative):
    path = made(str(tmp_path))
    forge_image(path, None, b"/x/y.jpg", relative)
    with pytest.raises(DamagedProject):
        loaded(path)


def test_strange_folders_are_named_and_nothing_in_them_is_read(tmp_path):
    path = made(str(tmp_path), Project())
    file, project = kept(path)
    project.add_folder("//evil/share")
    project.add_bin("A", ["/root/secret/key.jpg"])
    file.close()
    file = ProjectFile.open(path)
    assert file.folders_outside({str(tmp_path)}) == ("//evil/share", "/root/secret")
    file.close()


def forge_setup(path, change):
    with closing(sqlite3.connect(path)) as db:
        for number, body in db.execute("SELECT id, body FROM setup").fetchall():
            value = json.loads(body)
            change(value)
            new = json.dumps(value).encode()
            crc = codec.checksum(number, new)
            db.execute("UPDATE setup SET body = ?, crc = ? WHERE id = ?", (new, crc, number))
        db.commit()


SETUPS = [
    lambda v: v.update(bins=[[1, "A", 0, "", 0], [1, "B", 1, "", 0]]),
    lambda v: v.update(bins=[[0, "Unknown", 0, "", 0]]),
    lambda v: v.update(bins=[[-5, "A", 0, "", 0]]),
    lambda v: v.update(bins=[[10**9, "A", 0, "", 0]]),
    lambda v: v.update(bins=[[10**400, "A", 0, "", 0]]),
    lambda v: v.update(bins=[[2.5, "A", 0, "", 0]]),
    lambda v: v.update(bins=[["2", "A", 0, "", 0]]),
    lambda v: v.update(bins=[[2, "x" * 121, 0, "", 0]]),
    lambda v: v.update(bins=[[2, "a\nb", 0, "", 0]]),
    lambda v: v.update(bins=[[2, "", 0, "", 0]]),
    lambda v: v.update(bins=[[2, None, 0, "", 0]]),
    lambda v: v.update(bins=[[2, "A", -1, "", 0]]),
    lambda v: v.update(bins=[[2, "A", 10**8, "", 0]]),
    lambda v: v.update(bins=[[2, "A", 0, "x" * 2001, 0]]),
    lambda v: v.update(bins=[[2, "A", 0, "", 12345]]),
    lambda v: v.update(bins=[[2, "A", 0, ""]]),
    lambda v: v.update(bins=[[2, ["A"], 0, "", 0]]),
    lambda v: v.update(bins={"a": 1}),
    lambda v: v.update(bins=[]),
    lambda v: v.update(folders=[99]),
    lambda v: v.update(folders=[1, 1]),
    lambda v: v.update(folders=None),
    lambda v: v.pop("options"),
    lambda v: v.update(options=[]),
    lambda v: v["options"].update(unknown=1.5),
    lambda v: v["options"].update(unknown=float("nan")),
    lambda v: v["options"].update(unknown=float("inf")),
    lambda v: v["options"].update(unknown="0.5"),
    lambda v: v["options"].update(learner=5),
    lambda v: v["options"].update(learner="x" * 100_000),
]


@pytest.mark.parametrize("number", range(len(SETUPS)))
def test_bins_and_options_that_make_no_sense_are_refused(tmp_path, number):
    path = made(str(tmp_path))
    forge_setup(path, SETUPS[number])
    with pytest.raises(DamagedProject):
        loaded(path)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"[" * 100_000, b"{", b"\xff", b"1" * 10_000, b"null"]
)
def test_bins_that_are_no_json_are_refused(tmp_path, body):
    path = made(str(tmp_path))
    with closing(sqlite3.connect(path)) as db:
        for (number,) in db.execute("SELECT id FROM setup").fetchall():
            crc = codec.checksum(number, body)
            db.execute("UPDATE setup SET body = ?, crc = ? WHERE id = ?", (body, crc, number))
        db.commit()
    with pytest.raises(DamagedProject):
        loaded(path)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE label SET code = 'x'",
        "UPDATE label SET code = 1.5",
        "UPDATE label SET code = NULL",
        "UPDATE label SET place = x'00'",
        "UPDATE image SET path = 5",
        "UPDATE image SET folder = 'x'",
        "UPDATE image SET id = -id",
        "UPDATE image SET relative = 3",
        "UPDATE action SET changes = x'0102'",
        "UPDATE action SET changes = 5",
        "UPDATE action SET undone = 1 - undone",
        "UPDATE action SET before = 999",
        "UPDATE action SET number = number + 5",
        "DELETE FROM action WHERE number = 3",
        "DELETE FROM image WHERE id = 2",
        "DELETE FROM setup",
        "DELETE FROM project",
        "DELETE FROM folder",
        "UPDATE project SET next_id = 2",
        "UPDATE project SET step = 1e300",
        "UPDATE project SET uuid = x''",
        "UPDATE project SET setup = 77",
        "UPDATE project SET home = 'text'",
        "UPDATE folder SET relative = 'text'",
        "INSERT INTO holder VALUES (1, 'text', 1, 1, 1)",
        "INSERT INTO holder VALUES (1, x'41', 'x', 1, 1)",
        "INSERT INTO holder VALUES (1, zeroblob(100000), 1, 1, 1)",
    ],
)
def test_rows_that_make_no_sense_are_refused(tmp_path, sql):
    path = made(str(tmp_path))
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA ignore_check_constraints=ON")
        try:
            db.execute(sql)
        except sqlite3.IntegrityError:
            pytest.skip("this SQLite does not write such a row")
        db.commit()
    with pytest.raises(DamagedProject):
        loaded(path)


def test_labels_of_bins_that_are_not_there_are_refused_at_any_time_of_the_history(tmp_path):
    project = Project()
    project.add_bin("A", ["/a"])
    project.put(["/b"], project.bins[0].id)
    for place in range(2):
        path = made(str(tmp_path), project, f"{place}.fewshot")
        with closing(sqlite3.connect(path)) as db:
            row = db.execute("SELECT * FROM action WHERE number = 2").fetchone()[:-1]
            number, *middle, data = row
            image, before, after = struct.unpack("<III", data)
            codes = [(before, 999), (999, after)][place]
            data = struct.pack("<III", image, *codes)
            values = (number, *middle, data)
            db.execute(
                "UPDATE action SET changes = ?, crc = ? WHERE number = 2",
                (data, codec.checksum(*values)),
            )
            db.commit()
        found = opened(path)
        # the code after is put right by the label that is there; the one before cannot be
        assert found == decisions(project) if place == 0 else isinstance(found, DamagedProject)


def test_huge_values_are_refused_before_they_fill_the_memory(tmp_path):
    path = made(str(tmp_path))
    forge(path, "UPDATE action SET text = zeroblob(300000000) WHERE number = 1")
    with pytest.raises(DamagedProject):
        loaded(path)


def test_more_rows_than_this_program_writes_are_refused(tmp_path, monkeypatch):
    path = made(str(tmp_path))
    many = "WITH RECURSIVE c(x) AS (SELECT 1000 UNION ALL SELECT x+1 FROM c LIMIT 1000000)"
    forge(path, f"{many} INSERT INTO image SELECT x, NULL, x'2f', NULL, NULL, 0 FROM c")
    with pytest.raises(DamagedProject):
        loaded(path)
    monkeypatch.setattr(schema, "MAX_IMAGES", 1000)
    with pytest.raises(DamagedProject):
        ProjectFile.open(path)
    monkeypatch.setattr(schema, "MAX_FILE_BYTES", 10_000)
    with pytest.raises(NotAProject, match="too large"):
        ProjectFile.open(path)


def test_mutations_with_right_page_checks_never_break_out(tmp_path, original):
    """Several bytes at once, anywhere, the header included: a project or a user's error."""
    data, _expected = original
    for seed in range(120):
        rng = random.Random(seed)
        bad = bytearray(data)
        for _ in range(rng.randrange(1, 30)):
            bad[rng.randrange(len(bad))] = rng.randrange(256)
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "a.fewshot").write_bytes(bad)
        opened(str(folder / "a.fewshot"))
        assert set(os.listdir(folder)) <= {"a.fewshot", ".a.fewshot.lock"}


@pytest.mark.parametrize("length", [100, 4096, 20_000])
def test_a_project_that_was_cut_is_damaged_under_any_name(tmp_path, length):
    project = Project()
    project.add_bin("A", [f"/pictures/{number}.jpg" for number in range(400)])
    path = tmp_path / "whole.fewshot"
    ProjectFile.create(str(path), project).close()
    (tmp_path / "copy.fewshot").write_bytes(path.read_bytes()[:length])
    with pytest.raises(DamagedProject):
        ProjectFile.open(str(tmp_path / "copy.fewshot"))
