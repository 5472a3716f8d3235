"""The user's decisions: bins, the labels given to images, and how to take each step back.

Every action is one ``Edit`` that holds what it touched before and after. Undoing is
applying the same edit the other way round, so there is one code path for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from fewshot_gui.errors import UserError
from fewshot_gui.texts import _, ngettext

MAX_NAME_LENGTH = 120


class Source(Enum):
    """Where a label comes from. The value is what the CSV says."""

    SUPPORT = "support"
    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    PREDICTED = "predicted"


@dataclass(frozen=True, slots=True)
class Label:
    """The user's decision about one image.

    Attributes:
        class_id: Permanent id of the bin; never a position in a list.
        source: ``SUPPORT`` and ``CORRECTED`` images are examples for the learner;
            ``CONFIRMED`` ones are agreed to but teach nothing new.
    """

    class_id: int
    source: Source

    @property
    def is_support(self) -> bool:
        return self.source in (Source.SUPPORT, Source.CORRECTED)


@dataclass(frozen=True, slots=True)
class Bin:
    """A support bin: one class that the user sorts into.

    Attributes:
        id: Permanent id, never reused within a project.
        name: Shown to the user and written to the CSV.
        colour: Index into the palette of class colours.
    """

    id: int
    name: str
    colour: int


@dataclass(frozen=True)
class Edit:
    """One user action, with all that is needed to redo it and to undo it.

    Attributes:
        text: The action's name in the user's language, for the undo menu.
        labels: Path -> (label before, label after); None means no label.
        bins_before: All bins, in order, before the action.
        bins_after: All bins, in order, after it.
    """

    text: str
    labels: Mapping[str, tuple[Label | None, Label | None]]
    bins_before: tuple[Bin, ...]
    bins_after: tuple[Bin, ...]

    @property
    def changes_support(self) -> bool:
        """Whether the learner has to be fitted again."""
        if {b.id for b in self.bins_before} != {b.id for b in self.bins_after}:
            return True
        return any(
            _as_example(before) != _as_example(after) for before, after in self.labels.values()
        )

    def inverse(self) -> Edit:
        flipped = {path: (after, before) for path, (before, after) in self.labels.items()}
        return Edit(self.text, flipped, self.bins_after, self.bins_before)


def _as_example(label: Label | None) -> int | None:
    return label.class_id if label is not None and label.is_support else None


class Project:
    """Bins and labels of one sorting job, with undo and redo.

    Images are known by their absolute path. The mutating methods return the ``Edit``
    that was applied, or None where there was nothing to do.

    Attributes:
        revision: Grows with every change of what the learner sees; predictions carry
            the revision they were computed from.
        edits: Grows with every change at all, undoing and redoing included.
    """

    def __init__(self) -> None:
        self._bins: tuple[Bin, ...] = ()
        self._labels: dict[str, Label] = {}
        self._support: dict[int, dict[str, None]] = {}
        self._undo: list[Edit] = []
        self._redo: list[Edit] = []
        self._next_id = 1
        self.revision = 0
        self.edits = 0

    # -- reading ---------------------------------------------------------------

    @property
    def bins(self) -> tuple[Bin, ...]:
        """All bins in the user's order."""
        return self._bins

    def bin(self, class_id: int) -> Bin:
        """The bin with this id. Raises ``KeyError`` where there is none."""
        for candidate in self._bins:
            if candidate.id == class_id:
                return candidate
        raise KeyError(class_id)

    def bin_named(self, name: str) -> Bin | None:
        """The bin of that name, upper and lower case being equal."""
        wanted = name.strip().casefold()
        return next((b for b in self._bins if b.name.casefold() == wanted), None)

    def label(self, path: str) -> Label | None:
        return self._labels.get(path)

    @property
    def labels(self) -> Mapping[str, Label]:
        """All labels by path; a live view, not to be changed."""
        return self._labels

    def support(self, class_id: int) -> tuple[str, ...]:
        """Paths of the examples in one bin, in the order they were given."""
        return tuple(self._support.get(class_id, ()))

    @property
    def filled_bins(self) -> tuple[Bin, ...]:
        """The bins that hold at least one example."""
        return tuple(b for b in self._bins if self._support.get(b.id))

    @property
    def undo_text(self) -> str:
        """Name of the action that ``undo`` would take back, or an empty string."""
        return self._undo[-1].text if self._undo else ""

    @property
    def redo_text(self) -> str:
        """Name of the action that ``redo`` would do again, or an empty string."""
        return self._redo[-1].text if self._redo else ""

    def snapshot(self) -> Project:
        """The project as it is now, without its history, for another thread to read."""
        frozen = Project()
        frozen._bins = self._bins
        frozen._labels = dict(self._labels)
        frozen._support = {class_id: dict(paths) for class_id, paths in self._support.items()}
        frozen._next_id = self._next_id
        frozen.revision = self.revision
        frozen.edits = self.edits
        return frozen

    # -- bins ------------------------------------------------------------------

    def add_bin(self, name: str, paths: Iterable[str] = ()) -> Edit | None:
        """Make a bin, with its first examples if there are any, as one action."""
        return self.add_bins({name: paths})

    def add_bins(self, examples: Mapping[str, Iterable[str]]) -> Edit | None:
        """Make several bins with their examples as one action.

        A name that a bin already has adds to that bin.

        Raises:
            UserError: A name is empty, too long or holds a control character.
        """
        bins = list(self._bins)
        labels: dict[str, Label | None] = {}
        for given, paths in examples.items():
            name = checked_name(given)
            known = next((b for b in bins if b.name.casefold() == name.casefold()), None)
            target = known or self._new_bin(name, bins)
            if known is None:
                bins.append(target)
            labels.update({path: Label(target.id, Source.SUPPORT) for path in paths})
        if len(examples) == 1:
            text = _("New bin “{name}”").format(name=checked_name(next(iter(examples))))
        else:
            count = len(examples)
            text = ngettext("New bin", "{count} new bins", count).format(count=count)
        return self._do(text, labels, tuple(bins))

    def rename_bin(self, class_id: int, name: str) -> Edit | None:
        """Give a bin another name. Raises ``UserError`` if another bin has it already."""
        name = checked_name(name)
        holder = self.bin_named(name)
        if holder is not None and holder.id != class_id:
            raise UserError(_("There is already a bin called “{name}”.").format(name=holder.name))
        bins = tuple(replace(b, name=name) if b.id == class_id else b for b in self._bins)
        return self._do(_("Rename to “{name}”").format(name=name), {}, bins)

    def remove_bin(self, class_id: int) -> Edit | None:
        """Delete a bin; its images go back to being unlabelled."""
        gone = self.bin(class_id)
        labels = {p: None for p, label in self._labels.items() if label.class_id == class_id}
        bins = tuple(b for b in self._bins if b.id != class_id)
        return self._do(_("Delete bin “{name}”").format(name=gone.name), labels, bins)

    # -- labels ----------------------------------------------------------------

    def put(
        self, paths: Iterable[str], class_id: int, predicted: Mapping[str, int] | None = None
    ) -> Edit | None:
        """Put images into a bin as examples.

        Args:
            paths: Images; one that is in another bin moves.
            class_id: The bin.
            predicted: Class that each image wore, where there is one. An image that wore
                another class than this bin's counts as *corrected*.
        """
        target = self.bin(class_id)
        predicted = predicted or {}
        labels: dict[str, Label | None] = {}
        for path in paths:
            old = self._labels.get(path)
            if old is not None and old.is_support and old.class_id == class_id:
                continue
            wrong = predicted.get(path, class_id) != class_id
            labels[path] = Label(class_id, Source.CORRECTED if wrong else Source.SUPPORT)
        count = len(labels)
        text = ngettext("Put {count} image in “{name}”", "Put {count} images in “{name}”", count)
        return self._do(text.format(count=count, name=target.name), labels, self._bins)

    def confirm(self, classes: Mapping[str, int]) -> Edit | None:
        """Agree to the predicted class of images that have no label yet."""
        for class_id in set(classes.values()):
            self.bin(class_id)
        labels: dict[str, Label | None] = {
            path: Label(class_id, Source.CONFIRMED)
            for path, class_id in classes.items()
            if path not in self._labels
        }
        count = len(labels)
        text = ngettext("Confirm {count} image", "Confirm {count} images", count)
        return self._do(text.format(count=count), labels, self._bins)

    def clear(self, paths: Iterable[str]) -> Edit | None:
        """Take images out of their bins, or take a confirmation back."""
        labels = {path: None for path in paths if path in self._labels}
        count = len(labels)
        text = ngettext("Take {count} image out", "Take {count} images out", count)
        return self._do(text.format(count=count), labels, self._bins)

    # -- history ---------------------------------------------------------------

    def undo(self) -> Edit | None:
        """Take the last action back. Returns the edit that did so."""
        if not self._undo:
            return None
        edit = self._undo.pop()
        self._redo.append(edit)
        return self._apply(edit.inverse())

    def redo(self) -> Edit | None:
        """Do the action again that was taken back last."""
        if not self._redo:
            return None
        edit = self._redo.pop()
        self._undo.append(edit)
        return self._apply(edit)

    def _new_bin(self, name: str, bins: list[Bin]) -> Bin:
        used = {b.colour for b in bins}
        colour = next(i for i in range(len(bins) + 1) if i not in used)
        new = Bin(self._next_id, name, colour)
        self._next_id += 1
        return new

    def _do(
        self, text: str, labels: Mapping[str, Label | None], bins: tuple[Bin, ...]
    ) -> Edit | None:
        touched = {
            path: (self._labels.get(path), after)
            for path, after in labels.items()
            if self._labels.get(path) != after
        }
        if not touched and bins == self._bins:
            return None
        edit = Edit(text, touched, self._bins, bins)
        self._undo.append(edit)
        self._redo.clear()
        return self._apply(edit)

    def _apply(self, edit: Edit) -> Edit:
        for path, (before, after) in edit.labels.items():
            if before is not None and before.is_support:
                self._support[before.class_id].pop(path, None)
            if after is None:
                self._labels.pop(path, None)
                continue
            self._labels[path] = after
            if after.is_support:
                self._support.setdefault(after.class_id, {})[path] = None
        self._bins = edit.bins_after
        self.edits += 1
        if edit.changes_support:
            self.revision += 1
        return edit


def checked_name(name: str) -> str:
    """A class name that is fit for the screen, the CSV and a folder.

    Raises:
        UserError: It is empty, longer than 120 characters or holds a control character.
    """
    name = name.strip()
    if not name:
        raise UserError(_("A bin needs a name."))
    if len(name) > MAX_NAME_LENGTH:
        raise UserError(
            _("This name is too long."),
            _("Use at most {count} characters.").format(count=MAX_NAME_LENGTH),
        )
    if any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise UserError(_("A name cannot hold line breaks or control characters."))
    return name
