"""Labels of many images that change at once.

Mostly very many of them change in the same way. So the ways are kept once, and by number for
each image: what is done to all of them needs no step of Python for each.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, Sequence
from itertools import compress, repeat
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.project.values import Label

Change = tuple[Label | None, Label | None]  # before, after

T = TypeVar("T")


class Changes(Mapping[str, Change]):
    """Path -> (label before, label after), in order; None means no label.

    Args:
        paths: Each once.
        kinds: The different changes.
        which: Place in ``kinds`` of each path's change, int ``(n,)``.
    """

    __slots__ = ("_places", "kinds", "paths", "which")

    def __init__(
        self, paths: Sequence[str] = (), kinds: Sequence[Change] = (), which: Sequence[int] = ()
    ) -> None:
        self.paths = paths
        self.kinds = tuple(kinds)
        self.which: NDArray[np.int32] = np.asarray(which, np.int32)
        self._places: dict[str, int] | None = None

    @classmethod
    def between(
        cls,
        paths: Sequence[str],
        before: Sequence[Label | None],
        after: Sequence[Label | None],
    ) -> Changes:
        """What changes where these labels become those; images that keep theirs are left out."""
        old, old_of = _numbered(before)
        new, new_of = _numbered(after)
        pairs, places = np.unique(old_of * len(new) + new_of, return_inverse=True)
        found = [(old[pair // len(new)], new[pair % len(new)]) for pair in pairs.tolist()]
        kinds = [change for change in found if change[0] != change[1]]
        if len(kinds) == len(found):
            return cls(paths, kinds, places)
        changed = np.array([change[0] != change[1] for change in found])
        number = np.cumsum(changed) - 1
        kept = changed[places]
        return cls(tuple(compress(paths, kept.tolist())), kinds, number[places[kept]])

    @classmethod
    def of(cls, changes: Mapping[str, Change]) -> Changes:
        """The same changes of a plain dictionary, those that change nothing included."""
        kinds, which = _numbered(list(changes.values()))
        return cls(tuple(changes), kinds, which)

    @classmethod
    def to(cls, labels: Mapping[str, Label | None]) -> Changes:
        """The changes to these labels, whatever was before."""
        new, which = _numbered(list(labels.values()))
        return cls(tuple(labels), [(None, label) for label in new], which)

    def touches(self, paths: frozenset[str]) -> bool:
        """Whether any of these images is among them."""
        return not paths.isdisjoint(self.paths)

    def inverse(self) -> Changes:
        """The changes that take these back."""
        return Changes(self.paths, tuple(kind[::-1] for kind in self.kinds), self.which)

    def before(self) -> Iterator[Label | None]:
        """The label that each image had."""
        return self._side(0)

    def after(self) -> Iterator[Label | None]:
        """The label that each image has then."""
        return self._side(1)

    def items(self) -> ItemsView[str, Change]:
        """All at once: quicker than one by one."""
        return dict(zip(self.paths, self.values(), strict=True)).items()

    def values(self) -> list[Change]:
        """The change of each image."""
        return list(map(self.kinds.__getitem__, self.which.tolist()))

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __getitem__(self, path: str) -> Change:
        if self._places is None:
            self._places = {path: place for place, path in enumerate(self.paths)}
        return self.kinds[self.which[self._places[path]]]

    def __repr__(self) -> str:
        return f"Changes({dict(self.items())!r})"

    def _side(self, side: int) -> Iterator[Label | None]:
        if len(self.kinds) == 1:
            return repeat(self.kinds[0][side], len(self.paths))
        labels = [kind[side] for kind in self.kinds]
        return map(labels.__getitem__, self.which.tolist())


def _numbered(values: Sequence[T]) -> tuple[list[T], NDArray[np.int64]]:
    """The different values, and the number of each; equal ones may count as different.

    Told apart by identity: mostly, very many are the very same object, and labels hash slowly.
    """
    ids = np.fromiter(map(id, values), np.int64, len(values))
    if len(ids) and (ids == ids[0]).all():
        return [values[0]], np.zeros(len(ids), np.int64)
    _ids, first, number = np.unique(ids, return_index=True, return_inverse=True)
    return [values[place] for place in first.tolist()], number
