"""Automatic: discriminant analysis, unless the examples themselves speak for another way.

From one or two examples a class nothing can be chosen; discriminant analysis with what is
believed beforehand does best there. With more, each example is left out in turn: that
tells how much to believe beforehand, how sure the answers may sound, and whether the
classes are no clouds at all but loose collections (three kinds of tea in one bin), which
are better compared with one example at a time. Where the folder can be looked at, the
class means are refined on it, see `refine.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import Fitted, FloatArray, IntArray
from fewshot_gui.learners.discriminant import Choice, Task, chosen, prepared, tested
from fewshot_gui.learners.folder import looked_at
from fewshot_gui.learners.matching import Matching, left_out_attraction
from fewshot_gui.learners.refine import Refine
from fewshot_gui.learners.trial import Trial, Verdict
from fewshot_gui.texts import _, ngettext

LOOSE = 8  # examples a class (harmonic mean); of fewer, none can be called a collection


@dataclass(frozen=True)
class Auto:
    """The learner that chooses.

    Attributes:
        clouds: Taken unless the other one is clearly better.
        single: Compares with single examples.
    """

    clouds: Refine = field(default_factory=Refine)
    single: Matching = field(default_factory=Matching)

    def fit(
        self,
        support: FloatArray,
        labels: IntArray,
        job: Job,
        folder: FloatArray | None = None,
    ) -> Fitted:
        """See ``Learner.fit``."""
        task = prepared(support, labels, job)
        choice = chosen(task.clouds, self.clouds.evenness, self.clouds.sharpness, job)
        rival = self._rival(task, choice)
        job.checkpoint()
        if rival is not None:
            fitted = self.single.fit(support, labels, job)
            return replace(
                fitted, scale=fitted.scale * rival.factor, explanation=_single(choice, rival)
            )
        fitted = self.clouds.fitted(task, choice, folder, job)
        looked = 0 if folder is None else len(looked_at(folder, len(task.classes)))
        return replace(fitted, explanation=_clouds(choice, looked))

    def _rival(self, task: Task, choice: Choice) -> Verdict | None:
        """How comparing with single examples does, where it is clearly better."""
        few, places = tested(task.clouds)
        if choice.verdict is None or len(few.counts) / (1.0 / few.counts).sum() < LOOSE:
            return None
        scores = left_out_attraction(few.rows, few.labels, self.single.attention)
        answers = few.labels[places]
        verdict = Trial(scores[places], answers, few.counts, self.single.sharpness).verdict()
        return verdict if verdict.clearly_better(choice.verdict) else None


def _clouds(choice: Choice, looked: int) -> str:
    """What is said where classes are compared by their means."""
    if choice.verdict is None:
        text = _(
            "Compares each image with the average look of each class; with so few examples "
            "there is nothing to choose from."
        )
    else:
        text = ngettext(
            "Compares each image with the average look of each class: with {tested} example "
            "hidden in turn, {right} was put back rightly.",
            "Compares each image with the average look of each class: of {tested} examples, "
            "each hidden in turn, {right} were put back rightly.",
            choice.verdict.tested,
        ).format(tested=choice.verdict.tested, right=choice.verdict.right)
    if looked:
        text += " " + ngettext(
            "The averages also take in what {count} image of the folder looks like.",
            "The averages also take in what {count} images of the folder look like.",
            looked,
        ).format(count=looked)
    return text


def _single(choice: Choice, rival: Verdict) -> str:
    """What is said where single examples are compared with."""
    assert choice.verdict is not None
    return _(
        "Compares each image with every single example, because the classes are mixed: "
        "of {tested} examples, each hidden in turn, {right} were put back rightly, against "
        "{other} by the average look of each class."
    ).format(tested=rival.tested, right=rival.right, other=choice.verdict.right)
