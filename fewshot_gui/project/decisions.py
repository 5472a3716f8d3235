"""What a user decided, as it stands now: folders, bins, options and labels."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import repeat

from fewshot_gui.project.changes import Changes
from fewshot_gui.project.edits import Edit
from fewshot_gui.project.values import UNKNOWN, Bin, Folder, Label, Options, Setup, Source
from fewshot_gui.texts import _


class Decisions:
    """Folders, bins and labels of one sorting job.

    Images are known by their absolute path.

    Args:
        setup: Bins, folders and options to start with.
        labels: Labels to start with, in the order they were given.

    Attributes:
        revision: Grows with every change of what the learner sees; predictions carry
            the revision they were computed from.
        edits: Grows with every change at all, undoing and redoing included.
        doubted: Images with labels that were given to other pictures: they teach nothing
            until the user labels them again. Found out anew in each sitting.
    """

    def __init__(self, setup: Setup | None, labels: Mapping[str, Label] | None) -> None:
        self._setup = setup or Setup()
        self._labels: dict[str, Label] = dict(labels or {})
        self._support: dict[int, dict[str, None]] = {}
        for path, label in self._labels.items():
            if label.is_support:
                self._support.setdefault(label.class_id, {})[path] = None
        self.revision = 0
        self.edits = 0
        self.doubted: frozenset[str] = frozenset()

    @property
    def setup(self) -> Setup:
        """Bins, folders and options as they are now."""
        return self._setup

    @property
    def bins(self) -> tuple[Bin, ...]:
        """All bins in the user's order."""
        return self._setup.bins

    @property
    def folders(self) -> tuple[Folder, ...]:
        """Target folders in the order they were added."""
        return self._setup.folders

    @property
    def options(self) -> Options:
        return self._setup.options

    def bin(self, class_id: int) -> Bin:
        """The bin with this id. Raises ``KeyError`` where there is none."""
        for candidate in self.bins:
            if candidate.id == class_id:
                return candidate
        raise KeyError(class_id)

    def has_class(self, class_id: int) -> bool:
        """Whether images can be given this class: a bin's, or ``UNKNOWN``."""
        return class_id == UNKNOWN or any(b.id == class_id for b in self.bins)

    def class_name(self, class_id: int) -> str:
        """Name of a class on screen. Raises ``KeyError`` where there is none."""
        return _("Unknown") if class_id == UNKNOWN else self.bin(class_id).name

    def bin_named(self, name: str) -> Bin | None:
        """The bin of that name, upper and lower case being equal."""
        wanted = name.strip().casefold()
        return next((b for b in self.bins if b.name.casefold() == wanted), None)

    def label(self, path: str) -> Label | None:
        return self._labels.get(path)

    @property
    def labels(self) -> Mapping[str, Label]:
        """All labels by path; a live view, not to be changed."""
        return self._labels

    def support(self, class_id: int) -> tuple[str, ...]:
        """Paths of the examples in one bin, in the order they were given.

        Those of ``UNKNOWN`` are examples of what belongs to no bin.
        """
        return tuple(self._support.get(class_id, ()))

    @property
    def filled_bins(self) -> tuple[Bin, ...]:
        """The bins that hold at least one example."""
        return tuple(b for b in self.bins if self._support.get(b.id))

    @property
    def confirmed(self) -> tuple[str, ...]:
        """Images in bins that the user agreed to; they teach nothing."""
        return tuple(
            path
            for path, label in self._labels.items()
            if label.source is Source.CONFIRMED and label.class_id != UNKNOWN
        )

    def doubt(self, paths: Iterable[str]) -> bool:
        """These are all the images whose labels were given to other pictures.

        Returns:
            Whether the learner sees something else now.
        """
        doubted = frozenset(paths)
        if doubted == self.doubted:
            return False
        self.doubted = doubted
        self.revision += 1
        return True

    # -- for those who change them ---------------------------------------------------

    def _take_over(self, other: Decisions) -> None:
        """Be what another one is."""
        self._labels = other._labels.copy()
        # the order of the examples is that of the bins, which undoing may have changed
        self._support = {class_id: dict(paths) for class_id, paths in other._support.items()}
        self.revision, self.edits, self.doubted = other.revision, other.edits, other.doubted

    def _move_labels(self, labelled: Mapping[str, str]) -> None:
        """Give images with labels other paths, old path -> new path.

        Of several images that become one, who comes last has the say.
        """
        speaks = {new: old for old, new in labelled.items()}
        labels = [self._labels.get(path) for path in (*labelled, *speaks)]
        for class_id in {label.class_id for label in labels if label and label.is_support}:
            places = ((labelled.get(path, path), path) for path in self._support[class_id])
            kept = {new: None for new, path in places if speaks.get(new, path) == path}
            self._support[class_id] = kept
        taken = {old: self._labels.pop(old) for old in labelled}
        self._labels.update({new: taken[old] for new, old in speaks.items()})

    def _examples(self, label: Label | None) -> dict[str, None] | None:
        """The examples that an image with this label is one of; None where it is none."""
        if label is None or not label.is_support:
            return None
        return self._support.setdefault(label.class_id, {})

    def _apply(self, edit: Edit) -> Edit:
        self._move_examples(edit.labels)
        self._give_labels(edit.labels)
        self._setup = edit.after
        self.edits += 1
        if edit.changes_learning:
            self.revision += 1
        return edit

    def _move_examples(self, changes: Changes) -> None:
        places = [(self._examples(old), self._examples(new)) for old, new in changes.kinds]
        if not any(left is not None or joined is not None for left, joined in places):
            return
        for path, kind in zip(changes.paths, changes.which.tolist(), strict=True):
            left, joined = places[kind]
            if left is not None:
                del left[path]
            if joined is not None:
                joined[path] = None

    def _give_labels(self, changes: Changes) -> None:
        labels = self._labels
        emptied = [after is None for _before, after in changes.kinds]
        if not any(emptied):
            labels.update(zip(changes.paths, changes.after(), strict=True))
            return
        gone = changes.paths
        if not all(emptied):
            for path, label in zip(changes.paths, changes.after(), strict=True):
                if label is not None:
                    labels[path] = label
            gone = [path for path, label in zip(gone, changes.after(), strict=True) if not label]
        deque(map(labels.pop, gone, repeat(None)), maxlen=0)
