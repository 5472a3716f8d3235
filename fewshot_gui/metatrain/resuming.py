"""Which training a checkpoint belongs to, found out without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.plain import from_plain
from fewshot_gui.metatrain.training_order import TrainingOrder, checkpoint_of
from fewshot_gui.texts import _

ORDER = "order"  # among a checkpoint's notes


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
        UserError: There is none that can be used.
    """
    path = checkpoint_of(output)
    try:
        with safe_open(path, "numpy") as file:
            notes = json.loads((file.metadata() or {})["notes"])
        return from_plain(TrainingOrder, _moved(notes[ORDER], output))
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(
            _("There is no training to go on with beside “{file}”.").format(file=output),
            _("Begin it anew, or name the file that it was to write."),
        ) from error


def _moved(plain: dict[str, Any], output: str | Path) -> dict[str, Any]:
    """The files may have been moved together since."""
    return {**plain, "output": str(output), "device": "auto"}
