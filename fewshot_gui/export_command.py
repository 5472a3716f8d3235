"""``fewshot-gui export``. Only the standard library is imported until it runs."""

from __future__ import annotations

import argparse
import contextlib
import json
from pathlib import Path

from fewshot_gui.jobs import Job
from fewshot_gui.texts import _, ngettext


def add_export(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of all commands."""
    command = commands.add_parser(
        "export",
        help=_("write the result of a project file"),
        description=_(
            "Writes what the window's “Export CSV” writes, from a project file, which stays as "
            "it is and may be open in a window."
        ),
    )
    command.add_argument("project", metavar="PROJECT", help=_("a project file (.fewshot)"))
    command.add_argument("--csv", required=True, metavar="FILE", help=_("the CSV to write"))
    command.add_argument(
        "--trust",
        action="store_true",
        help=_("read folders that lie elsewhere than beside the file, whichever it names"),
    )
    command.add_argument(
        "--device", default="auto", metavar="auto|cpu|cuda|mps", help=_("where to compute")
    )
    command.add_argument("--json", action="store_true", help=_("print a summary as JSON"))
    command.set_defaults(run=_run)


def _run(args: argparse.Namespace, job: Job) -> int:
    from fewshot_gui.atomic import check_writable
    from fewshot_gui.exports.csv_file import write_csv
    from fewshot_gui.project_sort import sort_project
    from fewshot_gui.settings import load_settings
    from fewshot_gui.workflow import Workbench

    output = Path(args.csv)
    check_writable(output)
    settings = load_settings()
    trusted = None if args.trust else settings.trusted
    with contextlib.closing(Workbench(device=args.device)) as workbench:
        result = sort_project(args.project, workbench, job, settings.learner, trusted)
    write_csv(output, result.rows)
    if args.json:
        print(json.dumps(result.summary()))
        return 0
    text = ngettext("Wrote {count} row to {path}", "Wrote {count} rows to {path}", len(result.rows))
    print(text.format(count=len(result.rows), path=output))
    if result.explanation:
        print(result.explanation)
    return 0
