"""EfficientNet-Lite as an OpenVINO network, straight from its weights.

Tan & Le 2019 (arXiv:1905.11946). The same network as `torch_lite.py`, built without torch,
so that nobody who sorts on a processor waits for torch to be imported. Batch normalisation
and the scaling of pixels are folded into the network.
"""

from __future__ import annotations

import numpy as np

from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.lite_layers import Block, Layer, folded
from fewshot_gui.backbones.lite_rounding import rounded
from fewshot_gui.backbones.lite_weights import checked_weights
from fewshot_gui.backbones.openvino_silent import op, ov
from fewshot_gui.backbones.weights_archive import read_weights

TOP = 6.0  # of ReLU6
EXACT = 4  # blocks that bfloat16 would cost most, and save least


def build(card: BackboneCard, batch: int, halves: bool = False) -> tuple[ov.Model, ...]:
    """The network, uint8 ``(batch, s, s, 3)`` -> float32 ``(batch, width)``, in one part or two.

    Args:
        card: A network of this family.
        batch: Number of images.
        halves: In two parts, the second fed with what the first one gives, and rounded for
            running it in bfloat16. The first is for float32: it holds the stem, whose errors
            would be as large as those of all others together, and the blocks that matter most
            for pictures with little in them.

    Raises:
        UserError: The weights file is absent or is not the one that the card names.
    """
    layers = folded(read_weights(checked_weights(card)))
    if halves:
        layers = rounded(layers, EXACT)
    pixels, x = _pixels(card, batch)
    x = _active(_conv(x, layers.stem, stride=2))
    for block in layers.blocks[:EXACT]:
        x = _block(x, block)
    beginning, entry = (), pixels
    if halves:
        beginning = (ov.Model([x], [pixels], f"{card.key}, first part"),)
        x = entry = op.parameter(list(x.get_output_shape(0)), np.float32)
    for block in layers.blocks[EXACT:]:
        x = _block(x, block)
    pooled = op.reduce_mean(_active(_conv(x, layers.head)), np.array([2, 3]))
    return (*beginning, ov.Model([pooled], [entry], card.key))


def _pixels(card: BackboneCard, batch: int) -> tuple[ov.Node, ov.Node]:
    """The way in, and what the first convolution gets: float32 ``(batch, 3, s, s)``."""
    preprocessing = card.preprocessing
    size = preprocessing.size
    pixels = op.parameter([batch, size, size, 3], np.uint8, name="pixels")
    scale = np.asarray(preprocessing.std, np.float32) * 255.0
    middle = np.asarray(preprocessing.mean, np.float32) * 255.0
    images = op.divide(op.subtract(op.convert(pixels, np.float32), middle), scale)
    return pixels, op.transpose(images, np.array([0, 3, 1, 2]))


def _block(x: ov.Node, block: Block) -> ov.Node:
    inside = x if block.expand is None else _active(_conv(x, block.expand))
    inside = _active(_conv(inside, block.depthwise, block.stride, depthwise=True))
    inside = _conv(inside, block.project)
    return op.add(inside, x) if block.residual else inside


def _conv(x: ov.Node, layer: Layer, stride: int = 1, depthwise: bool = False) -> ov.Node:
    """A convolution, padded as TensorFlow pads."""
    settings = ([stride, stride], [0, 0], [0, 0], [1, 1])
    if depthwise:
        x = op.group_convolution(x, layer.kernel[:, None], *settings, auto_pad="same_upper")
    else:
        x = op.convolution(x, layer.kernel, *settings, auto_pad="same_upper")
    return op.add(x, layer.offset[None, :, None, None])


def _active(x: ov.Node) -> ov.Node:
    return op.clamp(x, 0.0, TOP)
