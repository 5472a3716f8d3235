"""Runs an adapter behind whatever runs its backbone best."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.local_runtime import started_runtime
from fewshot_gui.backbones.runtime import Runtime
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import unit
from fewshot_gui.metatrain.learner_card import AdapterSettings
from fewshot_gui.metatrain.shelf import named_backbone


class AdapterRuntime:
    """A ``Runtime`` for the card of a learner that is an adapter on a backbone.

    Args:
        card: Of the learner.
        device: Where the backbone is to run.
    """

    def __init__(self, card: BackboneCard, device: str) -> None:
        self._card = card
        self._wanted = device
        self._backbone: Runtime | None = None
        self._change: NDArray[np.float32] | None = None

    @property
    def device(self) -> str:
        return self._backbone.device if self._backbone is not None else ""

    def start(self, job: Job) -> None:
        """See ``Runtime.start``."""
        if self._backbone is not None:
            return
        from fewshot_gui.metatrain.learner_file import load_learner

        learner = load_learner(Path(self._card.weights), self._card.weights_sha256)
        settings = learner.card.network.settings
        if not isinstance(settings, AdapterSettings):
            raise ValueError(f"{settings!r} is no adapter")
        self._change = learner.network.change.detach().numpy()
        backbone = replace(named_backbone(settings), preprocessing=self._card.preprocessing)
        self._backbone = started_runtime(backbone, self._wanted, job)

    def embed(self, pixels: NDArray[np.uint8], job: Job) -> NDArray[np.float32]:
        """See ``Runtime.embed``."""
        self.start(job)
        units = unit(self._backbone.embed(pixels, job))
        return units + np.stack([self._change @ row for row in units]) if len(units) else units

    def close(self) -> None:
        """Let go of the network."""
        if self._backbone is not None:
            self._backbone.close()
            self._backbone = None
