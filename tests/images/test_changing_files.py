"""Files that become others between listing, reading and export.

A picture's embedding here is its brightness, and its digest tells which bytes were read.
"""

from __future__ import annotations

import csv
import hashlib
import os
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from fewshot_gui.backbones.cache import EmbeddingCache
from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE, backbone_card
from fewshot_gui.backbones.pipeline import EmbeddingPipeline
from fewshot_gui.backbones.table import FAILED, READY, EmbeddingTable
from fewshot_gui.exports.csv_file import write_csv
from fewshot_gui.images.files import FailureKind, ImageFailure, ImageFile
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.images.scan import scan
from fewshot_gui.jobs import Job
from fewshot_gui.learners.registry import DEFAULT_LEARNER
from fewshot_gui.project.model import Project
from fewshot_gui.workflow import result_rows
from tests.backbones.looking_up import looked_up

COUNT = 12
WHOLE = 246  # bytes
VICTIM, OTHER = "03.bmp", "04.bmp"
SAME_TIME = 1_600_000_000_000_000_000

pytestmark = pytest.mark.skipif(os.name == "nt", reason="open files cannot be replaced there")


@pytest.fixture(scope="module")
def decoders():
    with DecodePool(1) as pool:
        yield pool


class Folder:
    """Grey pictures of one size and time, and all that was ever under each name."""

    def __init__(self, root):
        self.root = root
        root.mkdir()
        self.history: dict[tuple[str, int, int, int], bytes] = {}
        for number in range(COUNT):
            self.write(f"{number:02}.bmp", 20 * number)

    def write(self, name, brightness, side=8):
        path = self.root / name
        Image.new("RGB", (side, side), (brightness,) * 3).save(path)
        os.utime(path, ns=(SAME_TIME, SAME_TIME))
        self.note()

    def note(self):
        """Remember which content each file has in its present state."""
        for path in self.root.iterdir():
            status = path.stat()
            state = (str(path), status.st_size, status.st_mtime_ns, status.st_ino)
            digest = self.digest(path.name)
            assert self.history.setdefault(state, digest) == digest

    def digest(self, name):
        return hashlib.blake2b((self.root / name).read_bytes(), digest_size=16).digest()


# -- what happens to a file ------------------------------------------------------------------


def rewritten(folder):
    """Another picture of another size is written into the file."""
    folder.write(VICTIM, 250, side=9)
    os.utime(folder.root / VICTIM)


def replaced(folder):
    """Another picture takes its name, with the same size and time."""
    aside = folder.root.parent / "aside.bmp"
    Image.new("RGB", (8, 8), (251,) * 3).save(aside)
    os.utime(aside, ns=(SAME_TIME, SAME_TIME))
    (folder.root / VICTIM).rename(folder.root.parent / "original.bmp")
    aside.rename(folder.root / VICTIM)


def swapped(folder):
    """Two pictures of the same size and time take each other's names."""
    aside = folder.root.parent / "aside.bmp"
    (folder.root / VICTIM).rename(aside)
    (folder.root / OTHER).rename(folder.root / VICTIM)
    aside.rename(folder.root / OTHER)


def truncated(folder):
    """The second half of the file is lost."""
    os.truncate(folder.root / VICTIM, 100)


def emptied(folder):
    """Nothing is left in the file."""
    os.truncate(folder.root / VICTIM, 0)


def deleted(folder):
    """The file is gone."""
    (folder.root / VICTIM).unlink()


def renamed(folder):
    """The file has another name."""
    (folder.root / VICTIM).rename(folder.root / "new name.bmp")


def grown(folder):
    """More is written at the end of the file."""
    with open(folder.root / VICTIM, "ab") as stream:
        stream.write(b"more")


def turned_into_a_pipe(folder):
    """Something that is no file, and that nobody writes to, takes the name."""
    (folder.root / VICTIM).unlink()
    os.mkfifo(folder.root / VICTIM)


# -- how it is seen --------------------------------------------------------------------------


class Pool:
    """The real one; ``meanwhile`` happens once, when the fifth picture is asked for."""

    def __init__(self, pool, meanwhile: Callable[[], None] = lambda: None):
        self._pool, self._meanwhile, self.asked = pool, meanwhile, 0

    def submit(self, request, priority=0):
        self.asked += 1
        if self.asked == 5:
            self._meanwhile()
        return self._pool.submit(request, priority)


