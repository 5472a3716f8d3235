"""Reads a project file into memory, and believes nothing that it cannot check."""

from __future__ import annotations

import sqlite3
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.project import codec
from fewshot_gui.project.edits import Edit, kept_actions
from fewshot_gui.project.identity import KnownImage
from fewshot_gui.project.model import Project
from fewshot_gui.project.places import (
    checked_absolute,
    checked_relative,
    from_home,
    is_plain,
    is_there,
    joined,
    path_text,
)
from fewshot_gui.project.problems import Damaged
from fewshot_gui.project.values import UNKNOWN, Folder, Label, Setup

_CHUNK = 2_000  # rows at a time, so that other threads get their turn
_MAX_NUMBER = 1 << 53
_WINDOWS = sys.platform == "win32"


@dataclass(frozen=True)
class State:
    """What changes with every step.

    Attributes:
        uuid: 16 bytes, the project's for ever.
        session: 16 bytes, others at every opening; tells a log that belongs elsewhere.
        step: Number of the last step that is in the file.
        next_id: First id that no bin or folder ever had.
        setup_id: Row of ``setup``.
        setup: Bins, folders and options.
        changed: Milliseconds since 1970 of the last action.
        home: Folder of the file when it was written last.
        image: Id for the next new image.
        place: Place of the next label.
        action: Number of the last action, undone ones included.
    """

    uuid: bytes
    session: bytes
    step: int
    next_id: int
    setup_id: int
    setup: Setup
    changed: int
    home: bytes
    image: int = 1
    place: int = 1
    action: int = 0


@dataclass
class Index:
    """What has to be at hand for writing.

    Attributes:
        state: See there.
        paths: Image id -> path.
        ids: Path -> image id.
        folders: All folders that the project ever had.
        home: Folder that the file lies in now.
        moved: Whether paths were taken relative to the file's new place, or could be.
        repaired: Actions whose label changes did not fit together, as they do now.
    """

    state: State
    paths: dict[int, str]
    ids: dict[str, int]
    folders: dict[int, Folder]
    home: str
    moved: bool = False
    repaired: dict[int, NDArray] = field(default_factory=dict)


@contextmanager
def believing() -> Iterator[None]:
    """While reading values that may be of any kind: those of a wrong one are damage."""
    try:
        yield
    except (TypeError, ValueError, OverflowError, LookupError, AttributeError) as error:
        raise Damaged(f"a value of the wrong kind: {error!r}") from error


def image_sum(number: int, folder: int | None, path: bytes, relative: bytes | None) -> int:
    """Checksum of an image's place."""
    total = zlib.crc32(path, (number * 31 + (folder or 0)) & 0xFFFFFFFF)
    return total if relative is None else zlib.crc32(relative, total)


def state_sum(state: State) -> int:
    """Checksum of the project's one row."""
    return codec.checksum(
        state.uuid,
        state.session,
        state.step,
        state.next_id,
        state.setup_id,
        state.changed,
        state.home,
    )


def action_sum(row: Sequence[object]) -> int:
    """Checksum of (number, undone, time, text, before, after, changes)."""
    return codec.checksum(*row)  # type: ignore[arg-type]


def load(db: sqlite3.Connection, index: Index) -> Project:
    """Labels and history; reads only.

    Args:
        db: A connection to a file whose tables were checked.
        index: What ``load_index`` gave; learns which actions had to be repaired.

    Raises:
        Damaged: A value makes no sense.
        sqlite3.Error: The file cannot be read.
    """
    with believing():
        return _load(db, index)


def load_index(db: sqlite3.Connection, home: str) -> Index:
    """Everything but labels and history; reads only.

    Args:
        db: A connection to a file whose tables were checked.
        home: Folder that the file lies in.

    Raises:
        As ``load``.
    """
    with believing():
        return _load_index(db, home)


