"""Fitting and predicting from cached embeddings, beside the matrix product at its heart."""

from __future__ import annotations

import numpy as np
import pytest

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.backbones.units import to_units
from fewshot_gui.images.files import ImageFile
from fewshot_gui.jobs import Job
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.learners.support import SupportSet, fit

WIDTH, WAYS, SHOTS = 1280, 20, 5


@pytest.fixture(scope="module", params=[5_000, 100_000])
def filled(request):
    """A table of that many embeddings, with its rows."""
    table = EmbeddingTable(WIDTH)
    table.add(ImageFile(f"/p/{i}", str(i), 1, 1, 1) for i in range(request.param))
    rng = np.random.default_rng(0)
    rows = np.arange(request.param)
    for block in np.array_split(rows, 50):
        vectors = np.maximum(rng.normal(size=(len(block), WIDTH)), 0).astype(np.float16)
        table.store_units(
            block, to_units(vectors), rng.integers(0, 256, (len(block), 16)).astype(np.uint8)
        )
    return table, rows


@pytest.mark.parametrize("learner", [info.key for info in all_learners()])
def test_one_drop(benchmark, filled, learner):
    table, rows = filled
    support = SupportSet(
        tuple(range(WAYS)), rows[: WAYS * SHOTS], np.repeat(np.arange(WAYS), SHOTS)
    )
    benchmark.extra_info["images"] = len(rows)
    benchmark(lambda: fit(learner, support, table, Job(), rows).predict(table, rows, Job()))


def test_one_matrix_product(benchmark, filled):
    table, rows = filled
    vectors = table.units(rows)
    anchors = np.ones((WIDTH, WAYS), np.float32)
    benchmark.extra_info["images"] = len(rows)
    benchmark(lambda: vectors @ anchors)
