"""The learning itself: one or two stages of training, watched, shown and put down."""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import torch
from torch import nn

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.algorithms.maml import Maml
from fewshot_gui.metatrain.algorithms.meta_baseline import Classifier
from fewshot_gui.metatrain.building import built_algorithm, built_network
from fewshot_gui.metatrain.checkpoints import load_checkpoint
from fewshot_gui.metatrain.choices import Freedom
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.compiling import compiled_where_it_pays
from fewshot_gui.metatrain.gallery import Gallery
from fewshot_gui.metatrain.materials import Material, Units
from fewshot_gui.metatrain.ordered_learner import algorithm_part, network_part
from fewshot_gui.metatrain.resuming import ORDER, STAGE, STEP
from fewshot_gui.metatrain.split import ClassSplit
from fewshot_gui.metatrain.team import Team, share_norms
from fewshot_gui.metatrain.telling import Telling
from fewshot_gui.metatrain.trainer import Trainer, other_pictures
from fewshot_gui.metatrain.training_episodes import EpisodeSource
from fewshot_gui.metatrain.training_events import OnEvent
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.metatrain.training_plan import BatchPlan, Control, Look, Trained, TrainerPlan
from fewshot_gui.metatrain.tuned_networks import Adapter
from fewshot_gui.metatrain.whitening import within_whitening
from fewshot_gui.texts import _

NAMES = "names"  # among a checkpoint's notes
LEAST_WAYS = 2  # of an episode
WATCHED_WAYS = 20  # as in most papers; more are learned from to see more pairs of classes
HEAD_RATE = 10.0  # of gradient descent within a task, on embeddings of length 1
WATCHING = 1  # added to the seed: other episodes than those that are learned from


@dataclass(frozen=True)
class Setting:
    """What does not change while it learns.

    Attributes:
        order: What to train.
        material: The pictures.
        split: Which classes are learned from, watched by and tested with.
        device: Where to compute.
        names: Stands for the classes of the folder, as listed.
        team: The processes that train together.
        tell: Told events.
        control: Holds it up, or has it end early.
    """

    order: TrainingOrder
    material: Material
    split: ClassSplit
    device: torch.device
    names: str
    team: Team
    tell: OnEvent
    control: Control


@dataclass(frozen=True)
class Learned:
    """What came out, as it was at the best look.

    Attributes:
        network, algorithm: In evaluation mode.
        trained: How the last stage ended, with the steps of all stages counted.
    """

    network: nn.Module
    algorithm: nn.Module
    trained: Trained


@dataclass(frozen=True)
class _Stage:
    """A part of a training with an algorithm of its own.

    Attributes:
        number: From 0.
        steps: At most.
        before: Steps of the stages before it.
        seconds: Time limit, 0 for none.
    """

    number: int
    steps: int
    before: int
    seconds: float


def resumed_at(order: TrainingOrder, names: str) -> int:
    """The step that a training goes on from.

    Args:
        order: The training.
        names: See ``names_digest``.

    Raises:
        UserError: There is none that can be gone on with, or it is one of other classes.
    """
    notes = load_checkpoint(order.checkpoint).notes
    if notes.get(NAMES, names) != names:
        raise other_pictures(order.checkpoint)
    return notes.get(STEP, 0) + (order.classifying if notes.get(STAGE) else 0)


def learn(setting: Setting, job: Job, resume: bool) -> Learned:
    """Run all stages.

    Raises:
        UserError: There are too few classes or pictures, the numbers are no longer finite, or
            the checkpoint is not one of this training.
        Cancelled: The job was cancelled; what was learned is put down.
    """
    order = setting.order
    source = _source(setting, setting.split.training, order.batches, order.seed)
    with _seeded(order.seed):
        network = built_network(network_part(order))
        _begin_well(network, setting)
        classifier = Classifier(network.width, source.class_count) if order.classifying else None
        algorithm = built_algorithm(algorithm_part(order), network.width)
    if isinstance(algorithm, Maml):
        algorithm.per_step = True  # only learning is another with it
        if isinstance(network, Adapter):
            _quicken(algorithm)
    if not setting.team.alone:
        share_norms(network)
    telling = Telling(setting.tell, order.steps + order.classifying, order.episodes, order.minutes)
    at = load_checkpoint(order.checkpoint).notes.get(STAGE, 0) if resume else 0
    trained = None
    for stage in _stages(order):
        if stage.number < at:
            continue
        learning = classifier if order.classifying and stage.number == 0 else algorithm
        trainer = _trainer(setting, network, learning, stage)
        if resume and stage.number == at:
            trainer.resume()
        trained = _run(trainer, setting, stage, telling, (network, learning), job)
    return Learned(network.eval(), algorithm.eval(), trained)


