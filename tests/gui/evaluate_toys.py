"""Evaluations of made-up classes, as quick as a click."""

from __future__ import annotations

import threading

import numpy as np

from fewshot_gui.evaluate import Evaluation, Question
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.evaluation import evaluate
from fewshot_gui.metatrain.plan import EpisodePlan, learning_curve
from tests.metatrain.toys import WIDTH, classes_of, table_of


class ToyEvaluate:
    """Stands in for ``evaluate_folder``: real learners on embeddings that are made up.

    Attributes:
        asked: (folder, question, device, isolated) of each evaluation.
        jobs: Their jobs.
        gate: An evaluation ends once this is set; it looks for a cancel until then.
        error: Raised instead of an answer where it is not None.
        notice: Told on the way where it is not empty.
        deaf: Goes on although it was cancelled, as work between two checkpoints does.
    """

    def __init__(self, classes: int = 6):
        self.data = classes_of([12] * classes)
        self.asked: list[tuple] = []
        self.jobs: list[Job] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.notice = ""
        self.deaf = False

    def __call__(self, folder, question, device, job, isolated=False) -> Evaluation:
        self.asked.append((folder, question, device, isolated))
        self.jobs.append(job)
        job.report(1, 4, "Reading")
        if self.notice:
            job.notice(self.notice)
        while not self.gate.wait(0.005):
            if not self.deaf:
                job.checkpoint()
        if self.error is not None:
            raise self.error
        return self.found(question)

    def found(self, question: Question) -> Evaluation:
        """What it finds."""
        table = table_of(_embeddings(self.data))
        plan = EpisodePlan(
            ways=question.ways or 5, shots=question.shots, targets=4, mode=question.mode
        )
        plans = learning_curve(plan, (1, 2, 5)) if question.curve else [plan]
        results = evaluate(
            self.data, {"lite0": table}, question.learners, plans, question.episodes or 8, Job()
        )
        return Evaluation(self.data, tuple(results))


def _embeddings(data: ClassRows) -> np.ndarray:
    """Each class in a direction of its own, with so much noise that some are mixed up."""
    rng = np.random.default_rng(1)
    middles = rng.normal(size=(len(data), WIDTH))
    noise = rng.normal(size=(int(data.sizes.sum()), WIDTH))
    return (np.repeat(middles, data.sizes, axis=0) + 1.4 * noise).astype(np.float32)
