"""Which training a checkpoint belongs to, and whether one may begin, found out without torch."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.plain import from_plain
from fewshot_gui.metatrain.training_order import TrainingOrder, checkpoint_of
from fewshot_gui.texts import _

ORDER = "order"  # among a checkpoint's notes
STEP, STAGE = "step", "stage"
FORMAT = "few-shot-training-1"
_ANY_FORMAT = re.compile(r"few-shot-training-(\d{1,4})")


def resumable(output: str | Path) -> TrainingOrder | None:
    """The order that can be gone on with for this output; None where there is none.

    The device is ``auto`` whatever it was: a checkpoint may go on elsewhere.
    """
    try:
        return ordered(output)
    except UserError:
        return None


def ordered(output: str | Path) -> TrainingOrder:
    """The order of the checkpoint beside this output.

    Raises:
        UserError: There is none, or none that can be used.
    """
    path = checkpoint_of(output)
    if not path.exists():
        raise UserError(
            _("There is no training to go on with beside “{file}”.").format(file=output),
            _("Begin it anew, or name the file that it was to write."),
        )
    try:
        with safe_open(path, "numpy") as file:
            notes = checked_notes(file.metadata() or {}, path)
        return from_plain(TrainingOrder, _moved(notes[ORDER], output))
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise unusable(path) from error


def checked_notes(header: Mapping[str, str], path: Path) -> dict[str, Any]:
    """The notes of a checkpoint, from the texts in its header.

    Raises:
        UserError: A newer version of this program made it.
        ValueError: It is none.
    """
    made_as = header.get("format", "")
    known = _ANY_FORMAT.fullmatch(made_as)
    if known is not None and int(known[1]) > int(_ANY_FORMAT.fullmatch(FORMAT)[1]):
        raise UserError(
            _("“{file}” was put down by a newer version of this program.").format(file=path),
            _("Install the newest version to go on with it, or begin anew with another output."),
        )
    if made_as != FORMAT:
        raise ValueError(f"no format: {made_as!r:.40}")
    notes = json.loads(header.get("notes", ""))
    if not isinstance(notes, dict):
        raise ValueError("notes are an object")
    if type(notes.get(STEP, 0)) is not int or notes.get(STAGE, 0) not in (0, 1):
        raise ValueError("no such step or stage")
    return notes


def unusable(path: Path) -> UserError:
    """The error for a file that nothing can be gone on from."""
    return UserError(
        _("“{file}” is not a training that can be gone on with.").format(file=path),
        _("It is damaged, or something else. Begin anew with another output, or delete it."),
    )


def refuse_to_begin_anew(output: str | Path) -> None:
    """What was learned and stopped is not written over without a word.

    Raises:
        UserError: There is a checkpoint beside this output.
    """
    checkpoint = checkpoint_of(output)
    if not checkpoint.exists():
        return
    if resumable(output) is not None:
        hint = _("Go on with it by --resume, or delete “{file}” to begin anew.")
    else:
        hint = _("It cannot be gone on with: delete “{file}” to begin anew.")
    raise UserError(
        _("A training of “{file}” was stopped before its end.").format(file=output),
        hint.format(file=checkpoint),
    )


def _moved(plain: dict[str, Any], output: str | Path) -> dict[str, Any]:
    """The files may have been moved together since."""
    return {**plain, "output": str(output), "device": "auto"}
