"""The new learner against the old one, on the same episodes of classes that both never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fewshot_gui.backbones.table import DIGEST_BYTES, EmbeddingTable
from fewshot_gui.errors import UserError
from fewshot_gui.images.files import ImageFile
from fewshot_gui.jobs import Job
from fewshot_gui.learners.folder import folder_sample
from fewshot_gui.learners.registry import learner_info, make_learner
from fewshot_gui.metatrain.algorithms.base import to_units
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.episodes import Episode, episode_sampler
from fewshot_gui.metatrain.fitting import fitting_shots, fitting_targets
from fewshot_gui.metatrain.materials import Material
from fewshot_gui.metatrain.measures import Estimate, estimate
from fewshot_gui.metatrain.plan import EpisodePlan, learning_curve
from fewshot_gui.metatrain.training_events import Comparison, FinalTest
from fewshot_gui.texts import _

WAYS = (5, 20)
SHOTS = (1, 5)
TARGETS = 15
_LEAST_TARGETS = 2
_LEAST_WAYS = 2
_LEAST_PICTURES = 2  # of a class: an example and a target
_AT_ONCE = 64  # pictures that go through a network together

Ints = NDArray[np.int64]


class Solver(Protocol):
    """Something that sorts the targets of an episode."""

    def probabilities(self, task: Episode, job: Job) -> NDArray[np.float32]:
        """Of each target and class of the episode, float32 ``(t, ways)``."""
        ...


class TableSolver:
    """A learner of the registry on a table of embeddings.

    Args:
        learner: Its key.
        table: Its rows are those of the episodes.
    """

    def __init__(self, learner: str, table: EmbeddingTable) -> None:
        self._looks = learner_info(learner).transductive
        self._learner = make_learner(learner)
        self._table = table

    def probabilities(self, task: Episode, job: Job) -> NDArray[np.float32]:
        """See ``Solver``."""
        table = self._table
        folder = folder_sample(table, task.targets, task.support) if self._looks else None
        fitted = self._learner.fit(table.units(task.support), task.labels, job, folder)
        return fitted.predict(table.units(task.targets), job).probs


class TrainedSolver:
    """A network and an algorithm as they came out of training.

    Args:
        network: A ``Network``.
        algorithm: An ``Algorithm``.
        material: What the episodes are drawn from.
        device: Where to compute.
    """

    def __init__(
        self,
        network: nn.Module,
        algorithm: nn.Module,
        material: Material,
        device: torch.device,
    ) -> None:
        self._network = network
        self._algorithm = algorithm
        self._material = material
        self._device = device
        self._known: dict[int, int] = {}
        self._units = torch.zeros(0, 0, device=device)

    def prepare(self, rows: Ints, job: Job) -> bool:
        """See these pictures once; returns whether the algorithm needs no more than that."""
        if not hasattr(self._algorithm, "answer_from_units"):
            return False
        self._network.eval()
        found: list[Tensor] = []
        with torch.inference_mode():
            for start in range(0, len(rows), _AT_ONCE):
                job.report(start, len(rows), _("Looking at the pictures of the test"))
                part = self._material.inputs(rows[start : start + _AT_ONCE], self._device)
                found.append(to_units(self._network(part)))
        self._units = torch.cat(found)
        self._known = {row: place for place, row in enumerate(rows.tolist())}
        return True

    def table(self, count: int) -> EmbeddingTable:
        """The features of the prepared rows, in a table of ``count`` rows, for other learners.

        Every picture counts as one that is there once: copies were left out before.
        """
        table = EmbeddingTable(self._units.shape[1])
        table.add(ImageFile(str(row), str(row), 0, 0, 0) for row in range(count))
        rows = np.asarray(list(self._known), np.int64)
        digests = np.random.default_rng(0).integers(0, 256, (len(rows), DIGEST_BYTES), np.uint8)
        table.store_units(rows, self._units.cpu().numpy().astype(np.float16), digests)
        return table

    def probabilities(self, task: Episode, job: Job) -> NDArray[np.float32]:
        """See ``Solver``."""
        job.checkpoint()
        labels = torch.from_numpy(task.labels).to(self._device)
        if self._known:
            support, targets = self._seen(task.support), self._seen(task.targets)
            logits = self._algorithm.answer_from_units(support, labels, targets)
        else:
            support = self._material.inputs(task.support, self._device)
            targets = self._material.inputs(task.targets, self._device)
            logits = self._algorithm.answer(self._network, support, labels, targets)
        return torch.softmax(logits.float(), dim=1).cpu().numpy()

    def _seen(self, rows: Ints) -> Tensor:
        places = [self._known[row] for row in rows.tolist()]
        return self._units[torch.tensor(places, device=self._device)]


@dataclass(frozen=True)
class Rivals:
    """Who is compared: the new learner, the old one, and what the old one is called."""

    new: Solver
    old: Solver
    name: str


def plans_for_test(classes: ClassRows, within_groups: bool, seed: int) -> tuple[EpisodePlan, ...]:
    """Kinds of episodes for the test: 5 and 20 classes, 1 and 5 examples, where there are as many.

    Raises:
        UserError: There are too few classes or pictures for any.
    """
    most = max(_LEAST_WAYS, classes.together(_LEAST_PICTURES, within_groups))
    ways = [w for w in WAYS if w <= most] or [most]
    plans: list[EpisodePlan] = []
    for count in ways:
        plan = EpisodePlan(count, 1, TARGETS, within_groups=within_groups, seed=seed)
        shots = fitting_shots(classes.sizes, SHOTS, plan, _LEAST_TARGETS) or SHOTS[:1]
        plan = replace(plan, reserve=max(shots))
        plan = replace(plan, targets=fitting_targets(classes.sizes, plan))
        plans.extend(learning_curve(plan, shots))
    able = [plan for plan in plans if _possible(classes, plan)]
    if not able:
        able = [EpisodePlan(ways[0], 1, 1, within_groups=within_groups, seed=seed)]
        episode_sampler(classes, able[0], Job())  # or says why not even that
    return tuple(able)


def accuracies(
    solver: Solver,
    classes: ClassRows,
    plans: Sequence[EpisodePlan],
    episodes: int,
    job: Job,
    doing: str,
) -> NDArray[np.float64]:
    """Accuracy in every episode of every plan, ``(plans, episodes)``.

    Raises:
        Cancelled: The job was cancelled.
    """
    found = np.zeros((len(plans), episodes))
    total, done = episodes * sum(plan.ways * plan.targets for plan in plans), 0
    for number, plan in enumerate(plans):
        sampler = episode_sampler(classes, plan, Job())
        for place in range(episodes):
            job.report(done, total, doing)
            task = sampler.episode(place)
            done += len(task.targets)
            best = solver.probabilities(task, job).argmax(axis=1)
            found[number, place] = (best == task.answers).mean()
    return found


def compared(
    rivals: Rivals,
    classes: ClassRows,
    plans: Sequence[EpisodePlan],
    episodes: int,
    job: Job,
) -> FinalTest:
    """Let both solve the same episodes.

    Raises:
        Cancelled: The job was cancelled.
    """
    new = accuracies(rivals.new, classes, plans, episodes, job, _("Testing the new learner"))
    old = accuracies(rivals.old, classes, plans, episodes, job, _("Testing the old learner"))
    comparisons = tuple(
        Comparison(
            *(plan.ways, plan.shots, plan.targets, episodes),
            *(estimate(values) for values in (ours, theirs, ours - theirs)),
        )
        for plan, ours, theirs in zip(plans, new, old, strict=True)
    )
    overall = estimate((new - old).mean(axis=0))
    good = beyond(overall) > 0 and all(beyond(c.difference) >= 0 for c in comparisons)
    return FinalTest(comparisons, rivals.name, good, _verdict(good, overall, rivals.name))


def _possible(classes: ClassRows, plan: EpisodePlan) -> bool:
    try:
        episode_sampler(classes, plan, Job())
    except UserError:
        return False
    return True


def beyond(gain: Estimate) -> int:
    """1 where it is better beyond the interval, -1 where it is worse, else 0."""
    if gain.interval95 is None or abs(gain.mean) <= gain.interval95:
        return 0
    return 1 if gain.mean > 0 else -1


def _verdict(good: bool, overall: Estimate, old: str) -> str:
    gain = f"{100 * overall.mean:+.1f} ± {100 * (overall.interval95 or 0.0):.1f}"
    gain = gain.replace("-", "−")
    if good:
        text = _(
            "Recommended: on classes that it never saw it is right more often than {old} "
            "({gain} percentage points)."
        )
    elif beyond(overall) < 0:
        text = _(
            "Not recommended: on classes that it never saw it is right less often than {old} "
            "({gain} percentage points)."
        )
    else:
        text = _(
            "Not recommended: on classes that it never saw it is not reliably better than {old} "
            "({gain} percentage points)."
        )
    return text.format(old=old, gain=gain)
