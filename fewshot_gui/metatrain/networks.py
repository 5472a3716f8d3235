"""Networks that are meta-trained from scratch: pictures -> features.

Their normalisation never looks from one target to another when they answer: the answer for
one picture alone is its answer among others.
"""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Network(Protocol):
    """What the algorithms need of a network; every one is a ``torch.nn.Module`` too."""

    width: int

    def __call__(self, images: Tensor, reference: int = 0) -> Tensor:
        """Features of pictures.

        Args:
            images: float ``(n, channels, h, w)``.
            reference: Normalise all by the statistics of the first so many pictures, the
                examples of a task, and leave the running statistics alone. With 0 it is as
                in any batch norm: the whole batch in training, running statistics else.

        Returns:
            float ``(n, width)``.
        """
        ...


def full_precision(tensor: Tensor) -> Tensor:
    """float32 at least: what was computed in half precision, ready for sums and softmax."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


class ReferenceNorm(nn.BatchNorm2d):
    """Batch norm that can take its statistics from the first pictures of a batch."""

    def forward(self, images: Tensor, reference: int = 0) -> Tensor:
        """Normalise ``(n, c, h, w)``; see ``Network.__call__`` for ``reference``."""
        if not reference:
            return super().forward(images)
        # Written out, as nothing here changes a buffer: torch.func can take it apart.
        known = full_precision(images[:reference])
        mean = known.mean((0, 2, 3), keepdim=True)
        variance = (known - mean).square().mean((0, 2, 3), keepdim=True)
        scale = self.weight[:, None, None] * torch.rsqrt(variance + self.eps)
        shift = self.bias[:, None, None] - mean * scale
        return images * scale.to(images.dtype) + shift.to(images.dtype)

    def of_batch(self, mean: Tensor, variance: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
        """The factor and the summand that normalise a batch in training.

        Args:
            mean: Of the batch's numbers in each channel, float32 ``(c,)``.
            variance: Likewise.
            count: Of how many numbers a channel has, a scalar.

        Returns:
            float32 ``(c,)`` each.
        """
        self.remember(mean.detach(), variance.detach(), count)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return scale, self.bias - mean * scale

    @torch.no_grad()
    def remember(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        """Let the running statistics follow those of a batch; see ``of_batch``."""
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * count / (count - 1), self.momentum)


class Conv4(nn.Module):
    """Four blocks of convolution, batch norm, ReLU and max pooling, then flattened.

    Vinyals et al. 2016, *Matching Networks for One Shot Learning*, arXiv:1606.04080.

    Args:
        channels: 1 for gray pictures, 3 for colour.
        side: Height and width of the pictures in pixels, at least 16.
        features: Channels of every block.
    """

    def __init__(self, channels: int = 1, side: int = 28, features: int = 64) -> None:
        super().__init__()
        if side < 16:
            raise ValueError(f"pictures of {side} pixels are too small for four poolings")
        self.width = features * (side // 16) ** 2
        self.blocks = nn.ModuleList(
            _ConvBlock(features, features) if number else _FirstBlock(channels, features)
            for number in range(4)
        )

    def forward(self, images: Tensor, reference: int = 0) -> Tensor:
        """Features, float ``(n, width)``; see ``Network.__call__``."""
        for block in self.blocks:
            images = block(images, reference)
        return images.flatten(1)


class ResNet12(nn.Module):
    """Four residual blocks of three convolutions each, then the average over all places.

    Lee et al. 2019, *Meta-Learning with Differentiable Convex Optimization*,
    arXiv:1904.03758, with 64, 160, 320 and 640 channels and without DropBlock.

    Args:
        channels: 1 for gray pictures, 3 for colour.
        features: Channels of the blocks, in their order.
    """

    def __init__(
        self, channels: int = 3, features: tuple[int, int, int, int] = (64, 160, 320, 640)
    ) -> None:
        super().__init__()
        self.width = features[-1]
        before = (channels, *features[:-1])
        self.blocks = nn.ModuleList(
            _ResidualBlock(entering, leaving)
            for entering, leaving in zip(before, features, strict=True)
        )

    def forward(self, images: Tensor, reference: int = 0) -> Tensor:
        """Features, float ``(n, width)``; see ``Network.__call__``."""
        for block in self.blocks:
            images = block(images, reference)
        return images.mean((2, 3))


class Turned(nn.Module):
    """A trained network that looks at every picture from four sides, and mirrored from four.

    Its features are those of all views, each of length 1, one view after another: so a cosine
    is the mean of the views' cosines. For networks that learned turned pictures as classes of
    their own: what one view mistakes, others tell apart. Not for training.

    Args:
        network: A ``Network``.
        views: 4 for the quarter turns, 8 for those of the mirrored picture as well.
    """

    def __init__(self, network: nn.Module, views: int = 4) -> None:
        super().__init__()
        if views not in (4, 8):
            raise ValueError(f"{views} views: there are 4 or 8")
        self.network = network
        self.views = views
        self.width = views * network.width

    def forward(self, images: Tensor, reference: int = 0) -> Tensor:
        """Features, float32 ``(n, views * width)``; see ``Network.__call__``."""
        sides = [images] if self.views == 4 else [images, images.flip(3)]
        seen = [torch.rot90(side, turn, (2, 3)) for side in sides for turn in range(4)]
        features = [full_precision(self.network(view, reference)) for view in seen]
        return torch.cat([F.normalize(part, dim=1) for part in features], dim=1)


class _ConvBlock(nn.Module):
    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__()
        # No bias: the norm that follows takes any constant away.
        self.convolution = nn.Conv2d(entering, leaving, 3, padding=1, bias=False)
        self.norm = ReferenceNorm(leaving)

    def forward(self, images: Tensor, reference: int) -> Tensor:
        normed = self.norm(self.convolution(images), reference)
        # In this order it is the same, as both keep the order of numbers, and a quarter the work.
        return F.relu(F.max_pool2d(normed, 2))


class _FirstBlock(_ConvBlock):
    """The same, in less time where gray pictures are learned from on the processor.

    The maps of the first block are the largest, and the norm goes over them twice, and twice
    again for its gradient. But what it needs to know follows from the pixels: a window of 4 x 4
    has all that 2 x 2 numbers of the convolution come from, which are then pooled to one. Mean
    and variance of these numbers follow from those of the windows, so the norm is done to the
    weights, and the convolution is a product of windows and weights. It is the same but for
    rounding.
    """

    def forward(self, images: Tensor, reference: int) -> Tensor:
        if not self._fits(images, reference):
            return super().forward(images, reference)
        count, _channels, height, width = images.shape
        windows = F.unfold(images, 4, padding=1, stride=2).mT.flatten(0, 1)
        # The kernel in each of its four places in a window: (4, features, pixels of a window).
        kernel = self.convolution.weight
        places = [(0, 1, 0, 1), (1, 0, 0, 1), (0, 1, 1, 0), (1, 0, 1, 0)]
        weights = torch.stack([F.pad(kernel, place).flatten(1) for place in places])
        with torch.autocast(images.device.type, enabled=False):
            scale, shift = self._normalising(windows, weights)
        scaled = (weights * scale[:, None]).flatten(0, 1)
        maps = (windows @ scaled.T).view(count, height // 2, width * 2, -1)
        pooled = F.max_pool2d(maps.permute(0, 3, 1, 2), (1, 4))
        return F.relu(pooled + shift.to(pooled.dtype)[:, None, None])

    def _fits(self, images: Tensor, reference: int) -> bool:
        """Whether it pays and can be done: a window has more pixels where there are colours."""
        pays = images.device.type == "cpu" and images.shape[1] == 1 and not images.requires_grad
        covered = images.shape[2] % 2 == 0 and images.shape[3] % 2 == 0
        return self.training and not reference and pays and covered

    def _normalising(self, windows: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Factor and summand of each feature; see ``ReferenceNorm.of_batch``."""
        pixels = windows.mean(0)
        away = windows - pixels
        together = away.T @ away / len(windows)
        means = weights @ pixels  # of each place
        within = ((weights @ together) * weights).sum(2).mean(0)
        count = windows.new_tensor(float(len(means) * len(windows)))
        return self.norm.of_batch(means.mean(0), within + means.var(0, correction=0), count)


class _ResidualBlock(nn.Module):
    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(entering if number == 0 else leaving, leaving, 3, padding=1, bias=False)
            for number in range(3)
        )
        self.norms = nn.ModuleList(ReferenceNorm(leaving) for _number in range(3))
        self.shortcut = nn.Conv2d(entering, leaving, 1, bias=False)
        self.shortcut_norm = ReferenceNorm(leaving)

    def forward(self, images: Tensor, reference: int) -> Tensor:
        past = self.shortcut_norm(self.shortcut(images), reference)
        for number, (convolution, norm) in enumerate(
            zip(self.convolutions, self.norms, strict=True)
        ):
            images = norm(convolution(images), reference)
            if number < 2:
                images = F.leaky_relu(images, 0.1)
        return F.max_pool2d(F.leaky_relu(images + past, 0.1), 2, ceil_mode=True)
