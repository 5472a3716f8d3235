"""Discriminant analysis: classes as clouds of one shape round different middles.

Fisher 1936, *The use of multiple measurements in taxonomic problems*; Friedman 1989,
*Regularized discriminant analysis*, for the shrinkage, which is chosen by leaving
examples out; Bateni et al. 2020, *Improved Few-Shot Visual Classification*
(arXiv:1912.03432), for its use on frozen embeddings. `spread.py` tells the model. Every
class has the same chance beforehand, however many examples it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray, IntArray, checked_support, unit
from fewshot_gui.learners.centred import centred_unit, support_centre
from fewshot_gui.learners.linear import FittedLinear, linear
from fewshot_gui.learners.sharpness import SharpnessLaw
from fewshot_gui.learners.spread import BELIEVED, Clouds, View, corrected, left_out_squares
from fewshot_gui.learners.trial import FEWEST, SHOTS, Trial, Verdict, tried

Matrix = NDArray[np.float64]

EVENNESS = (5e-4, 2.5e-3, 1.2e-2, 6e-2)  # shares of even spread, the usual one first
NOTHING = 1e-12  # squared length of class means that all lie in one place
SHARPNESS = SharpnessLaw(base=1.777, ways=0.188, shots=-0.057, both=0.097)


@dataclass(frozen=True)
class Discriminant:
    """The discriminant learner.

    Attributes:
        evenness: Parts of the spread within classes that may go in every direction; the
            first one is taken where nothing can be left out.
        sharpness: Turns scores into logits.
    """

    evenness: tuple[float, ...] = EVENNESS
    sharpness: SharpnessLaw = SHARPNESS

    def fit(
        self,
        support: FloatArray,
        labels: IntArray,
        job: Job,
        folder: FloatArray | None = None,
    ) -> FittedLinear:
        """See ``Learner.fit``."""
        task = prepared(support, labels, job)
        choice = chosen(task.clouds, self.evenness, self.sharpness, job)
        job.checkpoint()
        view = View(task.clouds, task.clouds.even(choice.evenness))
        weights, offsets = scorer(view, task.clouds.means, task.clouds.counts)
        scale = self.sharpness(task.clouds.counts) * choice.factor
        return linear(task.classes, task.centre, scale * weights, scale * offsets)


@dataclass(frozen=True)
class Task:
    """A support set, ready to be learnt from.

    Attributes:
        classes: ``k`` class ids, ascending.
        centre: float32 ``(d,)``, where everything is seen from.
        clouds: The examples, their classes numbered in that order.
    """

    classes: tuple[int, ...]
    centre: FloatArray
    clouds: Clouds


def prepared(support: FloatArray, labels: IntArray, job: Job) -> Task:
    """A support set as the model wants it; raises as ``Learner.fit`` does."""
    job.checkpoint()
    support, labels = checked_support(support, labels)
    classes, inverse = np.unique(labels, return_inverse=True)
    centre = support_centre(unit(support), inverse, len(classes))
    clouds = Clouds.of(centred_unit(support, centre), inverse)
    return Task(tuple(classes.tolist()), centre, clouds)


@dataclass(frozen=True)
class Choice:
    """How much even spread suits the examples.

    Attributes:
        evenness: Part of the spread within classes.
        factor: What the law of sharpness is to be multiplied by.
        verdict: How it did on examples left out; None where there were too few.
    """

    evenness: float
    factor: float = 1.0
    verdict: Verdict | None = None


def chosen(clouds: Clouds, evenness: tuple[float, ...], law: SharpnessLaw, job: Job) -> Choice:
    """The evenness that does best on examples left out, and how it does there.

    Another one than the first is taken only where it is clearly better.
    """
    few, places = tested(clouds)
    best = Choice(evenness[0])
    if not len(places):
        return best
    inside = np.isin(few.paired, places)
    for share, scores in zip(evenness, left_out(few, evenness), strict=True):
        job.checkpoint()
        verdict = Trial(scores[inside], few.labels[places], few.counts, law).verdict()
        if best.verdict is None or verdict.clearly_better(best.verdict):
            best = Choice(share, verdict.factor, verdict)
    return best


def tested(clouds: Clouds) -> tuple[Clouds, IntArray]:
    """The examples to try learners with, and the places of those to leave out.

    There are none of these where they are too few to tell anything.
    """
    few = clouds.part(tried(clouds.labels))
    places = np.flatnonzero(few.counts[few.labels] >= SHOTS)
    if len(places) < FEWEST or len(few.counts) < 2:
        return few, places[:0]
    return few, places


def scorer(view: View, means: Matrix, counts: NDArray[np.number]) -> tuple[Matrix, Matrix]:
    """Weights ``(k, d)`` and offsets ``(k,)``, so that a class mean scores 1, roughly.

    Args:
        view: How classes spread.
        means: Of the classes, ``(k, d)``.
        counts: Examples behind each mean, ``(k,)``.
    """
    weights = view.seen(means)
    squares = np.einsum("kd,kd->k", weights, means)
    usual = max(float(squares.mean()), NOTHING)
    return weights / usual, -corrected(squares, view.noise, counts) / 2.0 / usual


def left_out(clouds: Clouds, evenness: tuple[float, ...]) -> Iterator[Matrix]:
    """Scores of the paired examples, each as if it had not been there, ``(p, k)``.

    For each evenness, and without fitting anything twice: one example less takes one
    deviation out of the spread, and moves one mean.
    """
    gram = clouds.rows @ clouds.rows.T
    inner = clouds.directions @ clouds.directions.T
    along = clouds.directions @ clouds.rows.T
    for share in evenness:
        even = clouds.even(share)
        damped = np.linalg.solve(inner + even * np.eye(len(inner)), along)
        yield _without_each(clouds, (gram - along.T @ damped) / even)


def _without_each(clouds: Clouds, seen: Matrix) -> Matrix:
    """Scores where the products of all examples, as seen through the spread, are known."""
    paired, ways = clouds.paired, len(clouds.counts)
    labels = clouds.labels[paired]
    each = np.arange(len(paired))
    members = (clouds.labels == np.arange(ways)[:, None]) / clouds.counts[:, None]
    to_means = seen @ members.T  # x·m
    means = members @ to_means  # m·m
    to_means, to_self = to_means[paired], np.diag(seen)[paired]
    moved = to_means - means[labels]  # d·m of the deviation d = x - m
    along = to_self - to_means[each, labels]  # x·d
    squares = along - moved[each, labels]  # d·d
    counts = clouds.counts[labels]
    part = counts / (counts - 1.0) / (clouds.freedom + BELIEVED)
    bent = part / (1.0 - np.minimum(part * squares, 0.999))
    scores = to_means + (bent * along)[:, None] * moved
    lengths = np.diag(means) + bent[:, None] * np.square(moved)
    # the own class's mean without the example: m - d / (n - 1)
    stretch = 1.0 + bent * squares
    own = moved[each, labels]
    scores[each, labels] -= along * stretch / (counts - 1.0)
    lengths[each, labels] -= 2.0 * own * stretch / (counts - 1.0)
    lengths[each, labels] += squares * stretch / np.square(counts - 1.0)
    left = np.tile(clouds.counts.astype(np.float64), (len(paired), 1))
    left[each, labels] -= 1.0
    noise = float(left_out_squares(clouds, squares, counts).mean())
    usual = np.maximum(lengths.mean(axis=1, keepdims=True), NOTHING)
    return (scores - corrected(lengths, noise, left) / 2.0) / usual
