"""The embedding cache: what goes in comes out, and damage only costs hits."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fewshot_gui.backbones.cache import EmbeddingCache
from fewshot_gui.images.file_key import file_key
from fewshot_gui.images.files import FailureKind, ImageFailure, ImageFile
from tests.backbones.looking_up import looked_up

WIDTH = 32


def a_file(name, size=10, mtime=5, inode=1):
    return ImageFile(f"/pictures/{name}", name, size, mtime, inode)


def content(count, seed=0):
    rng = np.random.default_rng(seed)
    vectors = rng.random((count, WIDTH)).astype(np.float16)
    return vectors, rng.integers(0, 256, (count, 16)).astype(np.uint8)


@pytest.fixture
def cache(tmp_path):
    return EmbeddingCache(tmp_path / "embeddings", "net-1", WIDTH)


def filled(cache, count=5):
    files = [a_file(f"{i}.jpg") for i in range(count)]
    vectors, digests = content(count)
    cache.append(files, vectors, digests)
    return files, vectors, digests


def test_an_absent_cache_knows_nothing_and_is_not_made_by_asking(cache):
    hits = looked_up(cache, [a_file("a.jpg")])
    assert len(hits.embedded) == 0
    assert hits.failures == {}
    assert not cache.path.parent.exists()


def test_what_was_stored_is_found_by_another_instance(cache, tmp_path):
    files, vectors, digests = filled(cache)
    again = EmbeddingCache(tmp_path / "embeddings", "net-1", WIDTH)
    hits = looked_up(again, [a_file("new.jpg"), *reversed(files)])
    assert hits.embedded.tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(hits.vectors, vectors[::-1])
    np.testing.assert_array_equal(hits.digests, digests[::-1])


@pytest.mark.parametrize("change", [{"size": 11}, {"mtime": 6}, {"inode": 2}])
def test_a_file_that_was_written_again_is_not_found(cache, change):
    filled(cache)
    assert len(looked_up(cache, [a_file("0.jpg", **change)]).embedded) == 0


def test_the_newest_record_of_a_file_counts(cache):
    files, _vectors, _digests = filled(cache)
    newer, digests = content(1, seed=7)
    cache.append(files[2:3], newer, digests)
    np.testing.assert_array_equal(looked_up(cache, files[2:3]).vectors, newer)


def test_lasting_failures_are_remembered_and_passing_ones_are_not(cache):
    broken, gone = a_file("broken.jpg"), a_file("gone.jpg")
    damaged = ImageFailure(FailureKind.DAMAGED, "cut short — ½")
    cache.append(
        [],
        np.zeros((0, WIDTH), np.float16),
        np.zeros((0, 16), np.uint8),
        [(broken, damaged), (gone, ImageFailure(FailureKind.MISSING))],
    )
    assert looked_up(cache, [broken, gone]).failures == {0: damaged}


def test_another_backbone_has_another_file(cache, tmp_path):
    files, _vectors, _digests = filled(cache)
    other = EmbeddingCache(tmp_path / "embeddings", "net-2", WIDTH)
    assert len(looked_up(other, files).embedded) == 0


def test_a_file_of_another_width_is_replaced_not_misread(cache, tmp_path):
    files, _vectors, _digests = filled(cache)
    wider = EmbeddingCache(tmp_path / "embeddings", "net-1", 2 * WIDTH)
    assert len(looked_up(wider, files).embedded) == 0
    vectors = np.ones((1, 2 * WIDTH), np.float16)
    wider.append(files[:1], vectors, content(1)[1])
    np.testing.assert_array_equal(looked_up(wider, files).vectors, vectors)


def test_a_torn_tail_loses_one_record_and_the_next_append_is_whole(cache):
    files, vectors, digests = filled(cache)
    with cache.path.open("r+b") as stream:
        stream.truncate(cache.path.stat().st_size - 7)
    assert looked_up(cache, files).embedded.tolist() == [0, 1, 2, 3]
    cache.append(files[4:], vectors[4:], digests[4:])
    np.testing.assert_array_equal(looked_up(cache, files).vectors, vectors)


def parts_of(cache):
    """All files of a cache but its lock."""
    parts = [p for p in cache.path.parent.iterdir() if p.suffix != ".lock"]
    return sorted(parts, key=lambda p: p.suffix)


def test_no_more_than_two_files_lie_there(cache):
    filled(cache)
    filled(cache)
    assert [p.suffix for p in parts_of(cache)] == [".embeddings", ".vectors"]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_damage_ever_gives_a_wrong_embedding(data):
    with tempfile.TemporaryDirectory() as folder:
        cache = EmbeddingCache(Path(folder), "net-1", WIDTH)
        files, vectors, _digests = filled(cache)
        which = st.sampled_from([".embeddings", ".vectors"])
        damaged = data.draw(st.sets(which, min_size=1))
        for path in [p for p in parts_of(cache) if p.suffix in damaged]:
            raw = bytearray(path.read_bytes())
            for _ in range(data.draw(st.integers(1, 4))):
                place = data.draw(st.integers(0, len(raw) - 1))
                raw[place] = data.draw(st.integers(0, 255))
            cut = data.draw(st.integers(0, len(raw)))
            path.write_bytes(raw[:cut])
        hits = looked_up(cache, files)
        np.testing.assert_array_equal(hits.vectors, vectors[hits.embedded])
        # And whatever is left, the cache can be filled again.
        filled(cache)
        np.testing.assert_array_equal(looked_up(cache, files).vectors, vectors)


FOREIGN = {
    "empty": b"",
    "zeros": bytes(10_000),
    "text": b"not ours" * 500,
    "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("which", [".embeddings", ".vectors"])
def test_another_program_s_file_is_not_believed(cache, content, which):
    files, vectors, _digests = filled(cache)
    next(p for p in parts_of(cache) if p.suffix == which).write_bytes(content)
    assert len(looked_up(cache, files).embedded) == 0
    filled(cache)
    np.testing.assert_array_equal(looked_up(cache, files).vectors, vectors)


def test_the_embeddings_of_another_cache_are_not_believed(cache, tmp_path):
    files, _vectors, _digests = filled(cache)
    other = EmbeddingCache(tmp_path / "other", "net-1", WIDTH)
    more = [a_file(f"{i}.jpg") for i in range(5)]
    other.append(more, content(5, seed=9)[0], content(5)[1])
    mine = next(p for p in parts_of(cache) if p.suffix == ".vectors")
    mine.write_bytes(next(p for p in parts_of(other) if p.suffix == ".vectors").read_bytes())
    assert len(looked_up(cache, files).embedded) == 0


def test_one_that_vanished_costs_its_hits_only(cache):
    files, vectors, _digests = filled(cache)
    next(p for p in parts_of(cache) if p.suffix == ".vectors").unlink()
    assert len(looked_up(cache, files).embedded) == 0
    filled(cache)
    np.testing.assert_array_equal(looked_up(cache, files).vectors, vectors)


def test_it_keeps_the_newer_half_where_it_would_grow_too_large(tmp_path):
    limit = 100 * (2 * WIDTH + 48)
    cache = EmbeddingCache(tmp_path, "net-1", WIDTH, limit)
    files = [a_file(f"{i}.jpg") for i in range(260)]
    vectors, digests = content(260)
    for start in range(0, 260, 20):
        part = slice(start, start + 20)
        cache.append(files[part], vectors[part], digests[part])
        assert sum(p.stat().st_size for p in parts_of(cache)) <= limit + 64
    hits = looked_up(cache, files)
    assert len(hits.embedded) >= 50
    assert hits.embedded.tolist() == list(range(260 - len(hits.embedded), 260))
    np.testing.assert_array_equal(hits.vectors, vectors[hits.embedded])
    np.testing.assert_array_equal(hits.digests, digests[hits.embedded])
    assert len(parts_of(cache)) == 2


def test_blocks_come_in_the_order_of_the_disk_and_hold_everything(cache, monkeypatch):
    monkeypatch.setattr("fewshot_gui.backbones.cache.BLOCK", 7)
    files, vectors, _digests = filled(cache, 40)
    asked = [*files[::-1], a_file("new.jpg")]
    out = np.zeros((41, WIDTH), np.float16)
    sizes = []
    for hits in cache.found(iter(asked)):
        out[hits.embedded] = hits.vectors
        sizes.append(len(hits.embedded))
    assert sizes == [7, 7, 7, 7, 7, 5]
    np.testing.assert_array_equal(out[:40], vectors[::-1])


def test_deleting_it_between_two_uses_only_costs_the_hits(cache):
    files, vectors, _digests = filled(cache)
    cache.path.unlink()
    assert len(looked_up(cache, files).embedded) == 0
    filled(cache)
    np.testing.assert_array_equal(looked_up(cache, files).vectors, vectors)


def test_a_folder_that_cannot_be_made_is_an_oserror(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match=r"file|exist|directory"):
        filled(EmbeddingCache(tmp_path / "file", "net-1", WIDTH))


def test_names_that_are_not_utf8_have_keys():
    odd = ImageFile(os.fsdecode(b"/p/gro\xdf.jpg"), os.fsdecode(b"gro\xdf.jpg"), 1, 1, 1)
    assert len(file_key(odd)) == 16
    assert file_key(odd) != file_key(a_file("gross.jpg"))


WRITER = """
import sys
import numpy as np
from pathlib import Path
from fewshot_gui.backbones.cache import EmbeddingCache
from fewshot_gui.images.files import ImageFile
who = sys.argv[2]
cache = EmbeddingCache(Path(sys.argv[1]), "net-1", 32)
print("ready", flush=True)
for i in range(100000 if who == "endless" else 40):
    file = ImageFile(f"/p/{who}{i}", f"{who}{i}", 1, 1, 1)
    vector, digest = np.full((1, 32), i % 2000, np.float16), np.full((1, 16), i % 256, np.uint8)
    cache.append([file], vector, digest)
