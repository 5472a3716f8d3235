"""The CSV: UTF-8, RFC 4180, one row an image, sorted by path."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from fewshot_gui.atomic import replacing
from fewshot_gui.exports.rows import ResultRow

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
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_csv(path: str | Path, rows: Sequence[ResultRow]) -> None:
    """Write the rows, replacing an older file only when all are written.

    Raises:
        UserError: The file cannot be written; an older one stays as it was.
    """
    with replacing(Path(path)) as stream:
        # File names that are not valid UTF-8 come out as the bytes they are on the disk.
        text = io.TextIOWrapper(
            stream, encoding="utf-8", errors="surrogateescape", newline="", write_through=True
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


def safe_path(path: str) -> str:
    """The same file, written so that no spreadsheet takes it for a formula."""
    return f"./{path}" if path.startswith(_FORMULA_STARTS) else path


def _safe_text(text: str) -> str:
    """A class name as spreadsheets accept it: quoted as text if it looks like a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _probability(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
