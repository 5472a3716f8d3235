"""The row about one more example, with everything in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

import numpy as np

from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE, backbone_card
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.backbones.units import to_units
from fewshot_gui.images.files import ImageFile
from fewshot_gui.jobs import Job
from fewshot_gui.learners.support import SupportSet, fit
from tests.benchmarks.make_folder import CLASSES, MadeClasses, digests_of
from tests.benchmarks.speed.findings import Bench, Finding, Target, alternating, medians

LEARNER, SHOTS = "auto", 5
BLOCK = 8192


def drop(bench: Bench) -> Sequence[Finding]:
    """From one more example to the classes of 100,000 images, in the program's own learner.

    That is fitting the learner on 20 classes of five examples and predicting all images, as
    the window does; then it finds the unknown scores, which the note tells with it. The other
    side is the product of a float32 matrix of all embeddings with one of 20 columns.
    """
    count = bench.size(100_000, 20_000)
    table, rows = _filled(count)
    vectors, columns = table.units(rows), np.ones((table.width, CLASSES), np.float32)
    support = _support(rows)

    def product() -> float:
        begun = perf_counter()
        vectors @ columns
        return perf_counter() - begun

    def classes() -> float:
        begun = perf_counter()
        fit(LEARNER, support, table, Job(), rows).predict_classes(table, rows, Job())
        return perf_counter() - begun

    def everything() -> float:
        begun = perf_counter()
        fit(LEARNER, support, table, Job(), rows).predict(table, rows, Job())
        return perf_counter() - begun

    def fitting() -> float:
        begun = perf_counter()
        fit(LEARNER, support, table, Job(), rows)
        return perf_counter() - begun

    sides = (product, classes, everything, fitting)
    one, quick, whole, learning = medians(alternating(sides, bench.size(15, 7), warm_up=True))
    note = (
        f"{1e3 * quick:.0f} ms, {1e3 * learning:.0f} of them to fit, and {1e3 * one:.0f} ms; "
        f"with unknown scores {1e3 * whole:.0f} ms, {whole / one:.1f} ×"
    )
    return [
        Finding(
            f"one drop: {count:,} images predicted anew, {CLASSES} classes",
            "one float32 matrix product of that size",
            Target(3, " ×", at_least=False, places=2),
            quick / one,
            note,
            {"product_s": one, "classes_s": quick, "with_unknown_s": whole, "fit_s": learning},
        )
    ]


def _filled(count: int) -> tuple[EmbeddingTable, np.ndarray]:
    """A table of embeddings in classes, by the number of the row."""
    table = EmbeddingTable(backbone_card(DEFAULT_BACKBONE).width)
    rows = np.asarray(table.add(ImageFile(f"/{i}", f"{i}", 0, 0, 0) for i in range(count)))
    made = MadeClasses(table.width)
    for start in range(0, count, BLOCK):
        block = rows[start : start + BLOCK]
        table.store_units(block, to_units(made.embeddings(block)), digests_of(block))
    return table, rows


def _support(rows: np.ndarray) -> SupportSet:
    """The first of each class."""
    chosen = rows[: CLASSES * SHOTS]
    return SupportSet(tuple(range(CLASSES)), chosen, chosen % CLASSES)
