"""Which images the grid shows, and in which order. Pure numpy, no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import FAILED
from fewshot_gui.gui.collection import NOBODY, Collection
from fewshot_gui.learners.predictions import NO_CLASS

LOW_CONFIDENCE = 0.6


class Show(Enum):
    """Which images are shown."""

    ALL = "all"
    UNLABELLED = "unlabelled"
    UNSURE = "unsure"
    UNREADABLE = "unreadable"
    CLASS = "class"


class Order(Enum):
    """In which order they are shown."""

    FOLDER = "folder"
    LEAST_SURE = "least sure"
    GROUPED = "grouped"


@dataclass(frozen=True)
class View:
    """What the user asked to see.

    Attributes:
        show: Kind of filter.
        class_id: The class, where ``show`` is ``CLASS``.
        order: Order of the images.
    """

    show: Show = Show.ALL
    class_id: int = NO_CLASS
    order: Order = Order.FOLDER


@dataclass(frozen=True)
class Arrangement:
    """Rows to show, in order.

    Attributes:
        rows: int64 table rows.
        heads: Position -> (class id, number of images) for the first image of each group.
    """

    rows: NDArray[np.int64]
    heads: dict[int, tuple[int, int]] = field(default_factory=dict)


def arrange(collection: Collection, view: View, class_order: Sequence[int]) -> Arrangement:
    """Filter and order the targets.

    Args:
        collection: The images.
        view: What the user asked to see.
        class_order: Class ids in the order of the bins.
    """
    targets = collection.targets
    rows = targets[_kept(collection, view, targets)]
    if view.order is Order.LEAST_SURE:
        return Arrangement(rows[_least_sure(collection, rows)])
    if view.order is Order.GROUPED:
        return _grouped(collection, rows, class_order)
    return Arrangement(rows)


def _kept(collection: Collection, view: View, rows: NDArray[np.int64]) -> NDArray[np.bool_] | slice:
    if view.show is Show.CLASS:
        return collection.shown(rows) == view.class_id
    if view.show is Show.UNREADABLE:
        return collection.table.state[rows] == FAILED
    unlabelled = collection.source[rows] == NOBODY
    if view.show is Show.UNLABELLED:
        return unlabelled & (collection.table.state[rows] != FAILED)
    if view.show is Show.UNSURE:
        predicted = collection.best[rows] != NO_CLASS
        return unlabelled & predicted & (collection.confidence[rows] < LOW_CONFIDENCE)
    return slice(None)


def _least_sure(collection: Collection, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Unsure predictions first, then what is not read yet, then the user's own, then bad ones."""
    key = collection.confidence[rows].astype(np.float32)
    key[collection.best[rows] == NO_CLASS] = 2.0
    key[collection.source[rows] != NOBODY] = 3.0
    key[collection.table.state[rows] == FAILED] = 4.0
    return np.argsort(key, kind="stable")


def _grouped(
    collection: Collection, rows: NDArray[np.int64], class_order: Sequence[int]
) -> Arrangement:
    """By class in the order of the bins: the user's own first, then from sure to unsure."""
    if not len(rows):
        return Arrangement(rows)
    shown = collection.shown(rows)
    rank_of = np.full(max([0, int(shown.max()), *class_order]) + 2, len(class_order), np.int64)
    rank_of[np.asarray(class_order, np.int64)] = np.arange(len(class_order))
    rank = np.where(shown == NO_CLASS, len(class_order), rank_of[shown])
    doubt = 1.0 - collection.confidence[rows]
    doubt[collection.source[rows] != NOBODY] = -1.0
    position = np.lexsort((doubt, rank))
    rank = rank[position]
    starts = np.flatnonzero(np.diff(rank, prepend=-1))
    ends = np.append(starts[1:], len(rank))
    heads = {
        start: (
            class_order[rank[start]] if rank[start] < len(class_order) else NO_CLASS,
            end - start,
        )
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    }
    return Arrangement(rows[position], heads)