def load_known(db: sqlite3.Connection, index: Index) -> dict[str, KnownImage]:
    """What images were like when they were labelled, by path."""
    known = {}
    rows = _rows(db, "SELECT id, facts FROM image WHERE facts IS NOT NULL")
    for number, facts in rows:
        path = index.paths.get(number)
        if path is not None:
            if type(facts) is not bytes:
                raise Damaged("facts of the wrong kind")
            known[path] = codec.facts_of(facts)
    return known


def setup_reader(index: Index) -> codec.SetupReader:
    """Reads the setups of a file."""
    return codec.SetupReader(index.folders, index.paths.__getitem__, index.state.next_id)


def read_setup(db: sqlite3.Connection, index: Index, setup_id: int) -> Setup:
    """One setup of the file."""
    return _setups(db, index, [setup_id])[setup_id]


def read_stored_setup(db: sqlite3.Connection, reader: codec.SetupReader, setup_id: int) -> Setup:
    """One setup, with a reader that knows the folders."""
    row = db.execute("SELECT body, crc FROM setup WHERE id = ?", (setup_id,)).fetchone()
    if row is None or codec.checksum(setup_id, row[0]) != row[1]:
        raise Damaged("a row of bins")
    return reader.read(row[0])


# -- inside ----------------------------------------------------------------------------------


def _load(db: sqlite3.Connection, index: Index) -> Project:
    images, codes = _load_labels(db, index)
    actions = _load_actions(db, index)
    wanted = {a.before for a in actions} | {a.after for a in actions} | {index.state.setup_id}
    setups = _setups(db, index, sorted(wanted))
    _check_chain(actions, index.state.setup_id)
    _Replay(index, images, codes, setups).run(actions)
    labels = _Labels()
    done, undone = [], []
    for action in actions:
        paths = tuple(map(index.paths.__getitem__, action.changes["image"].tolist()))
        told = codec.changes_of(paths, action.changes)
        edit = Edit(action.text, told, setups[action.before], setups[action.after])
        (undone if action.undone else done).append(edit)
    return Project(
        setups[index.state.setup_id],
        {index.paths[i]: labels[c] for i, c in zip(images.tolist(), codes.tolist(), strict=True)},
        done,
        undone[::-1],
        index.state.next_id,
    )


def _load_index(db: sqlite3.Connection, home: str) -> Index:
    state = read_state(db)
    home_then = path_text(state.home)
    index = Index(state, {}, {}, {}, home, home_then != home)
    read_folders(db, index)
    _load_images(db, index)
    setup = read_setup(db, index, state.setup_id)
    last = db.execute("SELECT coalesce(max(number), 0) FROM action").fetchone()[0]
    place = db.execute("SELECT coalesce(max(place), 0) + 1 FROM label").fetchone()[0]
    if not 0 <= last < _MAX_NUMBER or not 0 < place < _MAX_NUMBER:
        raise Damaged("a number is out of range")
    index.state = replace(
        state,
        setup=setup,
        image=max(index.paths, default=0) + 1,
        place=place,
        action=last,
    )
    return index


def read_state(db: sqlite3.Connection) -> State:
    row = db.execute(
        "SELECT uuid, session, step, next_id, setup, changed, home, crc FROM project"
    ).fetchone()
    if row is None:
        raise Damaged("no project in the file")
    uuid, session, step, next_id, setup_id, changed, home, crc = row
    state = State(uuid, session, step, next_id, setup_id, Setup(), changed, home)
    numbers = (step, next_id, setup_id, changed)
    if any(type(n) is not int or not 0 <= n < _MAX_NUMBER for n in numbers):
        raise Damaged("a number is out of range")
    if any(type(b) is not bytes or len(b) != 16 for b in (uuid, session)):
        raise Damaged("no project number")
    if type(home) is not bytes or not 1 <= next_id <= codec.MAX_ID:
        raise Damaged("a number is out of range")
    if state_sum(state) != crc:
        raise Damaged("the project's row")
    checked_absolute(home)
    return state


