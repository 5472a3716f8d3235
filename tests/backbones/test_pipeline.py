"""Files that become others while they are read."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from fewshot_gui.backbones.cache import EmbeddingCache
from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE, backbone_card
from fewshot_gui.backbones.pipeline import EmbeddingPipeline
from fewshot_gui.backbones.table import PENDING, READY, EmbeddingTable
from fewshot_gui.images.files import ImageFile
from fewshot_gui.images.pool import DecodeResult
from fewshot_gui.jobs import Job


class Runtime:
    """The embedding of a picture is the brightness of its first pixel, in its place."""

    device = "cpu"

    def start(self, job):
        job.checkpoint()

    def embed(self, pixels, _job):
        vectors = np.zeros((len(pixels), 1280), np.float32)
        vectors[np.arange(len(pixels)), pixels[:, 0, 0, 0]] = 1.0
        return vectors

    def close(self):
        pass


class Pool:
    """Decodes at once; calls ``meanwhile`` with each path before it answers."""

    def __init__(self, brightness, meanwhile):
        self.brightness, self.meanwhile = brightness, meanwhile

    def submit(self, request, _priority=0):
        seen = self.brightness
        self.meanwhile(request.path)
        future = Future()
        crop = np.full((224, 224, 3), seen, np.uint8)
        digest = bytes([seen]) * 16
        future.set_result(DecodeResult(None, crop=crop, digest=digest, size=seen, mtime_ns=seen))
        return future


@pytest.fixture
def card():
    return backbone_card(DEFAULT_BACKBONE)


def test_what_was_read_of_an_old_file_is_not_taken_for_the_new_one(card, tmp_path):
    """A listing finds another file in the same place while the first one is decoded."""
    table = EmbeddingTable(card.width)
    old = ImageFile("/p/a.png", "a.png", 3, 3, 1)
    rows = np.asarray(table.add([old]))

    def changed(_path):
        table.renew([replace(old, size=5, mtime_ns=5)])

    cache = EmbeddingCache(tmp_path, card.identity, card.width)
    pool = Pool(3, changed)
    pipeline = EmbeddingPipeline(card, pool, Runtime(), cache)
    pipeline.run(table, rows, Job())
    assert table.state[0] == PENDING
    pool.brightness, pool.meanwhile = 5, lambda _path: None
    pipeline.run(table, rows, Job())
    assert table.state[0] == READY
    assert table.units(rows)[0].argmax() == 5
    fresh = EmbeddingTable(card.width)
    known = EmbeddingPipeline(card, pool, Runtime(), EmbeddingCache(tmp_path, card.identity, 1280))
    pool.brightness = 9  # the cache answers, and with the new one
    known.run(fresh, np.asarray(fresh.add([replace(old, size=5, mtime_ns=5)])), Job())
    assert fresh.units(np.asarray([0]))[0].argmax() == 5


def test_what_changed_between_listing_and_reading_is_shown_and_not_kept(card, tmp_path):
    """The bytes read are newer than the listing: right for the screen, wrong for the cache."""
    table = EmbeddingTable(card.width)
    rows = np.asarray(table.add([ImageFile("/p/a.png", "a.png", 3, 3, 1)]))
    cache = EmbeddingCache(tmp_path, card.identity, card.width)
    pipeline = EmbeddingPipeline(card, Pool(7, lambda _path: None), Runtime(), cache)
    pipeline.run(table, rows, Job())
    assert table.units(rows)[0].argmax() == 7
    again = EmbeddingTable(card.width)
    later = EmbeddingPipeline(
        card,
        Pool(8, lambda _path: None),
        Runtime(),
        EmbeddingCache(tmp_path, card.identity, card.width),
    )
    later.run(again, np.asarray(again.add([ImageFile("/p/a.png", "a.png", 3, 3, 1)])), Job())
    assert again.units(np.asarray([0]))[0].argmax() == 8


def test_what_the_network_says_of_an_old_file_is_not_taken_for_the_new_one(card, tmp_path):
    """A listing finds another file in the same place while the network is busy."""
    table = EmbeddingTable(card.width)
    old = ImageFile("/p/a.png", "a.png", 3, 3, 1)
    rows = np.asarray(table.add([old]))

    class Slow(Runtime):
        def embed(self, pixels, job):
            table.renew([replace(old, size=5, mtime_ns=5)])
            return super().embed(pixels, job)

    cache = EmbeddingCache(tmp_path, card.identity, card.width)
    EmbeddingPipeline(card, Pool(3, lambda _path: None), Slow(), cache).run(table, rows, Job())
    assert table.state[0] == PENDING
    assert (table.file(0).size, table.file(0).mtime_ns) == (5, 5)
    EmbeddingPipeline(card, Pool(5, lambda _path: None), Runtime(), cache).run(table, rows, Job())
    assert table.units(rows)[0].argmax() == 5


@pytest.mark.parametrize(("device", "largest"), [("cpu", 32), ("cuda", 256)])
def test_a_graphics_card_gets_many_pictures_at_once(card, tmp_path, device, largest):
    sizes = []

    class Watched(Runtime):
        def embed(self, pixels, job):
            sizes.append(len(pixels))
            return super().embed(pixels, job)

    Watched.device = device
    table = EmbeddingTable(card.width)
    files = [ImageFile(f"/{i}", f"{i}", 1, 1, 0) for i in range(600)]
    rows = np.asarray(table.add(files), np.int64)
    cache = EmbeddingCache(tmp_path, card.identity, card.width)
    EmbeddingPipeline(card, Pool(1, lambda _path: None), Watched(), cache).run(table, rows, Job())
    assert sizes[0] == 8  # something shows soon
    assert max(sizes) == largest
    assert sum(sizes) == 600


def test_what_the_cache_says_of_an_old_file_is_not_taken_for_the_new_one(card, tmp_path):
    """A listing finds another file in the same place while the cache is asked."""
    old = ImageFile("/p/a.png", "a.png", 3, 3, 1)
    table = EmbeddingTable(card.width)
    cache = EmbeddingCache(tmp_path, card.identity, card.width)
    pool = Pool(3, lambda _path: None)
    rows = np.asarray(table.add([old]))
    EmbeddingPipeline(card, pool, Runtime(), cache).run(table, rows, Job())

    class Slow(EmbeddingCache):
        def found(self, files):
            for hits in super().found(files):
                table.renew([replace(old, size=5, mtime_ns=5)])
                yield hits

    table = EmbeddingTable(card.width)
    table.add([old])
    slow = Slow(tmp_path, card.identity, card.width)
    pool.brightness = 5
    EmbeddingPipeline(card, pool, Runtime(), slow).run(table, rows, Job())
    assert table.state[0] == READY
    assert table.units(rows)[0].argmax() == 5
