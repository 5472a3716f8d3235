"""``fewshot-gui train``. Only the standard library is imported until it runs."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fewshot_gui.console import Console
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job, Progress
from fewshot_gui.texts import _

if TYPE_CHECKING:
    from fewshot_gui.metatrain.measures import Estimate
    from fewshot_gui.metatrain.training_events import (
        Done,
        FinalTest,
        Prepared,
        Stepped,
        TrainingEvent,
    )
    from fewshot_gui.metatrain.training_order import TrainingOrder

_MINUS = "−"
# Options that are called as an attribute of an order, and mean it.
_PLAIN = (
    *("algorithm", "network", "turned", "side", "rate", "ways", "shots", "targets", "episodes"),
    *("steps", "minutes", "patience", "watch_episodes", "validation", "test", "seed"),
    *("compare", "compare_backbone", "test_episodes"),
)


def add_train(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of all commands."""
    command = commands.add_parser(
        "train",
        help=_("train a learner on the pictures of class folders"),
        description=_(
            "Learns from many small sorting tasks, drawn from a folder that has one sub-folder a "
            "class, how to sort classes that it has never seen. Some classes are set aside: they "
            "say whether the new learner is better than the one that there is."
        ),
    )
    command.add_argument("folder", metavar="DIR", help=_("a folder with one sub-folder a class"))
    command.add_argument(
        "--output",
        required=True,
        metavar="FILE",
        help=_("the learner file to write (.safetensors)"),
    )
    command.add_argument(
        "--resume",
        action="store_true",
        help=_("go on with the training of this file that was stopped, with its settings"),
    )
    _add_learner(command)
    _add_tasks(command)
    _add_length(command)
    _add_split(command)
    _add_comparison(command)
    command.add_argument(
        "--device", default="auto", metavar="auto|cpu|cuda|mps", help=_("where to compute")
    )
    command.add_argument("--json", action="store_true", help=_("print the result as JSON"))
    command.set_defaults(run=_run)


