"""Where a learner may be written."""

from __future__ import annotations

from pathlib import Path

from fewshot_gui.atomic import check_writable
from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.learner_format import claims_to_be_learner
from fewshot_gui.texts import _


def check_output(path: str | Path) -> None:
    """Find out before long work whether a learner may be written there.

    An older learner is replaced in the end, anything else is not.

    Raises:
        UserError: It may not.
    """
    path = Path(path)
    if path.exists() and not path.is_dir() and not claims_to_be_learner(path):
        raise UserError(
            _("“{file}” is there already and is not a learner.").format(file=path),
            _("Choose another name, or move it away."),
        )
    check_writable(path)
