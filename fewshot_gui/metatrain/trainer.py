"""Meta-training: step after step, watched by episodes of classes that are not learned from."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.metatrain.checkpoints import (
    Checkpoint,
    load_checkpoint,
    optimiser_tensors,
    part,
    prefixed,
    restore_module,
    restore_optimiser,
    save_checkpoint,
)
from fewshot_gui.metatrain.measures import Estimate, estimate
from fewshot_gui.metatrain.memory import freed_memory_kept
from fewshot_gui.metatrain.resuming import STEP, unusable
from fewshot_gui.metatrain.team import Team
from fewshot_gui.metatrain.training_episodes import EpisodeSource
from fewshot_gui.metatrain.training_plan import Control, Look, Trained, TrainerPlan
from fewshot_gui.texts import _

MOST_GRADIENT = 10.0  # a longer one is shortened: one odd batch must not undo what was learned


class Trainer:
    """Trains a network by an algorithm; what it has come to can be put down and gone on from.

    Args:
        network: A ``Network``, moved to the device and trained in place.
        algorithm: An ``Algorithm``, likewise.
        training: Episodes to learn from.
        watching: Episodes of other classes, to see how well it learns.
        plan: How long and how fast.
        checkpoint: Where it is put down, at every look and whenever it stops or is held.
        device: Where to compute; the sources must deliver there.
        team: The processes that train together, each with sources of the same seeds.
        data: Stands for the pictures: it is gone on with the same ones only.
        notes: Put down as well, fit for JSON: what else belongs to this training.
    """

    def __init__(
        self,
        network: nn.Module,
        algorithm: nn.Module,
        training: EpisodeSource,
        watching: EpisodeSource,
        plan: TrainerPlan,
        checkpoint: Path,
        device: torch.device,
        team: Team | None = None,
        data: str = "",
        notes: dict[str, Any] | None = None,
    ) -> None:
        # Where precision may be low the fastest layout pays too; torch.func undoes it anyway.
        layout = torch.channels_last if algorithm.mixed else torch.preserve_format
        self._network = network.to(device=device, memory_format=layout)
        self._algorithm = algorithm.to(device)
        self._training = training
        self._watching = watching
        self._watched_from = watching.state
        self._plan = plan
        self._path = checkpoint
        self._device = device
        self._team = team or Team()
        self._data = data
        self._notes = notes or {}
        self._half = algorithm.mixed and _bfloat16(plan.precision, device)
        self._parameters = [*network.parameters(), *algorithm.parameters()]
        self._optimiser = torch.optim.Adam(self._parameters, plan.rate)
        self._step = 0
        self._kept = 0  # the step that was put down last
        self._spent = 0.0  # seconds before this run
        self._begun = 0.0
        self._losses: list[float] = []
        self._looks: list[Look] = []
        self._best = self._weights()

    def resume(self) -> None:
        """Go on from where the checkpoint was put down, with the same losses as unbroken.

        Raises:
            UserError: It cannot be read, or belongs to another training.
        """
        found = load_checkpoint(self._path)
        if found.notes.get("data", self._data) != self._data:
            raise other_pictures(self._path)
        if found.notes.get("plan") != self._fingerprint():
            raise UserError(
                _("“{file}” was put down by a training with other settings.").format(
                    file=self._path
                ),
                _("Choose the same settings again, or begin anew with another output."),
            )
        try:
            self._restore(found)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise unusable(self._path) from error

    @freed_memory_kept()
    def run(
        self,
        job: Job,
        control: Control | None = None,
        on_step: Callable[[int, float, float], None] | None = None,
        on_look: Callable[[Look], None] | None = None,
    ) -> Trained:
        """Train to the end, and leave the best weights in the network and the algorithm.

        Args:
            job: Cancellation.
            control: Holds it up between steps, or has it end at once as if it were the end.
            on_step: Told the number, loss and accuracy of each step.
            on_look: Told every look.

        Raises:
            Cancelled: The job was cancelled; what was learned so far is put down.
            UserError: The loss or a gradient is not finite, or nothing can be written; the
                last checkpoint stays.
        """
        control = control or Control()
        # Several processes must end at the same step: the others ask no job of their own.
        inside = job if self._team.alone else Job()
        self._begun = time.monotonic()
        try:
            while True:
                wish = self._team.agreed(job, control, self._spent_by_now())
                over = wish.finishing or self._step >= self._plan.steps or self._late(wish.seconds)
                if self._due(over):
                    self._look(inside, on_look)
                if over or self._tired():
                    break
                if wish.held:
                    self._hold(control, job)
                    continue  # it may be time to end
                loss, accuracy = self._one_step(wish.seconds)
                if on_step is not None:
                    on_step(self._step, loss, accuracy)
        except Cancelled:
            if self._sound():
                self._put_down()
            raise
        self._load(self._best)
        return Trained(tuple(self._looks), self._best_look(), self._step)

    def _hold(self, control: Control, job: Job) -> None:
        if not self._sound():
            raise self._broken_down()
        self._put_down()
        control.wait(job)

    def _spent_by_now(self) -> float:
        return self._spent + time.monotonic() - self._begun

    def _late(self, seconds: float) -> bool:
        return 0 < self._plan.seconds <= seconds

    def _one_step(self, spent: float) -> tuple[float, float]:
        for group in self._optimiser.param_groups:
            group["lr"] = self._plan.rate_at(self._step, spent)
        episodes, weight = self._team.share(self._training.draw())
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._half):
            loss, accuracy = self._algorithm.loss(self._network, episodes)
        self._optimiser.zero_grad(set_to_none=True)
        (weight * loss).backward()
        self._team.add_up_gradients(self._parameters)
        length = torch.nn.utils.clip_grad_norm_(self._parameters, MOST_GRADIENT)
        told = self._team.added_up(weight * torch.stack([loss.detach(), accuracy]))
        # One transfer for all that must be known, as each one waits for the device.
        numbers = torch.cat([told, length[None]]).tolist()
        if not all(map(math.isfinite, numbers)):
            raise self._broken_down()
        self._optimiser.step()
        self._step += 1
        self._losses.append(numbers[0])
        return numbers[0], numbers[1]

    def _due(self, over: bool) -> bool:
        """Whether to look now; it may have been cancelled when it was about to."""
        last = self._looks[-1].step if self._looks else None
        return last != self._step and (over or self._step % self._plan.watch_every == 0)

    def _look(self, job: Job, on_look: Callable[[Look], None] | None) -> None:
        """See how well it does, keep what is best, and put it down."""
        if not self._sound():
            raise self._broken_down()
        loss = sum(self._losses) / len(self._losses) if self._losses else 0.0
        look = Look(self._step, loss, self._watched(job))
        if not self._looks or look.accuracy.mean > self._best_look().accuracy.mean:
            self._best = self._weights()
        self._looks.append(look)
        self._losses.clear()
        self._put_down()
        if on_look is not None:
            on_look(look)

    def _watched(self, job: Job) -> Estimate:
        self._watching.restore(self._watched_from)
        right: list[Tensor] = []
        while len(right) < self._plan.watch_episodes:
            episodes = self._watching.draw()
            for support, targets in zip(episodes.support, episodes.targets, strict=True):
                job.checkpoint()
                if not self._team.takes(len(right)):
                    right.append(torch.zeros((), device=self._device))
                    continue
                with torch.autocast(self._device.type, torch.bfloat16, enabled=self._half):
                    logits = self._algorithm.answer(
                        self._network, support, episodes.labels, targets
                    )
                right.append((logits.argmax(1) == episodes.answers).float().mean())
        shares = torch.stack(right[: self._plan.watch_episodes])
        return estimate(self._team.added_up(shares).tolist())

    def _best_look(self) -> Look:
        return max(self._looks, key=lambda look: look.accuracy.mean)

    def _tired(self) -> bool:
        since = [look for look in self._looks if look.step > self._best_look().step]
        return 0 < self._plan.patience <= len(since)

    def _broken_down(self) -> UserError:
        return UserError(
            _("The training broke down at step {step}: its numbers are no longer finite.").format(
                step=self._step + 1
            ),
            _("What it had learned at step {step} is kept. Try a lower learning rate.").format(
                step=self._kept
            ),
        )

    def _weights(self) -> dict[str, Tensor]:
        held = self._both()
        return {name: tensor.detach().clone() for name, tensor in held.items()}

    def _sound(self) -> bool:
        """Whether all weights and statistics are finite: no others are ever put down."""
        finite = [torch.isfinite(t).all() for t in self._both().values()]
        return bool(torch.stack(finite).all())

    def _both(self) -> dict[str, Tensor]:
        return {
            **prefixed("network", self._network.state_dict()),
            **prefixed("algorithm", self._algorithm.state_dict()),
        }

    def _load(self, tensors: dict[str, Tensor]) -> None:
        restore_module(self._network, part("network", tensors))
        restore_module(self._algorithm, part("algorithm", tensors))

    def _put_down(self) -> None:
        self._kept = self._step
        if not self._team.leads:
            return
        tensors = {
            **prefixed("now", self._both()),
            **prefixed("best", self._best),
            **prefixed("adam", optimiser_tensors(self._optimiser)),
        }
        notes = {
            "plan": self._fingerprint(),
            "data": self._data,
            STEP: self._step,
            "losses": self._losses,
            "looks": [asdict(look) for look in self._looks],
            "episodes": self._training.state,
            "seconds": self._spent_by_now(),
        }
        save_checkpoint(self._path, Checkpoint(tensors, {**self._notes, **notes}))

    def _restore(self, found: Checkpoint) -> None:
        best = part("best", found.tensors)
        self._load(best)
        self._best = self._weights()
        self._load(part("now", found.tensors))
        restore_optimiser(self._optimiser, part("adam", found.tensors))
        self._training.restore(found.notes["episodes"])
        self._looks = [_look_of(held) for held in found.notes["looks"]]
        self._losses = [float(loss) for loss in found.notes["losses"]]
        self._spent = float(found.notes["seconds"])
        self._step = self._kept = int(found.notes[STEP])

    def _fingerprint(self) -> str:
        """Of all that must be the same for the losses to be the same."""
        settings = [asdict(self._plan), asdict(self._training.plan), asdict(self._watching.plan)]
        kinds = f"{type(self._network).__name__} {type(self._algorithm).__name__}"
        whole = f"{settings} {kinds} {self._training.class_count} {self._data}"
        return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()


def other_pictures(checkpoint: Path) -> UserError:
    """The error for a training that is to be gone on with on other pictures."""
    return UserError(
        _("“{file}” was put down by a training on other classes or pictures.").format(
            file=checkpoint
        ),
        _("Choose the folder as it was then, or begin anew with another output."),
    )


def _look_of(held: dict[str, Any]) -> Look:
    return Look(int(held["step"]), float(held["loss"]), Estimate(**held["accuracy"]))


def _bfloat16(precision: str, device: torch.device) -> bool:
    """Whether to compute in bfloat16: where the processor has it, it takes half the time."""
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        able = torch.cpu.get_capabilities()
        return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return False
