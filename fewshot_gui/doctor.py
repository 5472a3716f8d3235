"""What a bug report needs to know about this installation."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from fewshot_gui import __version__
from fewshot_gui.backbones.catalogue import all_backbones
from fewshot_gui.learners.registry import trained_learners
from fewshot_gui.paths import cache_dir, config_dir, data_dir, log_dir, resource
from fewshot_gui.texts import _

_PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "openvino",
    "numpy",
    "pillow",
    "PySide6-Essentials",
)


def report() -> Iterator[tuple[str, str]]:
    """Name and value of each fact, in the order of reading."""
    yield "fewshot-gui", __version__
    yield "Python", platform.python_version()
    yield _("System"), platform.platform()
    for package in _PACKAGES:
        yield package, _version(package)
    yield _("Devices"), ", ".join(_devices())
    for card in all_backbones():
        yield _("Backbone"), f"{card.key}: {card.title}, {card.licence}"
    for info in trained_learners():
        yield _("Trained learner"), f"{info.key}: {info.title}"
    yield _("Qt platform"), os.environ.get("QT_QPA_PLATFORM") or _("the system's own")
    yield _("Resources"), str(resource()) + ("" if resource().is_dir() else _(" (missing)"))
    yield _("Projects"), str(data_dir())
    yield _("Settings"), str(config_dir())
    yield _("Log"), str(log_dir())
    yield _("Cache"), f"{cache_dir()} ({_size_of_cache() / 1e6:.1f} MB)"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return _("not installed")


def _devices() -> list[str]:
    if find_spec("torch") is None:
        return [_("none: torch is not installed")]
    import torch

    found = ["cpu"]
    if torch.backends.mps.is_available():
        found.insert(0, "mps")
    if torch.cuda.is_available():
        found.insert(0, f"cuda ({torch.cuda.get_device_name()})")
    return found


def _size_of_cache() -> int:
    return sum(path.stat().st_size for path in cache_dir().rglob("*") if path.is_file())
