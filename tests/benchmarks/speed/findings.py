"""What a measurement found, and how that is told: as a table and as JSON."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from statistics import median

from fewshot_gui.jobs import Job

HEADS = ("row", "what", "compared with", "target", "measured", "verdict")


class Verdict(StrEnum):
    """Whether a target was kept."""

    MET = "met"
    MISSED = "missed"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Target:
    """A limit that a measured value keeps or not.

    Attributes:
        limit: The value itself is still good.
        unit: Behind the numbers.
        at_least: Whether more is better; else less is.
        places: Decimals of the measured value in the table.
    """

    limit: float
    unit: str
    at_least: bool
    places: int = 1

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}{self.unit}"

    def kept_by(self, value: float) -> bool:
        """False for what is no number."""
        return value >= self.limit if self.at_least else value <= self.limit

    def shown(self, value: float) -> str:
        """The value with its unit."""
        return f"{value:.{self.places}f}{self.unit}"


@dataclass(frozen=True)
class Finding:
    """One line of the table.

    Attributes:
        what: What was measured.
        against: What it is compared with.
        target: What it should be; None where the row failed before that was known.
        value: What it is; None where it was not measured.
        note: In words: the numbers behind the value, or why there is none.
        details: The numbers behind the value, for the JSON.
    """

    what: str
    against: str
    target: Target | None
    value: float | None
    note: str = ""
    details: dict[str, object] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        if self.value is None or self.target is None:
            return Verdict.NOT_MEASURED
        return Verdict.MET if self.target.kept_by(self.value) else Verdict.MISSED


@dataclass(frozen=True)
class Bench:
    """How a run measures.

    Attributes:
        place: Folder for pictures and caches.
        quick: Measure less, so that it ends within minutes.
        job: Told what goes on.
    """

    place: Path
    quick: bool
    job: Job

    def size(self, usual: int, quick: int) -> int:
        """How many of something."""
        return quick if self.quick else usual

    def fresh_homes(self) -> tuple[Path, Path]:
        """Two folders with nothing in them, for settings and caches."""
        homes = self.place / "home-1", self.place / "home-2"
        for home in homes:
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
        return homes


@dataclass(frozen=True)
class Row:
    """A row of the table; it may have several lines.

    Attributes:
        key: For ``--rows``.
        title: What it is about, where it could not be measured.
        measure: Does it.
    """

    key: str
    title: str
    measure: Callable[[Bench], Sequence[Finding]]


def alternating(
    sides: Sequence[Callable[[], float]], rounds: int, warm_up: bool = False
) -> list[list[float]]:
    """What each side gives in each round, with one side after the other in every round.

    So other programs disturb all sides alike.

    Args:
        sides: Each measures once.
        rounds: How often.
        warm_up: Have one more round before, which does not count.
    """
    if warm_up:
        for side in sides:
            side()
    found: list[list[float]] = [[] for _side in sides]
    for _round in range(rounds):
        for values, side in zip(found, sides, strict=True):
            values.append(side())
    return found


def medians(values: Sequence[Sequence[float]]) -> list[float]:
    """Of each side."""
    return [median(one) for one in values]


def table(found: Sequence[tuple[str, Finding]]) -> list[str]:
    """Lines of Markdown with aligned columns; notes below.

    Args:
        found: Lines with the keys of their rows.
    """
    cells = [list(HEADS), *(_cells(key, one) for key, one in found)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(HEADS))]
    lines = [_line(row, widths) for row in cells]
    lines.insert(1, _line(["-" * width for width in widths], widths))
    notes = [f"{key}: {one.note}" for key, one in found if one.note and one.value is not None]
    return [*lines, "", *notes] if notes else lines


def as_plain(key: str, one: Finding) -> dict[str, object]:
    """A line for JSON."""
    plain = asdict(one)
    return {"row": key, **plain, "verdict": str(one.verdict)}


def _cells(key: str, one: Finding) -> list[str]:
    verdict, target = str(one.verdict), str(one.target or "—")
    if one.value is None or one.target is None:
        return [key, one.what, one.against, target, "—", f"{verdict}: {one.note}"]
    return [key, one.what, one.against, target, one.target.shown(one.value), verdict]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)) + " |"
