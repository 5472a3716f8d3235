"""The user's decisions: target folders, bins, labels, and how to take each step back.

Every action is one ``Edit`` that holds what it touched before and after. Undoing is
applying the same edit the other way round, so there is one code path for both. A
``Journal`` hears of every step, in order: that is how a project file keeps up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Protocol

from fewshot_gui.errors import UserError
from fewshot_gui.texts import _, ngettext

MAX_NAME_LENGTH = 120
MAX_DESCRIPTION_LENGTH = 2000
HISTORY_LENGTH = 1000  # actions that can be taken back

DEFAULT_LEVEL = 0.5  # of the unknown score, once the user has shown what belongs to no bin
UNKNOWN = 0  # permanent class id of what belongs to no bin; ids of bins start at 1


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
        class_id: Permanent id of the bin, or ``UNKNOWN``; never a position in a list.
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
        description: The user's own words on what belongs here.
        picture: Path of the example that stands for the class; empty for the first one.
    """

    id: int
    name: str
    colour: int
    description: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of target images.

    Attributes:
        id: Permanent id, never reused within a project.
        path: Absolute path.
    """

    id: int
    path: str


@dataclass(frozen=True, slots=True)
class Options:
    """How the user wants this project sorted.

    Attributes:
        learner: Key in the registry; empty for the program's default.
        unknown: Images whose unknown score, from 0 to 1, is above this belong to no bin;
            1 sends none there.
    """

    learner: str = ""
    unknown: float = 1.0


@dataclass(frozen=True, slots=True)
class Setup:
    """All that is not a label.

    Attributes:
        bins: All bins in the user's order.
        folders: Target folders in the order they were added.
        options: How to sort.
    """

    bins: tuple[Bin, ...] = ()
    folders: tuple[Folder, ...] = ()
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class Edit:
    """One user action, with all that is needed to redo it and to undo it.

    Attributes:
        text: The action's name in the user's language, for the undo menu.
        labels: Path -> (label before, label after); None means no label.
        before: Bins, folders and options before the action.
        after: The same after it; the very same object where nothing changed.
    """

    text: str
    labels: Mapping[str, tuple[Label | None, Label | None]]
    before: Setup
    after: Setup

    @cached_property
    def changes_learning(self) -> bool:
        """Whether the learner has to be fitted again."""
        if {b.id for b in self.before.bins} != {b.id for b in self.after.bins}:
            return True
        if self.before.options.learner != self.after.options.learner:
            return True
        last: tuple[Label | None, Label | None] = (None, None)
        for before, after in self.labels.values():
            if before is last[0] and after is last[1]:
                continue  # mostly, many images change in the same way
            last = before, after
            if _as_example(before) != _as_example(after):
                return True
        return False

    @property
    def changes_bins(self) -> bool:
        return self.before.bins != self.after.bins

    @property
    def changes_folders(self) -> bool:
        return self.before.folders != self.after.folders

    def inverse(self) -> Edit:
        flipped = {path: (after, before) for path, (before, after) in self.labels.items()}
        return Edit(self.text, flipped, self.after, self.before)


class Journal(Protocol):
    """Hears of every step right after it was taken."""

    def did(self, edit: Edit) -> None:
        """A new action; what could be redone is forgotten."""
        ...

    def undid(self) -> None:
        """The last action that was not undone is undone now."""
        ...

    def redid(self) -> None:
        """The action that was undone last is done again."""
        ...


class NoJournal:
    """For projects that live in memory only."""

    def did(self, edit: Edit) -> None:
        """Nothing to keep."""

    def undid(self) -> None:
        """Nothing to keep."""

    def redid(self) -> None:
        """Nothing to keep."""


def _as_example(label: Label | None) -> int | None:
    return label.class_id if label is not None and label.is_support else None


class Project:
    """Folders, bins and labels of one sorting job, with undo and redo.

    Images are known by their absolute path. The mutating methods return the ``Edit``
    that was applied, or None where there was nothing to do.

    Args:
        setup: Bins, folders and options to start with.
        labels: Labels to start with, in the order they were given.
        done: History to start with, oldest first.
        undone: What can be redone, the next one last.
        next_id: First id that no bin or folder ever had; ids that ``setup`` and the
            history mention are never given out again in any case.

    Attributes:
        journal: Hears of every step.
        revision: Grows with every change of what the learner sees; predictions carry
            the revision they were computed from.
        edits: Grows with every change at all, undoing and redoing included.
        doubted: Images with labels that were given to other pictures: they teach nothing
            until the user labels them again. Found out anew in each sitting.
    """

    def __init__(
        self,
        setup: Setup | None = None,
        labels: Mapping[str, Label] | None = None,
        done: Sequence[Edit] = (),
        undone: Sequence[Edit] = (),
        next_id: int = 1,
    ) -> None:
        self._setup = setup or Setup()
        self._labels: dict[str, Label] = dict(labels or {})
        self._support: dict[int, dict[str, None]] = {}
        for path, label in self._labels.items():
            if label.is_support:
                self._support.setdefault(label.class_id, {})[path] = None
        self._undo: list[Edit] = list(done)
        self._redo: list[Edit] = list(undone)
        self._next_id = max([next_id, 1 + _highest_id([self._setup, *_setups(done, undone)])])
        self.journal: Journal = NoJournal()
        self.revision = 0
        self.edits = 0
        self.doubted: frozenset[str] = frozenset()

    # -- reading ---------------------------------------------------------------

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

    @property
    def next_id(self) -> int:
        """First id that no bin or folder ever had."""
        return self._next_id

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
    def undo_text(self) -> str:
        """Name of the action that ``undo`` would take back, or an empty string."""
        return self._undo[-1].text if self._undo else ""

    @property
    def redo_text(self) -> str:
        """Name of the action that ``redo`` would do again, or an empty string."""
        return self._redo[-1].text if self._redo else ""

    @property
    def history(self) -> tuple[tuple[Edit, ...], tuple[Edit, ...]]:
        """(what can be undone, the next one last; what can be redone, the next one last)."""
        return tuple(self._undo), tuple(self._redo)

    def snapshot(self) -> Project:
        """The project as it is now, without its history, for another thread to read."""
        frozen = Project(self._setup, next_id=self._next_id)
        frozen._labels = self._labels.copy()
        # the order of the examples is that of the bins, which undoing may have changed
        frozen._support = {class_id: dict(paths) for class_id, paths in self._support.items()}
        frozen.revision = self.revision
        frozen.edits = self.edits
        frozen.doubted = self.doubted
        return frozen

    # -- bins ------------------------------------------------------------------

    def add_bin(self, name: str, paths: Iterable[str] = ()) -> Edit | None:
        """Make a bin, with its first examples if there are any, as one action.

        Images that are in other bins move: this is also how a bin is split.
        """
        return self.add_bins({name: paths})

    def add_bins(self, examples: Mapping[str, Iterable[str]]) -> Edit | None:
        """Make several bins with their examples as one action.

        A name that a bin already has adds to that bin.

        Raises:
            UserError: A name is empty, too long or holds a control character.
        """
        bins = list(self.bins)
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
        return self._do(text, labels, bins=tuple(bins))

    def rename_bin(self, class_id: int, name: str) -> Edit | None:
        """Give a bin another name. Raises ``UserError`` if another bin has it already."""
        name = checked_name(name)
        holder = self.bin_named(name)
        if holder is not None and holder.id != class_id:
            raise UserError(_("There is already a bin called “{name}”.").format(name=holder.name))
        return self._change_bin(class_id, _("Rename to “{name}”").format(name=name), name=name)

    def describe_bin(self, class_id: int, description: str) -> Edit | None:
        """Say in words what belongs into a bin. Raises ``UserError`` if that is too long."""
        description = description.strip()
        if len(description) > MAX_DESCRIPTION_LENGTH:
            raise UserError(
                _("This description is too long."),
                _("Use at most {count} characters.").format(count=MAX_DESCRIPTION_LENGTH),
            )
        text = _("Describe “{name}”").format(name=self.bin(class_id).name)
        return self._change_bin(class_id, text, description=description)

    def recolour_bin(self, class_id: int, colour: int) -> Edit | None:
        """Give a bin another colour of the palette."""
        text = _("Recolour “{name}”").format(name=self.bin(class_id).name)
        return self._change_bin(class_id, text, colour=colour)

    def set_picture(self, class_id: int, path: str) -> Edit | None:
        """Let one of its examples stand for a bin; an empty path means the first one."""
        text = _("Example picture of “{name}”").format(name=self.bin(class_id).name)
        return self._change_bin(class_id, text, picture=path)

    def move_bin(self, class_id: int, place: int) -> Edit | None:
        """Move a bin to another place in the order, 0 being the first."""
        moved = self.bin(class_id)
        bins = [b for b in self.bins if b.id != class_id]
        bins.insert(max(0, min(place, len(bins))), moved)
        return self._do(_("Move bin “{name}”").format(name=moved.name), {}, bins=tuple(bins))

    def sort_bins(self) -> Edit | None:
        """Bring the bins into the order of their names."""
        bins = tuple(sorted(self.bins, key=lambda b: b.name.casefold()))
        return self._do(_("Sort bins by name"), {}, bins=bins)

    def merge_bins(self, class_ids: Iterable[int], into: int) -> Edit | None:
        """Give all images of some bins to another one, and delete the emptied bins."""
        target = self.bin(into)
        gone = set(class_ids) - {into}
        names = [b.name for b in self.bins if b.id in gone]
        labels: dict[str, Label | None] = {
            path: replace(label, class_id=into)
            for path, label in self._labels.items()
            if label.class_id in gone
        }
        bins = tuple(b for b in self.bins if b.id not in gone)
        if len(names) == 1:
            text = _("Merge “{name}” into “{into}”").format(name=names[0], into=target.name)
        else:
            text = _("Merge {count} bins into “{into}”").format(count=len(names), into=target.name)
        return self._do(text, labels, bins=bins)

    def remove_bin(self, class_id: int) -> Edit | None:
        """Delete a bin; its images go back to being unlabelled."""
        return self.remove_bins([class_id])

    def remove_bins(self, class_ids: Iterable[int]) -> Edit | None:
        """Delete bins as one action; their images go back to being unlabelled."""
        gone = {self.bin(class_id).id for class_id in class_ids}
        labels = {p: None for p, label in self._labels.items() if label.class_id in gone}
        bins = tuple(b for b in self.bins if b.id not in gone)
        if len(gone) == 1:
            text = _("Delete bin “{name}”").format(name=self.bin(next(iter(gone))).name)
        else:
            text = _("Delete {count} bins").format(count=len(gone))
        return self._do(text, labels, bins=bins)

    # -- folders and options -----------------------------------------------------

    def add_folder(self, path: str) -> Edit | None:
        """Sort the images of one more folder. One that is there already changes nothing."""
        if any(folder.path == path for folder in self.folders):
            return None
        new = Folder(self._next_id, path)
        self._next_id += 1
        text = _("Add folder “{name}”").format(name=_last_part(path))
        return self._do(text, {}, folders=(*self.folders, new))

    def remove_folder(self, folder_id: int) -> Edit | None:
        """Sort the images of a folder no longer; labels of its images are kept."""
        gone = [folder for folder in self.folders if folder.id == folder_id]
        if not gone:
            return None
        kept = tuple(folder for folder in self.folders if folder.id != folder_id)
        text = _("Remove folder “{name}”").format(name=_last_part(gone[0].path))
        return self._do(text, {}, folders=kept)

    def set_learner(self, learner: str) -> Edit | None:
        """Sort with another learner."""
        options = replace(self.options, learner=learner)
        return self._do(_("Choose another learner"), {}, options=options)

    def set_unknown(self, level: float) -> Edit | None:
        """Send images whose unknown score is above this, from 0 to 1, to *Unknown*."""
        level = min(1.0, max(0.0, float(level)))
        if level >= 1.0:
            text = _("Send no images to Unknown")
        else:
            text = _("Send images that fit no bin to Unknown")
        return self._do(text, {}, options=replace(self.options, unknown=level))

    # -- labels ----------------------------------------------------------------

    def put(
        self, paths: Iterable[str], class_id: int, predicted: Mapping[str, int] | None = None
    ) -> Edit | None:
        """Put images into a bin as examples, or into ``UNKNOWN`` as examples of strangers.

        Args:
            paths: Images; one that is in another bin moves.
            class_id: The bin.
            predicted: Class that each image wore, where there is one. An image that wore
                another class than this bin's counts as *corrected*.

        Raises:
            KeyError: There is no such bin.
        """
        name = self.class_name(class_id)
        predicted = predicted or {}
        right, wrong = Label(class_id, Source.SUPPORT), Label(class_id, Source.CORRECTED)
        labels: dict[str, Label | None] = {}
        moved = 0
        for path in paths:
            old = self._labels.get(path)
            if old is not None:
                if old.class_id == class_id and old.is_support:
                    continue
                moved += old.class_id != class_id
            labels[path] = right if predicted.get(path, class_id) == class_id else wrong
        count = len(labels)
        if moved and moved == count:
            text = ngettext(
                "Move {count} image to “{name}”", "Move {count} images to “{name}”", count
            )
        else:
            text = ngettext(
                "Put {count} image in “{name}”", "Put {count} images in “{name}”", count
            )
        text = text.format(count=count, name=name)
        if class_id == UNKNOWN and self.options.unknown >= 1.0:
            # who shows what belongs to no bin wants the likes of it to go there as well
            return self._do(text, labels, options=replace(self.options, unknown=DEFAULT_LEVEL))
        return self._do(text, labels)

    def confirm(self, classes: Mapping[str, int]) -> Edit | None:
        """Agree to the predicted class of images that have no label yet.

        Raises:
            KeyError: There is no such bin.
        """
        agreed = {c: Label(c, Source.CONFIRMED) for c in set(classes.values())}
        for class_id in agreed:
            self.class_name(class_id)
        labels: dict[str, Label | None] = {
            path: agreed[class_id] for path, class_id in classes.items() if path not in self._labels
        }
        count = len(labels)
        text = ngettext("Confirm {count} image", "Confirm {count} images", count)
        return self._do(text.format(count=count), labels)

    @property
    def confirmed(self) -> tuple[str, ...]:
        """Images in bins that the user agreed to; they teach nothing."""
        return tuple(
            path
            for path, label in self._labels.items()
            if label.source is Source.CONFIRMED and label.class_id != UNKNOWN
        )

    def teach_confirmed(self) -> Edit | None:
        """Let the confirmed images be examples of their bins from now on, as one action."""
        labels: dict[str, Label | None] = {
            path: Label(self._labels[path].class_id, Source.SUPPORT) for path in self.confirmed
        }
        count = len(labels)
        text = ngettext(
            "Make {count} confirmed image an example",
            "Make {count} confirmed images examples",
            count,
        )
        return self._do(text.format(count=count), labels)

    def clear(self, paths: Iterable[str]) -> Edit | None:
        """Take images out of their bins, or take a confirmation back."""
        labels = {path: None for path in paths if path in self._labels}
        count = len(labels)
        text = ngettext("Take {count} image out", "Take {count} images out", count)
        return self._do(text.format(count=count), labels)

    # -- history ---------------------------------------------------------------

    def undo(self) -> Edit | None:
        """Take the last action back. Returns the edit that did so."""
        if not self._undo:
            return None
        edit = self._undo.pop()
        self._redo.append(edit)
        applied = self._apply(edit.inverse())
        self.journal.undid()
        return applied

    def redo(self) -> Edit | None:
        """Do the action again that was taken back last."""
        if not self._redo:
            return None
        edit = self._redo.pop()
        self._undo.append(edit)
        self._apply(edit)
        self.journal.redid()
        return edit

    def renamed(self, paths: Mapping[str, str]) -> None:
        """Images lie elsewhere now (old path -> new path). Not an action: labels and
        history speak of the same images as before.

        Where there was an image with a label already, the two become one: the label of the
        one that came, if it has one, is the one that stays.
        """
        if paths:
            moved = {old: new for old, new in paths.items() if old in self._labels}
            self._readdress(moved, lambda path: paths.get(path, path), lambda folder: folder)

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

    def relocated(self, folder_id: int, path: str) -> None:
        """A folder lies elsewhere now, with all images in it. Not an action."""
        old = next((f.path for f in self.folders if f.id == folder_id), path)
        moved = {
            image: there
            for image in self._labels
            if (there := readdressed(image, old, path)) != image
        }
        self._readdress(
            moved,
            lambda image: readdressed(image, old, path),
            lambda folder: replace(folder, path=path) if folder.id == folder_id else folder,
        )

    # -- inside ------------------------------------------------------------------

    def _readdress(
        self,
        labelled: Mapping[str, str],
        image: Callable[[str], str],
        folder: Callable[[Folder], Folder],
    ) -> None:
        """Change paths everywhere.

        Args:
            labelled: Old path -> new path of the images with labels that move.
            image: Gives the new path of any image.
            folder: Gives a folder with its new path.
        """
        setups: dict[Setup, Setup] = {}  # one object before stays one object afterwards

        def moved(setup: Setup) -> Setup:
            if setup not in setups:
                bins = tuple(
                    replace(b, picture=image(b.picture)) if b.picture else b for b in setup.bins
                )
                folders = tuple(folder(f) for f in setup.folders)
                setups[setup] = Setup(bins, folders, setup.options)
            return setups[setup]

        def told(edit: Edit) -> Edit:
            labels = {image(path): change for path, change in edit.labels.items()}
            return Edit(edit.text, labels, moved(edit.before), moved(edit.after))

        # of several images that become one, who comes last has the say
        speaks = {path: path for path in self._labels if path not in labelled}
        speaks.update({new: old for old, new in labelled.items()})

        def kept(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
            pairs = ((labelled.get(path, path), path) for path in paths)
            return ((new, path) for new, path in pairs if speaks[new] == path)

        self._support = {
            class_id: {new: None for new, _path in kept(examples)}
            for class_id, examples in self._support.items()
        }
        self._labels = {new: self._labels[path] for new, path in kept(self._labels)}
        self._setup = moved(self._setup)
        self._undo = [told(edit) for edit in self._undo]
        self._redo = [told(edit) for edit in self._redo]

    def _new_bin(self, name: str, bins: list[Bin]) -> Bin:
        used = {b.colour for b in bins}
        colour = next(i for i in range(len(bins) + 1) if i not in used)
        new = Bin(self._next_id, name, colour)
        self._next_id += 1
        return new

    def _change_bin(self, class_id: int, text: str, **changes: object) -> Edit | None:
        bins = tuple(replace(b, **changes) if b.id == class_id else b for b in self.bins)
        return self._do(text, {}, bins=bins)

    def _do(self, text: str, labels: Mapping[str, Label | None], **setup: object) -> Edit | None:
        before = map(self._labels.get, labels)
        touched = {
            path: (old, new)
            for (path, new), old in zip(labels.items(), before, strict=True)
            if old is not new and old != new
        }
        after = replace(self._setup, **setup) if setup else self._setup
        if after == self._setup:
            after = self._setup
            if not touched:
                return None
        edit = Edit(text, touched, self._setup, after)
        self._undo.append(edit)
        del self._undo[:-HISTORY_LENGTH]
        self._redo.clear()
        self._apply(edit)
        self.journal.did(edit)
        return edit

    def _apply(self, edit: Edit) -> Edit:
        labels, support = self._labels, self._support
        for path, (before, after) in edit.labels.items():
            if before is not None and before.is_support:
                # two renamed files that became one image may have left it empty
                support.get(before.class_id, {}).pop(path, None)
            if after is None:
                labels.pop(path, None)
                continue
            labels[path] = after
            if after.is_support:
                support.setdefault(after.class_id, {})[path] = None
        self._setup = edit.after
        self.edits += 1
        if edit.changes_learning:
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


def _last_part(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path


def _setups(*histories: Sequence[Edit]) -> list[Setup]:
    return [setup for edits in histories for edit in edits for setup in (edit.before, edit.after)]


def _highest_id(setups: Iterable[Setup]) -> int:
    return max((item.id for s in setups for item in (*s.bins, *s.folders)), default=0)


def readdressed(path: str, old: str, new: str) -> str:
    """Where an image lies after its folder ``old`` became ``new``."""
    root = old.rstrip("/\\")
    below = path[len(root) :]
    if path.startswith(root) and below[:1] in ("/", "\\"):
        return new.rstrip("/\\") + below
    return path