def _stages(order: TrainingOrder) -> Iterator[_Stage]:
    limit = 60 * order.minutes
    share = order.classifying / (order.classifying + order.steps)
    if order.classifying:
        yield _Stage(0, order.classifying, 0, limit * share)
    yield _Stage(int(order.classifying > 0), order.steps, order.classifying, limit * (1 - share))


def _trainer(setting: Setting, network: nn.Module, algorithm: nn.Module, stage: _Stage) -> Trainer:
    order, split = setting.order, setting.split
    source = _source(setting, split.training, order.batches, order.seed + stage.number)
    watching = _source(setting, split.validation, watched(order, split), order.seed + WATCHING)
    network.to(setting.device)
    algorithm.to(setting.device)
    compiled_where_it_pays(network, algorithm, source, setting.device, stage.steps)
    plan = TrainerPlan(
        steps=stage.steps,
        rate=order.rate,
        watch_every=order.watch_every,
        watch_episodes=order.watch_episodes,
        patience=order.patience,
        seconds=stage.seconds,
    )
    notes = {ORDER: asdict(order), STAGE: stage.number, NAMES: setting.names}
    return Trainer(
        network,
        algorithm,
        source,
        watching,
        plan,
        order.checkpoint,
        setting.device,
        setting.team,
        data=_digest(split),
        notes=notes,
    )


def _run(
    trainer: Trainer,
    setting: Setting,
    stage: _Stage,
    telling: Telling,
    pair: tuple[nn.Module, nn.Module],
    job: Job,
) -> Trained:
    """One stage; the steps of those before it are counted."""
    order, before = setting.order, stage.before
    gallery = None
    if setting.team.leads:
        validation = setting.split.validation
        gallery = Gallery(setting.material, validation, order.shots[1], order.seed, setting.device)
    telling.stage(before)

    def look(found: Look) -> None:
        telling.look(found)
        if gallery is not None:
            setting.tell(gallery.shown(*pair, before + found.step))

    trained = trainer.run(job, setting.control, telling.step, look)
    looks = tuple(replace(found, step=before + found.step) for found in trained.looks)
    best = replace(trained.best, step=before + trained.best.step)
    return Trained(looks, best, before + trained.steps)


def watched(order: TrainingOrder, split: ClassSplit) -> BatchPlan:
    """Episodes like those that are learned from, as far as there are classes, and plain ones.

    Raises:
        UserError: There are too few classes or pictures to watch by.
    """
    needed = order.shots[1] + order.targets[1]
    most = min(split.validation.together(needed, order.within_groups), WATCHED_WAYS)
    if most < LEAST_WAYS:
        raise UserError(
            _("Too few classes to watch by have {needed} pictures: {least} are needed.").format(
                needed=needed, least=LEAST_WAYS
            ),
            _("Ask for fewer pictures in an episode, or set more classes aside to watch by."),
        )
    ways = min(order.ways[0], most), min(order.ways[1], most)
    plain = replace(order.batches, gathered=0.0, turned=False, bend=0.0, mirror=False)
    return replace(plain, ways=ways)


def _quicken(algorithm: Maml) -> None:
    """Features of length 1 need a larger head than others, in as few steps."""
    with torch.no_grad():
        algorithm.log_rates[:, 1] = math.log(HEAD_RATE)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Within it, new weights depend on the seed alone; nobody else's numbers are touched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _source(setting: Setting, classes: ClassRows, plan: BatchPlan, seed: int) -> EpisodeSource:
    return setting.material.source(classes, plan, seed, setting.device)


def _begin_well(network: nn.Module, setting: Setting) -> None:
    """An adapter begins with what can be said without learning."""
    if setting.order.freedom == Freedom.ADAPTER and isinstance(setting.material, Units):
        matrix = within_whitening(setting.material.vectors, setting.split.training)
        network.begin_as(torch.from_numpy(matrix))


def _digest(split: ClassSplit) -> str:
    """Of the classes and how many pictures each has: another folder is another training."""
    whole = [
        (part.names, part.sizes.tolist()) for part in (split.training, split.validation, split.test)
    ]
    return _hashed(whole)


def names_digest(classes: ClassRows) -> str:
    """Stands for the names of classes, whatever can be read of their pictures."""
    return _hashed(sorted(classes.names))


def _hashed(value: object) -> str:
    return hashlib.blake2b(repr(value).encode(), digest_size=16).hexdigest()
