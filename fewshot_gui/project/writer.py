"""Writes steps into an open project file: one step, one transaction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.project import codec
from fewshot_gui.project.edits import Edit, kept_actions
from fewshot_gui.project.identity import KnownImage
from fewshot_gui.project.loading import (
    Index,
    State,
    action_sum,
    image_sum,
    load_index,
    read_setup,
    state_sum,
)
from fewshot_gui.project.model import Project
from fewshot_gui.project.places import Homes, is_there, path_bytes
from fewshot_gui.project.readdressing import readdressed
from fewshot_gui.project.schema import transaction
from fewshot_gui.project.values import UNKNOWN, Folder, Label, Setup


class Writer:
    """Steps of one project file. What fails leaves the file and this object as they were.

    Args:
        db: A connection that may write, to a file that was checked.
        index: What is in it.
    """

    def __init__(self, db: sqlite3.Connection, index: Index) -> None:
        self.db = db
        self.index = index
        self._homes = Homes(self._targets(index.state.setup), index.home)
        self._fresh: dict[str, int] = {}  # images of the transaction that is under way
        self._new_folders: dict[int, Folder] = {}

    @property
    def state(self) -> State:
        return self.index.state

    # -- actions -----------------------------------------------------------------

    def did(self, edit: Edit, step: int) -> None:
        """Add an action; those that could be redone are forgotten."""

        def write(state: State) -> State:
            number = self._forget_undone(state.action) + 1
            state = self._put_setup(state, edit.before)
            before = state.setup_id
            state = self._put_setup(state, edit.after)
            state, ids = self._put_images(state, edit.labels)
            changes = codec.changes_data(ids, edit.labels)
            now = _now()
            self._put_action((number, 0, now, edit.text, before, state.setup_id, changes))
            self._trim()
            state = self._put_labels(state, ids, changes["after"])
            return replace(state, action=number, changed=now)

        self._commit(step, write)

    def undid(self, step: int) -> None:
        """The last action that is not undone is undone."""
        self._turn(step, undone=1)

    def redid(self, step: int) -> None:
        """The action that was undone last is done again."""
        self._turn(step, undone=0)

    def _turn(self, step: int, undone: int) -> None:
        def write(state: State) -> State:
            order = "DESC" if undone else "ASC"
            row = self.db.execute(
                "SELECT number, time, text, before, after, changes FROM action"
                f" WHERE undone = ? ORDER BY number {order} LIMIT 1",
                (1 - undone,),
            ).fetchone()
            if row is None:
                raise LookupError("no such action in the project file")
            number, moment, text, before, after, data = row
            crc = action_sum((number, undone, moment, text, before, after, data))
            self.db.execute(
                "UPDATE action SET undone = ?, crc = ? WHERE number = ?", (undone, crc, number)
            )
            changes = np.frombuffer(data, codec.CHANGES)
            codes = changes["before" if undone else "after"]
            state = self._put_labels(state, changes["image"].tolist(), codes)
            setup_id = before if undone else after
            if setup_id != state.setup_id:
                setup = read_setup(self.db, self.index, setup_id)
                state = replace(state, setup_id=setup_id, setup=setup)
            return replace(state, changed=_now())

        self._commit(step, write)

    # -- bookkeeping ---------------------------------------------------------------

    def note(self, known: Mapping[str, KnownImage], step: int) -> None:
        """Remember what images are like."""

        def write(state: State) -> State:
            state, ids = self._put_images(state, known)
            facts = map(codec.facts_data, known.values())
            self.db.executemany(
                "UPDATE image SET facts = ? WHERE id = ?", zip(facts, ids, strict=True)
            )
            return state

        self._commit(step, write)

    def relocate(self, folder_id: int, path: str, step: int) -> None:
        """A folder lies elsewhere now, with all images in it."""
        folder = self.index.folders.get(folder_id)
        if folder is None:
            return
        old = folder.path
        self.index.folders[folder_id] = Folder(folder_id, path)
        moved = {
            image: new
            for image, before in self.index.paths.items()
            if (new := readdressed(before, old, path)) != before
        }

        def write(state: State) -> State:
            self._put_folder_row(folder_id, path, self._relative(path))
            query = "SELECT id FROM image WHERE folder = ?"
            inside = {row[0] for row in self.db.execute(query, (folder_id,))}
            return self._readdress(state, moved, inside)

        self._commit_readdressing(step, write)

    def renamed(self, paths: Mapping[str, str], step: int) -> None:
        """Images have other paths now, old path -> new path."""
        ids = self.index.ids
        moved = {ids[old]: new for old, new in paths.items() if old in ids}
        self._commit_readdressing(step, lambda state: self._readdress(state, moved, set()))

    def settle(self, session: bytes, uuid: bytes | None = None) -> None:
        """After opening: a session of its own, and paths as they are from here."""

        def write(state: State) -> State:
            if self.index.moved:
                rehome(self.db, self.index)
            for number, changes in self.index.repaired.items():
                self._rewrite_changes(number, changes)
            home = path_bytes(self.index.home)
            return replace(state, uuid=uuid or state.uuid, session=session, home=home)

        self._commit(None, write)
        self.index.moved = False
        self.index.repaired = {}

    def forget_before(self, number: int) -> None:
        """Forget actions that are older than one."""

        def write(state: State) -> State:
            self._forget_actions(number)
            return state

        self._commit(None, write)

    def fill(self, project: Project) -> None:
        """Write a whole project into an empty file."""
        done, undone = project.history
        actions = [*((edit, 0) for edit in done), *((edit, 1) for edit in reversed(undone))]

        def write(state: State) -> State:
            number = 0
            for number, (edit, taken_back) in enumerate(actions, 1):
                state = self._put_setup(state, edit.before)
                before = state.setup_id
                state = self._put_setup(state, edit.after)
                state, ids = self._put_images(state, edit.labels)
                changes = codec.changes_data(ids, edit.labels)
                row = (number, taken_back, _now(), edit.text, before, state.setup_id, changes)
                self._put_action(row)
            state = self._put_setup(state, project.setup, join=_station(self.db, len(done)))
            labels = in_order(project)
            state, ids = self._put_images(state, labels)
            codes = [codec.label_code(label) for label in labels.values()]
            state = self._put_labels(state, ids, np.asarray(codes, np.int64))
            next_id = max(state.next_id, project.next_id)
            return replace(state, action=number, next_id=next_id, changed=_now())

        self._commit(None, write)

    # -- inside: transactions --------------------------------------------------------

    def _commit(self, step: int | None, write: Callable[[State], State]) -> None:
        self._fresh, self._new_folders = {}, {}
        with transaction(self.db):
            state = write(self.state)
            if step is not None:
                state = replace(state, step=step)
            self.db.execute(
                "UPDATE project SET uuid = ?, session = ?, step = ?, next_id = ?, setup = ?,"
                " changed = ?, home = ?, crc = ?",
                (
                    state.uuid,
                    state.session,
                    state.step,
                    state.next_id,
                    state.setup_id,
                    state.changed,
                    state.home,
                    state_sum(state),
                ),
            )
        if state.setup.folders != self.state.setup.folders:
            self._homes = Homes(self._targets(state.setup), self.index.home)
        self.index.ids.update(self._fresh)
        self.index.paths.update({number: path for path, number in self._fresh.items()})
        self.index.folders.update(self._new_folders)
        self.index.state = state

    def _commit_readdressing(self, step: int, write: Callable[[State], State]) -> None:
        """A commit that changes paths all over: what is in memory is read again."""
        try:
            self._commit(step, write)
        finally:
            self.index = load_index(self.db, self.index.home)
            self._homes = Homes(self._targets(self.state.setup), self.index.home)

    # -- inside: rows ------------------------------------------------------------------

    def _targets(self, setup: Setup) -> list[Folder]:
        return [self.index.folders.get(folder.id, folder) for folder in setup.folders]

    def _put_setup(self, state: State, setup: Setup, join: int | None = None) -> State:
        """Make a setup the present one; ``join`` is the row that is known to hold it."""
        if join is not None:
            return replace(state, setup_id=join, setup=setup)
        if setup is state.setup or setup == state.setup:
            return state
        strange = [f for f in setup.folders if f.id not in self.index.folders]
        for folder in strange:
            self._new_folders[folder.id] = folder
            self._put_folder_row(folder.id, folder.path, self._relative(folder.path))
        if setup.folders != state.setup.folders:
            self._homes = Homes(setup.folders, self.index.home)
            self._adopt(strange)
        pictures = [b.picture for b in setup.bins if b.picture]
        state, ids = self._put_images(state, pictures)
        image = dict(zip(pictures, ids, strict=True)).__getitem__
        body = codec.setup_data(setup, image)
        number = self.db.execute("SELECT coalesce(max(id), 0) + 1 FROM setup").fetchone()[0]
        self.db.execute(
            "INSERT INTO setup VALUES (?, ?, ?)", (number, body, codec.checksum(number, body))
        )
        highest = max((item.id for item in (*setup.bins, *setup.folders)), default=0)
        next_id = max(state.next_id, highest + 1)
        return replace(state, setup_id=number, setup=setup, next_id=next_id)

    def _put_images(self, state: State, paths: Iterable[str]) -> tuple[State, list[int]]:
        """Rows of images; those that are new get one."""
        known, fresh = self.index.ids, self._fresh
        ids, rows, number = [], [], state.image
        for path in paths:
            found = known.get(path) or fresh.get(path)
            if found is None:
                folder, stored, relative = self._homes.split(path)
                rows.append(_image_row(number, folder, stored, relative))
                found = fresh[path] = number
                number += 1
            ids.append(found)
        if rows:
            self.db.executemany("INSERT INTO image VALUES (?, ?, ?, ?, NULL, ?)", rows)
        return replace(state, image=number), ids

    def _put_labels(self, state: State, ids: Sequence[int], codes: NDArray) -> State:
        """Give labels in this order; code 0 takes one away."""
        codes = codes.astype(np.int64)
        images = np.asarray(ids, np.int64)
        gone = images[codes == 0]
        given, images = codes[codes != 0], images[codes != 0]
        if len(gone):
            self.db.executemany("DELETE FROM label WHERE image = ?", ((i,) for i in gone.tolist()))
        if len(images):
            places = np.arange(state.place, state.place + len(images))
            sums = codec.row_sums(images, given, places)
            self.db.executemany(
                "INSERT OR REPLACE INTO label VALUES (?, ?, ?, ?)",
                zip(images.tolist(), given.tolist(), places.tolist(), sums.tolist(), strict=True),
            )
        return replace(state, place=state.place + len(images))

    def _put_action(self, row: tuple[int, int, int, str, int, int, NDArray]) -> None:
        number, undone, moment, text, before, after, changes = row
        values = (
            number,
            undone,
            moment,
            codec.text_data(text),
            before,
            after,
            changes.tobytes(),
        )
        self.db.execute(
            "INSERT INTO action VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, action_sum(values))
        )

    def _rewrite_changes(self, number: int, changes: NDArray) -> None:
        row = self.db.execute(
            "SELECT undone, time, text, before, after FROM action WHERE number = ?", (number,)
        ).fetchone()
        data = changes.tobytes()
        self.db.execute(
            "UPDATE action SET changes = ?, crc = ? WHERE number = ?",
            (data, action_sum((number, *row, data)), number),
        )

    def _forget_undone(self, last: int) -> int:
        """Delete what could be redone; returns the number of the last action that is left."""
        gone = self.db.execute(
            "SELECT min(number), sum(before != after) FROM action WHERE undone = 1"
        ).fetchone()
        if gone[0] is None:
            return last
        self.db.execute("DELETE FROM action WHERE undone = 1")
        if gone[1]:
            self._forget_setups()
        return gone[0] - 1

    def _trim(self) -> None:
        """Keep as many actions as can be taken back; nothing is undone."""
        rows = self.db.execute("SELECT number, length(changes) FROM action ORDER BY number DESC")
        found = rows.fetchall()
        kept = kept_actions(size // codec.CHANGES.itemsize for _number, size in found)
        self._forget_actions(found[kept - 1][0])

    def _forget_actions(self, oldest: int) -> None:
        gone = self.db.execute(
            "SELECT count(*), sum(before != after) FROM action WHERE number < ?", (oldest,)
        ).fetchone()
        if gone[0]:
            self.db.execute("DELETE FROM action WHERE number < ?", (oldest,))
        if gone[1]:
            self._forget_setups()

    def _forget_setups(self) -> None:
        """Delete setups that neither the history nor the project needs.

        The newest stays in any case: it may be the one that is about to be used.
        """
        self.db.execute(
            "DELETE FROM setup WHERE id NOT IN (SELECT before FROM action)"
            " AND id NOT IN (SELECT after FROM action)"
            " AND id NOT IN (SELECT setup FROM project)"
            " AND id != (SELECT max(id) FROM setup)"
        )

    def _relative(self, path: str) -> bytes | None:
        return Homes((), self.index.home).relative(path)

    def _put_folder_row(self, number: int, path: str, relative: bytes | None) -> None:
        put_folder(self.db, number, path_bytes(path), relative)

    def _adopt(self, folders: Sequence[Folder]) -> None:
        """Images that lie below a new folder follow it from now on."""
        if not folders:
            return
        loose = [row[0] for row in self.db.execute("SELECT id FROM image WHERE folder IS NULL")]
        paths = {**self.index.paths, **{i: path for path, i in self._fresh.items()}}
        for number in loose:
            folder, stored, relative = self._homes.split(paths[number])
            if folder is not None:
                put_image(self.db, number, folder, stored, relative)

    # -- inside: other paths -----------------------------------------------------------

    def _readdress(self, state: State, moved: Mapping[int, str], inside: set[int]) -> State:
        """Give images other paths. Two that get the same one become one image.

        Args:
            state: The state before.
            moved: Image id -> new path.
            inside: Images whose rows name a folder that was moved; they follow it.
        """
        homes = Homes(self._targets(state.setup), self.index.home)
        owners = {p: i for p, i in self.index.ids.items() if i not in moved}
        merged: dict[int, int] = {}
        for number, path in moved.items():
            if path in owners:
                merged[owners[path]] = number
            owners[path] = number
            if number not in inside:
                put_image(self.db, number, *homes.split(path))
        return self._merge(state, merged) if merged else state

    def _merge(self, state: State, merged: Mapping[int, int]) -> State:
        """Images that became another one: its label wins if it has one."""
        for old, new in merged.items():
            has = self.db.execute("SELECT 1 FROM label WHERE image = ?", (new,)).fetchone()
            row = self.db.execute("SELECT code FROM label WHERE image = ?", (old,)).fetchone()
            if row is not None:
                self.db.execute("DELETE FROM label WHERE image = ?", (old,))
                if not has:
                    state = self._put_labels(state, [new], np.asarray(row, np.int64))
        last = {old: _followed(old, merged) for old in merged}
        self._merge_history(last)
        for back in (True, False):
            self._chain_history(set(last.values()), back)
        self._merge_pictures(last)
        self.db.executemany("DELETE FROM image WHERE id = ?", ((old,) for old in merged))
        return state

    def _merge_history(self, merged: Mapping[int, int]) -> None:
        gone = np.fromiter(merged, np.int64, len(merged))
        for number, data in self.db.execute("SELECT number, changes FROM action").fetchall():
            changes = np.frombuffer(data, codec.CHANGES)
            if not np.isin(changes["image"], gone).any():
                continue
            kept = {}
            for image, before, after in changes.tolist():
                kept[merged.get(image, image)] = (before, after)
            rows = [(image, *codes) for image, codes in kept.items()]
            self._rewrite_changes(number, np.array(rows, codec.CHANGES))

    def _chain_history(self, images: set[int], back: bool) -> None:
        """Let each action begin with the labels of these images that the one before left.

        Like ``Readdressing.history``, seen from the labels of now.

        Args:
            images: Those that others became one with.
            back: Whether to go through what is done, or through what can be redone.
        """
        labels = self.db.execute("SELECT image, code FROM label")
        here = dict.fromkeys(images, 0) | {image: c for image, c in labels if image in images}
        near, far = ("after", "before") if back else ("before", "after")
        order = "DESC" if back else "ASC"
        query = f"SELECT number, changes FROM action WHERE undone = ? ORDER BY number {order}"
        for number, data in self.db.execute(query, (0 if back else 1,)).fetchall():
            changes = np.frombuffer(data, codec.CHANGES).copy()
            places = np.flatnonzero(np.isin(changes["image"], list(images)))
            for place, image in zip(places, changes["image"][places].tolist(), strict=True):
                changes[near][place] = here[image]
                here[image] = int(changes[far][place])
            if changes.tobytes() != data:
                self._rewrite_changes(number, changes)

    def _merge_pictures(self, merged: Mapping[int, int]) -> None:
        for number, body in self.db.execute("SELECT id, body FROM setup").fetchall():
            new = codec.with_pictures(body, merged)
            if new != body:
                self.db.execute(
                    "UPDATE setup SET body = ?, crc = ? WHERE id = ?",
                    (new, codec.checksum(number, new), number),
                )


def rehome(db: sqlite3.Connection, index: Index) -> None:
    """Write the paths as they are seen from the folder that the file lies in now.

    What is nowhere to be found keeps the relative path that it had.
    """
    homes = Homes((), index.home)
    for number, stored in db.execute("SELECT id, relative FROM folder").fetchall():
        path = index.folders[number].path
        put_folder(db, number, path_bytes(path), _relative(homes, path, stored, index.home))
    loose = db.execute("SELECT id, relative FROM image WHERE folder IS NULL").fetchall()
    for number, stored in loose:
        path = index.paths[number]
        relative = _relative(homes, path, stored, index.home)
        put_image(db, number, None, path_bytes(path), relative)


def put_folder(db: sqlite3.Connection, number: int, path: bytes, relative: bytes | None) -> None:
    """Write the place of a folder."""
    db.execute(
        "INSERT INTO folder VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " path = excluded.path, relative = excluded.relative, crc = excluded.crc",
        (number, path, relative, image_sum(number, None, path, relative)),
    )


def put_image(
    db: sqlite3.Connection, number: int, folder: int | None, path: bytes, relative: bytes | None
) -> None:
    """Write the place of an image that has a row."""
    crc = image_sum(number, folder, path, relative)
    db.execute(
        "UPDATE image SET folder = ?, path = ?, relative = ?, crc = ? WHERE id = ?",
        (folder, path, relative, crc, number),
    )


def _image_row(
    number: int, folder: int | None, path: bytes, relative: bytes | None
) -> tuple[int, int | None, bytes, bytes | None, int]:
    return number, folder, path, relative, image_sum(number, folder, path, relative)


def _relative(homes: Homes, path: str, stored: bytes | None, home: str) -> bytes | None:
    if stored is not None and not is_there(path, home):
        return stored
    return homes.relative(path)


def _followed(image: int, merged: Mapping[int, int]) -> int:
    """What an image became in the end, where several became one."""
    while image in merged:
        image = merged[image]
    return image


def _station(db: sqlite3.Connection, done: int) -> int | None:
    """The row of the bins after the last of ``done`` actions; None without any history."""
    row = db.execute("SELECT after FROM action WHERE number = ?", (done,)).fetchone()
    if row is None:
        row = db.execute("SELECT before FROM action WHERE number = ?", (done + 1,)).fetchone()
    return None if row is None else row[0]


def in_order(project: Project) -> dict[str, Label]:
    """All labels; the examples of each class in their order."""
    labels = {path: label for path, label in project.labels.items() if not label.is_support}
    for class_id in (UNKNOWN, *(b.id for b in project.bins)):
        labels.update({path: project.labels[path] for path in project.support(class_id)})
    return labels


def _now() -> int:
    return time.time_ns() // 1_000_000
