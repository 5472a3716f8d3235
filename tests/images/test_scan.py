"""Scanning folders: what is listed, in which order, and what is left alone."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.errors import UserError
from fewshot_gui.images.scan import image_file, natural_key, scan
from fewshot_gui.jobs import Cancelled, Job

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")
not_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def relatives(root: Path) -> list[str]:
    return [file.relative for file in scan(root, Job()).files]


def test_finds_pictures_in_all_sub_folders_in_natural_order(tmp_path):
    touch(tmp_path, "img10.jpg", "img9.jpg", "IMG1.JPG", "b/2.png", "b/10.png", "a/z.webp")
    assert relatives(tmp_path) == [
        *("a/z.webp", "b/2.png", "b/10.png"),
        *("IMG1.JPG", "img9.jpg", "img10.jpg"),
    ]


def test_a_file_carries_what_the_system_knows_of_it(tmp_path):
    touch(tmp_path, "sub/a.jpg")
    (file,) = scan(tmp_path, Job()).files
    status = (tmp_path / "sub" / "a.jpg").stat()
    assert file.path == str(tmp_path.resolve() / "sub" / "a.jpg")
    assert file.relative == "sub/a.jpg"
    assert (file.size, file.mtime_ns) == (status.st_size, status.st_mtime_ns)


def test_lists_kinds_that_cannot_be_decoded_and_leaves_out_what_is_no_picture(tmp_path):
    touch(tmp_path, "a.heic", "b.svg", "c.nef", "d.pdf", "no_extension", "e.xyz", "f.JPEG")
    touch(tmp_path, "notes.txt", "labels.csv", "film.MP4", "side.xmp", "pack.zip", "README")
    result = scan(tmp_path, Job())
    assert [file.relative for file in result.files] == [
        *("a.heic", "b.svg", "c.nef", "d.pdf", "e.xyz", "f.JPEG", "no_extension"),
    ]
    assert result.other == 6


def test_hidden_files_and_folders_are_counted_and_left_out(tmp_path):
    touch(tmp_path, "a.jpg", ".b.jpg", "._a.jpg", ".thumbnails/c.jpg", "Thumbs.db")
    touch(tmp_path, "@eaDir/a.jpg", "__MACOSX/a.jpg")
    result = scan(tmp_path, Job())
    assert [file.relative for file in result.files] == ["a.jpg"]
    assert result.hidden == 6


def test_a_hidden_folder_can_be_scanned_itself(tmp_path):
    touch(tmp_path, ".private/a.jpg")
    assert relatives(tmp_path / ".private") == ["a.jpg"]


@posix_only
def test_links_are_not_followed(tmp_path):
    outside = tmp_path / "outside"
    touch(outside, "secret.jpg")
    root = tmp_path / "root"
    touch(root, "a.jpg", "sub/b.jpg")
    (root / "out").symlink_to(outside)
    (root / "out.jpg").symlink_to(outside / "secret.jpg")
    (root / "again.jpg").symlink_to(root / "a.jpg")
    (root / "sub" / "loop").symlink_to(root)
    (root / "dangling.jpg").symlink_to(root / "nothing.jpg")
    result = scan(root, Job())
    assert [file.relative for file in result.files] == ["a.jpg", "sub/b.jpg"]
    assert result.links == 5


@posix_only
def test_the_root_may_be_a_link(tmp_path):
    touch(tmp_path / "real", "a.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (file,) = scan(tmp_path / "link", Job()).files
    assert file.path == str(tmp_path.resolve() / "real" / "a.jpg")


@posix_only
def test_fifos_and_sockets_are_not_pictures(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "fifo.jpg")
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
        result = scan(tmp_path, Job())
    assert result.files == ()
    assert result.other == 2


@posix_only
@not_root
def test_a_folder_that_cannot_be_read_is_told_and_the_rest_is_listed(tmp_path):
    touch(tmp_path, "a/1.jpg", "locked/2.jpg")
    (tmp_path / "locked").chmod(0)
    try:
        result = scan(tmp_path, Job())
    finally:
        (tmp_path / "locked").chmod(0o700)
    assert [file.relative for file in result.files] == ["a/1.jpg"]
    assert result.unreadable_folders == ("locked",)


def test_a_folder_that_cannot_be_listed_is_told(tmp_path, monkeypatch):
    touch(tmp_path, "a/1.jpg", "b/2.jpg")
    listed = os.scandir

    def failing(path):
        if os.path.basename(path) == "b":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", failing)
    result = scan(tmp_path, Job())
    assert [file.relative for file in result.files] == ["a/1.jpg"]
    assert result.unreadable_folders == ("b",)


def test_a_disk_that_goes_away_is_not_a_folder_without_pictures(tmp_path):
    touch(tmp_path, *(f"{number}/a.jpg" for number in range(5)))

    def unplug(_batch):
        shutil.rmtree(tmp_path)

    touch(tmp_path, *(f"{number}.jpg" for number in range(600)))
    with pytest.raises(UserError):
        scan(tmp_path, Job(), unplug)


@pytest.mark.parametrize("name", ["missing", "file.jpg", "zero\0byte"])
def test_what_is_no_folder_is_the_users_error(tmp_path, name):
    touch(tmp_path, "file.jpg")
    with pytest.raises(UserError) as caught:
        scan(f"{tmp_path}/{name}", Job())
    assert caught.value.message
    assert caught.value.hint


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a picture below so many folders, more than a path can name if need be."""

    def make(depth: int) -> Path:
        here = os.open(tmp_path, os.O_RDONLY)
        for _level in range(depth):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(os.open("deep.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        os.close(here)
        return tmp_path

    yield make
    subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)  # shutil would recurse


@posix_only
def test_a_tree_deeper_than_the_recursion_limit_is_no_problem(deep):
    assert relatives(deep(1200)) == ["d/" * 1200 + "deep.jpg"]


@posix_only
def test_a_tree_too_deep_for_the_system_is_told(deep):
    result = scan(deep(2500), Job())
    assert result.files == ()
    assert len(result.unreadable_folders) == 1


@posix_only
def test_names_that_are_not_text_survive(tmp_path):
    name = b"gro\xdf\n\t.jpg"
    with open(os.path.join(os.fsencode(tmp_path), name), "wb"):
        pass
    (file,) = scan(tmp_path, Job()).files
    assert os.fsencode(file.relative) == name
    assert os.path.exists(file.path)


def test_pictures_arrive_in_batches_while_the_scan_goes_on(tmp_path):
    touch(tmp_path, *(f"{number}.jpg" for number in range(1201)))
    batches: list[int] = []
    files = []

    def take(batch):
        batches.append(len(batch))
        files.extend(batch)

    result = scan(tmp_path, Job(), take)
    assert max(batches) <= 500
    assert len(batches) >= 3
    assert sorted(file.path for file in files) == sorted(file.path for file in result.files)
    assert len(files) == 1201


def test_a_scan_can_be_cancelled(tmp_path):
    touch(tmp_path, *(f"{number}.jpg" for number in range(1201)))
    job = Job()
    seen = []

    def cancel(batch):
        seen.extend(batch)
        job.cancel()

    with pytest.raises(Cancelled):
        scan(tmp_path, job, cancel)
    assert len(seen) < 1201


def test_one_dropped_file(tmp_path):
    touch(tmp_path, "sub/a.jpg")
    path = tmp_path / "sub" / "a.jpg"
    assert image_file(path).relative == "a.jpg"
    assert image_file(path, tmp_path).relative == "sub/a.jpg"
    assert image_file(path, tmp_path / "elsewhere").relative == "a.jpg"
    assert image_file(path).size == 1


def test_a_dropped_file_equals_the_scanned_one(tmp_path):
    touch(tmp_path, "a.jpg")
    assert image_file(tmp_path.resolve() / "a.jpg") == scan(tmp_path, Job()).files[0]


def test_dropping_what_is_no_file_is_the_users_error(tmp_path):
    for path in (tmp_path / "missing.jpg", tmp_path):
        with pytest.raises(UserError):
            image_file(path)


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)