"""


def start_writer(folder, who):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), who], stdout=subprocess.PIPE, text=True
    )


def values(cache, who, count):
    files = [ImageFile(f"/p/{who}{i}", f"{who}{i}", 1, 1, 1) for i in range(count)]
    hits = looked_up(cache, files)
    return hits.embedded, hits.vectors


def test_two_processes_may_write_at_once(tmp_path):
    writers = [start_writer(tmp_path, who) for who in "ab"]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    cache = EmbeddingCache(tmp_path, "net-1", WIDTH)
    for who in "ab":
        found, vectors = values(cache, who, 40)
        assert found.tolist() == list(range(40))
        np.testing.assert_array_equal(vectors[:, 0], np.arange(40))


DYING = """
import os, signal, sys
import numpy as np
from pathlib import Path
from fewshot_gui.backbones import cache as module
from fewshot_gui.images.files import ImageFile
folder, fatal, share = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
real, calls = module._write_at, [0]
def write_at(path, place, array):
    calls[0] += 1
    if calls[0] == fatal:
        raw = array.view(np.uint8).reshape(-1)
        real(path, place, raw[: int(share * len(raw))])
        os.kill(os.getpid(), signal.SIGKILL)
    real(path, place, array)
module._write_at = write_at
cache = module.EmbeddingCache(folder, "net-1", 32)
for batch in range(100):
    files = [ImageFile(f"/p/d{i}", "", 1, 1, 1) for i in range(8 * batch, 8 * batch + 8)]
    vectors = np.repeat(np.arange(8 * batch, 8 * batch + 8, dtype=np.float16)[:, None], 32, axis=1)
    cache.append(files, vectors, np.zeros((8, 16), np.uint8))
    print(batch, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_process_killed_at_any_write_loses_no_more_than_that(tmp_path):
    """Each write of two files, killed before it, within it and after it."""
    cases = [(fatal, share) for fatal in (1, 2, 3, 4, 41, 42, 43) for share in (0, 0.4, 1)]
    writers = []
    for number, (fatal, share) in enumerate(cases):
        folder = tmp_path / str(number)
        command = [sys.executable, "-c", DYING, str(folder), str(fatal), str(share)]
        writers.append((folder, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
        if len(writers) % 4 == 0:
            writers[-1][1].wait(60)
    for folder, writer in writers:
        output, _errors = writer.communicate(timeout=60)
        assert writer.returncode == -9
        told = 8 * len(output.split())
        cache = EmbeddingCache(folder, "net-1", WIDTH)
        found, vectors = values(cache, "d", 900)
        assert found.tolist()[:told] == list(range(told))  # nothing that was finished is lost
        np.testing.assert_array_equal(vectors[:, 0], found)
        files, stored, _digests = filled(cache)
        np.testing.assert_array_equal(looked_up(cache, files).vectors, stored)
        assert values(cache, "d", 900)[0].tolist() == found.tolist()


def test_a_process_killed_while_writing_leaves_a_good_cache(tmp_path):
    cache = EmbeddingCache(tmp_path, "net-1", WIDTH)
    for round_ in range(3):
        writer = start_writer(tmp_path, "endless")
        writer.stdout.readline()
        while not cache.path.exists() or len(values(cache, "endless", 10 + round_)[0]) < 10:
            pass
        writer.kill()
        writer.communicate()
        found, vectors = values(cache, "endless", 2000)
        np.testing.assert_array_equal(vectors[:, 0], found % 2000)
    files, stored, _digests = filled(cache)
    np.testing.assert_array_equal(looked_up(cache, files).vectors, stored)
