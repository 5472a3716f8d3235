"""How sharp a trained learner's answers must be made so that its confidences are honest.

Found on episodes of classes that it did not learn from; what comes out is a ``SharpnessLaw``
for its card, fitted by maximum likelihood as those of the other learners.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.learners.sharpness import SharpnessLaw
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.episodes import Episode, episode_sampler
from fewshot_gui.metatrain.fitting import fitting_targets
from fewshot_gui.metatrain.plan import EpisodePlan
from fewshot_gui.texts import _

WAYS = (2, 3, 5, 10, 20)
SHOTS = (1, 2, 5, 10)
EPISODES = 10  # of each ways and shots
_TARGETS = 8
_ROUNDS = 30
_DOUBT = 1.0  # what speaks for a law of 1, as if so many targets had said so
_LEAST = 1e-12  # probabilities below are rounding

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answered:
    """What a learner said of an episode.

    Attributes:
        probs: Of each target and class, float ``(t, k)``, before they are made honest.
        answers: int64 ``(t,)``, the right ones.
        counts: int64 ``(k,)``, examples of each class.
    """

    probs: NDArray[np.floating]
    answers: NDArray[np.int64]
    counts: NDArray[np.int64]


def calibrated(
    solve: Callable[[Episode, Job], NDArray[np.float32]],
    classes: ClassRows,
    within_groups: bool,
    seed: int,
    job: Job,
) -> SharpnessLaw | None:
    """The law for a learner.

    Args:
        solve: Its probabilities for the targets of an episode, float ``(t, ways)``, with its
            logits as they were trained.
        classes: None of them was learned from.
        within_groups: All classes of an episode lie in the same folder.
        seed: Of the draws.
        job: Progress and cancellation.

    Returns:
        None where there are too few classes or pictures to tell.

    Raises:
        Cancelled: The job was cancelled.
    """
    said: list[Answered] = []
    plans = [EpisodePlan(w, k, _TARGETS, within_groups=within_groups, seed=seed) for w, k in _KINDS]
    for number, plan in enumerate(plans):
        job.report(number, len(plans), _("Finding out how sure it may be"))
        said.extend(_said(solve, classes, plan, job))
    return fitted_law(said) if said else None


def fitted_law(said: Sequence[Answered]) -> SharpnessLaw:
    """The law under which the right answers are likeliest, by Fisher scoring."""
    logs = [np.log(np.maximum(a.probs.astype(np.float64), _LEAST)) for a in said]
    facts = np.stack([_facts(a.counts) for a in said])
    law = np.zeros(facts.shape[1])
    for _round in range(_ROUNDS):
        slope, curve = -_DOUBT * law, _DOUBT * np.eye(len(law))
        for answered, log, fact in zip(said, logs, facts, strict=True):
            sharpness = float(np.exp(fact @ law))
            gain, spread = _moments(log, answered.answers, sharpness)
            slope += sharpness * gain * fact
            curve += sharpness**2 * spread * np.outer(fact, fact)
        # Far from the end a whole step may leap too far: the logarithm moves by 1 at most.
        step = np.linalg.solve(curve, slope)
        law = law + step / max(1.0, float(np.abs(facts @ step).max()))
    return SharpnessLaw(*law.tolist())


_KINDS = tuple((ways, shots) for ways in WAYS for shots in SHOTS)


def _said(
    solve: Callable[[Episode, Job], NDArray[np.float32]],
    classes: ClassRows,
    plan: EpisodePlan,
    job: Job,
) -> list[Answered]:
    """Of the episodes of a plan; nothing where there cannot be any."""
    plan = replace(plan, targets=fitting_targets(classes.sizes, plan))
    try:
        sampler = episode_sampler(classes, plan, Job())
    except UserError:
        return []
    counts, found = np.full(plan.ways, plan.shots), []
    for number in range(EPISODES):
        task = sampler.episode(number)
        found.append(Answered(solve(task, job), task.answers, counts))
    return found


def _facts(counts: NDArray[np.int64]) -> Floats:
    """What a ``SharpnessLaw`` takes its numbers times."""
    ways, shots = np.log(len(counts)), np.log(len(counts) / (1.0 / counts).sum())
    return np.asarray([1.0, ways, shots, ways * shots])


def _moments(log: Floats, answers: NDArray[np.int64], sharpness: float) -> tuple[float, float]:
    """How much the likelihood grows with the sharpness, and how fast that growth ends."""
    odds = sharpness * log
    odds -= odds.max(axis=1, keepdims=True)
    probs = np.exp(odds)
    probs /= probs.sum(axis=1, keepdims=True)
    mean = (probs * log).sum(axis=1)
    spread = (probs * np.square(log)).sum(axis=1) - np.square(mean)
    right = log[np.arange(len(answers)), answers]
    return float((right - mean).sum()), float(spread.sum())
