"""Backbones that were fetched or added: one folder each, weights and card."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

from fewshot_gui.atomic import replacing
from fewshot_gui.backbones.catalogue import BackboneCard, card_from_plain, card_to_plain
from fewshot_gui.errors import UserError
from fewshot_gui.paths import data_dir
from fewshot_gui.texts import _

WEIGHTS_NAME = "weights.safetensors"
_CARD_NAME = "card.json"
_MOST_BYTES = 1 << 16
_FORMAT = 1
_FACTORY = "fewshot_gui.backbones.torch_timm:load"


def backbones_folder() -> Path:
    """Where fetched and added backbones are kept."""
    return data_dir() / "backbones"


def place_of(key: str) -> Path:
    """The folder of the backbone with this key."""
    name = re.sub(r"[^a-z0-9._-]+", "-", key.lower())[:80].strip(".-")
    if name != key:  # two keys must not share a folder, whatever the disk makes of letters
        name = f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    return backbones_folder() / name


def installed() -> tuple[BackboneCard, ...]:
    """All that are there, by key; what is incomplete or damaged is left out."""
    cards = []
    for path in backbones_folder().glob(f"*/{_CARD_NAME}"):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            cards.append(_read(path))
    return tuple(sorted(cards, key=lambda card: card.key))


def keep(card: BackboneCard) -> BackboneCard:
    """Make a backbone one of those that are there; its weights lie in its folder already.

    Raises:
        UserError: The disk is full or must not be written to.
    """
    plain = card_to_plain(card)
    for name in (
        "factory",
        "runtime",
        "weights",
    ):  # what to run and where is never read from a file
        del plain[name]
    with replacing(place_of(card.key) / _CARD_NAME) as stream:
        stream.write(json.dumps({"format": _FORMAT, "card": plain}, indent=1).encode())
    return replace(card, weights=str(place_of(card.key) / WEIGHTS_NAME))


def remove(key: str) -> None:
    """Delete a backbone. Raises ``UserError`` where it is not there or cannot be deleted."""
    folder = place_of(key)
    if not (folder / _CARD_NAME).is_file():
        raise UserError(
            _("The backbone “{key}” is none that was fetched or added.").format(key=key),
            _("“fewshot-gui backbones” lists them."),
        )
    try:
        (folder / _CARD_NAME).unlink()  # first, so that half a backbone is none
        shutil.rmtree(folder)
    except OSError as error:
        raise UserError(
            _("“{folder}” could not be deleted: {reason}.").format(
                folder=folder, reason=error.strerror or error
            )
        ) from error


def _read(path: Path) -> BackboneCard:
    with path.open("rb") as stream:
        data = stream.read(_MOST_BYTES)
    content = json.loads(data)
    if content["format"] != _FORMAT:
        raise ValueError("a card of another version")
    weights = path.with_name(WEIGHTS_NAME)
    if not weights.is_file():
        raise ValueError("no weights")
    ours = {"factory": _FACTORY, "runtime": "", "weights": str(weights)}
    card = card_from_plain(content["card"] | ours)
    if place_of(card.key) != path.parent:
        raise ValueError("a card in another's place")
    return card
