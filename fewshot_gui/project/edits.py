"""One user action, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from fewshot_gui.project.changes import Changes
from fewshot_gui.project.values import Label, Setup

HISTORY_LENGTH = 1000  # actions that can be taken back
HISTORY_CHANGES = 1_000_000  # labels that they may change together; the last action always can be


@dataclass(frozen=True)
class Edit:
    """One user action, with all that is needed to redo it and to undo it.

    Attributes:
        text: The action's name in the user's language, for the undo menu.
        labels: What labels of which images change.
        before: Bins, folders and options before the action.
        after: The same after it; the very same object where nothing changed.
    """

    text: str
    labels: Changes
    before: Setup
    after: Setup

    @cached_property
    def changes_learning(self) -> bool:
        """Whether the learner has to be fitted again."""
        if {b.id for b in self.before.bins} != {b.id for b in self.after.bins}:
            return True
        if self.before.options.learner != self.after.options.learner:
            return True
        return any(_as_example(old) != _as_example(new) for old, new in self.labels.kinds)

    @property
    def changes_backbone(self) -> bool:
        """Whether all images have to be embedded again."""
        return self.before.options.backbone != self.after.options.backbone

    @property
    def changes_bins(self) -> bool:
        return self.before.bins != self.after.bins

    @property
    def changes_folders(self) -> bool:
        return self.before.folders != self.after.folders

    def inverse(self) -> Edit:
        return Edit(self.text, self.labels.inverse(), self.after, self.before)


def kept_actions(sizes: Iterable[int]) -> int:
    """How many of the last actions are kept.

    Args:
        sizes: How many labels each changes, the newest first.
    """
    kept = changes = 0
    for size in sizes:
        changes += size
        if kept == HISTORY_LENGTH or (kept and changes > HISTORY_CHANGES):
            break
        kept += 1
    return kept


class Journal(Protocol):
    """Hears of every step right after it was taken."""

    def did(self, edit: Edit) -> None:
        """A new action; what could be redone is forgotten."""
        ...

    def undid(self, edit: Edit) -> None:
        """The last action that was not undone is undone now."""
        ...

    def redid(self, edit: Edit) -> None:
        """The action that was undone last is done again."""
        ...


class NoJournal:
    """For projects that live in memory only."""

    def did(self, edit: Edit) -> None:
        """Nothing to keep."""

    def undid(self, edit: Edit) -> None:
        """Nothing to keep."""

    def redid(self, edit: Edit) -> None:
        """Nothing to keep."""


def _as_example(label: Label | None) -> int | None:
    return label.class_id if label is not None and label.is_support else None
