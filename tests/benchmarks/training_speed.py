"""Episodes a second of meta-training, beside the training loops of other libraries.

All train a Conv4 of the same size as a prototypical network on the same files of Omniglot's
background alphabets, in one process, on the same cores, and each with the data loading that its
own documentation shows. The others' network is built of PyTorch's layers as learn2learn's example
has it, in float32; ours is the program's own, in bfloat16 where the processor has it. The others
take a step after each episode; so does ours in the rows with one episode a step. It can also take
one after several small episodes, which is quicker, but not the same training: those are rows of
their own.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

import torch
from easyfsl.datasets import WrapFewShotDataset
from easyfsl.methods import PrototypicalNetworks
from easyfsl.samplers import TaskSampler
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.metatrain.algorithms.prototypical import Prototypical
from fewshot_gui.metatrain.networks import Conv4
from fewshot_gui.metatrain.store import ImageStore
from fewshot_gui.metatrain.trainer import Trainer
from fewshot_gui.metatrain.training_episodes import EpisodeSource
from fewshot_gui.metatrain.training_plan import BatchPlan, TrainerPlan
from tests.benchmarks.characters import BACKGROUND, drawings, unpacked

SIDE = 28
ROUNDS = 3  # each loop in its turn, so that other programs disturb all alike
WARM_UP = 3  # steps of a round that do not count
STEPS = 15
PICTURES = 300  # of a step of ours where it has several episodes
FEATURES = 64
FAR = 1_000_000  # steps that no measurement comes to
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Size:
    """An episode's classes, examples and targets of each; and whose documentation has it."""

    whose: str
    ways: int
    shots: int
    targets: int

    @property
    def pictures(self) -> int:
        return self.ways * (self.shots + self.targets)


SIZES = (
    Size("the example of learn2learn", 50, 1, 5),
    Size("the notebook of EasyFSL", 5, 5, 10),
)


@dataclass(frozen=True)
class Run:
    """When each step ended, in seconds, and how many episodes a step had."""

    ends: list[float]
    episodes: int

    @property
    def speed(self) -> float:
        """Episodes a second."""
        return self.episodes * (len(self.ends) - 1) / (self.ends[-1] - self.ends[0])


Loop = Callable[[Size], Run]


class Drawings(Dataset):
    """One file at a time, as a data set of torchvision has it."""

    def __init__(self, folder: Path) -> None:
        characters = sorted(path for path in folder.glob("*/*") if path.is_dir())
        self._files = [(f, c) for c, path in enumerate(characters) for f in sorted(path.iterdir())]
        self.labels = [character for _file, character in self._files]
        self._transform = transforms.Compose(
            [transforms.Resize(SIDE), transforms.ToTensor(), transforms.Lambda(lambda x: 1 - x)]
        )

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        file, character = self._files[index]
        with Image.open(file) as picture:
            return self._transform(picture.convert("L")), character


