"""What a user can do to a project, and how to take each step back.

Every action is one ``Edit`` that holds what it touched before and after. Undoing is
applying the same edit the other way round, so there is one code path for both. A
``Journal`` hears of every step, in order: that is how a project file keeps up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fewshot_gui.errors import UserError
from fewshot_gui.project.changes import Changes
from fewshot_gui.project.decisions import Decisions
from fewshot_gui.project.edits import Edit, Journal, NoJournal, kept_actions
from fewshot_gui.project.readdressing import Readdressing, readdressed
from fewshot_gui.project.values import (
    DEFAULT_LEVEL,
    MAX_DESCRIPTION_LENGTH,
    UNKNOWN,
    Bin,
    Folder,
    Label,
    Setup,
    Source,
    checked_name,
)
from fewshot_gui.texts import _, ngettext


class Project(Decisions):
    """Folders, bins and labels of one sorting job, with undo and redo.

    The mutating methods return the ``Edit`` that was applied, or None where there was
    nothing to do.

    Args:
        setup: Bins, folders and options to start with.
        labels: Labels to start with, in the order they were given.
        done: History to start with, oldest first.
        undone: What can be redone, the next one last.
        next_id: First id that no bin or folder ever had; ids that ``setup`` and the
            history mention are never given out again in any case.

    Attributes:
        journal: Hears of every step.
        next_id: First id that no bin or folder ever had.
    """

    def __init__(
        self,
        setup: Setup | None = None,
        labels: Mapping[str, Label] | None = None,
        done: Sequence[Edit] = (),
        undone: Sequence[Edit] = (),
        next_id: int = 1,
    ) -> None:
        super().__init__(setup, labels)
        self._undo: list[Edit] = list(done)
        self._redo: list[Edit] = list(undone)
        self.next_id = max([next_id, 1 + _highest_id([self._setup, *_setups(done, undone)])])
        self.journal: Journal = NoJournal()

    # -- history ---------------------------------------------------------------

    @property
    def undo_text(self) -> str:
        """Name of the action that ``undo`` would take back, or an empty string."""
        return self._undo[-1].text if self._undo else ""

    @property
    def last_done(self) -> Edit | None:
        """The action that ``undo`` would take back."""
        return self._undo[-1] if self._undo else None

    @property
    def redo_text(self) -> str:
        """Name of the action that ``redo`` would do again, or an empty string."""
        return self._redo[-1].text if self._redo else ""

    @property
    def history(self) -> tuple[tuple[Edit, ...], tuple[Edit, ...]]:
        """(what can be undone, the next one last; what can be redone, the next one last)."""
        return tuple(self._undo), tuple(self._redo)

    def undo(self) -> Edit | None:
        """Take the last action back. Returns the edit that did so."""
        if not self._undo:
            return None
        edit = self._undo.pop()
        self._redo.append(edit)
        applied = self._apply(edit.inverse())
        self.journal.undid(edit)
        return applied

    def redo(self) -> Edit | None:
        """Do the action again that was taken back last."""
        if not self._redo:
            return None
        edit = self._redo.pop()
        self._undo.append(edit)
        self._apply(edit)
        self.journal.redid(edit)
        return edit

    def snapshot(self) -> Project:
        """The project as it is now, without its history, for another thread to read."""
        frozen = Project(self._setup, next_id=self.next_id)
        frozen._take_over(self)
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
            # one object for all of them: that is how it is seen that they change alike
            labels.update(dict.fromkeys(paths, Label(target.id, Source.SUPPORT)))
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
        given = {source: Label(into, source) for source in Source}
        labels: dict[str, Label | None] = {
            path: given[label.source]
            for path, label in self._labels.items()
            if label.class_id in gone
        }
        bins = tuple(b for b in self.bins if b.id not in gone)
        if len(names) == 1:
            text = _("Merge “{name}” into “{into}”").format(name=names[0], into=target.name)
        else:
            text = ngettext(
                "Merge {count} bin into “{into}”", "Merge {count} bins into “{into}”", len(names)
            ).format(count=len(names), into=target.name)
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
            text = ngettext("Delete {count} bin", "Delete {count} bins", len(gone))
            text = text.format(count=len(gone))
        return self._do(text, labels, bins=bins)

    # -- folders and options -----------------------------------------------------

    def add_folder(self, path: str) -> Edit | None:
        """Sort the images of one more folder. One that is there already changes nothing."""
        return self.add_folders([path])

    def add_folders(self, paths: Iterable[str]) -> Edit | None:
        """Sort the images of more folders, as one action."""
        known = {folder.path for folder in self.folders}
        fresh = [path for path in dict.fromkeys(paths) if path not in known]
        if not fresh:
            return None
        new = [Folder(self.next_id + place, path) for place, path in enumerate(fresh)]
        self.next_id += len(new)
        if len(new) == 1:
            text = _("Add folder “{name}”").format(name=_last_part(fresh[0]))
        else:
            text = ngettext("Add {count} folder", "Add {count} folders", len(new))
            text = text.format(count=len(new))
        return self._do(text, {}, folders=(*self.folders, *new))

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

    def set_backbone(self, backbone: str) -> Edit | None:
        """Look at the images with another backbone; empty for the program's default."""
        options = replace(self.options, backbone=backbone)
        return self._do(_("Choose another backbone"), {}, options=options)

    def use_trained(self, key: str) -> Edit | None:
        """Look at the images with the network of a trained learner, and let it sort them."""
        options = replace(self.options, learner=key, backbone=key)
        return self._do(_("Use a trained learner"), {}, options=options)

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
        if not self._labels.keys().isdisjoint(classes):
            classes = {path: c for path, c in classes.items() if path not in self._labels}
        labels = dict(zip(classes, map(agreed.__getitem__, classes.values()), strict=True))
        count = len(labels)
        text = ngettext("Confirm {count} image", "Confirm {count} images", count)
        return self._do(text.format(count=count), labels)

    def teach_confirmed(self) -> Edit | None:
        """Let the confirmed images be examples of their bins from now on, as one action."""
        taught = {b.id: Label(b.id, Source.SUPPORT) for b in self.bins}
        labels: dict[str, Label | None] = {
            path: taught[self._labels[path].class_id] for path in self.confirmed
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

    # -- images that lie elsewhere now ------------------------------------------

    def renamed(self, paths: Mapping[str, str]) -> None:
        """Images lie elsewhere now (old path -> new path). Not an action: labels and
        history speak of the same images as before.

        Where there was an image with a label already, the two become one: the label of the
        one that came, if it has one, is the one that stays.
        """
        if paths:
            moved = {old: new for old, new in paths.items() if old in self._labels}
            self._readdress(moved, Readdressing(paths))

    def relocated(self, folder_id: int, path: str) -> None:
        """A folder lies elsewhere now, with all images in it. Not an action."""
        old = next((f.path for f in self.folders if f.id == folder_id), path)

        def folder(before: Folder) -> Folder:
            return replace(before, path=path) if before.id == folder_id else before

        edits = (*self._undo, *self._redo)
        pictures = {b.picture for setup in (self.setup, *_setups(edits)) for b in setup.bins}
        named = set(self._labels).union(pictures, *(edit.labels.paths for edit in edits))
        images = {p: now for p in named if (now := readdressed(p, old, path)) != p}
        moved = {before: now for before, now in images.items() if before in self._labels}
        self._readdress(moved, Readdressing(images, folder))

    # -- inside ------------------------------------------------------------------

    def _new_bin(self, name: str, bins: list[Bin]) -> Bin:
        used = {b.colour for b in bins}
        colour = next(i for i in range(len(bins) + 1) if i not in used)
        new = Bin(self.next_id, name, colour)
        self.next_id += 1
        return new

    def _change_bin(self, class_id: int, text: str, **changes: object) -> Edit | None:
        bins = tuple(replace(b, **changes) if b.id == class_id else b for b in self.bins)
        return self._do(text, {}, bins=bins)

    def _do(self, text: str, labels: Mapping[str, Label | None], **setup: object) -> Edit | None:
        before = list(map(self._labels.get, labels))
        touched = Changes.between(tuple(labels), before, list(labels.values()))
        after = replace(self._setup, **setup) if setup else self._setup
        if after == self._setup:
            after = self._setup
            if not touched:
                return None
        edit = Edit(text, touched, self._setup, after)
        self._undo.append(edit)
        del self._undo[: -kept_actions(len(edit.labels) for edit in reversed(self._undo))]
        self._redo.clear()
        self._apply(edit)
        self.journal.did(edit)
        return edit

    def _readdress(self, labelled: Mapping[str, str], places: Readdressing) -> None:
        """Change paths everywhere.

        Args:
            labelled: Old path -> new path of the images with labels that move.
            places: Knows all new paths.
        """
        self._move_labels(labelled)
        self._setup = places.setup(self._setup)
        self._undo, self._redo = places.history(self._undo, self._redo, self._labels)


def _last_part(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path


def _setups(*histories: Sequence[Edit]) -> list[Setup]:
    return [setup for edits in histories for edit in edits for setup in (edit.before, edit.after)]


def _highest_id(setups: Iterable[Setup]) -> int:
    return max((item.id for s in setups for item in (*s.bins, *s.folders)), default=0)
