"""Images and folders that lie elsewhere now: the same decisions under other paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from fewshot_gui.project.changes import Change, Changes
from fewshot_gui.project.edits import Edit
from fewshot_gui.project.values import Folder, Label, Setup


class Readdressing:
    """Gives images and folders their new paths, wherever a project names them.

    Args:
        images: Old path -> new path of those that have another one.
        folder: Gives a folder with its new path.
    """

    def __init__(
        self, images: Mapping[str, str], folder: Callable[[Folder], Folder] = lambda f: f
    ) -> None:
        self._images = images
        self._old = frozenset(images)
        self._new = frozenset(images.values())
        self._folder = folder
        # one object before stays one object afterwards; hashing all bins would take long
        self._setups: dict[int, tuple[Setup, Setup]] = {}

    def setup(self, before: Setup) -> Setup:
        """The same bins and folders."""
        if id(before) not in self._setups:
            self._setups[id(before)] = (before, self._told_setup(before))
        return self._setups[id(before)][1]

    def _told_setup(self, before: Setup) -> Setup:
        bins = tuple(
            replace(b, picture=self._images.get(b.picture, b.picture)) for b in before.bins
        )
        after = Setup(bins, tuple(map(self._folder, before.folders)), before.options)
        return before if after == before else after

    def history(
        self, done: Sequence[Edit], undone: Sequence[Edit], labels: Mapping[str, Label]
    ) -> tuple[list[Edit], list[Edit]]:
        """The same actions, what was done and what can be redone (the next one last each).

        Where images became one, each action begins with what the one before left.

        Args:
            done, undone: With the paths of before.
            labels: Under the new paths, as they are now.
        """
        taken = any(edit.labels.touches(self._new) for edit in (*done, *undone))
        merging = taken or len(self._new) < len(self._old)
        past = [self._told(edit, merging) for edit in done]
        future = [self._told(edit, merging) for edit in undone]
        if merging:
            past = self._chained(reversed(past), labels, back=True)[::-1]
            future = self._chained(reversed(future), labels, back=False)[::-1]
        return past, future

    def _told(self, edit: Edit, merging: bool) -> Edit:
        changes = edit.labels
        if changes.touches(self._old):
            paths = tuple(map(self._images.get, changes.paths, changes.paths))
            changes = Changes(paths, changes.kinds, changes.which)
            if merging and len(set(paths)) < len(paths):
                changes = Changes.of(dict(zip(paths, edit.labels.values(), strict=True)))
        return Edit(edit.text, changes, self.setup(edit.before), self.setup(edit.after))

    def _chained(
        self, edits: Iterable[Edit], labels: Mapping[str, Label], back: bool
    ) -> list[Edit]:
        """Edits of which each begins where the one before it ended, seen from now.

        Args:
            edits: From the one next to now on.
            labels: As they are now.
            back: Whether they lie in the past.
        """
        here: dict[str, Label | None] = {}  # what differs from the labels of now, on the way

        def fitting(path: str, change: Change) -> Change:
            if path not in self._new:
                return change
            now = here[path] if path in here else labels.get(path)
            before, after = change
            here[path] = before if back else after
            if (after if back else before) == now:
                return change
            return (before, now) if back else (now, after)

        def linked(edit: Edit) -> Edit:
            if not edit.labels.touches(self._new):
                return edit
            changes = {path: fitting(path, change) for path, change in edit.labels.items()}
            return replace(edit, labels=Changes.of(changes))

        return list(map(linked, edits))


def readdressed(path: str, old: str, new: str) -> str:
    """Where an image lies after its folder ``old`` became ``new``."""
    root = old.rstrip("/\\")
    below = path[len(root) :]
    if path.startswith(root) and below[:1] in ("/", "\\"):
        return new.rstrip("/\\") + below
    return path
