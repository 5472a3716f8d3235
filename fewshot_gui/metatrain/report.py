"""What an evaluation found, as a table for people, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fewshot_gui.atomic import replacing
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.evaluation import Result
from fewshot_gui.metatrain.measures import Estimate
from fewshot_gui.metatrain.plan import Mode
from fewshot_gui.texts import _

CONFUSED = 20  # pairs of classes that are told
_DIGITS = 6
_MINUS = "−"
_NOTHING = "–"


def headings() -> list[str]:
    """What the ``cells`` are."""
    return [
        _("Learner"),
        _("Backbone"),
        _("Examples"),
        _("Accuracy"),
        _("Against the first"),
        _("Calibration error"),
        _("Unknown AUROC"),
        _("Time a task"),
    ]


def table_lines(results: Sequence[Result]) -> list[str]:
    """The results as an aligned table, in percent, with a heading."""
    heading = headings()
    body = [cells(result) for result in results]
    widths = [max(len(line[i]) for line in [heading, *body]) for i in range(len(heading))]
    lines = [
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [heading, *body]
    ]
    return [lines[0], "  ".join("─" * width for width in widths), *lines[1:]]


def confused_lines(result: Result, data: ClassRows, count: int) -> list[str]:
    """The classes that are most often taken for each other, a sentence each."""
    return [
        _("{share:.0f} % of “{name}” are taken for “{other}”").format(
            share=100 * pair["share"],
            name=_printable(pair["class"]),
            other=_printable(pair["taken_for"]),
        )
        for pair in most_confused(result, data)[:count]
    ]


def as_json(results: Sequence[Result], data: ClassRows) -> list[dict[str, Any]]:
    """One object for each result; shares are from 0 to 1, what is not known is None."""
    return [
        {
            **_scalars(result),
            "calibration": _curve(result),
            "classes": _classes(result, data),
            "confused": most_confused(result, data),
        }
        for result in results
    ]


def json_text(results: Sequence[Result], data: ClassRows, seed: int) -> str:
    """The results as one line of JSON, with the seed of the draws."""
    return json.dumps({"results": as_json(results, data), "seed": seed})


def write_csv(path: Path, results: Sequence[Result]) -> None:
    """Write one row for each result, numbers as in the JSON.

    Raises:
        UserError: The file cannot be written; an older one stays as it was.
    """
    rows = [_scalars(result) for result in results]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    with replacing(path) as stream:
        stream.write(text.getvalue().encode())


def most_confused(result: Result, data: ClassRows) -> list[dict[str, Any]]:
    """The pairs of classes with the largest share of targets put into the wrong one."""
    found = result.confusion
    wrong = np.flatnonzero(found.true != found.taken_for)
    shares = found.counts / found.tested[found.true]
    worst = wrong[np.argsort(-shares[wrong], kind="stable")][:CONFUSED]
    return [
        {
            "class": data.names[found.true[pair]],
            "taken_for": data.names[found.taken_for[pair]],
            "count": int(found.counts[pair]),
            "share": round(float(shares[pair]), _DIGITS),
        }
        for pair in worst.tolist()
    ]


def cells(result: Result) -> list[str]:
    """A result in words, one for each of the ``headings``; shares are in percent."""
    return [
        result.learner,
        result.backbone,
        str(result.plan.shots),
        _percent(result.accuracy),
        _signed(result.difference),
        f"{100 * result.calibration.ece:.1f} %",
        _NOTHING if result.unknown_auroc is None else _percent(result.unknown_auroc),
        f"{1000 * result.seconds_per_task:.1f} ms",
    ]


def _percent(value: Estimate) -> str:
    text = f"{100 * value.mean:.1f} %"
    return text if value.interval95 is None else f"{text} ± {100 * value.interval95:.1f}"


def _signed(value: Estimate | None) -> str:
    if value is None:
        return _NOTHING
    text = f"{100 * value.mean:+.1f}".replace("-", _MINUS)
    return text if value.interval95 is None else f"{text} ± {100 * value.interval95:.1f}"


def _scalars(result: Result) -> dict[str, Any]:
    plan, difference, unknown = result.plan, result.difference, result.unknown_auroc
    return {
        "learner": result.learner,
        "backbone": result.backbone,
        "ways": int(result.ways) if result.ways.is_integer() else round(result.ways, 2),
        "shots": plan.shots,
        "targets": None if plan.mode is Mode.FOLDER else plan.targets,
        "episodes": result.episodes,
        "mode": plan.mode.value,
        "within_folders": plan.within_groups,
        "targets_per_task": round(result.targets, 2),
        "accuracy": _rounded(result.accuracy.mean),
        "interval95": _rounded(result.accuracy.interval95),
        "difference": _rounded(difference and difference.mean),
        "difference_interval95": _rounded(difference and difference.interval95),
        "ece": _rounded(result.calibration.ece),
        "unknown_auroc": _rounded(unknown and unknown.mean),
        "unknown_auroc_interval95": _rounded(unknown and unknown.interval95),
        "seconds_per_task": _rounded(result.seconds_per_task),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(value, _DIGITS)


def _curve(result: Result) -> list[dict[str, Any]]:
    """The reliability curve: intervals of equal width from 0 to 1, empty ones included."""
    found = result.calibration
    columns = (found.counts.tolist(), found.confidence.tolist(), found.accuracy.tolist())
    return [
        {"count": count, "confidence": _rounded(confidence), "accuracy": _rounded(accuracy)}
        for count, confidence, accuracy in zip(*columns, strict=True)
    ]


def _classes(result: Result, data: ClassRows) -> list[dict[str, Any]]:
    """How the classes that were targets fared."""
    found = result.confusion
    counts = zip(data.names, found.tested.tolist(), found.right.tolist(), strict=True)
    return [
        {"class": name, "tested": tested, "accuracy": round(right / tested, _DIGITS)}
        for name, tested, right in counts
        if tested
    ]


def _printable(name: str) -> str:
    """A folder's name without what would move the cursor or change colours."""
    return "".join(c if c.isprintable() else "?" for c in name)
