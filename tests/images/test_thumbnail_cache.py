"""The thumbnail cache: what goes in comes out, and whatever happens only costs time."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from fewshot_gui.images.files import ImageFile
from fewshot_gui.images.thumbnail_cache import CachedThumbnail, ThumbnailCache, thumbnail_key


def a_key(number, side=256, **changes):
    facts = {"size": 10, "mtime_ns": 5, "inode": 1} | changes
    return thumbnail_key(ImageFile(f"/p/{number}.jpg", "", **facts), side)


def content(number):
    return bytes([number % 251]) * (200 + number)


def a_thumbnail(number):
    return CachedThumbnail(a_key(number), 300 + number, 200, content(number))


@pytest.fixture
def cache(tmp_path):
    cache = ThumbnailCache(tmp_path / "thumbnails")
    yield cache
    cache.close()


def filled(cache, count=30):
    cache.put(a_thumbnail(number) for number in range(count))


def good(cache, count):
    """Numbers that are found; what is found is right."""
    found = []
    for number in range(count):
        kept = cache.get(a_key(number))
        if kept is not None:
            assert kept == a_thumbnail(number)
            found.append(number)
    return found


def test_nothing_is_made_by_asking(cache):
    assert cache.get(a_key(1)) is None
    assert not cache.path.parent.exists()


def test_what_was_kept_is_found_by_another_window(cache):
    filled(cache)
    other = ThumbnailCache(cache.path.parent)
    assert good(other, 40) == list(range(30))
    other.close()


@pytest.mark.parametrize(
    "other",
    [a_key(1, size=11), a_key(1, mtime_ns=6), a_key(1, inode=2), a_key(1, side=512)],
    ids=["size", "time", "inode", "side"],
)
def test_a_file_that_was_written_again_is_another_one(cache, other):
    filled(cache)
    assert cache.get(other) is None


def test_the_oldest_go_where_it_grows_too_large(tmp_path):
    limit = 400_000
    cache = ThumbnailCache(tmp_path, limit)
    for start in range(0, 1600, 16):
        cache.put(
            CachedThumbnail(a_key(number), 1, 1, bytes(1000)) for number in range(start, start + 16)
        )
    kept = [number for number in range(1600) if cache.get(a_key(number))]
    assert 100 < len(kept) < 700
    assert kept[-1] == 1599
    assert kept == list(range(kept[0], 1600))
    cache.close()
    assert cache.path.stat().st_size < 3 * limit


DAMAGES = {
    "empty": lambda raw: b"",
    "one byte": lambda raw: raw[:1],
    "header only": lambda raw: raw[:100],
    "half": lambda raw: raw[: len(raw) // 2],
    "torn page": lambda raw: raw[:-1000],
    "zeros": lambda raw: bytes(len(raw)),
    "text": lambda raw: b"not a database at all" * 1000,
    "no header": lambda raw: bytes(16) + raw[16:],
    "noise at the start": lambda raw: np.random.default_rng(0).bytes(4096) + raw[4096:],
    "noise at the end": lambda raw: raw[:4096] + np.random.default_rng(0).bytes(len(raw) - 4096),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_only_costs_what_was_in_it(cache, damage):
    filled(cache)
    cache.close()
    cache.path.write_bytes(damage(cache.path.read_bytes()))
    again = ThumbnailCache(cache.path.parent)
    good(again, 30)
    for _ in range(4):  # it may take a few tries to find out that the file is no use
        filled(again)
    assert good(again, 30) == list(range(30))
    again.close()


def test_single_wrong_bytes_never_show_a_wrong_picture(cache):
    filled(cache)
    cache.close()
    raw = cache.path.read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(60):
        place = int(rng.integers(len(raw)))
        cache.path.write_bytes(raw[:place] + bytes([raw[place] ^ 0x55]) + raw[place + 1 :])
        again = ThumbnailCache(cache.path.parent)
        good(again, 30)
        again.close()


def test_a_file_of_another_version_is_begun_anew(cache):
    filled(cache)
    cache.close()
    database = sqlite3.connect(cache.path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    again = ThumbnailCache(cache.path.parent)
    filled(again)
    filled(again)
    assert good(again, 30) == list(range(30))
    again.close()


def test_a_place_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = ThumbnailCache(tmp_path / "file")
    for _ in range(10):
        filled(cache)
        assert cache.get(a_key(1)) is None
    cache.close()


def test_a_folder_in_the_place_of_the_file_is_no_error(cache):
    cache.path.mkdir(parents=True)
    for _ in range(10):
        filled(cache)
        assert cache.get(a_key(1)) is None


WRITER = """
import sys
from pathlib import Path
from tests.images.test_thumbnail_cache import ThumbnailCache, a_thumbnail
cache = ThumbnailCache(Path(sys.argv[1]))
for start in range(int(sys.argv[2]), int(sys.argv[3]), 4):
    cache.put(a_thumbnail(number) for number in range(start, start + 4))
    print(start + 4, flush=True)
"""


def start_writer(folder, first, last):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(first), str(last)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=os.path.dirname(os.path.dirname(os.path.dirname(__file__))),
    )


def test_two_windows_may_write_at_once(cache):
    writers = [start_writer(cache.path.parent, first, first + 100) for first in (0, 100)]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    assert good(cache, 200) == list(range(200))


def test_a_window_that_is_killed_loses_nothing_that_was_written(tmp_path):
    """Twenty kills at different moments of one cache's life."""
    kept = 0
    for number in range(20):
        writer = start_writer(tmp_path, kept, 100_000)
        for _ in range(1 + number % 7):
            kept = int(writer.stdout.readline())
        writer.kill()
        rest, _errors = writer.communicate(timeout=60)
        kept = int(rest.split()[-1]) if rest.split() else kept
        cache = ThumbnailCache(tmp_path)
        assert good(cache, kept) == list(range(kept))
        cache.close()
