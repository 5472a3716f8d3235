"""Any network of timm with weights from a safetensors file.

The file comes from a stranger: its checksum, names, shapes, kinds and values are tested
before anything is computed with it, and no other format is opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import timm
import torch
from safetensors import SafetensorError, safe_open
from torch.utils.flop_counter import FlopCounterMode

from fewshot_gui.backbones.catalogue import BackboneCard, Speed
from fewshot_gui.backbones.licences import licence_name
from fewshot_gui.backbones.timm_config import TimmModel, model_of
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.texts import _

FACTORY = "fewshot_gui.backbones.torch_timm:load"
_READ_AT_ONCE = 1 << 20
_FAST, _MEDIUM = 1.0, 5.0  # billions of multiplications for an image
_FLOATS = ("F16", "BF16", "F32")
# Tables that older versions of timm kept with the weights and newer ones make themselves.
_MADE_AGAIN = ("relative_position_index", "attn_mask", "relative_coords_table")


def load(card: BackboneCard) -> torch.nn.Module:
    """The network, float32 ``(n, 3, s, s)`` -> float32 ``(n, width)``.

    Raises:
        UserError: The weights are absent, were changed, or are not for this network.
    """
    path = Path(card.weights)
    if sha256_of(path, Job()) != card.weights_sha256:
        raise UserError(
            _("The backbone's weights in “{file}” were changed.").format(file=path.name),
            _("Fetch or choose them again."),
        )
    return _built(path, card.architecture, card.arguments, card.input_size, card.classifier)


def registered(name: str) -> TimmModel:
    """What timm itself knows of a model, ``architecture`` or ``architecture.tag``.

    Raises:
        UserError: timm has no such model.
    """
    _check_architecture(name)
    weights = timm.get_pretrained_cfg(name, allow_unregistered=False)
    try:
        if weights is None:
            raise ValueError(_("timm says nothing of its input"))
        facts = {**weights.to_dict(), "license": weights.license or ""}
        return model_of({"architecture": name, "pretrained_cfg": facts})
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            _("“{name}” cannot be used as a backbone: {reason}.").format(name=name, reason=error)
        ) from error


def describe(path: Path, model: TimmModel, key: str, title: str, job: Job) -> BackboneCard:
    """The card of a weights file, after a trial with one black image.

    Raises:
        UserError: The file is not one that can be used.
        Cancelled: The job was cancelled.
    """
    sha256 = sha256_of(path, job)
    job.checkpoint()
    network = _built(path, model.architecture, model.arguments, model.input_size, model.classifier)
    job.checkpoint()
    width, cost = _tried(network, model.preprocessing.size, path.name)
    return BackboneCard(
        key=key,
        title=title,
        width=width,
        preprocessing=model.preprocessing,
        licence=licence_name(model.licence),
        source=path.name,
        weights_sha256=sha256,
        factory=FACTORY,
        architecture=model.architecture,
        arguments=model.arguments,
        input_size=model.input_size,
        classifier=model.classifier,
        weights=str(path),
        megabytes=path.stat().st_size / 1e6,
        speed=Speed.FAST if cost < _FAST else Speed.MEDIUM if cost < _MEDIUM else Speed.SLOW,
    )


def sha256_of(path: Path, job: Job) -> str:
    """Checksum of a file. Raises ``UserError`` where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while data := stream.read(_READ_AT_ONCE):
                job.checkpoint()
                digest.update(data)
    except OSError as error:
        raise UserError(
            _("The backbone's weights cannot be read from “{file}”: {reason}.").format(
                file=path, reason=error.strerror or error
            )
        ) from error
    return digest.hexdigest()


