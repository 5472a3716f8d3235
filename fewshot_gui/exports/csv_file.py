"""The CSV: UTF-8, RFC 4180, one row an image, sorted by path."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from fewshot_gui.atomic import replacing
from fewshot_gui.exports.rows import FORMULA_STARTS, ResultRow, safe_path

COLUMNS = (
    "path",
    "label",
    "predicted",
    "confidence",
    "runner_up",
    "runner_up_confidence",
    "source",
    "nearest_support",
    "learner",
    "error",
)


def write_csv(path: str | Path, rows: Sequence[ResultRow]) -> None:
    """Write the rows, replacing an older file only when all are written.

    Raises:
        UserError: The file cannot be written; an older one stays as it was.
    """
    with replacing(Path(path)) as stream:
        # A single file name that is not valid UTF-8 must not make the whole file invalid:
        # its odd bytes are written as \\udcXX, the way Python shows them.
        text = io.TextIOWrapper(
            stream, encoding="utf-8", errors="backslashreplace", newline="", write_through=True
        )
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(_cells, rows))
        text.flush()
        text.detach()


def _cells(row: ResultRow) -> list[str]:
    return [
        safe_path(row.path),
        _safe_text(row.label),
        _safe_text(row.predicted),
        _probability(row.confidence),
        _safe_text(row.runner_up),
        _probability(row.runner_up_confidence),
        row.source,
        safe_path(row.nearest_support),
        row.learner,
        row.error,
    ]


def _safe_text(text: str) -> str:
    """A class name as spreadsheets accept it: quoted as text if it looks like a formula."""
    # One quote more where there are some already, so that no two names become the same.
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def _probability(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
