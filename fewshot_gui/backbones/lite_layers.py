"""EfficientNet-Lite as plain numbers: its convolutions with their normalisation folded in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EPSILON = 1e-3  # of batch normalisation, as the network was trained
STRIDES = (1, 2, 2, 2, 1, 2, 1)  # of the first block of each stage
# The normalisation after each kind of convolution.
NORMS = {
    "_conv_stem": "_bn0",
    "_expand_conv": "_bn0",
    "_depthwise_conv": "_bn1",
    "_project_conv": "_bn2",
    "_conv_head": "_bn1",
}
STEM, HEAD = "_conv_stem", "_conv_head"


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A convolution with the normalisation after it folded in.

    Attributes:
        kernel: float32 ``(channels, inputs, k, k)``; one input where it is depthwise.
        offset: float32 ``(channels,)``.
    """

    kernel: NDArray[np.float32]
    offset: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """An inverted residual block (Sandler et al. 2018, arXiv:1801.04381).

    Attributes:
        expand: Pointwise; None in the first block.
        depthwise: One filter for each channel.
        project: Pointwise, and nothing after it that is not linear.
        stride: Of the depthwise convolution, in pixels.
        residual: What went in is added to what comes out.
    """

    expand: Layer | None
    depthwise: Layer
    project: Layer
    stride: int
    residual: bool


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """The whole network, in the order in which it is run."""

    stem: Layer
    blocks: tuple[Block, ...]
    head: Layer


def folded(weights: Mapping[str, NDArray]) -> Layers:
    """The network out of the arrays of its weights file, by their names."""
    blocks = tuple(_blocks(weights))
    return Layers(_layer(weights, STEM), blocks, _layer(weights, HEAD))


def _blocks(weights: Mapping[str, NDArray]) -> Iterator[Block]:
    """A stage begins where the number of channels changes."""
    before, stage, number = 32, -1, 0
    while f"_blocks.{number}._project_conv.weight" in weights:
        name = f"_blocks.{number}"
        expands = f"{name}._expand_conv.weight" in weights
        project = _layer(weights, f"{name}._project_conv")
        channels = len(project.kernel)
        starts = channels != before
        stage += starts
        stride = STRIDES[stage] if starts else 1
        yield Block(
            _layer(weights, f"{name}._expand_conv") if expands else None,
            _layer(weights, f"{name}._depthwise_conv"),
            project,
            stride,
            residual=stride == 1 and not starts,
        )
        before, number = channels, number + 1


def _layer(weights: Mapping[str, NDArray], name: str) -> Layer:
    block, dot, kind = name.rpartition(".")
    norm = f"{block}{dot}{NORMS[kind]}"
    deviation = np.sqrt(weights[f"{norm}.running_var"].astype(np.float64) + EPSILON)
    factor = weights[f"{norm}.weight"] / deviation
    kernel = weights[f"{name}.weight"].astype(np.float64) * factor[:, None, None, None]
    offset = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * factor
    return Layer(kernel.astype(np.float32), offset.astype(np.float32))
