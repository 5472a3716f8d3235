"""The pictures of a training, made ready once: as pixels, or as a backbone's embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.store import ImageStore
from fewshot_gui.metatrain.training_episodes import EpisodeSource, as_input
from fewshot_gui.metatrain.training_plan import BatchPlan

Ints = NDArray[np.int64]


class Material(Protocol):
    """What episodes are drawn from.

    Attributes:
        classes: All classes with all pictures that can be used, by row.
        paths: Absolute path of the picture of every row.
    """

    classes: ClassRows
    paths: tuple[str, ...]

    def source(
        self, classes: ClassRows, plan: BatchPlan, seed: int, device: torch.device
    ) -> EpisodeSource:
        """Episodes of some of the classes. Raises ``UserError`` where they are too few."""
        ...

    def inputs(self, rows: Ints, device: torch.device) -> Tensor:
        """What a network is given for these rows, as they are: no augmentation."""
        ...


@dataclass(frozen=True)
class Pixels:
    """Pictures themselves.

    Attributes:
        store: All of them.
        paths: Of every row of the store.
    """

    store: ImageStore
    paths: tuple[str, ...]

    @property
    def classes(self) -> ClassRows:
        return self.store.classes

    def source(
        self, classes: ClassRows, plan: BatchPlan, seed: int, device: torch.device
    ) -> EpisodeSource:
        """See ``Material``."""
        return EpisodeSource(self.store, classes, plan, seed, device)

    def inputs(self, rows: Ints, device: torch.device) -> Tensor:
        """float32 ``(n, channels, side, side)``."""
        return as_input(torch.from_numpy(self.store.pixels[rows]).to(device))


@dataclass(frozen=True)
class Units:
    """Embeddings of length 1 by a backbone that stays as it is.

    Attributes:
        vectors: float16 ``(n, width)``.
        classes: See ``Material``.
        paths: See ``Material``.
    """

    vectors: NDArray[np.float16]
    classes: ClassRows
    paths: tuple[str, ...]

    def source(
        self, classes: ClassRows, plan: BatchPlan, seed: int, device: torch.device
    ) -> EpisodeSource:
        """See ``Material``; nothing is turned, bent or mirrored."""
        return _UnitSource(ImageStore(self.vectors, classes), classes, plan, seed, device)

    def inputs(self, rows: Ints, device: torch.device) -> Tensor:
        """float32 ``(n, width)``."""
        return torch.from_numpy(self.vectors[rows]).to(device, torch.float32)


class _UnitSource(EpisodeSource):
    """Episodes of embeddings instead of pictures."""

    def _images(self, rows: Ints, turns: Ints) -> Tensor:
        """float32 ``rows.shape + (width,)``."""
        units = self._pixels[torch.from_numpy(rows.ravel()).to(self._pixels.device)]
        return units.to(self._device, torch.float32).unflatten(0, rows.shape)
