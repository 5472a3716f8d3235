"""Which classes are learned from, watched by and tested with, as a training order says."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.choices import SplitBy
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.split import ClassSplit, split_classes, subset
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.texts import _

LEAST_CLASSES = 8
PARTS = ("training", "validation", "test")
_LARGEST_FILE = 16 << 20  # bytes
_EACH = 2  # classes that each part has at least


def split_as_ordered(data: ClassRows, order: TrainingOrder) -> ClassSplit:
    """The classes in three parts.

    Args:
        data: All classes; those without a picture take no part.
        order: Says how.

    Raises:
        UserError: There are too few classes or groups, or the file that says which is which
            cannot be used.
    """
    known = frozenset(data.names)
    data = subset(data, np.flatnonzero(data.sizes > 0))
    if order.split == SplitBy.FILE:
        return _as_listed(data, known, read_parts(Path(order.classes_file)), order.classes_file)
    if len(data) < LEAST_CLASSES:
        raise too_few_classes(len(data))
    grouped = order.split == SplitBy.GROUP
    units = len(set(data.groups)) if grouped else len(data)
    least = (1 if grouped else _EACH) / units
    shares = max(order.validation, least), max(order.test, least)
    try:
        split = split_classes(data, *shares, by_group=grouped, seed=order.seed)
    except ValueError as error:
        raise UserError(
            _("The classes lie in {count} folders: too few to set some aside.").format(count=units),
            _("Deal them out class by class."),
        ) from error
    return _checked(split)


def read_parts(path: Path) -> dict[str, str]:
    """What a file says of classes: the part of each.

    The file is a CSV in UTF-8 with two columns, the name of a class and one of ``PARTS``; a
    line of headings may come first. Classes that it does not name take no part.

    Raises:
        UserError: It cannot be read, or a line of it makes no sense.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(_LARGEST_FILE + 1).decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            _("The list of classes “{file}” cannot be read.").format(file=path),
            _("It is a CSV file in UTF-8 with two columns, class and part."),
        ) from error
    parts = {}
    for number, line in enumerate(lines, start=1):
        if not line or line == ["class", "part"]:
            continue
        if len(line) != 2 or line[1].strip() not in PARTS or line[0] in parts:
            raise UserError(
                _("Line {number} of “{file}” makes no sense.").format(number=number, file=path),
                _("Each line names a class, once, and one of: {parts}.").format(
                    parts=", ".join(PARTS)
                ),
            )
        parts[line[0]] = line[1].strip()
    return parts


def too_few_classes(count: int) -> UserError:
    """The error for a folder that nothing can be meta-trained on."""
    return UserError(
        _("{count} classes are too few to learn from: {least} are the least.").format(
            count=count, least=LEAST_CLASSES
        ),
        _("Sort them with a learner that there is already: it needs no training."),
    )


def _as_listed(
    data: ClassRows, known: frozenset[str], parts: dict[str, str], file: str
) -> ClassSplit:
    """As the file says; classes that are ``known`` may have lost their pictures since."""
    for name in parts.keys() - known:
        raise UserError(
            _("“{file}” names the class “{name}”, which has no picture here.").format(
                file=file, name=name
            ),
            _("Take that line out, or choose the folder that the list is for."),
        )
    places = [
        np.asarray([c for c, name in enumerate(data.names) if parts.get(name) == part], np.int64)
        for part in PARTS
    ]
    return _checked(ClassSplit(*(subset(data, chosen) for chosen in places)))


def _checked(split: ClassSplit) -> ClassSplit:
    named = zip(PARTS, (split.training, split.validation, split.test), strict=True)
    for name, part in named:
        if len(part) < _EACH:
            raise UserError(
                _("The part “{part}” has too few classes: {least} are the least.").format(
                    part=name, least=_EACH
                ),
                _("Set other parts of the classes aside, or add classes."),
            )
    return split