def speed_table(place: Path, threads: int, job: Job) -> list[str]:
    """Measure everything; lines of Markdown."""
    torch.set_num_threads(threads)
    begun = time.perf_counter()
    store = drawings(BACKGROUND, SIDE, place, job)
    seconds = time.perf_counter() - begun
    files = Drawings(unpacked(BACKGROUND, place))
    own = place / "speed.safetensors"
    others: dict[str, Loop] = {
        "EasyFSL": lambda size: _easyfsl(files, size, threads),
        "learn2learn's example": lambda size: _task_by_task(files, size, torch.float32),
        "the same in float64": lambda size: _task_by_task(files, size, torch.float64),
    }
    names = " | ".join(f"{name}, episodes/s" for name in others)
    lines = [
        f"{threads} threads; the store of all drawings was there after {seconds:.1f} s",
        "",
        f"| episode | our episodes a step | ours, episodes/s | {names} | ratios |",
        "| --- |" + " ---: |" * (len(others) + 3),
    ]
    for size in SIZES:
        together = sorted({1, max(1, PICTURES // size.pictures)})
        ours: dict[int, Loop] = {n: lambda size, n=n: _ours(store, size, n, own) for n in together}
        best = _measured({**ours, **others}, size)
        kind = f"{size.ways} classes, {size.shots} + {size.targets} ({size.whose})"
        theirs = " | ".join(f"{best[name]:.2f}" for name in others)
        for number in ours:
            ratios = ", ".join(f"{best[number] / best[name]:.1f}" for name in others)
            lines.append(f"| {kind} | {number} | {best[number]:.2f} | {theirs} | {ratios} |")
    return lines


def _measured(loops: dict[Hashable, Loop], size: Size) -> dict[Hashable, float]:
    """Episodes a second in each loop's best round."""
    best = dict.fromkeys(loops, 0.0)
    for _round in range(ROUNDS):
        for name, loop in loops.items():
            best[name] = max(best[name], loop(size).speed)
    return best


def _ours(store: ImageStore, size: Size, episodes: int, checkpoint: Path) -> Run:
    ways, shots, targets = ((n, n) for n in (size.ways, size.shots, size.targets))
    plan = BatchPlan(ways, shots, targets, episodes, turned=True)
    source, watched = (EpisodeSource(store, store.classes, plan, seed, CPU) for seed in (0, 1))
    endless = TrainerPlan(steps=FAR, watch_every=FAR, watch_episodes=1)
    trainer = Trainer(Conv4(1, SIDE), Prototypical(), source, watched, endless, checkpoint, CPU)
    clock, job = _Clock(), Job()

    def on_step(_number: int, _loss: float, _accuracy: float) -> None:
        if clock.tick():
            job.cancel()

    with contextlib.suppress(Cancelled):
        trainer.run(job, on_step=on_step)
    checkpoint.unlink()
    return Run(clock.ends, episodes)


def _easyfsl(files: Drawings, size: Size, threads: int) -> Run:
    """As its notebook on episodic training, with as many workers as there are cores."""
    data = _Labelled(files)
    sampler = _Tasks(data, size)
    loader = DataLoader(
        data, batch_sampler=sampler, num_workers=threads, collate_fn=sampler.episodic_collate_fn
    )
    method = PrototypicalNetworks(_usual_network())
    method.train()
    optimizer = torch.optim.SGD(method.parameters(), lr=1e-2, momentum=0.9, weight_decay=5e-4)
    clock = _Clock()
    for support, labels, targets, answers, _classes in loader:
        optimizer.zero_grad()
        method.process_support_set(support, labels)
        loss = F.cross_entropy(method(targets), answers)
        loss.backward()
        optimizer.step()
        loss.item()
        if clock.tick():
            break
    return Run(clock.ends, 1)


def _task_by_task(files: Drawings, size: Size, kind: torch.dtype) -> Run:
    """What learn2learn's example of prototypical networks does, written anew.

    Every picture of a task is loaded from its file and turned by its class's quarter, task by
    task in the training process; one pass, squared distances, one task a step. The example
    computes in float64; in float32 it is quicker.
    """
    of_class: dict[int, list[int]] = {}
    for index, label in enumerate(files.labels):
        of_class.setdefault(label, []).append(index)
    network = _usual_network().to(kind)
    network.train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    answers = torch.arange(size.ways).repeat_interleave(size.targets)
    rng, clock = random.Random(0), _Clock()
    while True:
        known, asked = [], []
        for label in rng.sample(sorted(of_class), size.ways):
            turns = rng.randrange(4)
            drawn = rng.sample(of_class[label], size.shots + size.targets)
            pictures = [torch.rot90(files[index][0], turns, (1, 2)) for index in drawn]
            known += pictures[: size.shots]
            asked += pictures[size.shots :]
        features = network(torch.stack(known + asked).to(kind))
        centres = features[: len(known)].reshape(size.ways, size.shots, -1).mean(1)
        distances = (features[len(known) :, None] - centres[None]).square().sum(2)
        loss = F.cross_entropy(-distances, answers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        if clock.tick():
            return Run(clock.ends, 1)


def _usual_network() -> nn.Module:
    """Conv4 as papers and examples write it down."""
    layers: list[nn.Module] = []
    for entering in (1, FEATURES, FEATURES, FEATURES):
        convolution = nn.Conv2d(entering, FEATURES, 3, padding=1)
        layers += [convolution, nn.BatchNorm2d(FEATURES), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten())


class _Labelled(WrapFewShotDataset):
    """Knows the labels without opening every file for them, as EasyFSL's own data sets do."""

    def __init__(self, files: Drawings) -> None:
        self.source_dataset = files
        self.labels = files.labels

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.source_dataset[index]


class _Tasks(TaskSampler):
    """EasyFSL's sampler, whose constructor no longer fits the Sampler of today's PyTorch."""

    def __init__(self, data: _Labelled, size: Size) -> None:
        self.n_way, self.n_shot, self.n_query = size.ways, size.shots, size.targets
        self.n_tasks = FAR
        self.items_per_label = {}
        for item, label in enumerate(data.get_labels()):
            self.items_per_label.setdefault(label, []).append(item)


class _Clock:
    """Times of steps, without the first few."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self._early = WARM_UP

    def tick(self) -> bool:
        """Note a step; whether these were enough."""
        if self._early:
            self._early -= 1
            return False
        self.ends.append(time.perf_counter())
        return len(self.ends) > STEPS
