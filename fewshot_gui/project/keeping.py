"""How far a project is written down, in words for its user."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fewshot_gui.errors import UserError
from fewshot_gui.texts import _, ngettext


class Keeping(Enum):
    """How the project file is doing."""

    SAVED = "saved"
    SAVING = "saving"
    TROUBLE = "trouble"


@dataclass(frozen=True)
class KeeperState:
    """How far the project is written down.

    Attributes:
        kind: In one word.
        pending: Actions that are not in the file yet.
        error: Why, while there is trouble.
    """

    kind: Keeping = Keeping.SAVED
    pending: int = 0
    error: UserError | None = None


def explained(error: UserError, count: int) -> UserError:
    """Trouble with the disk, with what becomes of ``count`` actions that wait for it."""
    if error.hint or not count:
        return error
    if error.message == _("The project cannot be saved: the disk is full."):
        hint = ngettext(
            "Your last action is kept and will be saved as soon as there is room.",
            "Your last {count} actions are kept and will be saved as soon as there is room.",
            count,
        )
    else:
        hint = ngettext(
            "Your last action is kept and will be saved as soon as that works again.",
            "Your last {count} actions are kept and will be saved as soon as that works again.",
            count,
        )
    return UserError(error.message, hint.format(count=f"{count:,}"))


def is_same(one: KeeperState, other: KeeperState) -> bool:
    """Whether a user would see no difference."""
    return (one.kind, one.pending, str(one.error)) == (other.kind, other.pending, str(other.error))
