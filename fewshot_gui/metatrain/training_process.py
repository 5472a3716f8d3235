"""A training in a process of its own: what the window, which never imports torch, runs.

How a page trains, in a thread of its own (``train_in_process`` blocks until all is over)::

    report = look_at_folder(folder, job)             # folder_report.py
    advice = advise(report, output)                  # advice.py: order, reasons, obstacle
    order = replace(advice.order, shots=(5, 5))      # what the user changed
    checked(order)                                   # training_order.py: raises UserError
    control = Control()                              # training_plan.py: hold, release, finish
    done = train_in_process(order, job, on_event, control)

``on_event`` is called in that thread with the events of ``training_events``: post them to the
window. ``control.hold()`` and ``control.release()`` pause it and let it go on,
``control.finish()`` stops and keeps what was learned: the final test is made and the file is
written. ``job.cancel()`` stops it and keeps a checkpoint beside the output, which the next
training with ``resume=True`` goes on from; ``resumable(output)`` in ``resuming.py`` says with
which order.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fewshot_gui.children import running_child
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.metatrain.training_events import (
    Done,
    Failed,
    OnEvent,
    Stopped,
    event_from_plain,
)
from fewshot_gui.metatrain.training_order import TrainingOrder, checked
from fewshot_gui.metatrain.training_plan import Control
from fewshot_gui.texts import _

_NOTHING = (False, False, False)  # is wanted at the beginning
_PATIENCE_SECONDS = 60.0  # for a checkpoint on a slow disk, once the training is not wanted
# What torchrun sets: this process may be one of several, but its child is a training of its own.
_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


def train_in_process(
    order: TrainingOrder,
    job: Job,
    on_event: OnEvent,
    control: Control | None = None,
    resume: bool = False,
) -> Done:
    """Train in a process of its own and wait for the end.

    Args:
        order: What to train.
        job: Cancellation; a cancelled training puts itself down first.
        on_event: Called in this thread with every event, the last one included.
        control: Holds it up, or has it end early.
        resume: Go on from the checkpoint of this order.

    Raises:
        UserError: Something that the user can put right, or the process died.
        Cancelled: The job was cancelled.
        RuntimeError: It has a bug.
    """
    control = control or Control()
    module = "fewshot_gui.metatrain.training_child"
    with running_child(module, "--trainer", _PATIENCE_SECONDS, without=_TORCHRUN) as child:
        child.say({"order": asdict(checked(order)), "resume": resume})
        told = _NOTHING
        for plain in child.answers():
            wanted = (control.held, control.finishing, job.cancelled)
            if wanted != told:
                child.say(dict(zip(("held", "finishing", "cancelled"), wanted, strict=True)))
                told = wanted
            done = None if plain is None else _taken(plain, on_event)
            if done is not None:
                return done
    raise _died(order)


def _died(order: TrainingOrder) -> UserError:
    """The error for a process that said nothing of its end."""
    if order.checkpoint.exists():
        kept = _("What was put down last is kept; you can go on from there.")
    else:
        kept = _("It had not put anything down yet.")
    return UserError(
        _("The process that trains has ended all of a sudden."),
        f"{kept} {_('It was ended from outside, or the memory ran out.')}",
    )


def _taken(plain: list[Any], on_event: OnEvent) -> Done | None:
    """Tell an event; the result where it is the last one."""
    if plain[0] == "Bug":
        raise RuntimeError(plain[1])
    event = event_from_plain(plain)
    on_event(event)
    if isinstance(event, Failed):
        raise UserError(event.message, event.hint)
    if isinstance(event, Stopped):
        raise Cancelled
    return event if isinstance(event, Done) else None
