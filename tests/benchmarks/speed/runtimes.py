"""Rows about the network alone: whether the quick way gives the same, and a graphics card."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE, backbone_card
from fewshot_gui.backbones.local_runtime import started_runtime
from fewshot_gui.backbones.runtime import InProcessRuntime
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.backbones.units import to_units
from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.images.files import ImageFile
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.images.request import DecodeRequest
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.classes import ClassRows, listed_classes
from fewshot_gui.metatrain.evaluation import evaluate
from fewshot_gui.metatrain.plan import EpisodePlan
from tests.benchmarks.class_data import SOURCES, unpacked
from tests.benchmarks.make_folder import digests_of
from tests.benchmarks.speed import programs
from tests.benchmarks.speed.findings import Bench, Finding, Target, alternating, medians
from tests.benchmarks.speed.photos import FEW, ORDINARY, task
from tests.conftest import DATA

GROCERY = SOURCES[0]
QUICK = 30, 10  # classes, and photos of each
LEARNERS = ("prototypes", "auto")
PLANS = tuple(EpisodePlan(ways=w, shots=k, targets=5) for w, k in ((5, 1), (5, 5), (20, 5)))

COSINE = Target(0.999, "", at_least=True, places=6)
ACCURACY = Target(0.2, " points", at_least=False, places=3)
GPU = Target(80, " %", at_least=True)

Crops = NDArray[np.uint8]
Vectors = NDArray[np.float32]


def same(bench: Bench) -> Sequence[Finding]:
    """The runtime that is used on processors beside PyTorch in float32, on the groceries.

    Both get the same pixels. Accuracy is that of the same tasks with either's embeddings; the
    value is the largest of the differences of all learners and kinds of tasks.
    """
    kinds = ("lowest cosine of an image", "accuracy on groceries")
    against, targets = "PyTorch float32", (COSINE, ACCURACY)
    if not (DATA / GROCERY.archive).exists():
        why = f"no {GROCERY.archive}"
        return [Finding(k, against, t, None, why) for k, t in zip(kinds, targets, strict=True)]
    folders = find_class_folders(unpacked(GROCERY, bench.place), bench.job)
    if bench.quick:
        folders = [replace(one, files=one.files[: QUICK[1]]) for one in folders[: QUICK[0]]]
    data = listed_classes(folders)
    paths = [file.path for folder in folders for file in folder.files]
    crops, (fast, exact), name = _both(paths, bench.job)
    cosines = np.einsum("ij,ij->i", _unit(fast), _unit(exact))
    differences = _differences(data, fast, exact, bench.size(600, 100), bench.job)
    largest = max(differences.values())
    lines = ", ".join(f"{kind} {points:.2f}" for kind, points in differences.items())
    return [
        Finding(
            f"{name}: {kinds[0]}, {len(crops):,} photos",
            against,
            COSINE,
            float(cosines.min()),
            f"median {np.median(cosines):.6f}; {np.count_nonzero(cosines < COSINE.limit)} below",
        ),
        Finding(
            f"{name}: {kinds[1]}, the same tasks", against, ACCURACY, largest, lines, differences
        ),
    ]


def graphics_card(bench: Bench) -> Sequence[Finding]:
    """Sorting with a graphics card beside the slower of its two halves.

    Decoding alone is that of the program's decoders with nothing else going on; embedding
    alone is that of pictures in memory. Sorting is the command as a whole without start-up.
    """
    import torch

    what, against = "sorting ordinary JPEGs with the GPU", "min(decoding alone, embedding alone)"
    if not torch.cuda.is_available():
        return [Finding(what, against, GPU, None, "no GPU")]
    given = task(bench.place, ORDINARY, bench.size(5000, 1000))
    files = [str(file) for file in given.files()]
    runtime, pool = InProcessRuntime(backbone_card(DEFAULT_BACKBONE), "cuda"), DecodePool()
    with closing(runtime), pool:
        crops = _decoded(files, pool)  # and the processes are there from now on
        runtime.embed(crops, bench.job)

        def sorting() -> float:
            homes = bench.fresh_homes()
            return programs.classify(given, homes, given.count - FEW, "cuda").speed

        def decoding() -> float:
            begun = perf_counter()
            _decoded(files, pool)
            return len(files) / (perf_counter() - begun)

        def embedding() -> float:
            begun = perf_counter()
            runtime.embed(crops, bench.job)
            return len(files) / (perf_counter() - begun)

        sides = alternating((sorting, decoding, embedding), bench.size(3, 1))
    ours, decode, embed = medians(sides)
    note = f"{ours:.0f} images/s; decoding alone {decode:.0f}, embedding alone {embed:.0f}"
    details = {"sorting": ours, "decoding": decode, "embedding": embed}
    return [Finding(what, against, GPU, 100 * ours / min(decode, embed), note, details)]


def _both(paths: list[str], job: Job) -> tuple[Crops, tuple[Vectors, Vectors], str]:
    """Pixels, what the program's runtime and PyTorch make of them, and the former's name."""
    from fewshot_gui.backbones.torch_runtime import TorchRuntime

    card = backbone_card(DEFAULT_BACKBONE)
    with DecodePool() as pool:
        crops = _decoded(paths, pool)
    fast, exact = started_runtime(card, "cpu", job), TorchRuntime(card, "cpu")
    vectors = fast.embed(crops, job), exact.embed(crops, job)
    name = type(fast).__name__.removesuffix("Runtime")
    for runtime in (fast, exact):
        runtime.close()
    return crops, vectors, name


def _decoded(paths: Sequence[str], pool: DecodePool) -> Crops:
    """Pixels as the network wants them, decoded by the program's processes."""
    crop = backbone_card(DEFAULT_BACKBONE).preprocessing.crop
    waiting = [pool.submit(DecodeRequest(path, crop=crop)) for path in paths]
    return np.stack([one.result().crop for one in waiting])


def _differences(
    data: ClassRows, fast: Vectors, exact: Vectors, episodes: int, job: Job
) -> dict[str, float]:
    """How far accuracies lie apart, in points, by kind of task and learner."""
    found = {}
    for plan in PLANS:
        kind = f"{plan.ways} classes, {plan.shots} + {plan.targets}"
        fitting = data.sizes >= plan.needed
        if np.count_nonzero(fitting) < plan.ways:
            continue
        sides = []
        for vectors in (fast, exact):
            tables = {DEFAULT_BACKBONE: _table(vectors)}
            sides.append(evaluate(data, tables, LEARNERS, [plan], episodes, job))
        for one, other in zip(*sides, strict=True):
            points = 100 * abs(one.accuracy.mean - other.accuracy.mean)
            found[f"{kind}, {one.learner}"] = points
    return found


def _table(vectors: Vectors) -> EmbeddingTable:
    table = EmbeddingTable(vectors.shape[1])
    files = (ImageFile(f"/{i}", f"{i}", 0, 0, 0) for i in range(len(vectors)))
    rows = np.asarray(table.add(files), np.int64)
    table.store_units(rows, to_units(vectors), digests_of(rows))
    return table


def _unit(vectors: Vectors) -> NDArray[np.float64]:
    exact = vectors.astype(np.float64)
    return exact / np.linalg.norm(exact, axis=1, keepdims=True)
