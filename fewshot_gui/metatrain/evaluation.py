"""Several learners on the same tasks: how often they are right, how sure, how quick."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import Fitted
from fewshot_gui.learners.folder import folder_sample
from fewshot_gui.learners.registry import learner_info, make_learner
from fewshot_gui.learners.unknown import fit_unknown
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.episodes import STRANGER, Episode, EpisodeSampler, episode_sampler
from fewshot_gui.metatrain.measures import (
    Calibration,
    Confusion,
    Estimate,
    auroc,
    calibration,
    confusion,
    estimate,
)
from fewshot_gui.metatrain.plan import EpisodePlan, Mode
from fewshot_gui.texts import _

_AT_ONCE = 4096  # targets that are predicted together; a folder may hold very many


@dataclass(frozen=True)
class Result:
    """How one learner did with one backbone.

    Classes are those of the ``ClassRows``, ``n`` in all. Accuracy, calibration and confusion
    are of the targets that belong to a class of their task; strangers count for
    ``unknown_auroc`` alone.

    Attributes:
        learner: Its key.
        backbone: Its key.
        plan: What the tasks were like.
        episodes: How many tasks.
        ways: Classes of a task, on the average; the plan's, but for ``folder`` mode.
        targets: Targets of a task, on the average.
        accuracy: Share of the targets put into their class, by task.
        difference: Its accuracy less that of the first result, task by task; None for the
            first one.
        confusion: Which classes were taken for which.
        calibration: Confidence and accuracy of all targets together.
        unknown_auroc: How likely a stranger has a higher unknown score than a target that
            is none, by task; None where there were no strangers. The score does not depend
            on the learner.
        seconds_per_task: Median time to fit and predict, from embeddings in memory.
    """

    learner: str
    backbone: str
    plan: EpisodePlan
    episodes: int
    ways: float
    targets: float
    accuracy: Estimate
    difference: Estimate | None
    confusion: Confusion
    calibration: Calibration
    unknown_auroc: Estimate | None
    seconds_per_task: float


def evaluate(
    data: ClassRows,
    tables: Mapping[str, EmbeddingTable],
    learners: Sequence[str],
    plans: Sequence[EpisodePlan],
    episodes: int,
    job: Job,
) -> list[Result]:
    """Try learners on the same tasks.

    Args:
        data: The classes.
        tables: Embeddings of their rows, by the key of the backbone.
        learners: Keys in the registry.
        plans: What the tasks are like; more than one for a learning curve.
        episodes: How many tasks of each plan.
        job: Progress in targets, notices and cancellation.

    Returns:
        For each plan a result for each backbone and learner that goes with it, in this
        order; differences are to the first one of the same plan.

    Raises:
        UserError: A plan cannot be met with these classes.
        Cancelled: The job was cancelled.
    """
    check_possible(data, plans, episodes, job)
    samplers = [episode_sampler(data, plan, Job()) for plan in plans]
    tasks = [_sampled(sampler, episodes, job) for sampler in samplers]
    targets = sum(len(task.targets) for part in tasks for task in part)
    pairs = sum(goes_with(learner, backbone) for backbone in tables for learner in learners)
    progress = _Progress(job, targets * pairs)
    results: list[Result] = []
    for part, plan in zip(tasks, plans, strict=True):
        results.extend(_evaluate_plan(plan, part, len(data), tables, learners, progress))
    return results


def goes_with(learner: str, backbone: str) -> bool:
    """Whether a learner works on the embeddings of a backbone: a trained one knows its own."""
    return learner_info(learner).backbone in ("", backbone)


def check_possible(data: ClassRows, plans: Sequence[EpisodePlan], episodes: int, job: Job) -> None:
    """Find out whether the tasks can be drawn; what is left out is told once.

    Raises:
        UserError: They cannot.
    """
    if episodes < 1:
        raise UserError(_("At least one task is needed."))
    for number, plan in enumerate(plans):
        # plans of a learning curve all leave out the same classes
        episode_sampler(data, plan, Job() if number else job)


def _evaluate_plan(
    plan: EpisodePlan,
    tasks: Sequence[Episode],
    classes: int,
    tables: Mapping[str, EmbeddingTable],
    learners: Sequence[str],
    progress: _Progress,
) -> list[Result]:
    results: list[Result] = []
    first: _Trial | None = None
    for backbone, table in tables.items():
        unknown = None
        if plan.mode is Mode.STRANGERS:
            unknown = estimate([_unknown_auroc(task, table, progress.job) for task in tasks])
        for learner in learners:
            if not goes_with(learner, backbone):
                continue
            trial = _try(learner, table, tasks, progress)
            results.append(
                Result(
                    learner=learner,
                    backbone=backbone,
                    plan=plan,
                    episodes=len(tasks),
                    ways=float(np.mean([len(task.classes) for task in tasks])),
                    targets=float(np.mean([len(task.targets) for task in tasks])),
                    accuracy=estimate(trial.accuracy),
                    difference=trial.compared_with(first),
                    confusion=trial.confusion(classes),
                    calibration=trial.calibration(),
                    unknown_auroc=unknown,
                    seconds_per_task=float(np.median(trial.seconds)),
                )
            )
            first = first or trial
    return results


def _sampled(sampler: EpisodeSampler, count: int, job: Job) -> list[Episode]:
    found = []
    for number in range(count):
        job.checkpoint()
        found.append(sampler.episode(number))
    return found


@dataclass
class _Progress:
    """Counts targets, so that the pace is one of images."""

    job: Job
    total: int
    done: int = 0

    def add(self, targets: int) -> None:
        self.done += targets
        self.job.report(self.done, self.total, _("Sorting"))


@dataclass
class _Trial:
    """What a learner did, task by task."""

    accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    answers: list[NDArray[np.int64]] = field(default_factory=list)
    best: list[NDArray[np.int64]] = field(default_factory=list)
    confidence: list[NDArray[np.float32]] = field(default_factory=list)

    def confusion(self, classes: int) -> Confusion:
        """Of all targets together."""
        return confusion(np.concatenate(self.answers), np.concatenate(self.best), classes)

    def calibration(self) -> Calibration:
        """Of all targets together."""
        right = np.concatenate(self.best) == np.concatenate(self.answers)
        return calibration(np.concatenate(self.confidence), right)

    def compared_with(self, other: _Trial | None) -> Estimate | None:
        """How much more accurate it was, on the same tasks."""
        return None if other is None else estimate(np.subtract(self.accuracy, other.accuracy))


def _try(
    key: str,
    table: EmbeddingTable,
    tasks: Sequence[Episode],
    progress: _Progress,
) -> _Trial:
    trial = _Trial()
    learner, looks = make_learner(key), learner_info(key).transductive
    for task in tasks:
        started = time.perf_counter()
        folder = folder_sample(table, task.targets, task.support) if looks else None
        examples, labels = table.units(task.support), task.classes[task.labels]
        fitted = learner.fit(examples, labels, progress.job, folder)
        best, confidence = _predicted(fitted, table, task.targets, progress.job)
        trial.seconds.append(time.perf_counter() - started)
        known = task.answers != STRANGER
        trial.answers.append(task.classes[task.answers[known]])
        trial.best.append(best[known])
        trial.confidence.append(confidence[known])
        trial.accuracy.append(float((trial.best[-1] == trial.answers[-1]).mean()))
        progress.add(len(task.targets))
    return trial


def _predicted(
    fitted: Fitted, table: EmbeddingTable, targets: NDArray[np.int64], job: Job
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The best class of each target and its probability, both ``(t,)``."""
    best, confidence = np.zeros(len(targets), np.int64), np.zeros(len(targets), np.float32)
    ids = np.asarray(fitted.classes, np.int64)
    for start in range(0, len(targets), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        probs = fitted.predict(table.units(targets[part]), job).probs
        best[part], confidence[part] = ids[probs.argmax(axis=1)], probs.max(axis=1)
    return best, confidence


def _unknown_auroc(task: Episode, table: EmbeddingTable, job: Job) -> float:
    job.checkpoint()
    examples = table.units(task.support)
    score = fit_unknown(examples, task.labels, examples[:0])
    return auroc(score(table.units(task.targets)), task.answers == STRANGER)
