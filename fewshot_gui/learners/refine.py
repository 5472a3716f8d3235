"""Refining: the examples say what the classes are, the folder says where they lie.

Discriminant analysis whose class means also take in images that nobody labelled: soft
k-means, as in Ren et al. 2018, *Meta-Learning for Semi-Supervised Few-Shot Classification*
(arXiv:1803.00676), and Bateni et al. 2022, *Enhancing Few-Shot Image Classification with
Unlabelled Examples* (arXiv:2006.12245). Folders are uneven and hold strangers, which breaks
methods that expect as many images of each class (Veilleux et al. 2021, *Realistic
Evaluation of Transductive Few-Shot Learning*, arXiv:2204.11181). So here

- the mix of the folder is estimated together with the means (Saerens et al. 2002), the
  more freely the more examples there are: a class that is not in the folder attracts
  nothing, instead of being dragged into its neighbours;
- the images of a class count as hardly more than its own examples, and never as more than
  a few, however many they are;
- the mix serves to move the means alone: in the end every class has the same chance.

The result is a classifier like any other: what it says of an image depends on the image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray, IntArray, checked_targets, unit
from fewshot_gui.learners.centred import centred_unit
from fewshot_gui.learners.discriminant import (
    EVENNESS,
    SHARPNESS,
    Choice,
    Task,
    chosen,
    prepared,
    scorer,
)
from fewshot_gui.learners.folder import looked_at
from fewshot_gui.learners.linear import FittedLinear, linear
from fewshot_gui.learners.sharpness import SharpnessLaw
from fewshot_gui.learners.spread import View

Matrix = NDArray[np.float64]

ROUNDS = 8  # of moving the means
MIX_ROUNDS = 10  # of estimating the mix, in each of them
EVEN_MIX = 2.0  # even folders that the mix is expected to be like, at one example a class
LENT = 2.0  # logarithm by which answers were too sure where all came from the folder
MORE = 1.0  # by how much images of the folder may outweigh the examples of a class
ENOUGH = 6.0  # images of it that count for a class at most; many examples need no help


@dataclass(frozen=True)
class Refine:
    """Discriminant analysis refined on the folder.

    Attributes:
        evenness: See ``Discriminant``.
        sharpness: Likewise; examples and the images that count beside them are its shots.
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
        return self.fitted(task, choice, folder, job)

    def fitted(
        self, task: Task, choice: Choice, folder: FloatArray | None, job: Job
    ) -> FittedLinear:
        """The same where the examples have been prepared and judged."""
        view = View(task.clouds, task.clouds.even(choice.evenness))
        means, counts = moved(task, view, self.sharpness, choice.factor, folder, job)
        weights, offsets = scorer(view, means, counts)
        scale = self.sharpness(counts) * choice.factor * _modesty(task.clouds.counts, counts)
        return linear(task.classes, task.centre, scale * weights, scale * offsets)


def moved(
    task: Task,
    view: View,
    law: SharpnessLaw,
    factor: float,
    folder: FloatArray | None,
    job: Job,
) -> tuple[Matrix, Matrix]:
    """Class means ``(k, d)`` with the folder taken in, and what counts behind each ``(k,)``."""
    clouds = task.clouds
    means, counts = clouds.means, clouds.counts.astype(np.float64)
    if folder is None or not len(folder) or len(counts) < 2:
        return means, counts
    some = looked_at(folder, len(counts))
    rows = centred_unit(unit(checked_targets(some, len(task.centre))), task.centre)
    sums, shots = means * counts[:, None], counts
    for _round in range(ROUNDS):
        job.checkpoint()
        weights, offsets = scorer(view, means, counts)
        logits = rows @ weights.T.astype(np.float32) + offsets
        shares = _shares(law(counts) * factor * logits, _expected(shots, len(rows)))
        attracted = shares.sum(axis=0)
        most = np.minimum(shots + MORE, ENOUGH)
        weight = most * attracted / (most + attracted)
        pulls = (weight / np.maximum(attracted, 1e-9))[:, None]
        drawn = (shares.T.astype(np.float32) @ rows).astype(np.float64)
        counts = shots + weight
        means = (sums + pulls * drawn) / counts[:, None]
    return means, counts


def _modesty(shots: NDArray[np.number], counts: Matrix) -> float:
    """How much less the answers are worth for what the folder has in them.

    The means were drawn to the very images that are asked about, right or wrong, so that
    these look surer than they are; most so where examples are fewest.
    """
    lent = 1.0 - (1.0 / counts).sum() / (1.0 / shots).sum()
    return float(np.exp(-LENT * lent**2))


def _expected(shots: Matrix, images: int) -> float:
    """Images of each class that are believed to be there beside those that are seen.

    One at least, or a class that a small folder shows once or twice would be given up. What
    one example says of a class is so little that the mix it gives is not to be trusted at
    all; from three examples on it is.
    """
    usual = len(shots) / (1.0 / shots).sum()
    return 1.0 + EVEN_MIX * images / len(shots) / usual**3


def _shares(logits: Matrix, expected: float) -> Matrix:
    """How far each image belongs to each class, ``(m, k)``, by the likeliest mix."""
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    count, ways = chances.shape
    mix = np.full(ways, 1.0 / ways)
    for _round in range(MIX_ROUNDS):
        shares = chances * mix
        shares /= shares.sum(axis=1, keepdims=True)
        mix = (shares.sum(axis=0) + expected) / (count + ways * expected)
    shares = chances * mix
    return shares / shares.sum(axis=1, keepdims=True)
