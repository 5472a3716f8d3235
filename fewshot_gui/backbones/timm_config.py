"""A timm model's ``config.json``, as model hubs keep it beside the weights.

It comes from strangers: every value is checked, and nothing in it names code to run but
the architecture, which has to be one of timm's own. Reading it imports no torch.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewshot_gui.backbones.preprocessing import Preprocessing
from fewshot_gui.errors import UserError
from fewshot_gui.images.request import INTERPOLATIONS, Crop
from fewshot_gui.texts import _

LARGEST_SIDE = 1024
MOST_BYTES = 1 << 20  # of a config file
NAME = re.compile(r"[A-Za-z0-9_]{1,100}(\.[A-Za-z0-9_\-]{1,100})?")

# What differs from timm's own defaults, because those would be a trap here: at 518 pixels
# DINOv2 takes eight times as long, and the mean of DINOv3's patches tells images apart
# less well than its class token.
_DINOV2_SIDE = 224
_ALLOWED_ARGUMENTS = {"img_size": int, "global_pool": str, "dynamic_img_size": bool}


@dataclass(frozen=True)
class TimmModel:
    """What has to be known to run a timm model.

    Attributes:
        architecture: timm's name of the network, without the tag of its weights.
        preprocessing: What its input is.
        arguments: For ``timm.create_model``, as sorted (name, value) pairs.
        input_size: Side that the network is set to after its weights were loaded, where
            that is another one than they were trained at; else 0.
        classifier: Names of the layers that put classes on top of the embedding.
        licence: As the hub states it; ``""`` where it does not.
    """

    architecture: str
    preprocessing: Preprocessing
    arguments: tuple[tuple[str, Any], ...]
    input_size: int
    classifier: tuple[str, ...]
    licence: str


def read_config(path: Path) -> TimmModel:
    """The model that a ``config.json`` describes.

    Raises:
        UserError: The file cannot be read, or something in it is missing or wrong.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UserError(
            _("“{file}” cannot be read: {reason}.").format(
                file=path.name, reason=error.strerror or error
            )
        ) from error
    return parse_config(data, path.name)


def parse_config(data: bytes, name: str) -> TimmModel:
    """The same from the file's bytes; ``name`` is for messages."""
    try:
        if len(data) > MOST_BYTES:
            raise ValueError(_("it is too large"))
        return model_of(json.loads(data))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = _("“{key}” is missing").format(key=error.args[0])
        reason = reason if isinstance(error, KeyError) else str(error)
        raise UserError(
            _("“{file}” does not describe a backbone: {reason}.").format(file=name, reason=reason),
            _("Use the config.json that came with the weights."),
        ) from error


def model_of(config: Mapping[str, Any]) -> TimmModel:
    """The model that a config describes.

    Raises:
        ValueError: A value is wrong.
        TypeError: Something is of another kind than expected.
        KeyError: Something is missing.
    """
    if not isinstance(config, Mapping):
        raise TypeError(_("it is no table of names and values"))
    architecture = config["architecture"]
    if not isinstance(architecture, str) or not NAME.fullmatch(architecture):
        raise ValueError(_("the architecture's name is not usable"))
    architecture = architecture.partition(".")[0]
    weights = config["pretrained_cfg"]
    if not isinstance(weights, Mapping):
        raise TypeError(_("“pretrained_cfg” is no table of names and values"))
    arguments = _arguments(config.get("model_args") or {}, architecture)
    trained = _side(weights["input_size"])
    side = _DINOV2_SIDE if "dinov2" in architecture else trained
    return TimmModel(
        architecture=architecture,
        preprocessing=_preprocessing(weights, side),
        arguments=tuple(sorted(arguments.items())),
        input_size=side if side != trained else 0,
        classifier=_names(weights.get("classifier")),
        licence=_text(weights.get("license")),
    )


def _preprocessing(weights: Mapping[str, Any], side: int) -> Preprocessing:
    share = _number(weights.get("crop_pct") or 0.875)
    if not 0.2 <= share <= 1:
        raise ValueError(_("“crop_pct” is {value}").format(value=share))
    interpolation = weights.get("interpolation")
    if interpolation not in INTERPOLATIONS:
        interpolation = "bicubic"  # “random” and the like are for training
    return Preprocessing(
        Crop(math.floor(side / share), side, interpolation),
        mean=_colour(weights["mean"], "mean"),
        std=_colour(weights["std"], "std"),
    )


def _side(size: Any) -> int:
    if not isinstance(size, list | tuple) or len(size) != 3 or size[0] != 3:
        raise ValueError(_("“input_size” is not that of a colour picture"))
    height, width = size[1:]
    if not isinstance(height, int) or height != width or not 8 <= height <= LARGEST_SIDE:
        raise ValueError(_("“input_size” is not usable"))
    return height


def _colour(values: Any, name: str) -> tuple[float, float, float]:
    if not isinstance(values, list | tuple) or len(values) != 3:
        raise ValueError(_("“{key}” is not three numbers").format(key=name))
    red, green, blue = (_number(value) for value in values)
    if name == "std" and min(red, green, blue) < 1e-4:
        raise ValueError(_("“{key}” is not usable").format(key=name))
    return red, green, blue


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e4:
        raise ValueError(_("{value} is not a usable number").format(value=repr(value)[:40]))
    return float(value)


def _arguments(given: Any, architecture: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise TypeError(_("“model_args” is no table of names and values"))
    for name, value in given.items():
        if type(value) is not _ALLOWED_ARGUMENTS.get(name):
            raise ValueError(_("“model_args” holds “{name}”").format(name=str(name)[:40]))
    pooled = {"global_pool": "token"} if _is_dinov3_transformer(architecture) else {}
    return pooled | dict(given)


def _is_dinov3_transformer(architecture: str) -> bool:
    return architecture.startswith("vit_") and "dinov3" in architecture


def _names(value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value or ()
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise TypeError(_("“classifier” is no name"))
    return tuple(names)


def _text(value: Any) -> str:
    """One short line without signs that a terminal or a window would take for orders."""
    if not isinstance(value, str):
        return ""
    return "".join(sign for sign in value[:60] if sign.isprintable()).strip()
