"""Caches on full and forbidden disks, and shared by many processes: slower, never wrong."""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fewshot_gui.backbones.cache import EmbeddingCache
from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE, backbone_card
from fewshot_gui.backbones.pipeline import EmbeddingPipeline
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.images.files import ImageFile
from fewshot_gui.images.thumbnail_cache import CachedThumbnail, ThumbnailCache, thumbnail_key
from fewshot_gui.jobs import Job
from tests.backbones.looking_up import looked_up
from tests.backbones.test_pipeline import Pool, Runtime
from tests.project.test_crashes import fill, small_disk

ROOT = Path(__file__).parents[2]
WIDTH = 32
NOBODY = 65534

posix = pytest.mark.skipif(os.name == "nt", reason="small disks, modes and signals are POSIX's")


def a_file(number):
    return ImageFile(f"/p/{number}.jpg", f"{number}.jpg", 10, 5, number)


def keep(cache, numbers):
    """The embedding and the digest of image n tell n."""
    numbers = list(numbers)
    vectors = np.asarray(numbers, np.float16)[:, None].repeat(WIDTH, axis=1)
    digests = (np.asarray(numbers) % 251).astype(np.uint8)[:, None].repeat(16, axis=1)
    cache.append([a_file(n) for n in numbers], vectors, digests)


def known(cache, count):
    """Numbers that are found; what is found is right."""
    hits = looked_up(cache, [a_file(n) for n in range(count)])
    assert np.array_equal(hits.vectors, hits.embedded[:, None].repeat(WIDTH, axis=1))
    assert np.array_equal(hits.digests[:, 0], hits.embedded % 251)
    return hits.embedded.tolist()


def a_thumbnail(number):
    key = thumbnail_key(a_file(number), 256)
    return CachedThumbnail(key, 300 + number, 200, bytes([number % 251]) * (900 + number))


def shown(cache, count):
    """Numbers of thumbnails that are found; what is found is right."""
    found = []
    for number in range(count):
        kept = cache.get(a_thumbnail(number).key)
        if kept is not None:
            assert kept == a_thumbnail(number)
            found.append(number)
    return found


def leave(folder, room):
    """Fill a disk but for so many bytes; returns what takes the room."""
    ballast = fill(folder)
    os.truncate(ballast, max(0, os.path.getsize(ballast) - room))
    return ballast


# -- full disks ------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("room", [0, 4096, 12_288, 65_536])
def test_embeddings_without_room_are_an_error_and_older_ones_stay(room):
    """Nothing that was kept is lost or wrong, and it goes on when there is room."""
    with small_disk(1) as folder:
        cache = EmbeddingCache(Path(folder, "c"), "net-1", WIDTH)
        keep(cache, range(100))
        ballast = leave(folder, room)
        last = 100
        with contextlib.suppress(OSError):
            while last < 1900:
                keep(cache, range(last, last + 50))
                last += 50
        assert last < 1900
        for _ in range(2):
            with pytest.raises(OSError, match="No space left"):
                keep(cache, range(last, last + 1000))
        assert known(cache, 100) == list(range(100))
        assert set(range(last)) <= set(known(cache, 2000))
        os.unlink(ballast)
        keep(cache, range(last, 2000))
        assert known(cache, 2000) == list(range(2000))


@posix
def test_a_cache_without_room_for_its_first_file_is_an_error_and_begun_later():
    """A disk that was full from the start leaves nothing that is in the way."""
    with small_disk(1) as folder:
        ballast = fill(folder)
        cache = EmbeddingCache(Path(folder, "c"), "net-1", WIDTH)
        with pytest.raises(OSError, match="No space left"):
            keep(cache, range(200))
        assert known(cache, 200) == []
        os.unlink(ballast)
        keep(cache, range(200))
        assert known(cache, 200) == list(range(200))


