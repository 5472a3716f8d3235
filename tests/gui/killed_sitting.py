"""A sitting that is cut short: runs in a process that is killed at any moment.

``python -m tests.gui.killed_sitting`` reads lines ``HOME FOLDER SEED`` and plays one sitting
for each in a child process. It answers with the child's process number, then one line for
each action that returned, then ``end``.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

ACTIONS = 200


def picture(project: Any) -> str:
    """A digest of everything that has to be there after a restart."""
    setup = project.setup
    facts = [
        [(b.id, b.name, b.colour, b.description, b.picture) for b in setup.bins],
        [f.path for f in setup.folders],
        [setup.options.learner, setup.options.unknown],
        sorted((path, lab.class_id, lab.source.value) for path, lab in project.labels.items()),
        [edit.text for edit in project.history[0]],
        [edit.text for edit in project.history[1]],
    ]
    return hashlib.blake2b(json.dumps(facts).encode(), digest_size=8).hexdigest()


def actions(seed: int, paths: list[str], project: Callable[[], Any]) -> Iterator[tuple]:
    """Names and arguments of methods that a project and a session have in common."""
    chance = random.Random(seed)
    for number in range(ACTIONS):
        bins = [b.id for b in project().bins]
        some = chance.sample(paths, chance.randint(1, 12))
        kind = chance.choices(
            ["new", "put", "out", "undo", "redo", "rename", "merge", "move", "limit", "colour"],
            [3, 10, 3, 4, 3, 1, 1, 1, 1, 1],
        )[0]
        if kind == "new" or not bins:
            yield "add_bin", f"bin {number}", some
        elif kind == "put":
            yield "put", some, chance.choice([0, *bins])
        elif kind == "out":
            yield "take_out", some
        elif kind == "rename":
            yield "rename_bin", chance.choice(bins), f"renamed {number}"
        elif kind == "merge":
            yield "merge_bins", [chance.choice(bins)], chance.choice(bins)
        elif kind == "move":
            yield "move_bin", chance.choice(bins), chance.randint(0, len(bins))
        elif kind == "limit":
            yield "set_unknown", chance.random()
        elif kind == "colour":
            yield "recolour_bin", chance.choice(bins), chance.randint(0, 30)
        else:
            yield (kind,)


def expected(seed: int, paths: list[str], folder: str) -> list[str]:
    """What the project is like after 0, 1, 2 … actions, found without any file."""
    from fewshot_gui.project.model import Project

    project = Project()
    project.add_folder(folder)
    project = Project(project.setup)
    pictures = [picture(project)]
    for name, *arguments in actions(seed, paths, lambda: project):
        getattr(project, {"take_out": "clear"}.get(name, name))(*arguments)
        pictures.append(picture(project))
    return pictures


def play(home: str, folder: str, seed: int) -> None:
    """One sitting with the window's own session, but without its window."""
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        os.environ[name] = os.path.join(home, name.lower())
    from PySide6.QtCore import QCoreApplication

    from fewshot_gui.gui.job_runner import JobRunner
    from fewshot_gui.gui.session import Session
    from tests.gui.fakes import FakeWorkbench

    app = QCoreApplication([])
    bench = FakeWorkbench()
    bench.gate.clear()  # no predictions: what is corrected must not hang on their timing
    session = Session(bench, JobRunner())
    session.message.connect(lambda message: print("#", message.text, file=sys.stderr))
    session.open_folder(folder)
    while session.collection is None or session.scanning:
        app.processEvents()
        time.sleep(0.001)
    table = session.collection.table
    paths = sorted(table.file(row).path for row in range(len(table)))
    tell(f"path {session.desk.now.path}")
    for number, (name, *arguments) in enumerate(actions(seed, paths, lambda: session.project), 1):
        getattr(session, name)(*arguments)
        while session.desk.unwritten:  # the window says “Saving…” so long
            app.processEvents()
        tell(f"did {number}")
        app.processEvents()


def tell(line: str) -> None:
    """One line to whoever watches; a write this short is never cut."""
    os.write(1, f"{line}\n".encode())


def main() -> None:
    """Serve sittings until the input ends. The modules are loaded only once."""
    import tests.gui.fakes  # noqa: F401

    for line in sys.stdin:
        home, folder, seed = line.split("\t")
        child = os.fork()
        if child == 0:
            try:
                play(home, folder, int(seed))
            finally:
                os._exit(0)
        tell(f"pid {child}")
        os.waitpid(child, 0)
        tell("end")


if __name__ == "__main__":
    main()