class Runtime:
    """The embedding of a picture is its brightness; ``meanwhile`` happens once, before."""

    device = "cpu"

    def __init__(self, meanwhile: Callable[[], None] = lambda: None):
        self._meanwhile, self.calls = meanwhile, 0

    def start(self, job):
        job.checkpoint()

    def embed(self, pixels, _job):
        self.calls += 1
        if self.calls == 1:
            self._meanwhile()
        vectors = np.full((len(pixels), 1280), 0.01, np.float32)
        vectors[np.arange(len(pixels)), pixels[:, 0, 0, 0]] = 1.0
        return vectors

    def close(self):
        pass


class Sitting:
    """One window's table over a folder."""

    def __init__(self, folder, cache_folder, decoders):
        self.folder, self.decoders = folder, decoders
        self.card = backbone_card(DEFAULT_BACKBONE)
        self.cache = EmbeddingCache(cache_folder, self.card.identity, self.card.width)
        self.table = EmbeddingTable(self.card.width)
        self.rows = np.zeros(0, np.int64)

    def list(self):
        """As the window does it: new, changed, missing and returned files are noted."""
        files = list(scan(self.folder.root, Job()).files)
        self.table.renew(files)
        present = self.table.add(files, as_targets=True)
        for row in set(self.rows.tolist()) - set(present):
            self.table.fail(row, ImageFailure(FailureKind.MISSING))
        self.table.retry(
            row
            for row in present
            if (why := self.table.failure(row)) and why.kind is FailureKind.MISSING
        )
        self.rows = np.union1d(self.rows, present)

    def read(self, while_asking=lambda: None, while_embedding=lambda: None):
        pool, runtime = Pool(self.decoders, while_asking), Runtime(while_embedding)
        pipeline = EmbeddingPipeline(self.card, pool, runtime, self.cache)
        pipeline.run(self.table, self.rows, Job())

    def name(self, row):
        return self.table.file(row).relative

    def check_cache(self):
        """For no state that a file ever had is the embedding of another content kept."""
        states = list(self.folder.history)
        files = [ImageFile(path, "", *facts) for path, *facts in states]
        hits = looked_up(self.cache, files)
        for place, digest in zip(hits.embedded.tolist(), hits.digests, strict=True):
            assert digest.tobytes() == self.folder.history[states[place]], states[place]
        for place in hits.failures:
            assert states[place][1] < WHOLE, "a whole picture is kept as one that is damaged"

    def check_table(self):
        """Every embedding belongs to what lies on the disk now."""
        for row in self.table.ready(self.rows).tolist():
            digest = self.table.digests(np.asarray([row]))[0].tobytes()
            assert digest == self.folder.digest(self.name(row)), self.name(row)

    def exported(self, path):
        """The CSV's rows by path."""
        project = Project()
        for name, picture in (("Dark", "00.bmp"), ("Bright", "11.bmp")):
            project.add_bin(name, [str(self.folder.root / picture)])
        write_csv(path, result_rows(project, self.table, self.rows, DEFAULT_LEARNER, Job()))
        with open(path, encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len({row["path"] for row in rows}) == len(rows) == len(self.rows)
        return {row["path"]: row for row in rows}


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "pictures")


@pytest.fixture
def sitting(folder, tmp_path, decoders):
    return Sitting(folder, tmp_path / "cache", decoders)


CHANGES = [
    rewritten,
    replaced,
    swapped,
    truncated,
    emptied,
    deleted,
    renamed,
    grown,
    turned_into_a_pipe,
]
MOMENTS = ["listed", "asking", "embedding", "read"]
GONE = (deleted, renamed, turned_into_a_pipe)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("change", CHANGES)
def test_after_the_next_listing_every_result_is_that_of_the_file_that_is_there(
    sitting, folder, decoders, tmp_path, change, moment
):
    """Not of the one before, in this window and in the next one; what is gone is told."""

    def happen():
        change(folder)

    sitting.list()
    if moment == "listed":
        happen()
    sitting.read(
        happen if moment == "asking" else lambda: None,
        happen if moment == "embedding" else lambda: None,
    )
    if moment == "read":
        happen()
    if moment in ("listed", "read"):
        early = sitting.exported(tmp_path / "early.csv")
        assert len(early) == COUNT
        if moment == "listed" and change in (deleted, renamed):
            assert early[VICTIM]["error"] == "missing"
    sitting.list()
    sitting.read()
    sitting.check_table()
    rows = sitting.exported(tmp_path / "out.csv")
    wrong = {name: row["error"] for name, row in rows.items() if row["error"]}
    if change in GONE:
        assert wrong == {VICTIM: "missing"}
    elif change in (truncated, emptied):
        assert list(wrong) == [VICTIM]
        assert wrong[VICTIM].startswith("damaged")
    else:
        assert wrong == {}
    assert ("new name.bmp" in rows) == (change is renamed)
    next_window = Sitting(folder, tmp_path / "cache", decoders)
    next_window.list()
    next_window.read()
    next_window.check_table()
    damaged = change in (truncated, emptied)
    present = COUNT - (change in (deleted, turned_into_a_pipe))
    assert next_window.table.counts(next_window.rows).ready == present - damaged