@posix
def test_sorting_goes_on_without_its_cache_and_says_so_once():
    """Every picture gets its embedding; one notice tells that nothing is kept."""
    card = backbone_card(DEFAULT_BACKBONE)
    with small_disk(1) as folder:
        ballast = fill(folder)
        cache = EmbeddingCache(Path(folder), card.identity, card.width)
        pool, notices = Pool(7, lambda _path: None), []
        table = EmbeddingTable(card.width)
        files = [ImageFile(f"/p/{i}.png", f"{i}.png", 7, 7, i) for i in range(200)]
        rows = np.asarray(table.add(files))
        job = Job(on_notice=notices.append)
        EmbeddingPipeline(card, pool, Runtime(), cache).run(table, rows, job)
        assert table.counts().ready == 200
        assert notices == [
            "Results cannot be kept for the next time (No space left on device). Sorting goes on."
        ]
        os.unlink(ballast)
        again, later = EmbeddingTable(card.width), []
        rows = np.asarray(again.add(files))
        job = Job(on_notice=later.append)
        EmbeddingPipeline(card, pool, Runtime(), cache).run(again, rows[:100], job)
        assert (again.counts().ready, later) == (100, [])
        assert len(looked_up(cache, files).embedded) == 100


@posix
@pytest.mark.parametrize("room", [0, 16_384, 131_072])
def test_thumbnails_without_room_are_no_error(room):
    """What is shown is right; the next window keeps thumbnails again."""
    with small_disk(2) as folder:
        cache = ThumbnailCache(Path(folder, "t"))
        cache.put(a_thumbnail(n) for n in range(60))
        assert shown(cache, 60) == list(range(60))
        ballast = leave(folder, room)
        for start in range(60, 900, 30):
            cache.put(a_thumbnail(n) for n in range(start, start + 30))
            shown(cache, 60)
        cache.close()
        os.unlink(ballast)
        again = ThumbnailCache(Path(folder, "t"))
        for _ in range(4):
            again.put(a_thumbnail(n) for n in range(100))
        assert shown(again, 100) == list(range(100))
        again.close()


# -- forbidden places ------------------------------------------------------------------------

PLAIN_USER = """
import os, sys
from pathlib import Path
from tests.backbones.test_cache_faults import *
folder = Path(sys.argv[1])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
cache, thumbnails = EmbeddingCache(folder, "net-1", WIDTH), ThumbnailCache(folder)
try:
    keep(cache, range(50, 60))
    print("kept")
except OSError as error:
    print(error.strerror)
for _ in range(5):
    thumbnails.put([a_thumbnail(70)])
print(len(known(cache, 60)))
print(set(shown(thumbnails, 60)) <= set(range(50)))
thumbnails.close()
"""


