"""Embeddings of a growing list of images, addressed by row and by path."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.images.files import ImageFailure, ImageFile

PENDING, READY, FAILED = 0, 1, 2
DIGEST_BYTES = 16
_FIRST_CAPACITY = 256


@dataclass(frozen=True)
class TableCounts:
    """How many images are waiting, embedded and unreadable."""

    pending: int
    ready: int
    failed: int


class EmbeddingTable:
    """One row for each image: its embedding, or why there is none.

    A worker thread fills it while others read. A row's vector is complete before its
    state says ``READY``, and never changes afterwards.

    Args:
        width: Components of an embedding.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._lock = threading.Lock()
        self._files: list[ImageFile] = []
        self._rows: dict[str, int] = {}
        self._vectors = np.zeros((_FIRST_CAPACITY, width), np.float16)
        self._digests = np.zeros((_FIRST_CAPACITY, DIGEST_BYTES), np.uint8)
        self._state = np.zeros(_FIRST_CAPACITY, np.uint8)
        self._failures: dict[int, ImageFailure] = {}

    def __len__(self) -> int:
        return len(self._files)

    def add(self, files: Iterable[ImageFile], as_targets: bool = False) -> list[int]:
        """Rows of these images, made where a path is new.

        Args:
            files: Images.
            as_targets: They are those of the target folder, so that their relative paths
                are the ones to tell, whoever brought the same image before.
        """
        rows = []
        with self._lock:
            for file in files:
                row = self._rows.get(file.path)
                if row is None:
                    row = len(self._files)
                    self._rows[file.path] = row
                    self._files.append(file)
                elif as_targets:
                    self._files[row] = file
                rows.append(row)
            self._grow(len(self._files))
        return rows

    def row(self, path: str) -> int | None:
        return self._rows.get(path)

    def file(self, row: int) -> ImageFile:
        return self._files[row]

    def failure(self, row: int) -> ImageFailure | None:
        """Why this image has no embedding, or None where it has one or is waiting."""
        return self._failures.get(row)

    @property
    def state(self) -> NDArray[np.uint8]:
        """``PENDING``, ``READY`` or ``FAILED`` of every row, as it is now; a copy."""
        with self._lock:
            return self._state[: len(self._files)].copy()

    def counts(self, rows: Sequence[int] | NDArray[np.int64] | None = None) -> TableCounts:
        """How far the table (or some of its rows) is filled."""
        state = self.state if rows is None else self.state[np.asarray(rows, np.int64)]
        pending, ready, failed = np.bincount(state, minlength=3)[:3].tolist()
        return TableCounts(pending, ready, failed)

    def ready(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of ``rows`` that have an embedding, in the given order."""
        rows = np.asarray(rows, np.int64)
        return rows[self.state[rows] == READY]

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Embeddings of ready rows, float32 ``(n, width)``."""
        return self._vectors[rows].astype(np.float32)

    def digests(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Content digests of ready rows, uint8 ``(n, 16)``."""
        return self._digests[rows]

    def store(
        self,
        rows: NDArray[np.int64],
        vectors: NDArray[np.float16],
        digests: NDArray[np.uint8],
    ) -> None:
        """Keep embeddings, float16 ``(n, width)``, with the digests of their files."""
        with self._lock:
            self._vectors[rows] = vectors
            self._digests[rows] = digests
            self._state[rows] = READY

    def fail(self, row: int, failure: ImageFailure) -> None:
        """Note why an image cannot be embedded."""
        with self._lock:
            self._failures[row] = failure
            self._state[row] = FAILED

    def retry(self, rows: Iterable[int]) -> None:
        """Forget the failures of these rows, so that they are tried again."""
        with self._lock:
            for row in rows:
                if self._failures.pop(row, None) is not None:
                    self._state[row] = PENDING

    def _grow(self, needed: int) -> None:
        capacity = len(self._state)
        if needed <= capacity:
            return
        capacity = max(needed, 2 * capacity)
        self._vectors = _enlarged(self._vectors, capacity)
        self._digests = _enlarged(self._digests, capacity)
        self._state = _enlarged(self._state, capacity)


def _enlarged(array: NDArray, capacity: int) -> NDArray:
    grown = np.zeros((capacity, *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown
