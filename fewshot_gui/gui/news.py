"""What the session has to tell about folders and files, as messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.texts import _, ngettext

AWAY = "folder"
VANISHED = "missing"
CHANGED = "changed"
CONFLICTS = "conflicts"
READ_ONLY = "read-only"

CONFLICTS_NAMED = 3


def away(path: str) -> Message:
    """A folder cannot be reached."""
    text = _("The folder “{name}” cannot be reached.").format(name=Path(path).name)
    hint = _("Nothing is lost: work goes on by itself when it is back.")
    return Message(Kind.WARNING, text, hint, key=AWAY)


def emptied(path: str) -> Message:
    """A folder that held pictures is empty."""
    text = _("The folder “{name}” is empty now. Its disk may not be connected.")
    hint = _(
        "Nothing is lost: work goes on by itself when the pictures are back. "
        "If they are gone for good, look again (F5)."
    )
    return Message(Kind.WARNING, text.format(name=Path(path).name), hint, key=AWAY)


def vanished(count: int, labelled: bool, show: Callable[[], None]) -> Message:
    """Pictures are not where they were; some of them may have labels."""
    text = ngettext(
        "{count} picture is no longer there.", "{count} pictures are no longer there.", count
    )
    if labelled:
        hint = _("Labels are kept; they come back when the files do.")
    else:
        hint = _("They come back when the files do.")
    return _shown(text.format(count=f"{count:,}"), hint, show, VANISHED)


def changed(count: int, show: Callable[[], None]) -> Message:
    """Labelled pictures are others now."""
    text = ngettext(
        "{count} picture with a label of yours is another picture now.",
        "{count} pictures with labels of yours are other pictures now.",
        count,
    )
    hint = _(
        "Nothing is learned from them until you put them into a bin again, "
        "be it the same one, or take them out."
    )
    return _shown(text.format(count=f"{count:,}"), hint, show, CHANGED)


def renamed(count: int) -> Message:
    """Labelled pictures were found again under other names."""
    text = ngettext(
        "{count} renamed picture was recognised.",
        "{count} renamed pictures were recognised.",
        count,
    )
    return Message(Kind.INFO, text.format(count=f"{count:,}"))


def conflicts(groups: Sequence[tuple[str, ...]]) -> Message:
    """The same content is an example of two classes."""
    named = [" = ".join(Path(p).name for p in group) for group in groups[:CONFLICTS_NAMED]]
    more = len(groups) - len(named)
    names = ", ".join(named) + (_(" and {count} more").format(count=more) if more else "")
    text = ngettext(
        "The same picture is in two bins: {names}.",
        "The same pictures are in two bins: {names}.",
        len(groups),
    )
    hint = _("They are left out until each is in one bin only.")
    return Message(Kind.WARNING, text.format(names=names), hint, key=CONFLICTS)


def read_only() -> Message:
    """Nothing can be changed in this project."""
    return Message(
        Kind.WARNING,
        _("This project is open for viewing only."),
        _("Save it under another name to change it."),
        key=READ_ONLY,
    )


def already_part(path: str) -> str:
    """A folder is in the project already."""
    return _("“{name}” is already part of this project.").format(name=Path(path).name)


def holds_part(path: str) -> str:
    """A folder of the project lies in this one."""
    text = _("“{name}” holds a folder that is already part of this project.")
    return text.format(name=Path(path).name)


def _shown(text: str, hint: str, show: Callable[[], None], key: str) -> Message:
    """A warning about pictures that can be looked at."""
    return Message(Kind.WARNING, text, hint, action=_("Show"), run=show, key=key)