def metadata_of(path: Path) -> dict[str, str]:
    """The texts that a safetensors file carries about itself. Raises ``UserError``."""
    try:
        with safe_open(path, "pt") as tensors:
            return dict(tensors.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise _no_safetensors(path, error) from error


def _check_architecture(name: str) -> None:
    # Not only for the message: timm takes some names for addresses and fetches from there.
    if ":" in name or "/" in name or not timm.is_model(name.partition(".")[0]):
        raise UserError(
            _("timm has no network called “{name}”.").format(name=name[:80]),
            _("Its names look like “vit_small_patch14_reg4_dinov2.lvd142m”."),
        )


def _built(
    path: Path,
    architecture: str,
    arguments: tuple[tuple[str, object], ...],
    input_size: int,
    classifier: tuple[str, ...],
) -> torch.nn.Module:
    """The network with the file's weights, without classes, in evaluation mode."""
    _check_architecture(architecture)
    try:
        with safe_open(path, "pt") as tensors:
            classes = _classes(tensors, classifier)
            network = timm.create_model(
                architecture, pretrained=False, num_classes=classes, **dict(arguments)
            )
            _fill(network, tensors, architecture)
    except (SafetensorError, OSError) as error:
        raise _no_safetensors(path, error) from error
    except TypeError as error:  # an argument that this network does not take
        raise UserError(_("The network cannot be built: {reason}.").format(reason=error)) from error
    if classes:
        network.reset_classifier(0)
    if input_size:
        network.set_input_size(input_size)
    return network.eval()


def _classes(tensors, classifier: tuple[str, ...]) -> int:
    """How many classes the file's network tells apart; weights for embeddings have none."""
    names = set(tensors.keys())
    for layer in classifier:
        if f"{layer}.weight" in names:
            return int(tensors.get_slice(f"{layer}.weight").get_shape()[0])
    return 0


def _fill(network: torch.nn.Module, tensors, architecture: str) -> None:
    """Copy every tensor of the file to its place, if all are as they have to be."""
    wanted = network.state_dict()
    for problem in _problems(wanted, tensors):
        raise UserError(
            _("These weights do not fit the network “{name}”: {problem}.").format(
                name=architecture, problem=problem
            ),
            _("Name the network they were made for, by its name in timm."),
        )
    for name, place in wanted.items():
        tensor = tensors.get_tensor(name)
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise UserError(
                _("The backbone's weights are damaged: “{tensor}” is not finite.").format(
                    tensor=name
                )
            )
        place.copy_(tensor)  # a state dict shares its memory with the network


def _problems(wanted: dict[str, torch.Tensor], tensors) -> Iterator[str]:
    found = {name for name in tensors.keys() if name.rpartition(".")[2] not in _MADE_AGAIN}  # noqa: SIM118
    for name in sorted(wanted.keys() - tensors.keys()):
        yield _("“{tensor}” is missing").format(tensor=name)
    for name in sorted(found - wanted.keys()):
        yield _("“{tensor}” has no place in it").format(tensor=name[:80])
    for name, place in wanted.items():
        part = tensors.get_slice(name)
        if tuple(part.get_shape()) != tuple(place.shape):
            yield _("“{tensor}” has the shape {found} instead of {wanted}").format(
                tensor=name, found=tuple(part.get_shape()), wanted=tuple(place.shape)
            )
        elif (part.get_dtype() in _FLOATS) != place.is_floating_point():
            yield _("“{tensor}” is of the kind {found}").format(tensor=name, found=part.get_dtype())


def _tried(network: torch.nn.Module, size: int, file: str) -> tuple[int, float]:
    """Width of the embedding, and billions of multiplications for an image."""
    # With gradients: the counter follows some layers by them.
    with FlopCounterMode(display=False) as counter:
        embedding = network(torch.zeros(1, 3, size, size)).detach()
    if embedding.ndim != 2 or not torch.isfinite(embedding).all():
        raise UserError(_("The network in “{file}” gives no usable embedding.").format(file=file))
    return embedding.shape[1], counter.get_total_flops() / 2e9


def _no_safetensors(path: Path, error: Exception) -> UserError:
    return UserError(
        _("“{file}” is not a file of weights that can be used: {reason}.").format(
            file=path.name, reason=str(error)[:120] or type(error).__name__
        ),
        _("Only safetensors files are opened; others could run programs."),
    )
