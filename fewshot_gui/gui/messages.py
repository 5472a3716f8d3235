"""What the session wants the user to read; how it looks is the window's affair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from fewshot_gui.errors import UserError


class Kind(Enum):
    """How much a message matters."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Message:
    """A sentence for the banner.

    Attributes:
        kind: How much it matters.
        text: What happened.
        hint: What to do about it; may be empty.
        action: Label of a button, empty for none.
        run: What the button does.
        key: A newer message with the same key takes its place; empty for the text itself.
        stays: It is true until it is settled: the user cannot close it, other messages do not
            push it out, and nothing of the same key takes its place.
    """

    kind: Kind
    text: str
    hint: str = ""
    action: str = ""
    run: Callable[[], None] | None = None
    key: str = ""
    stays: bool = False

    @classmethod
    def from_error(cls, error: UserError) -> Message:
        return cls(Kind.ERROR, error.message, error.hint)
