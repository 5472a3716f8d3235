"""Fine-tuning: the backbone itself learns from the examples, all layers of it.

A few steps on augmented examples, with the statistics of batch normalisation as they are:
a handful of pictures says nothing better of them, and so a picture's embedding does not
depend on its company. How many steps are good is found out on examples held back; none at
all is one of the answers, and often the right one (Hu et al. 2022, arXiv:2204.07305).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.preprocessing import Preprocessing
from fewshot_gui.backbones.torch_runtime import resolve_device
from fewshot_gui.jobs import Job
from fewshot_gui.texts import _

_AT_ONCE = 16  # pictures of a step, or embedded together; activations are large
_PATIENCE = 2  # looks without a better one that end the trial
_SHARPNESS = 16.0  # of the softmax over cosines


@dataclass(frozen=True)
class TuningPlan:
    """How to fine-tune.

    Attributes:
        steps: Steps at most.
        check_every: After so many steps the examples held back are looked at.
        rate: Learning rate of the network.
        head_rate: Learning rate of the layer on top, which starts at the classes' means.
        decay: Weight decay.
        held_out: Part of the examples of a class that is held back, one at least.
        least_gain: Accepted only if the loss of those is less by this part.
        seed: Of the order and the augmentation.
    """

    steps: int = 20
    check_every: int = 5
    rate: float = 1e-4
    head_rate: float = 1e-3
    decay: float = 1e-2
    held_out: float = 0.2
    least_gain: float = 0.05
    seed: int = 0


@dataclass(frozen=True)
class Tuned:
    """What came out.

    Attributes:
        network: The tuned network, or as it was.
        steps: How many steps were good; 0 means that the network is as it was.
        losses: Loss of the examples held back, before and after each part of the steps.
        held: How many were held back.
        right: How many of these were sorted right, before and after so many steps.
    """

    network: torch.nn.Module
    steps: int
    losses: tuple[float, ...]
    held: int = 0
    right: tuple[int, int] = (0, 0)


def tune(
    load: Callable[[], torch.nn.Module],
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int64],
    preprocessing: Preprocessing,
    device: str,
    plan: TuningPlan,
    job: Job,
) -> Tuned:
    """Fine-tune a network on examples.

    Args:
        load: Makes the network, the same one at every call.
        pixels: uint8 ``(n, h, w, 3)``, as the preprocessing wants them.
        labels: int64 ``(n,)``, from 0 without a gap.
        preprocessing: Normalises the pixels; its views are not looked at.
        device: Where to compute.
        plan: How.
        job: Progress in steps, and cancellation.

    Raises:
        Cancelled: The job was cancelled.
    """
    pictures = _Pictures(pixels, labels, preprocessing, torch.device(device))
    kept, held = _split(labels, plan)
    if not len(held):
        return Tuned(load().to(device), 0, ())
    progress = _Progress(job, 2 * plan.steps)
    trial = _Training(load().to(device), pictures, kept, plan)
    looks = [trial.look_at(held)]
    while trial.done < plan.steps:
        for _step in range(min(plan.check_every, plan.steps - trial.done)):
            trial.step()
            progress.add()
        looks.append(trial.look_at(held))
        losses = [look.loss for look in looks]
        if min(losses) < min(losses[-_PATIENCE:]):
            break  # it only gets worse from here
    losses = tuple(look.loss for look in looks)
    best = int(np.argmin(losses))
    helps = losses[best] <= (1 - plan.least_gain) * losses[0]
    steps = min(best * plan.check_every, plan.steps) if helps else 0
    right = looks[0].right, looks[best].right if steps else looks[0].right
    progress.begin_last(steps)
    network = load().to(device)
    if not steps:
        return Tuned(network, 0, losses, len(held), right)
    final = _Training(network, pictures, np.arange(len(labels)), plan)
    for _step in range(steps):
        final.step()
        progress.add()
    return Tuned(network.requires_grad_(False).eval(), steps, losses, len(held), right)


def tune_anywhere(
    card: BackboneCard,
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int64],
    device: str,
    plan: TuningPlan,
    job: Job,
) -> Tuned:
    """``tune`` a backbone on a device, or on the processor where its memory is too small.

    Args:
        card: The backbone.
        pixels: uint8 ``(n, h, w, 3)``.
        labels: int64 ``(n,)``, from 0 without a gap.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        plan: How.
        job: Progress in steps, notices and cancellation.

    Raises:
        UserError: The device is not there.
        Cancelled: The job was cancelled.
    """
    place = resolve_device(device)
    try:
        return tune(card.load, pixels, labels, card.preprocessing, place, plan, job)
    except torch.OutOfMemoryError:
        if place == "cpu":
            raise
    job.notice(_("The graphics card's memory is too small; the processor is used instead."))
    return tune(card.load, pixels, labels, card.preprocessing, "cpu", plan, job)


def _split(labels: NDArray[np.int64], plan: TuningPlan) -> tuple[NDArray, NDArray]:
    """Examples to learn from and examples to hold back; classes of one are not divided."""
    rng = np.random.default_rng(plan.seed)
    held = []
    for label in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == label))
        if len(own) > 1:
            held.append(own[: max(1, round(plan.held_out * len(own)))])
    chosen = np.sort(np.concatenate(held)) if held else np.zeros(0, np.int64)
    return np.setdiff1d(np.arange(len(labels)), chosen), chosen


class _Pictures:
    """The examples as the network wants them, plain or augmented."""

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        labels: NDArray[np.int64],
        preprocessing: Preprocessing,
        device: torch.device,
    ) -> None:
        self._pixels = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)
        self.labels = torch.from_numpy(np.asarray(labels, np.int64)).to(device)
        self.classes = int(labels.max()) + 1
        self._size = preprocessing.size
        self._mean = torch.tensor(preprocessing.mean, device=device)[:, None, None]
        self._std = torch.tensor(preprocessing.std, device=device)[:, None, None]
        self._device = device

    def plain(self, places: NDArray[np.int64]) -> torch.Tensor:
        colours = self._colours(places)
        if colours.shape[-1] != self._size:  # a margin that was meant for crops
            edge = (colours.shape[-1] - self._size) // 2
            colours = colours[:, :, edge : edge + self._size, edge : edge + self._size]
        return self._normalised(colours)

    def augmented(self, places: NDArray[np.int64], random: torch.Generator) -> torch.Tensor:
        """Another part of each picture, mirrored or not, in another light."""
        colours = self._colours(places)
        count = len(places)

        def between(low: float, high: float) -> torch.Tensor:
            return (low + (high - low) * torch.rand(count, generator=random)).to(self._device)

        side = between(0.6, 1.0).sqrt()
        mirrored = between(-1.0, 1.0).sign()
        frame = torch.zeros(count, 2, 3, device=self._device)
        frame[:, 0, 0], frame[:, 1, 1] = side * mirrored, side
        frame[:, 0, 2] = between(-1.0, 1.0) * (1 - side)
        frame[:, 1, 2] = between(-1.0, 1.0) * (1 - side)
        shape = [count, 3, self._size, self._size]
        grid = F.affine_grid(frame, shape, align_corners=False)
        colours = F.grid_sample(colours, grid, padding_mode="reflection", align_corners=False)
        bright, contrast, vivid = (between(0.8, 1.2)[:, None, None, None] for _part in range(3))
        grey = colours.mean(dim=1, keepdim=True)
        colours = grey + (colours - grey) * vivid
        middle = colours.mean(dim=(1, 2, 3), keepdim=True)
        colours = (middle + (colours - middle) * contrast) * bright
        return self._normalised(colours.clamp(0, 1))

    def _colours(self, places: NDArray[np.int64]) -> torch.Tensor:
        return self._pixels[torch.from_numpy(places)].to(self._device).float() / 255

    def _normalised(self, colours: torch.Tensor) -> torch.Tensor:
        batch = (colours - self._mean) / self._std
        return batch.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class _Look:
    """Loss of the examples held back, and how many of them are sorted right."""

    loss: float
    right: int


class _Training:
    """A network that learns from some of the examples, step by step."""

    def __init__(
        self,
        network: torch.nn.Module,
        pictures: _Pictures,
        places: NDArray[np.int64],
        plan: TuningPlan,
    ) -> None:
        self.done = 0
        # Evaluation mode throughout: normalisation by its own statistics, no dropout.
        self._network = network.eval().requires_grad_(True)
        self._network.to(memory_format=torch.channels_last)
        self._pictures, self._places = pictures, places
        self._means = torch.nn.Parameter(self._prototypes())
        self._optimiser = torch.optim.AdamW(
            [
                {"params": list(network.parameters()), "lr": plan.rate},
                {"params": [self._means], "lr": plan.head_rate, "weight_decay": 0.0},
            ],
            weight_decay=plan.decay,
        )
        self._random = torch.Generator().manual_seed(plan.seed)
        self._batches = _balanced(pictures.labels.cpu().numpy()[places], plan.seed)

    def step(self) -> None:
        """One batch, one step."""
        places = self._places[next(self._batches)]
        batch = self._pictures.augmented(places, self._random)
        units = F.normalize(self._network(batch).float(), dim=1)
        scores = _SHARPNESS * units @ F.normalize(self._means, dim=1).T
        loss = F.cross_entropy(scores, self._pictures.labels[torch.from_numpy(places)])
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        self.done += 1

    def look_at(self, places: NDArray[np.int64]) -> _Look:
        """How well the classes' means tell other examples apart."""
        scores = _SHARPNESS * self._units(places) @ F.normalize(self._prototypes(), dim=1).T
        answers = self._pictures.labels[torch.from_numpy(places)]
        loss = F.cross_entropy(scores, answers).item()
        return _Look(
            float(np.nan_to_num(loss, nan=np.inf)), int((scores.argmax(1) == answers).sum())
        )

    def _prototypes(self) -> torch.Tensor:
        units = self._units(self._places)
        labels = self._pictures.labels[torch.from_numpy(self._places)]
        sums = torch.zeros(self._pictures.classes, units.shape[1], device=units.device)
        return sums.index_add_(0, labels, units)

    def _units(self, places: NDArray[np.int64]) -> torch.Tensor:
        with torch.no_grad():
            parts = [
                self._network(self._pictures.plain(places[start : start + _AT_ONCE])).float()
                for start in range(0, len(places), _AT_ONCE)
            ]
        return F.normalize(torch.cat(parts), dim=1)


def _balanced(labels: NDArray[np.int64], seed: int) -> Iterator[NDArray[np.int64]]:
    """Endless batches in which every class comes equally often, however few it has."""
    rng = np.random.default_rng(seed)
    classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    while True:
        order = rng.permutation(len(classes))
        picked = [rng.choice(classes[i]) for i in np.resize(order, max(_AT_ONCE, len(order)))]
        for start in range(0, len(picked) - len(picked) % _AT_ONCE, _AT_ONCE):
            yield np.asarray(picked[start : start + _AT_ONCE])


class _Progress:
    """Counts steps of the trial and of the last training together."""

    def __init__(self, job: Job, total: int) -> None:
        self._job, self._total, self._done = job, total, 0

    def begin_last(self, steps: int) -> None:
        """The trial is over; so many steps are left."""
        self._total = self._done + steps
        self._report()

    def add(self) -> None:
        self._done += 1
        self._report()

    def _report(self) -> None:
        text = _("Fine-tuning the network: step {done} of {total} at most")
        text = text.format(done=self._done, total=self._total)
        self._job.report(self._done, self._total, text)