@given(st.text("ab/", max_size=5), st.integers(0, 10**30), st.integers(0, 10**30))
def test_numbers_sort_by_value(prefix, one, other):
    keys = natural_key(f"{prefix}{one}.jpg"), natural_key(f"{prefix}{other}.jpg")
    assert (keys[0] < keys[1]) == (one < other)


@given(st.lists(NAMES, unique=True), st.randoms())
def test_the_order_does_not_depend_on_the_order_found(names, random):
    shuffled = list(names)
    random.shuffle(shuffled)
    assert sorted(shuffled, key=natural_key) == sorted(names, key=natural_key)


@given(NAMES, NAMES, NAMES, NAMES)
def test_a_folders_content_stays_together(folder, other, first, second):
    names = [f"{folder}/{first}", f"{folder}/{second}", f"{folder}{other}/{first}"]
    names.sort(key=natural_key)
    mine = [index for index, name in enumerate(names) if name.startswith(f"{folder}/")]
    assert mine[1] - mine[0] == 1


@given(st.text("aB1é", min_size=1))
def test_case_does_not_matter(name):
    assert natural_key(name.upper())[0] == natural_key(name.lower())[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        *[("a1", "A2"), ("A2", "a10"), ("a10", "a10b"), ("7", "007x"), ("x9y10", "x10y9")],
        *[("a/z", "a b"), ("a", "a/b"), ("a/2", "a/10"), ("a9/1", "a10/0"), ("1", "a")],
    ],
)
def test_known_orders(before, after):
    assert natural_key(before) < natural_key(after)
