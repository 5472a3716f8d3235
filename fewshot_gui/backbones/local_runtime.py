"""Which library runs a backbone in this process."""

from __future__ import annotations

import ctypes
import logging
import platform
import sys
from importlib import import_module

from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.runtime import Runtime
from fewshot_gui.jobs import Job

OWN_NETWORKS = "fewshot_gui.backbones.torch_lite:"  # those that need no torch

_log = logging.getLogger(__name__)


def started_runtime(card: BackboneCard, device: str, job: Job) -> Runtime:
    """A runtime whose network is loaded.

    A bundled network is run by OpenVINO where it runs on the processor; everything else,
    and whatever OpenVINO cannot do on this computer, by torch.

    Args:
        card: What to load.
        device: ``auto``, ``cuda``, ``mps`` or ``cpu``.
        job: Told and asked while the network is loaded.

    Raises:
        UserError: The weights are not usable, or the device is not there.
    """
    if card.runtime:
        module, _colon, name = card.runtime.partition(":")
        own: Runtime = getattr(import_module(module), name)(card, device)
        own.start(job)
        return own
    if not card.factory.startswith(OWN_NETWORKS) or device not in ("auto", "cpu"):
        return _with_torch(card, device, job)
    if device == "auto" and _graphics_card():
        runtime = _with_torch(card, device, job)
        if runtime.device != "cpu":
            return runtime
        # There is a graphics card, but none for this torch: many installations have one without.
    return _with_openvino(card, job) or _with_torch(card, device, job)


def _with_openvino(card: BackboneCard, job: Job) -> Runtime | None:
    """None where OpenVINO does not work: an old processor, or a system it is not made for."""
    try:
        from fewshot_gui.backbones.openvino_runtime import OpenVinoRuntime

        runtime = OpenVinoRuntime(card)
        runtime.start(job)
    except (ImportError, RuntimeError):
        _log.warning("OpenVINO does not work here; torch is used instead", exc_info=True)
        return None
    return runtime


def _with_torch(card: BackboneCard, device: str, job: Job) -> Runtime:
    from fewshot_gui.backbones.torch_runtime import TorchRuntime

    runtime = TorchRuntime(card, device)
    runtime.start(job)
    return runtime


def _graphics_card() -> bool:
    """Whether there may be one that torch can use; asking torch would mean importing it."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int()
    return (
        driver.cuInit(0) == 0
        and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
        and count.value > 0
    )
