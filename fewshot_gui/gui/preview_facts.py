"""What is known of one image, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QDateTime, QLocale

from fewshot_gui.backbones.table import PENDING
from fewshot_gui.gui.collection import CORRECTED, NOBODY, SUPPORT, Collection
from fewshot_gui.gui.help_marks import GLYPHS
from fewshot_gui.gui.image_model import percent, source_words
from fewshot_gui.gui.session import Session
from fewshot_gui.images.files import ImageFile
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.project.model import Project
from fewshot_gui.project.values import UNKNOWN
from fewshot_gui.texts import _

WORTH_TELLING = 0.01  # a runner-up below that is none
HIGH_UNKNOWN = 0.5  # from this score on, the user is told that it may be Unknown


@dataclass(frozen=True)
class Worn:
    """The class that an image wears.

    Attributes:
        class_id: The class, ``NO_CLASS`` for none.
        name: As the user reads it; empty for none.
        colour: Index of its colour, None where it has none.
        source: How it came by the class; see ``Collection.source``.
    """

    class_id: int = NO_CLASS
    name: str = ""
    colour: int | None = None
    source: int = NOBODY

    @property
    def glyph(self) -> str:
        """Icon that says how the user decided; empty where the learner did."""
        return GLYPHS.get(self.source, "")


@dataclass(frozen=True)
class Facts:
    """All that is written beside one picture.

    Attributes:
        name: File name.
        place: Path below the folder.
        position: Which of how many it is; empty where it is not among those shown.
        worn: Its class.
        sure: Confidence of the learner, where the class is the learner's.
        notes: Sentences on the class: who says so, what else it may be.
        measures: Dimensions, size and date of the file.
        reason: Why the learner could not read it, empty where it could or will.
        cause: Class whose examples speak for the image's class, ``NO_CLASS`` for none.
        read: Whether the learner has tried to read it.
    """

    name: str = ""
    place: str = ""
    position: str = ""
    worn: Worn = Worn()
    sure: str = ""
    notes: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    reason: str = ""
    cause: int = NO_CLASS
    read: bool = True

    @property
    def spoken(self) -> str:
        """All of it in one line."""
        parts = [self.name, self.position, self.worn.name, self.sure, *self.notes, *self.measures]
        return ", ".join(part for part in [*parts, self.reason] if part)


def facts_of(
    session: Session, row: int, position: int, count: int, dimensions: tuple[int, int] | None
) -> Facts:
    """The facts of an image of the open folder.

    Args:
        session: With a folder open.
        row: Of the table.
        position: Place among the images shown, -1 where it is not.
        count: How many images are shown.
        dimensions: Of the whole picture, where known.
    """
    collection = session.collection
    assert collection is not None
    file = collection.table.file(row)
    failure = collection.table.failure(row)
    worn = worn_by(collection, session.project, row)
    place = ""
    if position >= 0:
        place = _("{position} of {count}").format(position=f"{position + 1:,}", count=f"{count:,}")
    return Facts(
        name=file.relative.rpartition("/")[2],
        place=file.relative,
        position=place,
        worn=worn,
        sure=_sure(collection, row, worn),
        notes=tuple(_notes(collection, session.project, row, worn)),
        measures=tuple(_measures(file, dimensions)),
        reason=failure.describe() if failure else "",
        cause=_cause(collection, row, worn),
        read=row >= len(collection.table) or collection.table.state[row] != PENDING,
    )


def worn_by(collection: Collection, project: Project, row: int) -> Worn:
    """The class that an image wears, and by whose word."""
    if row >= len(collection.source):
        return Worn()
    class_id = int(collection.shown(np.asarray([row]))[0])
    if class_id == NO_CLASS or not project.has_class(class_id):
        return Worn()
    known = next((b for b in project.bins if b.id == class_id), None)
    name = project.class_name(class_id)
    return Worn(class_id, name, known.colour if known else None, int(collection.source[row]))


def predicted_class(collection: Collection, row: int) -> int:
    """The class the learner finds likeliest, ``NO_CLASS`` without one."""
    return int(collection.best[row]) if row < len(collection.best) else NO_CLASS


def _sure(collection: Collection, row: int, worn: Worn) -> str:
    """How sure the learner is of the class, where it is the learner's."""
    if worn.source != NOBODY or not worn.name:
        return ""
    score = collection.unknown if worn.class_id == UNKNOWN else collection.confidence
    return percent(score[row])


def _cause(collection: Collection, row: int, worn: Worn) -> int:
    """Class whose examples are shown: of the user's own examples the user's class."""
    if worn.source in (SUPPORT, CORRECTED):
        return worn.class_id
    return predicted_class(collection, row)


def _notes(collection: Collection, project: Project, row: int, worn: Worn) -> list[str]:
    if row >= len(collection.source):
        return []
    notes = []
    best, second = predicted_class(collection, row), int(collection.runner_up[row])
    names = {b.id: b.name for b in project.bins}
    if worn.source != NOBODY and worn.name:
        notes.append(source_words(worn.source).format(name=worn.name))
    if best in names and best != worn.class_id:
        sure = percent(collection.confidence[row])
        notes.append(_("Looks like {name}, {percent}").format(name=names[best], percent=sure))
    elif worn.source == NOBODY and second in names and best in names:
        share = float(collection.runner_up_confidence[row])
        if share >= WORTH_TELLING:
            text = _("or {name}, {percent}")
            notes.append(text.format(name=names[second], percent=percent(share)))
    score = float(collection.unknown[row])
    if score >= HIGH_UNKNOWN and worn.source == NOBODY and worn.class_id == best != NO_CLASS:
        notes.append(_("Perhaps Unknown, {percent}").format(percent=percent(score)))
    return notes


def _measures(file: ImageFile, dimensions: tuple[int, int] | None) -> list[str]:
    parts = [f"{dimensions[0]:,} × {dimensions[1]:,}"] if dimensions else []
    parts.append(size_words(file.size))
    if file.mtime_ns > 0:
        date = QDateTime.fromMSecsSinceEpoch(file.mtime_ns // 1_000_000)
        parts.append(QLocale().toString(date, _("d MMMM yyyy")))
    return parts


def size_words(size: int) -> str:
    """The size of a file as the user reads it."""
    if size >= 1_000_000:
        return _("{count} MB").format(count=f"{size / 1_000_000:,.1f}")
    return _("{count} kB").format(count=f"{max(1, round(size / 1000)):,}")
