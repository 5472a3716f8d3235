"""The result of a sort as rows, the same whatever file they are written to."""

from __future__ import annotations

from dataclasses import dataclass

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe_path(path: str) -> str:
    """The same file, written so that no spreadsheet takes it for a formula."""
    return f"./{path}" if path.startswith(FORMULA_STARTS) else path


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What is known of one target image. Unknown numbers are None, unknown texts empty.

    Attributes:
        path: Relative to the target folder, with ``/``.
        label: The user's decision where there is one, else the prediction.
        predicted: What the learner says.
        confidence: Calibrated probability of ``predicted``.
        runner_up: Second-likeliest class.
        runner_up_confidence: Its probability.
        source: ``support``, ``corrected``, ``confirmed`` or ``predicted``; empty with an error.
        nearest_support: The example closest to this image among those of ``predicted``.
        learner: Key of the learner.
        error: Why the image could not be read; empty where it could.
    """

    path: str
    label: str = ""
    predicted: str = ""
    confidence: float | None = None
    runner_up: str = ""
    runner_up_confidence: float | None = None
    source: str = ""
    nearest_support: str = ""
    learner: str = ""
    error: str = ""
