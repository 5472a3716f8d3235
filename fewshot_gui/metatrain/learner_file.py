"""A trained learner into a file and out of it, with everything checked. Never pickle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fewshot_gui.atomic import replacing
from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.learner_card import LearnerCard, TunedSettings
from fewshot_gui.metatrain.learner_format import (
    LearnerBytes,
    encoded,
    read_learner_bytes,
    refused,
)
from fewshot_gui.texts import _

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class LoadedLearner:
    """What was in a learner file.

    Attributes:
        card: What it says of itself.
        checksum: Of the file; see ``LearnerBytes``.
        network: A ``Network`` in evaluation mode, on the processor.
        algorithm: An ``Algorithm``, likewise.
    """

    card: LearnerCard
    checksum: str
    network: nn.Module
    algorithm: nn.Module


def save_learner(path: Path, card: LearnerCard, network: nn.Module, algorithm: nn.Module) -> None:
    """Write a learner file, in place of an older one.

    Args:
        path: Where.
        card: Says what the network and the algorithm are; see ``building``.
        network: What ``built_network`` makes of the card, trained.
        algorithm: Likewise.

    Raises:
        UserError: It cannot be written, or is too large; an older one stays as it was.
        ValueError: The card speaks of another network or algorithm, or a weight is not finite.
    """
    from fewshot_gui.metatrain.building import kept_tensors

    tensors = kept_tensors(network, algorithm)
    if _shapes(tensors) != _shapes(kept_tensors(*_built(card))):
        raise ValueError("the card speaks of another network or algorithm")
    whole = encoded(card, {name: tensor.cpu().numpy() for name, tensor in tensors.items()})
    with replacing(path, len(whole)) as stream:
        stream.write(whole)


def load_learner(path: Path, checksum: str = "") -> LoadedLearner:
    """A learner from its file.

    Args:
        path: The file.
        checksum: What it must have; "" takes any.

    Raises:
        UserError: The file is missing, damaged or something else, has another checksum, or
            its learner goes on from a backbone that is not there.
    """
    found = read_learner_bytes(path)
    if checksum not in ("", found.checksum):
        raise UserError(
            _("The learner file “{file}” was changed meanwhile.").format(file=path.name),
            _("Choose it again."),
        )
    try:
        return _loaded(found)
    except (ValueError, RuntimeError) as error:
        raise refused(path) from error


def read_card(path: Path) -> LearnerCard:
    """What a learner file says of itself; torch is not imported.

    Raises:
        UserError: The file is missing, damaged or something else.
    """
    return read_learner_bytes(path).card


def _loaded(found: LearnerBytes) -> LoadedLearner:
    import torch

    from fewshot_gui.metatrain.building import kept_tensors

    network, algorithm = _built(found.card)
    arrays = found.arrays()
    wanted = _shapes(kept_tensors(network, algorithm))
    if {name: (array.dtype.name, array.shape) for name, array in arrays.items()} != wanted:
        raise ValueError("the tensors are those of another learner")
    tensors = {name: torch.tensor(array) for name, array in arrays.items()}  # its own memory
    for prefix, module in (("network.", network), ("algorithm.", algorithm)):
        own = {
            name.removeprefix(prefix): tensor
            for name, tensor in tensors.items()
            if name.startswith(prefix)
        }
        # What is not in the file came with the backbone; the names were compared above.
        module.load_state_dict(own, strict=False, assign=True)
    return LoadedLearner(found.card, found.checksum, network.eval(), algorithm.eval())


def _built(card: LearnerCard) -> tuple[nn.Module, nn.Module]:
    """Network and algorithm; without any weights where all of them are in the file."""
    import torch

    from fewshot_gui.metatrain.building import built_algorithm, built_network

    if isinstance(card.network.settings, TunedSettings):
        network = built_network(card.network)
    else:
        with torch.device("meta"):
            network = built_network(card.network)
    with torch.device("meta"):
        return network, built_algorithm(card.algorithm, network.width)


def _shapes(tensors: dict[str, Tensor]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape by name."""
    return {
        name: (str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape))
        for name, tensor in tensors.items()
    }
