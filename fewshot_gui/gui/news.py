"""What the session has to tell about folders and files, as messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from fewshot_gui.errors import UserError
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.texts import _, ngettext

AWAY = "folder"
VANISHED = "missing"
CHANGED = "changed"
CONFLICTS = "conflicts"
READ_ONLY = "read-only"
RESUMED = "resumed"
SAVED_IN = "saved-in"
NOT_SAVED = "save-as"
EXPORTED = "exported"
BACKBONE = "backbone"

CONFLICTS_NAMED = 3


def away(path: str, locate: Callable[[], None]) -> Message:
    """A folder cannot be reached."""
    text = _("The folder “{name}” cannot be reached.").format(name=Path(path).name)
    hint = _("Nothing is lost: work goes on by itself when it is back.")
    return Message(Kind.WARNING, text, hint, _("Locate folder…"), locate, key=AWAY)


def no_backbone(key: str, instead: str) -> Message:
    """The backbone of a project is not on this computer."""
    text = _("The backbone “{key}” of this project is not on this computer.").format(key=key)
    hint = _("“{title}” is used until you fetch it: menu Sort, Backbone.").format(title=instead)
    return Message(Kind.WARNING, text, hint, key=BACKBONE)


def no_pictures(paths: Sequence[str]) -> Message:
    """Files were brought that are something else."""
    text = ngettext(
        "“{name}” is no picture and is left out.",
        "{count} files are no pictures and are left out, among them “{name}”.",
        len(paths),
    )
    return Message(Kind.INFO, text.format(count=len(paths), name=Path(paths[0]).name))


def stray_files(is_open: bool) -> Message:
    """Files were dropped where only folders are of use."""
    if is_open:
        text = _("Drop pictures on a bin to use them as examples, or a folder here to sort it.")
    else:
        text = _("Drop a folder of pictures here to sort it, or a project file to go on with it.")
    return Message(Kind.INFO, text)


def emptied(path: str, locate: Callable[[], None]) -> Message:
    """A folder that held pictures is empty."""
    text = _("The folder “{name}” is empty now. Its disk may not be connected.")
    hint = _(
        "Nothing is lost: work goes on by itself when the pictures are back. "
        "If they are gone for good, look again (F5)."
    )
    text = text.format(name=Path(path).name)
    return Message(Kind.WARNING, text, hint, _("Locate folder…"), locate, key=AWAY)


def away_no_export() -> Message:
    """The result cannot be written while its folders are away."""
    text = _("There is nothing to export while the folder cannot be reached.")
    return Message(Kind.INFO, text, _("Your labels are kept in the project."))


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


def viewing_only() -> str:
    """Why what would change the project cannot be done."""
    return _("This project is open for viewing only. Save as… makes a copy you can change.")


def read_only() -> Message:
    """Nothing can be changed in this project."""
    return Message(Kind.WARNING, viewing_only(), key=READ_ONLY)


def resumed(bins: int, labels: int) -> Message:
    """Work in a project of an earlier sitting goes on."""
    text = _("Going on where you left off: {bins}, {labels}.").format(
        bins=ngettext("{count} bin", "{count} bins", bins).format(count=bins),
        labels=ngettext("{count} label", "{count} labels", labels).format(count=f"{labels:,}"),
    )
    return Message(Kind.INFO, text)


def saved_in(path: str, run: Callable[[], None]) -> Message:
    """The folder that was opened is sorted in a project that has a name."""
    text = _("This folder is sorted in “{name}”.").format(name=Path(path).name)
    hint = _("Here you would begin another sorting of it.")
    return Message(Kind.INFO, text, hint, action=_("Open it"), run=run, key=SAVED_IN)


def not_saved(error: UserError) -> Message:
    """*Save as* or *Duplicate* came to nothing; true until one of them succeeds."""
    return replace(Message.from_error(error), key=NOT_SAVED)


def lost(title: str, count: int) -> Message:
    """A project that was left could not be written to its end."""
    text = ngettext(
        "Your last action in “{name}” was not saved.",
        "Your last {count} actions in “{name}” were not saved.",
        count,
    )
    return Message(Kind.ERROR, text.format(name=title, count=f"{count:,}"))


def exported(path: str, count: int, run: Callable[[], None]) -> Message:
    """A result was written."""
    words = ngettext("Saved {count} row to {path}", "Saved {count} rows to {path}", count)
    words = words.format(count=f"{count:,}", path=path)
    return Message(Kind.SUCCESS, words, action=_("Show folder"), run=run, key=EXPORTED)


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
