"""Where the weights of the bundled networks lie: in packages of their own."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.errors import UserError
from fewshot_gui.texts import _


def weights_file(card: BackboneCard) -> Path:
    """Where the card's package keeps its weights; each holds one file.

    Raises:
        UserError: The package is not there.
    """
    package = find_spec(card.weights)
    if package is None or package.origin is None:
        raise _missing()
    found = sorted(Path(package.origin).parent.glob("models/*.pth"))
    if len(found) != 1:
        raise _missing()
    return found[0]


def checked_weights(card: BackboneCard) -> bytes:
    """The whole file.

    Raises:
        UserError: It is absent or is not the one that the card names.
    """
    try:
        data = weights_file(card).read_bytes()
    except OSError as error:
        raise _missing() from error
    if hashlib.sha256(data).hexdigest() != card.weights_sha256:
        raise UserError(_("The backbone's weights are damaged."), _("Install the program again."))
    return data


def _missing() -> UserError:
    return UserError(_("The backbone's weights are missing."), _("Install the program again."))
