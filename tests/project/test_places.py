"""Paths, disks and locks, for every system."""

from __future__ import annotations

import socket

import pytest

from fewshot_gui.project import disks
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.lock import GONE_AFTER_S, is_elsewhere
from fewshot_gui.project.places import checked_relative, outside
from fewshot_gui.project.problems import Damaged, Holder, ProjectInUse
from tests.project.decisions import kept, loaded, made

BAD_ANYWHERE = [b"", b"/x", b"..", b"../x", b"a/..", b"a/../b", b".", b"a/.", b"a//b", b"a/", b"\0"]
BAD_ON_WINDOWS = [
    b"C:x", b"c:/x", b"C:\\x", b"\\x", b"\\\\server\\share", b"//server/share", b"a\\..\\b",
    b"..\\x", b"a\\", b"\\\\?\\C:\\x",
]  # fmt: skip


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("path", BAD_ANYWHERE)
def test_paths_that_leave_their_folder_are_refused_everywhere(path, windows):
    with pytest.raises(Damaged):
        checked_relative(path, windows)


@pytest.mark.parametrize("path", BAD_ON_WINDOWS)
def test_paths_that_leave_their_folder_on_windows(path):
    with pytest.raises(Damaged):
        checked_relative(path, windows=True)


@pytest.mark.parametrize("path", [b"a", b"a/b.jpg", b"...", b"..a", b"a..", b" ", b"\xff", b"a\nb"])
@pytest.mark.parametrize("windows", [False, True])
def test_paths_that_stay_are_taken(path, windows):
    assert checked_relative(path, windows) == path


@pytest.mark.parametrize(
    ("path", "fine"),
    [(b"../x", True), (b"../../x/y", True), (b"..", True), (b"x/../y", False), (b"/x", False)],
)
def test_a_way_from_the_file_may_climb_at_its_start(path, fine):
    if fine:
        assert checked_relative(path, climbing=True) == path
    else:
        with pytest.raises(Damaged):
            checked_relative(path, climbing=True)


def test_folders_outside_are_told_by_whole_names():
    assert outside(["/home/me", "/home/me/x", "/home/mexico", "/"], "/home/me", ()) == (
        "/home/mexico",
        "/",
    )


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
nas:/share /mnt/nas nfs4 rw 0 0
//box/media /mnt/my\\040box cifs rw 0 0
/dev/sdb1 /mnt/nas/local xfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me", "ext4"),
        ("/mnt/nas", "nfs4"),
        ("/mnt/nas/deep/er", "nfs4"),
        ("/mnt/nasty", "ext4"),
        ("/mnt/my box/x", "cifs"),
        ("/mnt/nas/local/x", "xfs"),
    ],
)
def test_the_kind_of_disk_is_that_of_the_nearest_mount(path, kind):
    assert disks.type_in(MOUNTS, path) == kind


@pytest.mark.parametrize(
    ("folder", "service"),
    [
        ("/home/me/Dropbox/work", "Dropbox"),
        ("/Users/me/OneDrive - Company/x", "OneDrive"),
        ("/home/me/Nextcloud", "Nextcloud"),
        ("/home/me/pictures", ""),
    ],
)
def test_folders_that_are_copied_elsewhere_are_recognised(folder, service):
    assert disks.synchronised_by(folder) == service


def test_a_synchronised_folder_is_told(tmp_path):
    folder = tmp_path / "Dropbox"
    folder.mkdir()
    file = ProjectFile.open(made(str(folder)))
    assert "Dropbox" in file.notices[0]
    file.close()


def test_a_network_disk_is_written_without_a_log(tmp_path, monkeypatch):
    monkeypatch.setattr(disks, "is_network", lambda _folder: True)
    path = made(str(tmp_path))
    file, project = kept(path)
    project.add_bin("Orange")
    assert not list(tmp_path.glob("*-wal"))
    assert not list(tmp_path.glob("*-shm"))
    file.close()
    assert loaded(path)[0].bins[-1].name == "Orange"


def test_a_disk_where_the_log_does_not_work_is_written_without_one(tmp_path, monkeypatch):
    monkeypatch.setattr(disks, "wal_works", lambda _folder: False)
    path = made(str(tmp_path))
    file, project = kept(path)
    project.add_bin("Orange")
    assert not list(tmp_path.glob("*-wal"))
    file.close()


def test_the_log_works_here(tmp_path):
    assert disks.wal_works(str(tmp_path))
    assert not disks.wal_works(str(tmp_path / "nowhere"))
    assert list(tmp_path.iterdir()) == []


def test_another_computer_that_was_there_a_moment_ago_holds_a_file():
    now = 1_800_000_000.0
    other, here = Holder("elsewhere", 1, now), Holder(socket.gethostname(), 1, now)
    assert is_elsewhere(other, now - 5, now)
    assert not is_elsewhere(other, now - GONE_AFTER_S - 1, now)
    assert not is_elsewhere(here, now, now)


@pytest.mark.parametrize(("age", "refused"), [(5, True), (600, False)])
def test_on_a_network_disk_another_computer_is_believed(tmp_path, monkeypatch, age, refused):
    monkeypatch.setattr(disks, "is_network", lambda _folder: True)
    path = made(str(tmp_path))
    file = ProjectFile.open(path)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(socket, "gethostname", lambda: "elsewhere")
        file.close()
        file = ProjectFile.open(path)
    file._db.execute("UPDATE holder SET seen = seen - ?", (age,))
    file.let_go()  # its lock does not reach here
    if refused:
        with pytest.raises(ProjectInUse, match="elsewhere") as caught:
            ProjectFile.open(path)
        assert caught.value.holder.host == "elsewhere"
        ProjectFile.open(path, read_only=True).close()
    else:
        ProjectFile.open(path).close()