def _add_learner(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group(_("what learns; what is left out, the pictures decide"))
    group.add_argument(
        "--algorithm",
        metavar="KEY",
        help=_(
            "prototypical, meta-baseline, matching, matching-contexts, maml, maml-first-order, "
            "anil or reptile"
        ),
    )
    group.add_argument(
        "--network",
        "--backbone",
        metavar="KEY",
        help=_("conv4 or resnet12, which begin from scratch, or a backbone (lite0)"),
    )
    group.add_argument(
        "--freedom",
        choices=["adapter", "last", "whole"],
        help=_("how much of a backbone learns: a small layer on top, its last layers, or all"),
    )
    group.add_argument(
        "--turned",
        action=argparse.BooleanOptionalAction,
        help=_("turned pictures are further classes: right for characters"),
    )
    group.add_argument(
        "--side", type=int, metavar="N", help=_("pixels of the pictures for conv4 and resnet12")
    )
    group.add_argument("--rate", type=float, metavar="X", help=_("learning rate at the beginning"))


def _add_tasks(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group(_("the tasks that it learns from"))
    group.add_argument("--ways", type=_range, metavar="N", help=_("classes of a task: 5, or 5-20"))
    group.add_argument("--shots", type=_range, metavar="K", help=_("examples of each: 1, or 1-5"))
    group.add_argument("--targets", type=_range, metavar="N", help=_("targets of each class"))
    group.add_argument("--episodes", type=int, metavar="N", help=_("tasks of a step"))
    group.add_argument(
        "--within-folders",
        action="store_true",
        default=None,
        help=_("all classes of a task lie in the same folder, like letters of one alphabet"),
    )


def _add_length(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group(_("how long"))
    group.add_argument("--steps", type=int, metavar="N", help=_("steps at most"))
    group.add_argument("--minutes", type=float, metavar="X", help=_("end after so much time"))
    group.add_argument(
        "--watch-episodes",
        type=int,
        metavar="N",
        help=_("tasks of a look at how well it does (200)"),
    )
    group.add_argument(
        "--patience",
        type=int,
        metavar="N",
        help=_("looks without a better one after which it ends; 0 for never"),
    )


def _add_split(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group(_("which classes are set aside"))
    group.add_argument(
        "--split",
        choices=["class", "group"],
        help=_("class by class, or folder by folder where class folders lie in several"),
    )
    group.add_argument(
        "--classes",
        metavar="FILE",
        help=_("a CSV file says it: class, and training, validation or test"),
    )
    group.add_argument("--validation", type=float, metavar="0..1", help=_("share to watch by"))
    group.add_argument("--test", type=float, metavar="0..1", help=_("share to test with"))
    group.add_argument("--seed", type=int, metavar="N", help=_("other seeds, other draws (0)"))


def _add_comparison(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group(_("the test at the end"))
    group.add_argument(
        "--compare",
        metavar="KEY|FILE",
        help=_("the learner that the new one is compared with (auto)"),
    )
    group.add_argument(
        "--compare-backbone", metavar="KEY", help=_("the network that it works with (lite0)")
    )
    group.add_argument(
        "--test-episodes", type=int, metavar="N", help=_("tasks of each kind (600); 0 for no test")
    )


def _range(text: str) -> tuple[int, int]:
    """``5`` is from 5 to 5, ``5-20`` from 5 to 20."""
    low, dash, high = text.partition("-")
    try:
        return int(low), int(high if dash else low)
    except ValueError:
        raise argparse.ArgumentTypeError(_("a number, or two like 5-20")) from None


def _run(args: argparse.Namespace, job: Job) -> int:
    from fewshot_gui.metatrain.outputs import check_output
    from fewshot_gui.metatrain.scratch import only_training
    from fewshot_gui.metatrain.training_run import train

    if not _is_leader():
        job = job.silent()  # what there is to tell, the first process tells
    check_output(args.output)
    if _is_leader():
        with only_training(Path(args.output)):
            pass  # what another one goes on with is not to be judged meanwhile
    order = _resumed(args) if args.resume else _ordered(args, job)
    narrator = _Narrator(Console(sys.stderr))
    with _ended_by_others(job):
        done = train(order, job, narrator.tell, resume=args.resume)
    narrator.clear()
    if _is_leader():
        for line in [json.dumps(as_json(done, order))] if args.json else _lines(done):
            print(line)
    return 0


@contextlib.contextmanager
def _ended_by_others(job: Job) -> Iterator[None]:
    """What asks a process to end, torchrun or the system, has it end as Ctrl+C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_signal: job.cancel())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _is_leader() -> bool:
    """Whether this is the first of the processes that torchrun started, or the only one."""
    return os.environ.get("WORLD_SIZE", "1") == "1" or os.environ.get("RANK", "0") == "0"


def _resumed(args: argparse.Namespace) -> TrainingOrder:
    """The training that was stopped. Its settings may be given again, but no others."""
    from fewshot_gui.metatrain.resuming import ordered

    order = ordered(args.output)
    for name, value in _given(args).items():
        known = getattr(order, name)
        if known != value:
            raise UserError(
                _("This training was begun with “{option} {known}”, not {value}.").format(
                    option=_option(name), known=_as_typed(known), value=_as_typed(value)
                ),
                _("Leave that option out, or begin anew with another output."),
            )
    return replace(order, folder=args.folder, device=args.device)


def _option(name: str) -> str:
    """What an attribute of an order is called on the command line."""
    others = {"within_groups": "within-folders", "classes_file": "classes"}
    return "--" + others.get(name, name).replace("_", "-")


def _as_typed(value: Any) -> str:
    """A setting as it is given on the command line."""
    if isinstance(value, tuple):
        return "-".join(map(str, dict.fromkeys(value)))
    return str(value)


def _ordered(args: argparse.Namespace, job: Job) -> TrainingOrder:
    """What suits the folder, changed to what was asked for."""
    from fewshot_gui.backbones.torch_runtime import resolve_device
    from fewshot_gui.metatrain.advice import advise, tasks_line, with_algorithm, with_network
    from fewshot_gui.metatrain.choices import Freedom
    from fewshot_gui.metatrain.folder_report import look_at_folder
    from fewshot_gui.metatrain.resuming import refuse_to_begin_anew

    refuse_to_begin_anew(args.output)
    report = look_at_folder(args.folder, job)
    advice = advise(report, args.output, resolve_device(args.device) != "cpu")
    if advice.obstacle:
        raise UserError(advice.obstacle, _("Sort them with a learner that there is already."))
    order = advice.order
    if args.network is not None:
        order = with_network(order, args.network, args.freedom and Freedom(args.freedom))
    elif args.freedom is not None:
        order = replace(order, freedom=Freedom(args.freedom))
    if args.algorithm is not None:
        order = with_algorithm(order, args.algorithm)
    order = replace(order, device=args.device, **_given(args))
    for sentence in (*report.lines(), tasks_line(report, order), *advice.warnings):
        job.notice(sentence)
    return order


def _given(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given, by the attribute of an order."""
    from fewshot_gui.metatrain.choices import Freedom, SplitBy

    found = {name: getattr(args, name) for name in _PLAIN if getattr(args, name) is not None}
    if args.within_folders:
        found["within_groups"] = True
    if args.freedom is not None:
        found["freedom"] = Freedom(args.freedom)
    if args.split is not None:
        found["split"] = SplitBy(args.split)
    if args.classes:
        found |= {"split": SplitBy.FILE, "classes_file": args.classes}
    return found


class _Narrator:
    """Tells on standard error how a training goes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def tell(self, event: TrainingEvent) -> None:
        """See ``training_events``."""
        from fewshot_gui.metatrain.training_events import Looked, Prepared, Stepped, Stopped

        if isinstance(event, Prepared):
            self._say(_prepared(event))
        elif isinstance(event, Stepped):
            self._console.progress(Progress(event.step, event.steps, _pace(event)))
        elif isinstance(event, Looked):
            text = _("step {step}: {accuracy} of the targets right, with classes not learned from")
            self._say(text.format(step=event.step, accuracy=_percent(event.accuracy)))
        elif isinstance(event, Stopped) and event.checkpoint:
            text = _("What was learned so far is kept; the same command with --resume goes on.")
            self._say(text)

    def clear(self) -> None:
        self._console.clear()

    def _say(self, text: str) -> None:
        self._console.notice(text)


def _prepared(event: Prepared) -> str:
    text = _(
        "{training} classes to learn from, {validation} to watch by, {test} to test with; "
        "{pictures} pictures ({unreadable} cannot be read, {copies} copies left out); on {device}"
    )
    return text.format(
        training=len(event.training),
        validation=len(event.validation),
        test=len(event.test),
        pictures=f"{event.pictures:,}",
        unreadable=event.unreadable,
        copies=event.copies,
        device=event.device,
    )


def _pace(event: Stepped) -> str:
    """One line of progress without its numbers of steps."""
    parts = [_("Training: loss {loss:.3f}").format(loss=event.loss)]
    if event.episodes_per_second:
        pace = _("{rate:.1f} episodes/s").format(rate=event.episodes_per_second)
        parts.append(pace)
    if event.seconds_left is not None:
        parts.append(_("{seconds} s left").format(seconds=math.ceil(event.seconds_left)))
    return " · ".join(parts)


def _lines(done: Done) -> list[str]:
    """The result as a person reads it."""
    lines = [
        _("Learned for {steps} steps; the best was step {best}: {accuracy} right.").format(
            steps=done.steps, best=done.best_step, accuracy=_percent(done.validation)
        )
    ]
    if done.head != "own":
        text = _("Its features serve the learner “{head}” best.")
        lines.append(text.format(head=done.head))
    if done.tested is not None:
        lines += ["", *_table(done.tested), "", done.tested.verdict]
    lines.append(_("The learner is in {path}").format(path=done.path))
    return lines


def _table(tested: FinalTest) -> list[str]:
    rows = [[_("classes"), _("examples"), _("new learner"), _("old learner"), _("difference")]]
    for found in tested.comparisons:
        gain = f"{100 * found.difference.mean:+.1f}".replace("-", _MINUS)
        if found.difference.interval95 is not None:
            gain += f" ± {100 * found.difference.interval95:.1f}"
        numbers = (_percent(found.new), _percent(found.old), gain)
        rows.append([str(found.ways), str(found.shots), *numbers])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]


def _percent(value: Estimate) -> str:
    text = f"{100 * value.mean:.1f} %"
    return text if value.interval95 is None else f"{text} ± {100 * value.interval95:.1f}"


def as_json(done: Done, order: TrainingOrder) -> dict[str, Any]:
    """The result as plain values; shares are from 0 to 1."""
    return {**asdict(done), "order": asdict(order)}
