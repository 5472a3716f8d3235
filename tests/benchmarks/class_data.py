"""The data that accuracy is measured on: class folders of other people, embedded once.

Embeddings are kept in files, so that several processes can measure at the same time.
"""

from __future__ import annotations

import multiprocessing
import os
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.evaluate import embedded_classes
from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.images.files import ImageFile
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.classes import ClassRows
from tests.conftest import DATA

BACKBONE = "lite0"
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Source:
    """An archive of class folders.

    Attributes:
        name: Its name in the tables.
        archive: Name of the zip in ``shared/data`` beside the checkout.
        folder: The part of it that is used.
    """

    name: str
    archive: str
    folder: str


SOURCES = (
    Source("Groceries", "grocery.zip", "grocery"),
    Source("Characters", "omniglot.zip", "omniglot/images_evaluation"),
)


@dataclass(frozen=True)
class Embedded:
    """Classes and their embeddings, in a table whose rows they name."""

    data: ClassRows
    table: EmbeddingTable


def prepare(source: Source, place: Path, job: Job) -> Path:
    """Unpack and embed; what is there already is not made again. Returns the file to load."""
    made = place / f"{source.name}.npz"
    if made.exists():
        return made
    folders = find_class_folders(unpacked(source, place), job)
    data, tables = embedded_classes(folders, [BACKBONE], "auto", job)
    table = tables[BACKBONE]
    rows = np.concatenate(data.rows)
    partial = made.with_suffix(".part.npz")
    np.savez(
        partial,
        vectors=table.units(rows).astype(np.float16),
        digests=table.digests(rows),
        sizes=data.sizes,
        names=data.names,
    )
    os.replace(partial, made)
    return made


def unpacked(source: Source, place: Path) -> Path:
    """The folder of its classes, below ``place``."""
    with zipfile.ZipFile(DATA / source.archive) as packed:
        names = [name for name in packed.namelist() if name.startswith(source.folder)]
        packed.extractall(place, names)
    return place / source.folder


@lru_cache
def load(made: Path) -> Embedded:
    """What ``prepare`` made; from then on in this process's memory."""
    with np.load(made) as saved:
        vectors, digests = saved["vectors"], saved["digests"]
        bounds, names = np.cumsum([0, *saved["sizes"]]), saved["names"]
    table = EmbeddingTable(vectors.shape[1])
    rows = np.asarray(table.add(ImageFile(f"/{i}", f"{i}", 0, 0, 0) for i in range(len(vectors))))
    table.store_units(rows, vectors, digests)
    parts = [rows[a:b] for a, b in pairwise(bounds)]
    return Embedded(ClassRows(tuple(names.tolist()), tuple(parts)), table)


def one_core_each(processes: int | None = None) -> ProcessPoolExecutor:
    """Processes that compute on one core each, so that times can be compared."""
    os.environ.update(dict.fromkeys(THREADS, "1"))  # read when numpy is imported: by them
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))


def examples(shots: int) -> str:
    """For headings."""
    return f"{shots} example{'s' * (shots > 1)}"
