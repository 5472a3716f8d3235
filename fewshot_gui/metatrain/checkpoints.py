"""Meta-training put down in one file, to go on from later exactly.

A safetensors file: weights, the optimiser's memory and, as JSON in its header, the rest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from fewshot_gui.atomic import replacing
from fewshot_gui.metatrain.resuming import FORMAT, checked_notes, unusable


@dataclass(frozen=True)
class Checkpoint:
    """All that the next step depends on.

    Attributes:
        tensors: By name; floating point ones are finite.
        notes: Whatever else, fit for JSON.
    """

    tensors: dict[str, Tensor]
    notes: dict[str, Any]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Put it in place of what was there, or leave that untouched.

    Raises:
        UserError: It cannot be written there.
    """
    # safetensors wants plain memory, and one tensor's memory must not be another's too.
    plain = {
        name: tensor.detach().cpu().contiguous().clone(memory_format=torch.contiguous_format)
        for name, tensor in checkpoint.tensors.items()
    }
    header = {"format": FORMAT, "notes": json.dumps(checkpoint.notes)}
    whole = save(plain, header)
    with replacing(path, len(whole)) as stream:
        stream.write(whole)


def load_checkpoint(path: Path) -> Checkpoint:
    """What was put down there.

    Raises:
        UserError: It is missing, damaged, something else, or of a newer version.
    """
    try:
        with safe_open(path, framework="pt") as file:
            notes = checked_notes(file.metadata() or {}, path)
            # Copies: what is mapped from the file holds it, and the room that it takes.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        if not all(map(_finite, tensors.values())):
            raise ValueError("not a state that can be gone on from")
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        raise unusable(path) from error
    return Checkpoint(tensors, notes)


def prefixed(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with ``name.`` before their names."""
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def part(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those whose names begin with ``name.``, without it."""
    begin = f"{name}."
    return {key[len(begin) :]: value for key, value in tensors.items() if key.startswith(begin)}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What the optimiser remembers of each parameter, by its number and a name."""
    memory = optimiser.state_dict()["state"]
    return {
        f"{number}.{key}": value for number, held in memory.items() for key, value in held.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Have it remember that. Raises ``ValueError`` where it is the memory of another one."""
    memory: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, _dot, key = name.partition(".")
        memory.setdefault(int(number), {})[key] = tensor
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    for number, held in memory.items():
        if not 0 <= number < len(parameters):
            raise ValueError("the optimiser has fewer parameters")
        if any(t.ndim and t.shape != parameters[number].shape for t in held.values()):
            raise ValueError("the optimiser has parameters of other shapes")
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": memory, "param_groups": groups})


def restore_module(module: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Strictly load a module's tensors. Raises ``ValueError`` where they are of another one."""
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError("the tensors are those of another network") from error


def _finite(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())
