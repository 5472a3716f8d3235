"""Which images the grid shows, and in which order. Pure numpy, no Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import FAILED
from fewshot_gui.gui.collection import CONFIRMED, CORRECTED, NOBODY, Collection
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.project.values import UNKNOWN

LOW_CONFIDENCE = 0.6

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Show(Enum):
    """Which images are shown."""

    ALL = "all"
    UNLABELLED = "unlabelled"
    UNSURE = "unsure"
    EXAMPLES = "examples"
    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    CLASS = "class"
    CHOSEN = "chosen"


class Order(Enum):
    """In which order they are shown."""

    FOLDER = "folder"
    NAME = "name"
    DATE = "date"
    LEAST_SURE = "least sure"
    MOST_SURE = "most sure"
    GROUPED = "grouped"
    GIVEN = "given"


@dataclass(frozen=True, eq=False)
class Chosen:
    """Some images that belong together for a reason: similar ones, suggestions, findings.

    Attributes:
        title: What they have in common.
        rows: int64 rows in an order that means something.
        notes: Row -> a few words on it; rows may have none.
    """

    title: str
    rows: Rows
    notes: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """What the user asked to see.

    Attributes:
        show: Kind of filter.
        class_id: The class, where ``show`` is ``CLASS``; ``UNKNOWN`` is one.
        order: Order of the images; ``GIVEN`` goes with ``CHOSEN``.
        chosen: The images, where ``show`` is ``CHOSEN``.
        text: Only images whose path has all of these words.
    """

    show: Show = Show.ALL
    class_id: int = NO_CLASS
    order: Order = Order.FOLDER
    chosen: Chosen | None = None
    text: str = ""


@dataclass(frozen=True)
class Keys:
    """What takes long to find out and is found out elsewhere, by row of the table.

    Attributes:
        name: Rank of the image among all by file name; None while unknown.
        time: When its file was changed, nanoseconds; None while unknown.
        hits: Which images have the words of the search; None without a search.
    """

    name: NDArray[np.int64] | None = None
    time: NDArray[np.int64] | None = None
    hits: Mask | None = None


@dataclass(frozen=True)
class Arrangement:
    """Rows to show, in order.

    Attributes:
        rows: int64 table rows.
        heads: Position -> (class id, number of images) for the first image of each group.
    """

    rows: Rows
    heads: dict[int, tuple[int, int]] = field(default_factory=dict)


def arrange(
    collection: Collection, view: View, class_order: Sequence[int], keys: Keys | None = None
) -> Arrangement:
    """Filter and order the targets.

    Args:
        collection: The images.
        view: What the user asked to see.
        class_order: Class ids in the order of the bins.
        keys: What is known for ordering by name and date and for searching.
    """
    keys = keys or Keys()
    rows = _shown_rows(collection, view)
    if keys.hits is not None:
        rows = rows[_looked_up(keys.hits, rows, False)]
    if view.order is Order.LEAST_SURE:
        return Arrangement(rows[_least_sure(collection, rows)])
    if view.order is Order.MOST_SURE:
        return Arrangement(rows[_most_sure(collection, rows)])
    if view.order is Order.GROUPED:
        return _grouped(collection, rows, class_order)
    if view.order is Order.NAME and keys.name is not None:
        return Arrangement(rows[np.argsort(_looked_up(keys.name, rows, 0), kind="stable")])
    if view.order is Order.DATE and keys.time is not None:
        return Arrangement(rows[np.argsort(-_looked_up(keys.time, rows, 0), kind="stable")])
    return Arrangement(rows)


def _shown_rows(collection: Collection, view: View) -> Rows:
    if view.show is Show.CHOSEN and view.chosen is not None:
        rows = view.chosen.rows
        return rows[rows < len(collection.source)]
    targets = collection.targets
    return targets[_kept(collection, view, targets)]


def _kept(collection: Collection, view: View, rows: Rows) -> Mask | slice:
    show = view.show
    if show is Show.CLASS:
        return collection.shown(rows) == view.class_id
    if show is Show.UNREADABLE:
        return collection.table.state[rows] == FAILED
    if show is Show.CHANGED:
        return collection.changed[rows]
    if show is Show.EXAMPLES:
        return collection.is_support(rows)
    if show is Show.CORRECTED:
        return collection.source[rows] == CORRECTED
    if show is Show.CONFIRMED:
        return collection.source[rows] == CONFIRMED
    if show is Show.UNLABELLED:
        unlabelled = collection.source[rows] == NOBODY
        return unlabelled & (collection.table.state[rows] != FAILED)
    if show is Show.UNSURE:
        return doubtful(collection, rows)
    return slice(None)


def doubtful(collection: Collection, rows: Rows) -> Mask:
    """Which of these the learner is unsure of and the user has not decided."""
    predicted = (collection.best[rows] != NO_CLASS) & ~collection.rejected(rows)
    unsure = collection.confidence[rows] < LOW_CONFIDENCE
    return predicted & unsure & (collection.source[rows] == NOBODY)


def _looked_up(values: NDArray, rows: Rows, otherwise: object) -> NDArray:
    """Values by row; images that came later than the values have none."""
    known = rows < len(values)
    if known.all():
        return values[rows]
    found = np.full(len(rows), otherwise, values.dtype)
    found[known] = values[rows[known]]
    return found


def _least_sure(collection: Collection, rows: Rows) -> Rows:
    """Unsure predictions first, then what is not read yet, then the user's own, then bad ones."""
    key = collection.confidence[rows].astype(np.float32)
    return np.argsort(_behind(collection, rows, key), kind="stable")


def _most_sure(collection: Collection, rows: Rows) -> Rows:
    """Sure predictions first, and the same others behind."""
    key = 1.0 - collection.confidence[rows].astype(np.float32)
    return np.argsort(_behind(collection, rows, key), kind="stable")


def _behind(collection: Collection, rows: Rows, key: NDArray[np.float32]) -> NDArray[np.float32]:
    key[collection.rejected(rows)] = 1.5
    key[collection.best[rows] == NO_CLASS] = 2.0
    key[collection.source[rows] != NOBODY] = 3.0
    key[collection.table.state[rows] == FAILED] = 4.0
    return key


def _grouped(collection: Collection, rows: Rows, class_order: Sequence[int]) -> Arrangement:
    """By class in the order of the bins, Unknown behind them, the unsorted last.

    Within a class the user's own come first, then from sure to unsure.
    """
    if not len(rows):
        return Arrangement(rows)
    order = [*class_order, UNKNOWN]
    shown = collection.shown(rows)
    rank_of = np.full(max([0, int(shown.max()), *order]) + 2, len(order), np.int64)
    rank_of[np.asarray(order, np.int64)] = np.arange(len(order))
    rank = np.where(shown == NO_CLASS, len(order), rank_of[shown])
    doubt = 1.0 - collection.confidence[rows]
    doubt[collection.source[rows] != NOBODY] = -1.0
    position = np.lexsort((doubt, rank))
    rank = rank[position]
    starts = np.flatnonzero(np.diff(rank, prepend=-1))
    ends = np.append(starts[1:], len(rank))
    heads = {
        start: (order[rank[start]] if rank[start] < len(order) else NO_CLASS, end - start)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    }
    return Arrangement(rows[position], heads)
