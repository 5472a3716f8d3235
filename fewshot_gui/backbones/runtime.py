"""What runs a backbone, said without importing torch."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.jobs import Job


class Runtime(Protocol):
    """Turns pixels into embeddings, in this process or in another."""

    @property
    def device(self) -> str:
        """Where it runs; ``""`` before ``start``."""
        ...

    def start(self, job: Job) -> None:
        """Load the network. Does nothing when it is loaded. Raises ``UserError``."""
        ...

    def embed(self, pixels: NDArray[np.uint8], job: Job) -> NDArray[np.float32]:
        """uint8 ``(n, h, w, 3)`` -> float32 ``(n, d)``. Raises ``Cancelled``."""
        ...

    def close(self) -> None: ...


class InProcessRuntime:
    """A runtime in this process that imports what it needs only when it is first used.

    Args:
        card: What to load.
        device: ``auto``, ``cuda``, ``mps`` or ``cpu``.
    """

    def __init__(self, card: BackboneCard, device: str = "auto") -> None:
        self._card = card
        self._wanted = device
        self._runtime: Runtime | None = None

    @property
    def device(self) -> str:
        return self._runtime.device if self._runtime else ""

    def start(self, job: Job) -> None:
        """See ``Runtime.start``."""
        if self._runtime is None:
            from fewshot_gui.backbones.local_runtime import started_runtime

            self._runtime = started_runtime(self._card, self._wanted, job)

    def embed(self, pixels: NDArray[np.uint8], job: Job) -> NDArray[np.float32]:
        """See ``Runtime.embed``."""
        self.start(job)
        return self._runtime.embed(pixels, job)

    def close(self) -> None:
        """Let go of the network."""
        if self._runtime is not None:
            self._runtime.close()
            self._runtime = None


def filled_up(pixels: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """uint8 ``(n, h, w, 3)`` with black images added up to a multiple of ``step``."""
    missing = -len(pixels) % step
    if not missing:
        return pixels
    return np.concatenate([pixels, np.zeros((missing, *pixels.shape[1:]), np.uint8)])
