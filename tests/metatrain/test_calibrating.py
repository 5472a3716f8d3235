"""A learner that is too sure, or not sure enough, is put right."""

from __future__ import annotations

import numpy as np
import pytest

from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.calibrating import Answered, calibrated, fitted_law
from fewshot_gui.metatrain.episodes import Episode
from tests.metatrain.toys import classes_of


def _softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def _said(ways: int, shots: int, factor: float, rng: np.random.Generator) -> Answered:
    """Answers as often right as honest probabilities say, given ``factor`` times too sharp."""
    logits = rng.normal(size=(400, ways)) * 2
    honest = _softmax(logits)
    answers = (honest.cumsum(axis=1) < rng.random((400, 1))).sum(axis=1)
    return Answered(_softmax(factor * logits), answers, np.full(ways, shots))


@pytest.mark.parametrize("factor", [0.2, 1.0, 5.0])
def test_the_law_makes_answers_honest(factor: float) -> None:
    rng = np.random.default_rng(0)
    said = [_said(ways, shots, factor, rng) for ways in (2, 5, 20) for shots in (1, 5)]
    law = fitted_law(said)
    for answered in said:
        assert law(answered.counts) == pytest.approx(1 / factor, rel=0.15)


def test_the_law_may_differ_by_ways_and_shots() -> None:
    rng = np.random.default_rng(0)
    wanted = {(w, k): w**0.3 * k**-0.5 for w in (2, 5, 20) for k in (1, 3, 10)}
    said = [_said(w, k, factor, rng) for (w, k), factor in wanted.items()]
    law = fitted_law(said)
    for answered, factor in zip(said, wanted.values(), strict=True):
        assert law(answered.counts) == pytest.approx(1 / factor, rel=0.2)


def test_a_learner_is_put_right_on_episodes() -> None:
    classes = classes_of([30] * 24)
    places = np.random.default_rng(1).normal(size=(24, 6))
    pictures = np.repeat(places, 30, axis=0) + np.random.default_rng(2).normal(size=(720, 6))

    def solve(task: Episode, _job: Job) -> np.ndarray:
        means = np.stack([pictures[task.support[task.labels == i]].mean(axis=0) for i in _of(task)])
        gaps = pictures[task.targets][:, None] - means
        return _softmax(-3 * np.square(gaps).sum(axis=2))  # far too sure

    law = calibrated(solve, classes, False, 0, Job())
    assert law(np.full(5, 1)) < law(np.full(5, 10)) < 0.4


def _of(task: Episode) -> range:
    return range(len(task.classes))


def test_too_few_pictures_tell_nothing() -> None:
    assert (
        calibrated(lambda _task, _job: np.ones((1, 1)), classes_of([1, 1]), False, 0, Job()) is None
    )
