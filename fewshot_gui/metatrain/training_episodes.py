"""Batches of episodes as tensors, straight from a store: what meta-training runs on.

Evaluation draws its episodes elsewhere, one by one and by number. Here speed counts: all
pictures of a batch are gathered, turned and bent together, on the device.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.store import ImageStore
from fewshot_gui.metatrain.training_plan import BatchPlan, Range
from fewshot_gui.texts import _

TURNS = 4
FITS = 0.5  # share of a device's free memory that the pictures may take
_BEND_TURN = 0.17  # radians, about 10 degrees, at full strength
_BEND_SCALE = 0.1
_BEND_SHIFT = 0.08  # of half the picture: about one pixel in 28

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class EpisodeBatch:
    """``e`` episodes of the same ways, shots and targets, on one device.

    Attributes:
        support: float32 ``(e, s, channels, side, side)``, class after class.
        labels: int64 ``(s,)``, from 0, the same for all episodes.
        targets: float32 ``(e, t, channels, side, side)``, class after class.
        answers: int64 ``(t,)``.
        classes: int64 ``(e, ways)``, which of the source's ``class_count`` each label is.
    """

    support: Tensor
    labels: Tensor
    targets: Tensor
    answers: Tensor
    classes: Tensor

    @property
    def ways(self) -> int:
        return self.classes.shape[1]

    def __len__(self) -> int:
        return len(self.classes)


class EpisodeSource:
    """Draws batch after batch. Its ``state`` is all that the next batch depends on.

    Args:
        store: The pictures.
        classes: Those of its classes that may be drawn (one part of a split).
        plan: What the episodes are like.
        seed: Other seeds give other episodes.
        device: Where the tensors are wanted.

    Raises:
        UserError: The classes, or the pictures in them, are too few for the plan.
    """

    def __init__(
        self,
        store: ImageStore,
        classes: ClassRows,
        plan: BatchPlan,
        seed: int,
        device: torch.device,
    ) -> None:
        self.plan = plan
        self._device = device
        self._pixels = _on_device(torch.from_numpy(store.pixels), device)
        self._sizes = classes.sizes
        self._rows = np.concatenate([*classes.rows, np.zeros(0, np.int64)])
        self._starts = np.cumsum(self._sizes) - self._sizes  # of each class among the rows
        self._pools = episode_pools(classes, plan)
        self._groups = _groups(classes, plan)
        self._rng = np.random.Generator(np.random.PCG64(seed))

    @property
    def class_count(self) -> int:
        """Classes that can be told apart in ``EpisodeBatch.classes``, turned ones included."""
        return len(self._sizes) * (TURNS if self.plan.turned else 1)

    @property
    def state(self) -> dict[str, object]:
        """What to give to ``restore`` so that the same batches follow; fit for JSON."""
        return dict(self._rng.bit_generator.state)

    def restore(self, state: dict[str, object]) -> None:
        """Go on as the source did that had this ``state``.

        Raises:
            ValueError: It is the state of something else.
        """
        try:
            self._rng.bit_generator.state = state
        except (TypeError, KeyError) as error:
            raise ValueError("not the state of an episode source") from error

    def draw(self) -> EpisodeBatch:
        """The next batch."""
        ways, shots, targets = (self._one_of(r) for r in self._ranges())
        gather = self.plan.gathered > 0 and self._rng.random() < self.plan.gathered
        draw = self._gathered if gather else self._classes
        chosen = [draw(ways) for _episode in range(self.plan.episodes)]
        classes, turns = (np.stack(part) for part in zip(*chosen, strict=True))
        rows = self._pictures(classes, shots + targets)
        images = self._images(rows, np.broadcast_to(turns[..., None], rows.shape))
        support = images[:, :, :shots].flatten(1, 2)
        count = torch.arange(ways, device=self._device)
        return EpisodeBatch(
            support,
            count.repeat_interleave(shots),
            images[:, :, shots:].flatten(1, 2),
            count.repeat_interleave(targets),
            torch.from_numpy(turns * len(self._sizes) + classes).to(self._device),
        )

    def _ranges(self) -> tuple[Range, Range, Range]:
        most = min(self.plan.ways[1], max(map(len, self._pools)) * self._turns_together)
        return (self.plan.ways[0], most), self.plan.shots, self.plan.targets

    @property
    def _turns_together(self) -> int:
        """How many classes of one episode a single class can become."""
        return TURNS if self.plan.turned and not self.plan.within_groups else 1

    def _one_of(self, bounds: Range) -> int:
        return int(self._rng.integers(bounds[0], bounds[1] + 1))

    def _classes(self, ways: int) -> tuple[Ints, Ints]:
        """Classes of one episode and the quarter turns of each, int64 ``(ways,)``."""
        able = [pool for pool in self._pools if len(pool) * self._turns_together >= ways]
        pool = able[self._rng.integers(len(able))]
        drawn = self._rng.choice(len(pool) * self._turns_together, ways, replace=False)
        turns = drawn // len(pool)
        if self.plan.turned and self.plan.within_groups:
            turns = np.full(ways, self._rng.integers(TURNS))
        return pool[drawn % len(pool)], turns

    def _gathered(self, ways: int) -> tuple[Ints, Ints]:
        """The same, of one group after another until there are enough; of the last a part."""
        turns = TURNS if self.plan.turned else 1
        order = self._rng.permutation(len(self._groups) * turns)
        classes, turned, missing = [], [], ways
        for number in order.tolist():
            group = self._rng.permutation(self._groups[number // turns])[:missing]
            classes.append(group)
            turned.append(np.full(len(group), number % turns))
            missing -= len(group)
            if not missing:
                break
        return np.concatenate(classes), np.concatenate(turned)

    def _pictures(self, classes: Ints, count: int) -> Ints:
        """Rows of so many different pictures of each class, int64 ``classes.shape + (count,)``."""
        most = int(self._sizes.max(initial=1))
        order = self._rng.random((*classes.shape, most))
        order[np.arange(most) >= self._sizes[classes][..., None]] = 2.0
        picked = np.argsort(order, axis=-1)[..., :count]
        return self._rows[self._starts[classes][..., None] + picked]

    def _images(self, rows: Ints, turns: Ints) -> Tensor:
        """float32 ``rows.shape + (channels, side, side)``, turned and bent."""
        # Mapped pixels stay where they are; only what is drawn travels.
        index = torch.from_numpy(rows.ravel()).to(self._pixels.device)
        images = self._pixels[index].to(self._device, non_blocking=True)
        if self.plan.turned:
            images = _turned(images, torch.from_numpy(turns.ravel().copy()).to(self._device))
        if self.plan.mirror:
            flip = torch.from_numpy(self._rng.random(len(images)) < 0.5).to(self._device)
            images = torch.where(flip[:, None, None, None], images.flip(3), images)
        ready = as_input(images)
        if self.plan.bend:
            ready = self._bent(ready)
        return ready.unflatten(0, rows.shape)

    def _bent(self, images: Tensor) -> Tensor:
        """Each picture under a slight affine map of its own."""
        draws = self._rng.uniform(-self.plan.bend, self.plan.bend, (5, len(images)))
        angle, wide, high, right, down = draws.astype(np.float32)
        cos, sin = np.cos(_BEND_TURN * angle), np.sin(_BEND_TURN * angle)
        wide, high = 1 + _BEND_SCALE * wide, 1 + _BEND_SCALE * high
        maps = np.stack(
            [wide * cos, -wide * sin, _BEND_SHIFT * right, high * sin, high * cos]
            + [_BEND_SHIFT * down],
            axis=1,
        ).reshape(-1, 2, 3)
        grid = F.affine_grid(
            torch.from_numpy(maps).to(images), list(images.shape), align_corners=False
        )
        # What comes in from outside is the background of a drawing, or more of a photo's edge.
        outside = "zeros" if images.shape[1] == 1 else "border"
        return F.grid_sample(images, grid, padding_mode=outside, align_corners=False)


def as_input(pixels: Tensor) -> Tensor:
    """uint8 ``(n, channels, h, w)`` as every network here wants it, float32.

    Gray pictures are drawings: ink is 1 and paper 0, as a convolution pads with 0. Colours
    are from -1 to 1.
    """
    scaled = pixels.to(torch.float32) / 255
    return 1 - scaled if pixels.shape[1] == 1 else scaled * 2 - 1


def _turned(images: Tensor, turns: Tensor) -> Tensor:
    """Each picture turned by its number of quarters."""
    for quarters in range(1, TURNS):
        where = torch.nonzero(turns == quarters)[:, 0]
        images[where] = torch.rot90(images[where], quarters, (2, 3))
    return images


def _on_device(pixels: Tensor, device: torch.device) -> Tensor:
    """The pixels there, where they fit."""
    if device.type != "cuda":
        return pixels
    free, _total = torch.cuda.mem_get_info(device)
    return pixels.to(device) if pixels.nbytes <= FITS * free else pixels


def _able(classes: ClassRows, plan: BatchPlan) -> Ints:
    """The classes that have enough pictures for the largest episode."""
    return np.flatnonzero(classes.sizes >= plan.shots[1] + plan.targets[1])


def _groups(classes: ClassRows, plan: BatchPlan) -> list[Ints]:
    """Those of each group that has any."""
    return classes.by_group(_able(classes, plan))


def episode_pools(classes: ClassRows, plan: BatchPlan) -> tuple[Ints, ...]:
    """The classes that an episode is drawn from: one array a group, or just one.

    Raises:
        UserError: The classes, or the pictures in them, are too few for the plan.
    """
    pools = _groups(classes, plan) if plan.within_groups else [_able(classes, plan)]
    turns = TURNS if plan.turned and not plan.within_groups else 1
    enough = tuple(pool for pool in pools if len(pool) * turns >= plan.ways[0])
    if not enough:
        raise UserError(
            _("Too few classes to learn from have {needed} pictures: {ways} are needed.").format(
                needed=plan.shots[1] + plan.targets[1], ways=plan.ways[0]
            ),
            _("Ask for fewer classes or pictures in an episode, or add more of them."),
        )
    return enough
