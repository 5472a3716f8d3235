"""Rounding a network to bfloat16 so that what it gives hardly moves.

Errors of single weights and pixels average out over a picture. Those that are the same for
every pixel do not: they are handed on to where they can be made up for. With both measures
the worst cosine between embeddings of 1,968 photographs in bfloat16 and exact ones is 0.9997
where the first four blocks are kept exact, and 0.9987 where the first one alone is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.lite_layers import Block, Layer, Layers

Owed = NDArray[np.float32]  # (channels,): what is missing from all pixels of a channel


def rounded(layers: Layers, exact: int) -> Layers:
    """The same network with numbers that bfloat16 can hold, but for its beginning.

    Args:
        layers: The network.
        exact: So many blocks stay as they are, one at least, and the stem before them.
    """
    blocks = list(layers.blocks[:exact])
    owed = np.zeros(len(blocks[-1].project.kernel), np.float32)
    for block in layers.blocks[exact:]:
        done, owed = _block(block, owed)
        blocks.append(done)
    return replace(layers, blocks=tuple(blocks), head=_offset_rounded(_paid(layers.head, owed)))


def bfloat16(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The nearest numbers that have only the upper 16 bits of a float32; ties go to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def _block(block: Block, owed: Owed) -> tuple[Block, Owed]:
    """The block rounded, and what its result then lacks.

    Args:
        block: Not the first one.
        owed: What is missing from its input.
    """
    assert block.expand is not None
    wanted = block.project.offset + owed if block.residual else block.project.offset
    project = replace(block.project, offset=bfloat16(wanted))
    done = replace(
        block,
        expand=_offset_rounded(_paid(block.expand, owed)),
        depthwise=_offset_rounded(_diffused(block.depthwise)),
        project=project,
    )
    return done, wanted - project.offset


def _paid(layer: Layer, owed: Owed) -> Layer:
    """A pointwise layer that gives what it would give if nothing were missing from its input."""
    return replace(layer, offset=layer.offset + layer.kernel[:, :, 0, 0] @ owed)


def _offset_rounded(layer: Layer) -> Layer:
    return replace(layer, offset=bfloat16(layer.offset))


def _diffused(layer: Layer) -> Layer:
    """A depthwise layer whose filters keep their sums when they are rounded.

    What they are laid over is never negative and much the same from one pixel to the next.
    So the next weight gets what the one before it lost: error diffusion.
    """
    exact = layer.kernel.reshape(len(layer.kernel), -1)
    kernel = np.empty_like(exact)
    owed = np.zeros(len(exact), np.float32)
    for place in range(exact.shape[1]):
        wanted = exact[:, place] + owed
        kernel[:, place] = bfloat16(wanted)
        owed = wanted - kernel[:, place]
    return replace(layer, kernel=kernel.reshape(layer.kernel.shape))
