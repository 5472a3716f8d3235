"""Some classes to learn from, some to watch the learning by, some to test the result with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.metatrain.classes import ClassRows


@dataclass(frozen=True)
class ClassSplit:
    """Classes in three parts; no class, and so no picture, is in two of them."""

    training: ClassRows
    validation: ClassRows
    test: ClassRows


def split_classes(
    data: ClassRows,
    validation: float = 0.15,
    test: float = 0.2,
    by_group: bool = False,
    seed: int = 0,
) -> ClassSplit:
    """Deal the classes out at random.

    Args:
        data: All classes.
        validation: Share of the classes for validation, rounded.
        test: Share of the classes for the test, rounded.
        by_group: Deal out whole groups, alphabets say, instead of single classes.
        seed: Other seeds give other splits.

    Raises:
        ValueError: The shares are negative or leave nothing to learn from.
    """
    units = data.group_of if by_group else np.arange(len(data))
    names = np.random.default_rng(seed).permutation(np.unique(units))
    for_validation, for_test = round(validation * len(names)), round(test * len(names))
    if min(validation, test) < 0 or for_validation + for_test >= len(names):
        raise ValueError("the shares leave nothing to learn from")
    parts = np.split(names, [for_validation, for_validation + for_test])
    chosen = [np.flatnonzero(np.isin(units, part)) for part in parts]
    return ClassSplit(subset(data, chosen[2]), subset(data, chosen[0]), subset(data, chosen[1]))


def subset(data: ClassRows, chosen: NDArray[np.int64]) -> ClassRows:
    """Some of the classes, by their places, with the groups that they belong to."""
    places = chosen.tolist()
    return ClassRows(
        tuple(data.names[c] for c in places),
        tuple(data.rows[c] for c in places),
        tuple(data.groups[c] for c in places) if data.groups else (),
        data.group_names,
    )
