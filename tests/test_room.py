"""Room on disks is added up before long work, and named where it is missing."""

from __future__ import annotations

import errno
import os
import shutil
from collections import namedtuple

import pytest

from fewshot_gui.atomic import replacing
from fewshot_gui.errors import UserError
from fewshot_gui.room import check_room

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def disk(monkeypatch):
    """10 MB are free everywhere."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(20e6, 10e6, 10_000_000))


def test_what_fits_is_let_through(tmp_path, disk):
    check_room([(tmp_path, 10_000_000), (tmp_path, 0)])
    check_room([])


def test_needs_on_one_disk_are_added_up_and_told(tmp_path, disk):
    later = tmp_path / "not" / "there yet"
    with pytest.raises(UserError) as told:
        check_room([(later, 6_000_000), (tmp_path, 5_500_000)])
    assert str(later) in told.value.message
    assert "12 MB" in told.value.message  # never less than is needed
    assert "10 MB are free" in told.value.message
    assert not later.exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_gets_full_on_the_way_is_told_with_what_is_needed(tmp_path, monkeypatch, code):
    file = tmp_path / "file"
    file.write_bytes(b"old")

    def fail(_handle):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    full = pytest.raises(UserError, match="disk is full: 3 MB are needed")
    with full as told, replacing(file, 2_500_000) as stream:
        stream.write(b"new")
    assert str(tmp_path) in told.value.message
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
