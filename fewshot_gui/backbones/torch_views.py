"""Several views of an image, and one embedding of them all."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F

from fewshot_gui.backbones.preprocessing import CROPS, FLIP, Preprocessing


def embed(
    network: torch.nn.Module, batch: torch.Tensor, preprocessing: Preprocessing
) -> torch.Tensor:
    """Embeddings of a batch ``(n, 3, h, w)``: the mean direction of its views, ``(n, d)``.

    Without views it is what the network says, whatever its length.
    """
    if not preprocessing.views:
        return network(batch)
    total, count = None, 0
    for view in _views(batch, preprocessing):
        units = F.normalize(network(view).float(), dim=1)
        total = units if total is None else total + units
        count += 1
    return total / count


def _views(batch: torch.Tensor, preprocessing: Preprocessing) -> Iterator[torch.Tensor]:
    """One view of the whole batch after the other: only one is in memory."""
    crops = _crops if CROPS in preprocessing.views else _whole
    for crop in crops(batch, preprocessing.size):
        yield crop
        if FLIP in preprocessing.views:
            yield crop.flip(3)


def _whole(batch: torch.Tensor, _size: int) -> Iterator[torch.Tensor]:
    yield batch


def _crops(batch: torch.Tensor, size: int) -> Iterator[torch.Tensor]:
    """The centre and the four corners."""
    height, width = batch.shape[2:]
    ends = height - size, width - size
    places = [(ends[0] // 2, ends[1] // 2), *((y, x) for y in (0, ends[0]) for x in (0, ends[1]))]
    for top, left in places:
        # An own copy: kernels for slices of a larger picture would be slower ones.
        part = batch[:, :, top : top + size, left : left + size]
        yield part.contiguous(memory_format=torch.channels_last)