KEEPING = [change for change in CHANGES if change is not turned_into_a_pipe]


@pytest.mark.parametrize("change", KEEPING)
def test_what_is_kept_belongs_to_the_file_that_was_listed(sitting, folder, change):
    """A file that changes between listing and reading leaves nothing wrong in the cache."""
    sitting.list()
    change(folder)
    folder.note()
    sitting.read()
    sitting.check_cache()
    sitting.list()
    sitting.read()
    sitting.check_cache()


@pytest.mark.parametrize("change", KEEPING)
def test_what_was_kept_before_a_change_is_not_taken_for_it(sitting, folder, change):
    """The cache knows the old file; the new one is read."""
    sitting.list()
    sitting.read()
    sitting.check_cache()
    change(folder)
    folder.note()
    sitting.list()
    sitting.read()
    sitting.check_table()
    sitting.check_cache()


@pytest.mark.parametrize("pieces", [2, 5])
def test_a_file_that_is_being_copied_in_is_whole_in_the_end(sitting, folder, tmp_path, pieces):
    """Looked at again and again while it grows: damaged at first, never for good."""
    whole = (folder.root / VICTIM).read_bytes()
    (folder.root / VICTIM).unlink()
    size = -(-len(whole) // pieces)
    for end in range(size, len(whole) + size, size):
        with open(folder.root / VICTIM, "ab") as stream:
            stream.write(whole[end - size : end])
        folder.note()
        sitting.list()
        sitting.read()
        sitting.check_table()
    assert sitting.exported(tmp_path / "out.csv")[VICTIM]["error"] == ""
    sitting.check_cache()


def test_files_that_change_all_the_time_are_right_as_soon_as_they_rest(sitting, folder):
    """A program rewrites every picture again and again while they are listed and read."""
    stop = threading.Event()

    def disturb():
        rng = np.random.default_rng(0)
        while not stop.is_set():
            name = f"{rng.integers(COUNT):02}.bmp"
            fresh = folder.root.parent / "fresh.bmp"
            Image.new("RGB", (8, 8 + int(rng.integers(3))), (int(rng.integers(256)),) * 3).save(
                fresh
            )
            os.replace(fresh, folder.root / name)
            time.sleep(0.0005)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        for _ in range(15):
            sitting.list()
            sitting.read()
    finally:
        stop.set()
        thread.join()
    sitting.list()
    sitting.read()
    sitting.check_table()
    assert (sitting.table.state_of(sitting.rows) == READY).all()


def test_a_file_that_vanishes_and_comes_back_is_read_again(sitting, folder, tmp_path):
    """Missing in one export, there in the next."""
    sitting.list()
    (folder.root / VICTIM).rename(tmp_path / "away.bmp")
    sitting.read()
    assert sitting.exported(tmp_path / "out.csv")[VICTIM]["error"] == "missing"
    sitting.list()
    sitting.read()
    assert sitting.table.state_of([sitting.table.row(str(folder.root / VICTIM))])[0] == FAILED
    (tmp_path / "away.bmp").rename(folder.root / VICTIM)
    sitting.list()
    sitting.read()
    sitting.check_table()
    assert sitting.exported(tmp_path / "out.csv")[VICTIM]["error"] == ""


def test_all_files_vanish_while_they_are_read(sitting, folder):
    """Each is told as missing or was read before; none is left waiting."""
    sitting.list()

    def vanish():
        for path in folder.root.iterdir():
            path.unlink()

    sitting.read(vanish)
    counts = sitting.table.counts(sitting.rows)
    assert counts.pending == 0
    assert counts.failed >= COUNT - 5
    for row in sitting.rows.tolist():
        why = sitting.table.failure(row)
        assert why is None or why.kind is FailureKind.MISSING
