"""The command line. Only the standard library is imported until a command needs more."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from fewshot_gui import __version__
from fewshot_gui.console import Console
from fewshot_gui.display import has_display
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.texts import _, ngettext

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130
COMMANDS = ("demo", "classify", "export", "evaluate", "train", "backbones", "doctor")
AUTO_UNKNOWN = 0.5  # a project's limit once its user has shown what belongs to no bin


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code: 0 done, 2 user error, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] in (
        ["--decode-worker"],
        ["--engine"],
        ["--fetcher"],
        ["--trainer"],
        ["--tuner"],
    ):
        return _helper_process(arguments[0])
    _prepare_output()
    args = _parsed(arguments)
    console = Console(sys.stderr)
    job = Job(console.progress, console.notice)
    try:
        with _interrupting(job):
            return args.run(args, job)
    except Cancelled:
        console.clear()
        return EXIT_INTERRUPTED
    except UserError as error:
        console.error(error)
        return EXIT_USER_ERROR


def _parsed(arguments: list[str]) -> argparse.Namespace:
    if not arguments:
        return argparse.Namespace(run=_run_window, path=None)
    if arguments[0] not in COMMANDS and not arguments[0].startswith("-"):
        arguments = ["window", *arguments]
    return build_parser().parse_args(arguments)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    # The window, which starts most often, does not wait for what other commands need.
    from fewshot_gui.backbone_commands import add_backbones
    from fewshot_gui.evaluate_command import add_evaluate
    from fewshot_gui.export_command import add_export
    from fewshot_gui.train_command import add_train

    parser = argparse.ArgumentParser(
        prog="fewshot-gui",
        description=_("Sorts pictures after seeing a handful of examples."),
        epilog=_("Without a command, the window opens; a folder or a project file may be given."),
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(
        required=True, metavar="{" + ",".join(COMMANDS) + "}", title=_("commands")
    )
    window = commands.add_parser("window")
    window.add_argument("path", nargs="?")
    window.set_defaults(run=_run_window)
    _add_demo(commands)
    _add_classify(commands)
    add_export(commands)
    add_evaluate(commands)
    add_train(commands)
    add_backbones(commands)
    doctor = commands.add_parser("doctor", help=_("say what a bug report needs to know"))
    doctor.set_defaults(run=_run_doctor)
    return parser


def _add_demo(commands: argparse._SubParsersAction) -> None:
    demo = commands.add_parser("demo", help=_("open the bundled sample, ready to sort"))
    demo.add_argument("--headless", action="store_true", help=_("without a window"))
    demo.add_argument("--output", metavar="FILE", help=_("where the CSV goes (headless)"))
    _add_recognition(demo)
    demo.set_defaults(run=_run_demo)


def _add_classify(commands: argparse._SubParsersAction) -> None:
    classify = commands.add_parser("classify", help=_("sort a folder and write a CSV"))
    classify.add_argument(
        "--support", required=True, metavar="DIR", help=_("a folder with one sub-folder a class")
    )
    classify.add_argument(
        "--targets", required=True, metavar="DIR", help=_("the folder of images to sort")
    )
    classify.add_argument("--output", required=True, metavar="FILE", help=_("the CSV to write"))
    classify.add_argument(
        "--unknown",
        type=_level,
        default=1.0,
        metavar="off|auto|0..1",
        help=_(
            "from which unknown score on an image belongs to no class: auto is where that is "
            "likelier than not; off, unless given"
        ),
    )
    classify.add_argument("--json", action="store_true", help=_("print a summary as JSON"))
    _add_recognition(classify)
    classify.set_defaults(run=_run_classify)


def _add_recognition(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--learner",
        default="auto",
        metavar="KEY|FILE",
        help=_(
            "auto, prototypes, nearest, matching, ridge, logistic, lda, refine, "
            "finetune, which takes minutes, or the name or file of a trained learner"
        ),
    )
    command.add_argument(
        "--backbone",
        metavar="KEY|FILE",
        help=_("the network that looks at images; the built-in one, or the learner's own"),
    )
    command.add_argument(
        "--device", default="auto", metavar="auto|cpu|cuda|mps", help=_("where to compute")
    )


def _level(text: str) -> float:
    """Where ``--unknown`` puts the limit."""
    named = {"off": 1.0, "auto": AUTO_UNKNOWN}
    try:
        level = named[text] if text in named else float(text)
    except ValueError:
        level = -1.0
    if not 0.0 <= level <= 1.0:
        raise argparse.ArgumentTypeError(_("off, auto or a number from 0 to 1"))
    return level


def _run_window(args: argparse.Namespace, job: Job) -> int:
    path = args.path
    if path is not None and not Path(path).is_dir() and not path.endswith(".fewshot"):
        raise UserError(
            _("There is no folder “{folder}”, and no command of that name.").format(folder=path),
            _("“fewshot-gui --help” lists the commands."),
        )
    if path is not None and not Path(path).exists():
        raise UserError(
            _("There is no project “{path}”.").format(path=path),
            _("Check its name, and that its disk is connected."),
        )
    return _open_window(path, sample=False)


def _run_demo(args: argparse.Namespace, job: Job) -> int:
    if args.headless or not has_display(os.environ):
        from fewshot_gui.demo import run_headless

        output = Path(args.output) if args.output else None
        return run_headless(output, args.learner, args.backbone, args.device, job)
    return _open_window(None, sample=True)


def _run_classify(args: argparse.Namespace, job: Job) -> int:
    from fewshot_gui.atomic import check_writable
    from fewshot_gui.exports.csv_file import write_csv
    from fewshot_gui.workflow import Workbench, backbone_for, sort_folder

    output = Path(args.output)
    check_writable(output)
    backbone = backbone_for(args.learner, args.backbone)
    with contextlib.closing(Workbench(backbone, args.device)) as workbench:
        result = sort_folder(args.support, args.targets, args.learner, workbench, job, args.unknown)
    write_csv(output, result.rows)
    summary = result.summary()
    if args.json:
        print(json.dumps(summary))
        return 0
    text = ngettext(
        "Sorted {images} image in {seconds:.1f} s",
        "Sorted {images} images in {seconds:.1f} s",
        summary["images"],
    )
    print(text.format(**summary), end="")
    print(_(" ({errors} could not be read).").format(**summary) if result.failed else ".")
    if summary["unknown"]:
        text = ngettext(
            "{unknown} image belongs to no class.",
            "{unknown} images belong to no class.",
            summary["unknown"],
        )
        print(text.format(**summary))
    if result.explanation:
        print(result.explanation)
    print(_("The result is in {path}").format(path=output))
    return 0


def _run_doctor(args: argparse.Namespace, job: Job) -> int:
    from fewshot_gui.doctor import report

    for name, value in report():
        print(f"{name + ':':<22} {value}")
    return 0


def _open_window(path: str | None, sample: bool) -> int:
    if not has_display(os.environ):
        raise UserError(
            _("There is no screen to show the window on."),
            _("“fewshot-gui classify” and “fewshot-gui demo --headless” need none."),
        )
    # There is nothing yet that would have to end in good order; the window sees to it later.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from fewshot_gui.gui.start import run

        return run(path, sample=sample)
    except ImportError as error:
        raise UserError(
            _("The window cannot open: {reason}.").format(reason=error),
            _("Install Qt's system libraries; the README names them."),
        ) from error


def _prepare_output() -> None:
    """A console that cannot show a character shows another one, and is not where the log goes."""
    logging.getLogger("fewshot_gui").addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _helper_process(kind: str) -> int:
    """What a frozen program runs in place of ``python -m``."""
    if kind == "--engine":
        from fewshot_gui.backbones.engine import main as serve
    elif kind == "--trainer":
        from fewshot_gui.metatrain.training_child import main as serve
    elif kind == "--tuner":
        from fewshot_gui.metatrain.tuner import main as serve
    elif kind == "--fetcher":
        from fewshot_gui.backbones.fetcher import main as serve
    else:
        from fewshot_gui.images.worker import main as serve
    return serve() or 0


@contextlib.contextmanager
def _interrupting(job: Job) -> Iterator[None]:
    """Ctrl+C cancels the job, so that it can end in good order."""
    before = signal.signal(signal.SIGINT, lambda *_signal: job.cancel())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
