"""Running a backbone in PyTorch: which device, how many images at once, what if memory ends."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from fewshot_gui.backbones import torch_views
from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.runtime import filled_up
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.texts import _

_log = logging.getLogger(__name__)

MOST_AT_ONCE = 256  # on a graphics card

# Kernels are chosen by the batch size, and a single image goes another way through the
# network than the same image among others: its embedding differs in the last bits.
# Batches in multiples of this give one image one embedding, in whatever company it comes;
# on the processor all are of exactly this size, which its caches like best as well.
STEP = 8


class TorchRuntime:
    """A backbone run by PyTorch in this process.

    Args:
        card: What to load.
        device: ``auto`` (CUDA, then MPS, then CPU) or one of ``cuda``, ``mps``, ``cpu``.
        load: How to build the network; the card's own way by default.
    """

    def __init__(
        self,
        card: BackboneCard,
        device: str = "auto",
        load: Callable[[BackboneCard], torch.nn.Module] | None = None,
    ) -> None:
        self._card = card
        self._wanted = device
        self._load = load or BackboneCard.load
        self._network: torch.nn.Module | None = None
        self._device = ""
        self._batch = MOST_AT_ONCE

    @property
    def device(self) -> str:
        return self._device

    def start(self, job: Job) -> None:
        """See ``Runtime.start``."""
        if self._network is not None:
            return
        job.checkpoint()
        device = resolve_device(self._wanted)
        network = self._loaded()
        if device != "cpu" and not self._works(network, device):
            if self._wanted != "auto":
                raise UserError(
                    _("The device “{device}” cannot be used.").format(device=device),
                    _("Choose “cpu”, or “auto”."),
                )
            job.notice(_("The graphics card cannot be used; the processor is used instead."))
            device = "cpu"
        self._network = network.to(device)
        self._device, self._batch = device, _at_once(device)

    def embed(self, pixels: NDArray[np.uint8], job: Job) -> NDArray[np.float32]:
        """See ``Runtime.embed``. Less memory than needed means smaller batches, then the CPU.

        So does a card that fails in any other way: its driver, a computer that slept.
        """
        self.start(job)
        done: list[NDArray[np.float32]] = []
        start = 0
        while start < len(pixels):
            job.checkpoint()
            batch = pixels[start : start + self._batch]
            try:
                part = self._attempt(self._network, batch, self._device)
            except RuntimeError:
                if self._device == "cpu":
                    raise
                _log.warning("the graphics card failed", exc_info=True)
                self._leave_card(job)
                continue
            if part is None:
                self._make_room(len(batch), job)
                continue
            done.append(part)
            start += len(part)
        if not done:
            return np.zeros((0, self._card.width), np.float32)
        return np.concatenate(done)

    def close(self) -> None:
        """Let go of the network."""
        self._network = None
        self._device = ""

    def _loaded(self) -> torch.nn.Module:
        return self._load(self._card).to(memory_format=torch.channels_last)

    def _leave_card(self, job: Job) -> None:
        """Go on with the processor: after an error, a card gives nothing back that lies on it."""
        job.notice(_("The graphics card cannot be used; the processor is used instead."))
        self._network = self._loaded()
        self._device, self._batch = "cpu", _at_once("cpu")

    def _works(self, network: torch.nn.Module, device: str) -> bool:
        """Whether the device takes the network and one image."""
        size = self._card.preprocessing.crop.size
        black = np.zeros((1, size, size, 3), np.uint8)
        try:
            return self._attempt(network.to(device), black, device) is not None
        except RuntimeError:
            # An old driver, an unsupported or a full card shows here, at the first real work.
            return False

    def _attempt(
        self, network: torch.nn.Module, pixels: NDArray[np.uint8], device: str
    ) -> NDArray[np.float32] | None:
        """Embeddings of one batch, or None where it did not fit into memory."""
        try:
            with torch.inference_mode():
                filled = filled_up(pixels, min(STEP, self._batch))
                batch = self._normalised(filled, device)
                vectors = torch_views.embed(network, batch, self._card.preprocessing)
                return vectors[: len(pixels)].float().cpu().numpy()
        except (torch.OutOfMemoryError, MemoryError):
            return None
        except RuntimeError as error:
            # MPS and the CPU allocator have no exception class of their own for this.
            if "out of memory" in str(error) or "can't allocate memory" in str(error):
                return None
            raise

    def _normalised(self, pixels: NDArray[np.uint8], device: str) -> torch.Tensor:
        place = _tensor_device(device)
        batch = torch.from_numpy(np.ascontiguousarray(pixels)).to(place)
        # A permuted NHWC array *is* channels-last memory: nothing is copied here.
        batch = batch.permute(0, 3, 1, 2).float()
        mean = torch.tensor(self._card.preprocessing.mean, device=place) * 255
        std = torch.tensor(self._card.preprocessing.std, device=place) * 255
        return (batch - mean[:, None, None]) / std[:, None, None]

    def _make_room(self, tried: int, job: Job) -> None:
        """Smaller batches after ``tried`` images did not fit; the CPU after a single one."""
        # Called outside the except block: the exception held the failed batch's tensors.
        if self._device == "cuda":
            torch.cuda.empty_cache()
        if tried > 1:
            self._batch = tried // 2
            job.notice(
                _("Memory of {device} is short: working with {count} images at a time.").format(
                    device=self._device, count=self._batch
                )
            )
        elif self._device != "cpu":
            job.notice(_("The graphics card's memory is too small; the processor is used instead."))
            self._network = self._network.to("cpu")
            self._device, self._batch = "cpu", _at_once("cpu")
        else:
            raise UserError(
                _("There is not enough memory to look at an image."), _("Close other programs.")
            )


def _at_once(device: str) -> int:
    return STEP if device == "cpu" else MOST_AT_ONCE


def _tensor_device(device: str) -> torch.device:
    return torch.device(device)


def resolve_device(wanted: str) -> str:
    """``cuda``, ``mps`` or ``cpu``. Raises ``UserError`` if the wanted one is not there."""
    present = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
        "cpu": lambda: True,
    }
    if wanted == "auto":
        return next(name for name, is_present in present.items() if is_present())
    if wanted not in present:
        raise UserError(
            _("There is no device called “{device}”.").format(device=wanted),
            _("Choose one of: {known}.").format(known="auto, " + ", ".join(present)),
        )
    if not present[wanted]():
        raise UserError(
            _("This computer has no device “{device}” that can be used.").format(device=wanted),
            _("Choose “auto”, or leave the device out."),
        )
    return wanted