@posix
@pytest.mark.parametrize("forbidden", ["folder", "files", "both"])
def test_a_cache_that_may_not_be_written_is_still_read(forbidden):
    """What is in it is used; writing is an error for embeddings and none for thumbnails."""
    folder = Path(tempfile.mkdtemp(prefix="fewshot-plain-"))
    try:
        cache, thumbnails = EmbeddingCache(folder, "net-1", WIDTH), ThumbnailCache(folder)
        keep(cache, range(50))
        thumbnails.put(a_thumbnail(n) for n in range(50))
        thumbnails.close()
        for path in folder.iterdir():
            path.chmod(0o444 if forbidden in ("files", "both") else 0o666)
        folder.chmod(0o555 if forbidden in ("folder", "both") else 0o777)
        done = subprocess.run(
            [sys.executable, "-c", PLAIN_USER, str(folder)],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said, found, right = done.stdout.splitlines()
        assert said == ("kept" if forbidden == "folder" else "Permission denied")
        assert found == ("60" if said == "kept" else "50")
        assert right == "True"
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


# -- many processes --------------------------------------------------------------------------

MANY = """
import os, random, sys
from pathlib import Path
from tests.backbones.test_cache_faults import *
what, folder, who, limit = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
rng = random.Random(who)

def embeddings():
    cache = EmbeddingCache(folder, "net-1", WIDTH, limit)
    for turn in range(25):
        keep(cache, rng.sample(range(600), 15))
        known(cache, 600)

def thumbnails():
    cache = ThumbnailCache(folder, limit)
    for turn in range(25):
        cache.put(a_thumbnail(n) for n in rng.sample(range(300), 20))
        shown(cache, 100)
    cache.close()

def begun_anew():
    for turn in range(10):
        cache = ThumbnailCache(folder, limit)
        for _ in range(4):
            cache.put(a_thumbnail(n) for n in rng.sample(range(300), 10))
            shown(cache, 60)
        cache.close()
        if turn % 3 == who % 3:
            for path in folder.iterdir():
                if rng.random() < 0.5 and path.suffix != ".part":
                    path.unlink(missing_ok=True)

def deleted():
    cache = EmbeddingCache(folder, "net-1", WIDTH, limit)
    for turn in range(30):
        with contextlib.suppress(FileNotFoundError):
            keep(cache, rng.sample(range(600), 15))
        known(cache, 600)
        if turn % 5 == who:
            for path in folder.glob("net-1.*"):
                if path.suffix != ".lock":
                    path.unlink(missing_ok=True)

def csv_files():
    for turn in range(30):
        write_csv(folder / "out.csv", [ResultRow(f"{i}.jpg", f"by {who}") for i in range(400)])

from fewshot_gui.exports.csv_file import write_csv
from fewshot_gui.exports.rows import ResultRow
print("ready", flush=True)
sys.stdin.readline()
globals()[what]()
"""


def together(what, folder, count, limit=1 << 30, meanwhile=None):
    """Run so many processes at once on one folder; each has to end well."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", MANY, what, str(folder), str(who), str(limit)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        for who in range(count)
    ]  # fmt: skip
    try:
        for child in children:
            assert child.stdout.readline() == "ready\n", child.stderr.read()
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        while meanwhile is not None and any(child.poll() is None for child in children):
            meanwhile()
            time.sleep(0.001)
        for child in children:
            _output, errors = child.communicate(timeout=60)
            assert child.returncode == 0, errors
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
                child.communicate()


@pytest.mark.parametrize(
    ("count", "records"), [(2, 10_000), (3, 300), (3, 100)], ids=["roomy", "tight", "tighter"]
)
def test_many_processes_on_one_cache_never_see_a_wrong_embedding(tmp_path, count, records):
    """Not even where the older half is dropped all the time."""
    together("embeddings", tmp_path, count, records * (2 * WIDTH + 48))
    cache = EmbeddingCache(tmp_path, "net-1", WIDTH)
    assert len(known(cache, 600)) >= min(records, 600) // 3
    keep(cache, range(600))
    assert known(cache, 600) == list(range(600))


@posix
def test_a_cache_deleted_under_many_processes_is_never_wrong(tmp_path):
    """Somebody tidies up while it is used: hits are lost and nothing else."""
    together("deleted", tmp_path, 3)
    cache = EmbeddingCache(tmp_path, "net-1", WIDTH)
    known(cache, 600)
    keep(cache, range(600))
    assert known(cache, 600) == list(range(600))


@pytest.mark.parametrize(("count", "limit"), [(3, 1 << 30), (3, 60_000)], ids=["roomy", "tight"])
def test_many_windows_on_one_thumbnail_cache_never_show_a_wrong_picture(tmp_path, count, limit):
    """No exception either, nor a file that is no use afterwards."""
    together("thumbnails", tmp_path, count, limit)
    cache = ThumbnailCache(tmp_path)
    cache.put(a_thumbnail(n) for n in range(50))
    assert shown(cache, 50) == list(range(50))
    cache.close()


@posix
def test_thumbnails_begun_anew_under_many_windows_are_never_wrong(tmp_path):
    """Files that vanish while others have them open cost thumbnails and nothing else."""
    together("begun_anew", tmp_path, 3)
    cache = ThumbnailCache(tmp_path)
    for _ in range(4):
        cache.put(a_thumbnail(n) for n in range(50))
    assert shown(cache, 50) == list(range(50))
    cache.close()


@pytest.mark.parametrize("count", [2, 3])
def test_many_exports_to_one_name_leave_one_whole_file_at_any_time(tmp_path, count):
    """Whoever reads meanwhile finds the rows of one of them, all of them."""
    seen = set()

    def look():
        with contextlib.suppress(FileNotFoundError):
            with open(tmp_path / "out.csv", encoding="utf-8", newline="") as stream:
                rows = list(csv.DictReader(stream))
            (label,) = {row["label"] for row in rows}
            assert [row["path"] for row in rows] == [f"{i}.jpg" for i in range(400)]
            seen.add(label)

    together("csv_files", tmp_path, count, meanwhile=look)
    look()
    assert seen <= {f"by {who}" for who in range(count)}
    assert seen
    assert os.listdir(tmp_path) == ["out.csv"]


def test_threads_of_one_window_may_share_a_cache(tmp_path):
    """As the reading of targets and of examples does."""
    cache = EmbeddingCache(tmp_path, "net-1", WIDTH)

    def work(first):
        for start in range(first, first + 200, 10):
            keep(cache, range(start, start + 10))
            known(cache, 600)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(work, (0, 200, 400)))
    assert known(cache, 600) == list(range(600))
