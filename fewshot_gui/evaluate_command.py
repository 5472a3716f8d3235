"""``fewshot-gui evaluate``. Only the standard library is imported until it runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.plan import Mode
from fewshot_gui.texts import _, ngettext

if TYPE_CHECKING:
    from fewshot_gui.evaluate import Evaluation

_CONFUSED = 5


def add_evaluate(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of all commands."""
    command = commands.add_parser(
        "evaluate",
        help=_("measure how well the pictures of class folders are sorted"),
        description=_(
            "Draws many small sorting tasks from a folder that has one sub-folder a class, lets "
            "every learner solve the same ones, and says how often it was right."
        ),
    )
    command.add_argument("folder", metavar="DIR", help=_("a folder with one sub-folder a class"))
    command.add_argument(
        "--learner",
        action="append",
        metavar="KEY|FILE",
        help=_("may be given several times, also a learner file; all but those if left out"),
    )
    command.add_argument(
        "--backbone",
        action="append",
        metavar="KEY|FILE",
        help=_("may be given several times; the built-in one if left out"),
    )
    _add_numbers(command)
    command.add_argument(
        "--mode",
        choices=[mode.value for mode in Mode],
        default=Mode.BALANCED.value,
        help=_(
            "as many targets of each class (balanced), some classes frequent and some rare "
            "(uneven), also targets of other classes (strangers), or examples of all classes "
            "and everything else to sort (folder)"
        ),
    )
    command.add_argument(
        "--within-folders",
        action="store_true",
        help=_("all classes of a task lie in the same folder, like letters of one alphabet"),
    )
    command.add_argument(
        "--curve", action="store_true", help=_("with 1, 2, 5, 10 and 20 examples of each class")
    )
    command.add_argument(
        "--device", default="auto", metavar="auto|cpu|cuda|mps", help=_("where to compute")
    )
    command.add_argument("--json", action="store_true", help=_("print the results as JSON"))
    command.add_argument("--csv", metavar="FILE", help=_("write the table to a CSV file, too"))
    command.set_defaults(run=_run)


def _add_numbers(command: argparse.ArgumentParser) -> None:
    number = {"type": int, "metavar": "N"}
    command.add_argument("--ways", **number, help=_("classes of a task (5)"))
    command.add_argument("--shots", **number, default=5, help=_("examples of each class (5)"))
    command.add_argument(
        "--targets", **number, help=_("targets of each class (15, or what most classes have)")
    )
    command.add_argument("--episodes", **number, help=_("tasks (600; 20 in folder mode)"))
    command.add_argument("--seed", **number, default=0, help=_("other seeds, other tasks (0)"))


def _run(args: argparse.Namespace, job: Job) -> int:
    from fewshot_gui.atomic import check_writable
    from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE
    from fewshot_gui.evaluate import Question, evaluate_folder
    from fewshot_gui.learners.registry import all_learners
    from fewshot_gui.metatrain.report import json_text, write_csv

    if args.csv:
        check_writable(Path(args.csv))
    question = Question(
        learners=_each_once(args.learner or [info.key for info in all_learners()]),
        backbones=_each_once(args.backbone or [DEFAULT_BACKBONE]),
        ways=args.ways,
        shots=args.shots,
        targets=args.targets,
        episodes=args.episodes,
        mode=Mode(args.mode),
        within_folders=args.within_folders,
        seed=args.seed,
        curve=args.curve,
    )
    found = evaluate_folder(args.folder, question, args.device, job)
    if args.csv:
        write_csv(Path(args.csv), found.results)
    if args.json:
        print(json_text(found.results, found.data, args.seed))
        return 0
    for line in _lines(found):
        print(line)
    if args.csv:
        print()
        print(_("The table is in {path}").format(path=args.csv))
    return 0


def _each_once(keys: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))


def _lines(found: Evaluation) -> list[str]:
    from fewshot_gui.metatrain.report import confused_lines, table_lines

    result = found.results[0]
    confused = confused_lines(result, found.data, _CONFUSED)
    lines = [_headline(found), "", *table_lines(found.results)]
    if confused:
        title = _("Most often confused by “{learner}”:").format(learner=result.learner)
        lines += ["", title, *(f"  {line}" for line in confused)]
    return lines


def _headline(found: Evaluation) -> str:
    result, images = found.results[0], int(found.data.sizes.sum())
    tasks = ngettext("{count} task", "{count} tasks", result.episodes)
    classes = ngettext("{count} class", "{count} classes", len(found.data))
    pictures = ngettext("{count} picture", "{count} pictures", images)
    return _(
        "{tasks} ({mode}) of {ways:g} classes and {targets:.0f} targets, "
        "drawn from {classes} with {pictures}"
    ).format(
        tasks=tasks.format(count=result.episodes),
        mode=result.plan.mode.value,
        ways=result.ways,
        targets=result.targets,
        classes=classes.format(count=len(found.data)),
        pictures=pictures.format(count=f"{images:,}"),
    )
