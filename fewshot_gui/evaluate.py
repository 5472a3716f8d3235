"""How well the pictures of class folders can be sorted: the use case both front ends share."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.errors import UserError
from fewshot_gui.images.class_folders import ClassFolder, find_class_folders
from fewshot_gui.jobs import Job
from fewshot_gui.learners.registry import image_learners, learner_info
from fewshot_gui.metatrain.classes import ClassRows, listed_classes, usable_classes
from fewshot_gui.metatrain.evaluation import Result, check_possible, evaluate
from fewshot_gui.metatrain.fitting import fitting_shots, fitting_targets
from fewshot_gui.metatrain.plan import EpisodePlan, Mode, learning_curve
from fewshot_gui.texts import _
from fewshot_gui.workflow import Workbench

EPISODES = 600  # as in most papers; the interval is then about ± 0.5 %
FOLDER_EPISODES = 20  # each has all pictures
CURVE_SHOTS = (1, 2, 5, 10, 20)
CURVE_TARGETS = 4  # fewest targets of each class for the largest number of examples


@dataclass(frozen=True)
class Question:
    """What to find out. What is None is chosen by what the classes allow.

    Attributes:
        learners: Keys in the registry or learner files, the one to compare with first.
        backbones: Keys in the catalogue; trained learners bring their own.
        ways: Classes of a task.
        shots: Examples of each class.
        targets: Targets of each class.
        episodes: Tasks.
        mode: Which targets.
        within_folders: All classes of a task lie in the same folder.
        seed: Of the draws.
        curve: Ask for several numbers of examples, whatever ``shots`` says.
    """

    learners: tuple[str, ...]
    backbones: tuple[str, ...]
    ways: int | None = None
    shots: int = 5
    targets: int | None = None
    episodes: int | None = None
    mode: Mode = Mode.BALANCED
    within_folders: bool = False
    seed: int = 0
    curve: bool = False


@dataclass(frozen=True)
class Evaluation:
    """What was found.

    Attributes:
        data: The classes that the results speak of, with all usable pictures.
        results: In the order of shots, backbones and learners.
    """

    data: ClassRows
    results: tuple[Result, ...]


def evaluate_folder(
    folder: str | Path, question: Question, device: str, job: Job, isolated: bool = False
) -> Evaluation:
    """Try learners on tasks drawn from class folders.

    Args:
        folder: Holds class folders.
        question: What to find out.
        device: See ``Workbench``.
        job: Progress, cancellation and notices.
        isolated: See ``Workbench``.

    Raises:
        UserError: A key is not known, the folder cannot be read, or too few classes have
            enough pictures.
        Cancelled: The job was cancelled; the embeddings made so far are in the cache.
    """
    for learner in question.learners:
        _check_learner(learner)
    question = with_own_backbones(question)
    for backbone in question.backbones:
        backbone_card(backbone)
    folders = find_class_folders(folder, job)
    if len(folders) < 2:
        raise UserError(
            _("There is only one class in “{folder}”.").format(folder=folder),
            _("An evaluation needs at least two: one sub-folder with pictures for each."),
        )
    # Before the long work: whether there are enough pictures, even if all can be read.
    check_question(listed_classes(folders), question)
    data, tables = embedded_classes(folders, question.backbones, device, job, isolated)
    plans = _plans(data, question, job)
    results = evaluate(data, tables, question.learners, plans, _episodes(question), job)
    return Evaluation(data, tuple(results))


def with_own_backbones(question: Question) -> Question:
    """The question with the backbones that trained learners bring, in the learners' order.

    Other learners are tried with these, too, and with the backbones that were asked for;
    where there are no other learners, what was asked for has nothing to do.
    """
    own = [learner_info(learner).backbone for learner in question.learners]
    # the first learner is what the others are compared with, so its results come first
    asked = question.backbones if "" in own else ()
    first = [key for key in own if key] if own[0] else []
    keys = dict.fromkeys((*first[:1], *asked, *(key for key in own if key)))
    return replace(question, backbones=tuple(keys))


def check_question(data: ClassRows, question: Question) -> None:
    """Find out whether a question can be answered with these classes.

    Raises:
        UserError: It cannot; the hint says what could.
    """
    check_possible(data, _plans(data, question, Job()), _episodes(question), Job())


def _check_learner(learner: str) -> None:
    images = {info.key for info in image_learners()}
    if learner in images or learner_info(learner).reads == "images":
        raise UserError(
            _("“{learner}” changes the network anew for every task.").format(learner=learner),
            _("That takes minutes each; only learners that leave it alone can be evaluated."),
        )


def embedded_classes(
    folders: Sequence[ClassFolder],
    backbones: Sequence[str],
    device: str,
    job: Job,
    isolated: bool = False,
) -> tuple[ClassRows, dict[str, EmbeddingTable]]:
    """The usable pictures of class folders, and their embeddings by backbone."""
    tables = {key: _embedded(folders, key, device, isolated, job) for key in backbones}
    return usable_classes(folders, list(tables.values()), job), tables


def _embedded(
    folders: Sequence[ClassFolder], backbone: str, device: str, isolated: bool, job: Job
) -> EmbeddingTable:
    with contextlib.closing(Workbench(backbone, device, isolated)) as workbench:
        table = workbench.new_table()
        rows = table.add(file for folder in folders for file in folder.files)
        workbench.embed(table, np.asarray(rows, np.int64), job)
    return table


def _episodes(question: Question) -> int:
    if question.episodes is not None:
        return question.episodes
    return FOLDER_EPISODES if question.mode is Mode.FOLDER else EPISODES


def _plans(data: ClassRows, question: Question, job: Job) -> list[EpisodePlan]:
    """What is asked for, one plan for each number of examples."""
    plan = _plan(data, question)
    if not question.curve:
        return [_with_targets(data, plan, question, job)]
    shots = fitting_shots(data.sizes, CURVE_SHOTS, plan, question.targets or CURVE_TARGETS)
    if not shots:
        shots = CURVE_SHOTS[:1]  # too few pictures for anything: the error says how many
    elif left_out := [str(k) for k in CURVE_SHOTS if k not in shots]:
        text = _("Too few classes have pictures for {shots} examples; the curve ends before.")
        job.notice(text.format(shots=", ".join(left_out)))
    plan = _with_targets(data, replace(plan, reserve=max(shots)), question, job)
    return learning_curve(plan, shots)


def _plan(data: ClassRows, question: Question) -> EpisodePlan:
    default = EpisodePlan()
    return EpisodePlan(
        ways=min(default.ways, len(data)) if question.ways is None else question.ways,
        shots=1 if question.curve else question.shots,
        targets=default.targets if question.targets is None else question.targets,
        mode=question.mode,
        within_groups=question.within_folders,
        seed=question.seed,
    )


def _with_targets(data: ClassRows, plan: EpisodePlan, question: Question, job: Job) -> EpisodePlan:
    """The plan with as many targets as most classes have, where the user did not say."""
    if question.targets is not None or plan.mode is Mode.FOLDER:
        return plan
    targets = fitting_targets(data.sizes, plan)
    if targets < plan.targets:
        text = _("Each task has {targets} targets of each class: many classes have no more.")
        job.notice(text.format(targets=targets))
    return replace(plan, targets=targets)