def read_folders(db: sqlite3.Connection, index: Index) -> None:
    for number, path, relative, crc in db.execute("SELECT id, path, relative, crc FROM folder"):
        if image_sum(number, None, path, relative) != crc:
            raise Damaged("a folder's row")
        if not 0 < number < index.state.next_id:
            raise Damaged("a folder's number is out of range")
        place = path_text(checked_absolute(path))
        if relative is not None:
            checked_relative(relative, climbing=True)
            place = _place(place, relative, index)
        index.folders[number] = Folder(number, place)


def _place(path: str, relative: bytes, index: Index) -> str:
    """Where something is: as the file says, or beside the file when both were moved."""
    if not index.moved or is_there(path, index.home):
        return path
    candidate = from_home(relative, index.home)
    return candidate if is_there(candidate, index.home) else path


def _load_images(db: sqlite3.Connection, index: Index) -> None:
    roots = {number: joined(folder.path, b"") for number, folder in index.folders.items()}
    paths, encoding, errors = index.paths, sys.getfilesystemencoding(), "surrogateescape"
    query = db.execute("SELECT id, folder, path, relative, crc FROM image")
    while chunk := query.fetchmany(_CHUNK):
        below = []
        for number, folder, path, relative, crc in chunk:
            if image_sum(number, folder, path, relative) != crc:
                raise Damaged("an image's row")
            if folder is None:
                paths[number] = _outside(path, relative, index)
            else:
                below.append(path)
                paths[number] = roots[folder] + (
                    path_text(path) if _WINDOWS else path.decode(encoding, errors)
                )
        if not is_plain(below):
            raise Damaged("a path that is not below its folder")
    if paths and not (min(paths) > 0 and max(paths) < 1 << 32):
        raise Damaged("an image's number is out of range")
    index.ids = {path: number for number, path in paths.items()}
    if len(index.ids) != len(paths):
        raise Damaged("a picture is there twice")


def _outside(path: bytes, relative: bytes | None, index: Index) -> str:
    place = path_text(checked_absolute(path))
    if relative is None:
        return place
    checked_relative(relative, climbing=True)
    return _place(place, relative, index)


