"""A whole training, from class folders to a learner file: what both front ends run."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from pathlib import Path

import torch

from fewshot_gui.backbones.torch_runtime import resolve_device
from fewshot_gui.errors import UserError
from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.learners.sharpness import SharpnessLaw
from fewshot_gui.metatrain.calibrating import calibrated
from fewshot_gui.metatrain.classes import listed_classes, tell_lost
from fewshot_gui.metatrain.foreseeing import check_disks, check_parts, check_rival, check_team
from fewshot_gui.metatrain.learner_card import OWN_HEAD
from fewshot_gui.metatrain.learner_file import save_learner
from fewshot_gui.metatrain.learning import Learned, Setting, learn, names_digest, resumed_at
from fewshot_gui.metatrain.ordered_learner import INTERPOLATION, finished_card, network_part
from fewshot_gui.metatrain.outputs import check_output
from fewshot_gui.metatrain.parts import split_as_ordered
from fewshot_gui.metatrain.preparing import Ready, prepared
from fewshot_gui.metatrain.resuming import refuse_to_begin_anew
from fewshot_gui.metatrain.rivalry import tested
from fewshot_gui.metatrain.scratch import only_training
from fewshot_gui.metatrain.split import ClassSplit
from fewshot_gui.metatrain.suiting import Suited, suited
from fewshot_gui.metatrain.team import Team, joined_team, own_device
from fewshot_gui.metatrain.training_events import (
    Done,
    FinalTest,
    OnEvent,
    Prepared,
    Stopped,
    TrainingEvent,
)
from fewshot_gui.metatrain.training_order import TrainingOrder, checked
from fewshot_gui.metatrain.training_plan import Control
from fewshot_gui.texts import _


def train(
    order: TrainingOrder,
    job: Job,
    on_event: OnEvent,
    control: Control | None = None,
    resume: bool = False,
) -> Done:
    """Train, test, and write the learner file.

    Started by ``torchrun`` it is one of several processes that train together; the first one
    tells events and writes files.

    Args:
        order: What to train.
        job: Progress of what comes before and after the learning, notices, cancellation.
        on_event: Called in this thread; ``Preparing`` and ``Noticed`` are left to the job.
        control: Holds the learning up, or has it end early and keep what was learned.
        resume: Go on from the order's checkpoint.

    Raises:
        UserError: Something that the user can put right.
        Cancelled: The job was cancelled; where something was learned, there is a checkpoint.
    """
    began = time.monotonic()
    checked(order)
    check_output(Path(order.output))
    check_rival(order)
    device = own_device(resolve_device(order.device))
    with joined_team(device) as team, _alone(order, team), DecodePool() as pool:
        tell = on_event if team.leads else _silence
        try:
            check_team(order, team)
            if not resume:
                refuse_to_begin_anew(order.output)
            folders = find_class_folders(order.folder, job)
            part, listed = network_part(order), listed_classes(folders)
            names = names_digest(listed)
            # Before the long work: whether there would be enough, if all can be read.
            begins_at = resumed_at(order, names) if resume else 0
            foreseen = split_as_ordered(listed, order)
            check_parts(order, foreseen)
            check_disks(order, part, foreseen, int(listed.sizes.sum()))
            with prepared(folders, part, INTERPOLATION, device.type, pool, job) as ready:
                tell_lost(listed, ready.material.classes, job)
                split = split_as_ordered(ready.material.classes, order)
                check_parts(order, split)
                setting = Setting(
                    order, ready.material, split, device, names, team, tell, control or Control()
                )
                tell(_prepared(order, ready, split, device, begins_at))
                learned = learn(setting, job, resume)
                done = _finished(setting, learned, ready, pool, job)
        except Cancelled:
            tell(Stopped(str(order.checkpoint) if order.checkpoint.exists() else ""))
            raise
    done = replace(done, seconds=time.monotonic() - began)
    tell(done)
    return done


def _prepared(
    order: TrainingOrder, ready: Ready, split: ClassSplit, device: torch.device, begins_at: int
) -> Prepared:
    return Prepared(
        split.training.names,
        split.validation.names,
        split.test.names,
        int(ready.material.classes.sizes.sum()),
        ready.unreadable,
        ready.copies,
        device.type,
        order.steps + order.classifying,
        begins_at,
    )


def _finished(setting: Setting, learned: Learned, ready: Ready, pool: DecodePool, job: Job) -> Done:
    """Test and write; the time is not known here."""
    order, trained = setting.order, learned.trained
    best = trained.best
    done = Done(order.output, trained.steps, best.step, best.accuracy, OWN_HEAD, None, 0.0)
    if not setting.team.leads:
        return done
    new = suited(setting, learned, len(ready.files), job)
    verdict = _verdict(setting, new, ready, pool, job)
    if verdict is not None:
        setting.tell(verdict)
    done = replace(done, head=new.head, tested=verdict)
    law = _law(setting, new, job) if new.head == OWN_HEAD else None
    card = finished_card(order, setting.split, done, new.views, law)
    save_learner(Path(order.output), card, new.network, learned.algorithm)
    order.checkpoint.unlink(missing_ok=True)
    return done


def _verdict(
    setting: Setting, new: Suited, ready: Ready, pool: DecodePool, job: Job
) -> FinalTest | None:
    """The final test. What was learned is kept even where it can no longer be made."""
    try:
        return tested(setting, new.solver, ready, pool, job)
    except UserError as error:
        text = _("The new learner is kept, but it could not be tested. {reason}")
        job.notice(text.format(reason=error))
        return None


def _alone(order: TrainingOrder, team: Team) -> contextlib.AbstractContextManager[None]:
    """Of those that train together one writes, and of others none does."""
    return only_training(Path(order.output)) if team.leads else contextlib.nullcontext()


def _law(setting: Setting, new: Suited, job: Job) -> SharpnessLaw | None:
    """How sharp its own answers must be; other heads have laws of their own."""
    order, watched_by = setting.order, setting.split.validation
    return calibrated(new.solver.probabilities, watched_by, order.within_groups, order.seed, job)


def _silence(_event: TrainingEvent) -> None:
    pass
