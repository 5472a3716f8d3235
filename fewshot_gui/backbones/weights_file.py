"""A backbone from a safetensors file of the user's own.

What the network is comes, in this order, from the name before ``=`` in
``timm:NAME=FILE``, from ``FILE.json`` or ``config.json`` beside it, or from the file's own
metadata (``architecture``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fewshot_gui.backbones.timm_config import TimmModel, read_config
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.texts import _

if TYPE_CHECKING:
    from fewshot_gui.backbones.catalogue import BackboneCard

_TIMM = "timm:"


def card_of_file(key: str, job: Job | None = None) -> BackboneCard:
    """The card of ``FILE`` or ``timm:NAME=FILE``. Imports torch; takes a second or more.

    Args:
        key: What the user wrote.
        job: Asked for cancellation.

    Raises:
        UserError: The file is missing, damaged, or does not say what it is for.
        Cancelled: The job was cancelled.
    """
    from fewshot_gui.backbones import torch_timm

    name, path = split_key(key)
    path = path.expanduser().absolute()
    if not path.is_file():
        raise UserError(_("There is no file “{file}”.").format(file=path))
    model = torch_timm.registered(name) if name else _model_beside(path)
    title = _("{architecture} from {file}").format(architecture=model.architecture, file=path.name)
    card_key = f"{_TIMM}{name}={path}" if name else str(path)
    return torch_timm.describe(path, model, card_key, title, job or Job())


def split_key(key: str) -> tuple[str, Path]:
    """(timm's name or ``""``, file) of what the user wrote. Raises ``UserError``."""
    if not key.startswith(_TIMM):
        return "", Path(key)
    name, equals, file = key.removeprefix(_TIMM).partition("=")
    if not equals:
        raise UserError(
            _("“{key}” names no network and file.").format(key=key),
            _("Write timm:NAME=FILE."),
        )
    return name, Path(file)


def _model_beside(path: Path) -> TimmModel:
    from fewshot_gui.backbones import torch_timm

    for config in (path.with_suffix(".json"), path.with_name("config.json")):
        if config.is_file():
            return read_config(config)
    architecture = torch_timm.metadata_of(path).get("architecture", "")
    if architecture:
        return torch_timm.registered(architecture)
    raise UserError(
        _("“{file}” does not say which network it is for.").format(file=path.name),
        _("Write timm:NAME=FILE, or put the config.json of the weights beside it."),
    )
