"""The network of a trained learner, as the runtimes run it: RGB pictures to embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fewshot_gui.metatrain.learner_card import AdapterSettings, NetworkPart, TunedSettings
from fewshot_gui.metatrain.learner_file import load_learner
from fewshot_gui.metatrain.shelf import named_backbone

if TYPE_CHECKING:
    from torch import nn

    from fewshot_gui.backbones.catalogue import BackboneCard


def load(card: BackboneCard) -> nn.Module:
    """The network behind a backbone card that was made of a learner file.

    Raises:
        UserError: The file is missing or damaged, is another one by now, or its learner goes
            on from a backbone that is not here.
    """
    from torch import nn

    learner = load_learner(Path(card.weights), card.weights_sha256)
    whole = nn.Sequential(inputs_of(learner.card.network), learner.network)
    return whole.eval().requires_grad_(False)


def inputs_of(part: NetworkPart) -> nn.Module:
    """What turns normalised RGB into that which the network was trained on.

    Raises:
        UserError: It goes on from a backbone that is not here.
    """
    from fewshot_gui.metatrain.torch_embedders import Pictures, Rescaled, Units

    settings = part.settings
    if isinstance(settings, AdapterSettings):
        inputs: nn.Module = Units(named_backbone(settings).load())
    elif isinstance(settings, TunedSettings):
        inputs = Rescaled(named_backbone(settings).preprocessing)
    else:
        inputs = Pictures(settings.channels)
    return inputs.eval().requires_grad_(False)
