"""What every learner promises. `tests/learners/test_contract.py` holds all of them to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.jobs import Job

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Calibrated class probabilities.

    Attributes:
        classes: ``k`` class ids exactly as they were given, ascending.
        probs: float32 ``(n, k)``; every row sums to 1.
    """

    classes: tuple[int, ...]
    probs: FloatArray


class Fitted(Protocol):
    """A classifier that came out of a support set. Immutable."""

    @property
    def classes(self) -> tuple[int, ...]: ...

    @property
    def explanation(self) -> str:
        """What was chosen for this support set and why, in one sentence; "" where nothing was."""
        ...

    def predict(self, targets: FloatArray, job: Job) -> Scores:
        """Classify target embeddings, float32 ``(n, d)``. Changes nothing.

        Raises:
            ValueError: The embeddings are not finite or have another width.
        """
        ...

    @property
    def projection(self) -> FloatArray:
        """All that counts of an embedding: its products with these rows, float32 ``(p, d)``.

        So whoever asks several things of a whole folder reads it only once.
        """
        ...

    def logits(self, products: FloatArray) -> FloatArray:
        """What ``predict`` takes the softmax of, for embeddings that need no checks.

        Args:
            products: float32 ``(p, n)``: ``projection @ units.T`` for rows of length 1,
                as those of a table are. Written into.

        Returns:
            float32 ``(k, n)``, a class a row, in the order of ``classes``; the caller's
            to write into.
        """
        ...


class Learner(Protocol):
    """A fast learner: hyper-parameters only, seed included."""

    def fit(
        self,
        support: FloatArray,
        labels: IntArray,
        job: Job,
        folder: FloatArray | None = None,
    ) -> Fitted:
        """Learn from a support set.

        Args:
            support: float32 ``(n, d)``, one embedding a row; at least one.
            labels: int64 ``(n,)``, class ids with any gaps, in any order.
            job: Asked for cancellation.
            folder: float32 ``(m, d)`` of length 1, a sample of what is to be classified;
                None or empty where there is none. Only transductive learners look at it.

        Raises:
            ValueError: Shapes do not match, the set is empty, or a value is not finite.
            Cancelled: ``job`` was cancelled.
        """
        ...


@dataclass(frozen=True)
class LearnerInfo:
    """An entry of the registry: enough to offer a learner without importing it.

    Attributes:
        key: Name on the command line and in the CSV.
        title: Name on screen.
        factory: ``"package.module:Class"``, resolved when the learner is used.
        reads: Whether it needs embeddings or the images themselves.
        transductive: Whether it looks at a sample of the folder as well.
        backbone: Key of the only backbone that it works with; "" where any will do.
        file: What its factory is given: the learner file; "" for a factory that needs none.
    """

    key: str
    title: str
    factory: str
    reads: Literal["features", "images"] = "features"
    transductive: bool = False
    backbone: str = ""
    file: str = ""


def sorts_table(info: LearnerInfo, backbone: str) -> bool:
    """Whether it needs no more than the embeddings by a backbone, named without its views."""
    return info.reads == "features" and info.backbone in ("", backbone)


def checked_support(support: FloatArray, labels: IntArray) -> tuple[FloatArray, IntArray]:
    """The support set as the learners want it, or ``ValueError`` with what is wrong."""
    support = np.asarray(support, dtype=np.float32)
    labels = np.asarray(labels)
    if support.ndim != 2 or labels.shape != (len(support),):
        raise ValueError(
            f"support must be (n, d) and labels (n,), not {support.shape} and {labels.shape}"
        )
    if len(support) == 0:
        raise ValueError("the support set is empty")
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels must be integers, not {labels.dtype}")
    if not np.isfinite(support).all():
        raise ValueError("the support set holds values that are not finite")
    return support, labels.astype(np.int64)


def checked_targets(targets: FloatArray, width: int) -> FloatArray:
    """Target embeddings as float32 ``(n, width)``, or ``ValueError``."""
    targets = np.asarray(targets, dtype=np.float32)
    if targets.ndim != 2 or targets.shape[1] != width:
        raise ValueError(f"targets must be (n, {width}), not {targets.shape}")
    if not np.isfinite(targets).all():
        raise ValueError("the targets hold values that are not finite")
    return targets


def unit(rows: FloatArray) -> FloatArray:
    """Rows scaled to length 1; a row of zeros stays zero. float32 ``(n, d)``."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(norms, 1e-12)).astype(np.float32, copy=False)


def class_sums(rows: FloatArray, labels: IntArray, ways: int) -> FloatArray:
    """Sum of the rows of each class, float32 ``(ways, d)``; zeros where there is none.

    ``labels`` holds numbers from 0 to ``ways`` - 1. Adding up one class after the other
    is far quicker than ``np.add.at`` and ``np.add.reduceat``.
    """
    sums = np.zeros((ways, rows.shape[1]), np.float32)
    order = np.argsort(labels, kind="stable")
    bounds = np.concatenate([[0], np.bincount(labels, minlength=ways).cumsum()]).tolist()
    for index in range(ways):
        members = order[bounds[index] : bounds[index + 1]]
        rows[members].sum(axis=0, out=sums[index])
    return sums


def scores_of(fitted: Fitted, targets: FloatArray, width: int) -> Scores:
    """``Fitted.predict`` by way of ``Fitted.logits``, for embeddings of any length."""
    units = unit(checked_targets(targets, width))
    logits = fitted.logits(fitted.projection @ units.T)
    logits -= logits.max(axis=0)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=0)
    return Scores(fitted.classes, np.ascontiguousarray(logits.T))
