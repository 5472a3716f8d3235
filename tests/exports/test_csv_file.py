"""The CSV's form, and that a failed write leaves the older file alone."""

from __future__ import annotations

import csv
import errno
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui import atomic
from fewshot_gui.errors import UserError
from fewshot_gui.exports.csv_file import COLUMNS, write_csv
from fewshot_gui.exports.rows import ResultRow

ROW = ResultRow("a/b.jpg", "Lemon", "Lime", 0.51239, "Lemon", 0.4, "corrected", "c.jpg", "matching")


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
        return list(csv.reader(stream))


def test_the_columns_and_a_row(tmp_path):
    write_csv(tmp_path / "o.csv", [ROW])
    assert (tmp_path / "o.csv").read_bytes() == (
        b"path,label,predicted,confidence,runner_up,runner_up_confidence,source,"
        b"nearest_support,learner,error\r\n"
        b"a/b.jpg,Lemon,Lime,0.5124,Lemon,0.4000,corrected,c.jpg,matching,\r\n"
    )


def test_an_unreadable_image_has_its_reason_and_nothing_else(tmp_path):
    write_csv(tmp_path / "o.csv", [ResultRow("x.jpg", error="damaged: cut, short")])
    assert read(tmp_path / "o.csv")[1] == ["x.jpg", *[""] * 8, "damaged: cut, short"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_starts_like_a_formula(tmp_path, start):
    row = ResultRow(
        f"{start}1.jpg", label=f"{start}x", predicted=f"{start}x", runner_up=f"{start}y"
    )
    write_csv(tmp_path / "o.csv", [row])
    cells = read(tmp_path / "o.csv")[1]
    assert cells[0] == f"./{start}1.jpg"
    assert not any(cell.startswith(start) for cell in cells)


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(st.lists(NAMES, max_size=5))
def test_names_come_back_as_they_were(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("csv") / "o.csv"
    write_csv(path, [ResultRow(f"d/{name}", label=f"l{name}") for name in names])
    rows = read(path)
    assert rows[0] == list(COLUMNS)
    assert [row[0] for row in rows[1:]] == [f"d/{name}" for name in names]
    assert [row[1] for row in rows[1:]] == [f"l{name}" for name in names]


def test_a_name_that_is_not_utf8_leaves_the_file_valid_and_can_be_had_back(tmp_path):
    name = os.fsdecode(b"gro\xdf.jpg")
    write_csv(tmp_path / "o.csv", [ResultRow(name)])
    text = (tmp_path / "o.csv").read_text(encoding="utf-8")
    assert "gro\\udcdf.jpg," in text
    cell = text.splitlines()[1].split(",")[0]
    assert os.fsencode(cell.encode().decode("unicode_escape")) == b"gro\xdf.jpg"


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        write_csv(tmp_path / "nowhere" / "o.csv", [ROW])


def test_a_folder_in_the_way_is_told(tmp_path):
    (tmp_path / "o.csv").mkdir()
    with pytest.raises(UserError):
        write_csv(tmp_path / "o.csv", [ROW])
    assert [p.name for p in tmp_path.iterdir()] == ["o.csv"]


class FullDisk(io.RawIOBase):
    """Takes a few bytes, then is full."""

    def __init__(self, stream):
        self.stream = stream
        self.room = 40

    def writable(self):
        return True

    def write(self, data):
        if len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(data)
        return self.stream.write(data)

    def fileno(self):
        return self.stream.fileno()

    def close(self):
        self.stream.close()
        super().close()


def test_a_full_disk_leaves_the_older_file_intact(tmp_path, monkeypatch):
    path = tmp_path / "o.csv"
    path.write_text("precious")
    real = os.fdopen
    monkeypatch.setattr(atomic.os, "fdopen", lambda fd, mode: FullDisk(real(fd, mode)))
    with pytest.raises(UserError, match="disk is full"):
        write_csv(path, [ROW])
    assert path.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir()] == ["o.csv"]


def test_an_interrupted_write_leaves_no_trace(tmp_path):
    path = tmp_path / "o.csv"
    path.write_text("precious")

    def rows():
        yield ROW
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_csv(path, rows())
    assert path.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir()] == ["o.csv"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's here")
def test_a_new_file_has_ordinary_permissions_and_an_old_one_keeps_its_own(tmp_path):
    path = tmp_path / "o.csv"
    old_mask = os.umask(0o022)
    try:
        write_csv(path, [ROW])
    finally:
        os.umask(old_mask)
    assert path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o600)
    write_csv(path, [ROW])
    assert path.stat().st_mode & 0o777 == 0o600