def _load_labels(
    db: sqlite3.Connection, index: Index
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Images and codes of all labels in the order they were given, int64 ``(n,)`` each."""
    chunks = [np.zeros((0, 4), np.int64)]
    query = db.execute("SELECT image, code, place, crc FROM label")
    while chunk := query.fetchmany(_CHUNK):
        chunks.append(_integers(chunk))
    image, code, place, crc = np.concatenate(chunks).T
    if not (codec.row_sums(image, code, place) == crc).all():
        raise Damaged("a label's row")
    if (code <= 0).any() or (code > codec.MAX_ID << 2).any():
        raise Damaged("a label that is none")
    if any(number not in index.paths for number in image.tolist()):
        raise Damaged("a label of no picture")
    order = np.argsort(place, kind="stable")
    return image[order], code[order]


@dataclass
class _Action:
    number: int
    undone: int
    text: str
    before: int
    after: int
    changes: NDArray


def _load_actions(db: sqlite3.Connection, index: Index) -> list[_Action]:
    """The last actions, oldest first."""
    rows = db.execute("SELECT number, undone, length(changes) FROM action ORDER BY number DESC")
    found = rows.fetchall()
    kept = kept_actions(size // codec.CHANGES.itemsize for _number, _undone, size in found)
    kept = max(kept, sum(undone != 0 for _number, undone, _size in found))
    numbers = [number for number, _undone, _size in found[:kept]]
    actions = [_read_action(db, number) for number in reversed(numbers)]
    if any(a.undone and not b.undone for a, b in pairwise(actions)):
        raise Damaged("an undone action before one that is not")
    if actions and actions[0].number + len(actions) - 1 != index.state.action:
        raise Damaged("an action is missing")
    return actions


def _read_action(db: sqlite3.Connection, number: int) -> _Action:
    row = db.execute(
        "SELECT number, undone, time, text, before, after, changes, crc FROM action"
        " WHERE number = ?",
        (number,),
    ).fetchone()
    *values, crc = row
    _number, undone, _time, text, before, after, data = values
    if action_sum(values) != crc or undone not in (0, 1):
        raise Damaged("an action's row")
    changes = np.frombuffer(data, codec.CHANGES)
    if len(np.unique(changes["image"])) != len(changes):
        raise Damaged("an action names a picture twice")
    return _Action(number, undone, codec.text_of(text), before, after, changes)


def _setups(db: sqlite3.Connection, index: Index, wanted: Sequence[int]) -> dict[int, Setup]:
    reader = setup_reader(index)
    return {number: read_stored_setup(db, reader, number) for number in wanted}


def _check_chain(actions: Sequence[_Action], now: int) -> None:
    """Every action begins with the bins that the one before left."""
    done = [action for action in actions if not action.undone]
    undone = [action for action in actions if action.undone]
    stations = [a.after for a in done] or [now]
    starts = [a.before for a in done[1:]] + [now]
    starts_undone = [now, *(a.after for a in undone[:-1])]
    if stations != starts or [a.before for a in undone] != starts_undone[: len(undone)]:
        raise Damaged("the history does not fit together")


class _Replay:
    """Goes through the history in both directions, labels only.

    Labels must never name a bin that is not there. What an action says was there where it
    was not is put right: two pictures may have become one when files were renamed.
    """

    def __init__(
        self,
        index: Index,
        images: NDArray[np.int64],
        codes: NDArray[np.int64],
        setups: Mapping[int, Setup],
    ) -> None:
        self._index = index
        self._ids = np.sort(np.fromiter(index.paths, np.int64, len(index.paths)))
        self._start = np.zeros(len(self._ids), np.int64)
        self._start[np.searchsorted(self._ids, images)] = codes
        self._classes = {
            number: {UNKNOWN, *(b.id for b in setup.bins)} for number, setup in setups.items()
        }

    def run(self, actions: Sequence[_Action]) -> None:
        """Check and repair all actions. Raises ``Damaged``."""
        now = self._index.state.setup_id
        for back in (True, False):
            codes = self._start.copy()
            counts = Counter(_tally(codes))
            self._check(counts, now)
            chosen = [a for a in actions if bool(a.undone) is not back]
            for action in reversed(chosen) if back else chosen:
                self._step(action, codes, counts, back)

    def _step(
        self, action: _Action, codes: NDArray[np.int64], counts: Counter[int], back: bool
    ) -> None:
        here, there = ("after", "before") if back else ("before", "after")
        changes = action.changes
        rows = np.searchsorted(self._ids, changes["image"])
        if len(rows) and (
            rows.max() >= len(self._ids) or (self._ids[rows] != changes["image"]).any()
        ):
            raise Damaged("an action of no picture")
        old = codes[rows]
        if (old != changes[here]).any():
            changes = changes.copy()
            changes[here] = old
            action.changes = self._index.repaired[action.number] = changes
        new = changes[there].astype(np.int64)
        codes[rows] = new
        counts.subtract(_tally(old))
        counts.update(_tally(new))
        self._check(counts, action.before if back else action.after)

    def _check(self, counts: Counter[int], setup: int) -> None:
        empty = [class_id for class_id, count in counts.items() if not count]
        for class_id in empty:
            del counts[class_id]
        if not counts.keys() <= self._classes[setup]:
            raise Damaged("a label of no bin")


def _tally(codes: NDArray[np.int64]) -> dict[int, int]:
    ids, counts = np.unique(codec.class_ids(codes), return_counts=True)
    return dict(zip(ids.tolist(), counts.tolist(), strict=True))


class _Labels(dict[int, Label | None]):
    def __missing__(self, code: int) -> Label | None:
        label = self[code] = codec.label_of(code)
        return label


def _integers(rows: list[tuple[int, ...]]) -> NDArray[np.int64]:
    values = np.array(rows)
    if values.dtype.kind != "i" or values.ndim != 2:
        raise Damaged("a value that is no whole number")
    return values.astype(np.int64)


def _rows(db: sqlite3.Connection, query: str) -> Iterator[tuple]:
    cursor = db.execute(query)
    while chunk := cursor.fetchmany(_CHUNK):
        yield from chunk
