"""The bundled sample sorted without a window."""

from __future__ import annotations

import contextlib
import csv
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fewshot_gui.exports.csv_file import write_csv
from fewshot_gui.exports.rows import ResultRow
from fewshot_gui.jobs import Job
from fewshot_gui.paths import resource
from fewshot_gui.texts import _
from fewshot_gui.workflow import Workbench, backbone_for, sort_folder

SAMPLE_TARGETS = ("sample", "targets")
SAMPLE_EXAMPLES = ("sample", "examples")


def run_headless(
    output: Path | None, learner: str, backbone: str | None, device: str, job: Job
) -> int:
    """Sort the sample, print the result as a table and say where the CSV is."""
    backbone = backbone_for(learner, backbone)
    with contextlib.closing(Workbench(backbone, device)) as workbench:
        result = sort_folder(
            resource(*SAMPLE_EXAMPLES), resource(*SAMPLE_TARGETS), learner, workbench, job
        )
    if output is None:
        # A folder of its own: the demo must not write over a labels.csv of the user's.
        output = Path(tempfile.mkdtemp(prefix="fewshot-gui-demo-")) / "labels.csv"
    write_csv(output, result.rows)
    for line in summary_table(result.rows, _answers()):
        print(line)
    print()
    print(_("The result is in {path}").format(path=output))
    return 0


def summary_table(rows: Sequence[ResultRow], answers: dict[str, str]) -> list[str]:
    """Lines of a table: each class, what was sorted into it, and how much of that is right."""
    sorted_into = Counter(row.label for row in rows)
    right = Counter(row.label for row in rows if answers.get(row.path) == row.label)
    confidence: Counter[str] = Counter()
    for row in rows:
        confidence[row.label] += row.confidence or 0.0
    header = (_("Class"), _("Images"), _("Confidence"), _("Right"))
    body = [
        (
            name,
            str(count),
            f"{100 * confidence[name] / count:.0f} %",
            f"{100 * right[name] / count:.0f} %",
        )
        for name, count in sorted(sorted_into.items())
    ]
    total = len(rows)
    body.append(
        (
            _("All"),
            str(total),
            f"{100 * confidence.total() / total:.0f} %",
            f"{100 * right.total() / total:.1f} %",
        )
    )
    widths = [max(len(line[i]) for line in [header, *body]) for i in range(4)]
    ruler = "  ".join("─" * width for width in widths)
    lines = [
        f"{line[0]:<{widths[0]}}  "
        + "  ".join(f"{c:>{w}}" for c, w in zip(line[1:], widths[1:], strict=True))
        for line in [header, *body]
    ]
    return [lines[0], ruler, *lines[1:-1], ruler, lines[-1]]


def _answers() -> dict[str, str]:
    with resource("sample", "answers.csv").open(encoding="utf-8", newline="") as stream:
        return {row["path"]: row["label"] for row in csv.DictReader(stream)}
