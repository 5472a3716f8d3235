"""Processes that are killed, refused and starved; run by the tests with ``python -m``.

The judge is outside: what a child says it has done arrives on a pipe, and a project in
memory replays it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time

from fewshot_gui.errors import UserError
from fewshot_gui.project import disks
from fewshot_gui.project import keeper as keeping
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.keeper import Keeper
from fewshot_gui.project.model import Project
from fewshot_gui.project.problems import ProjectInUse
from tests.project.decisions import decisions


def operation(project, number):
    """The user's action of that number; the same one in every process."""
    turn = number % 8
    bins = [b.id for b in project.bins]
    if not bins:
        project.add_bin("First")
    elif turn == 5:
        project.undo()
    elif turn == 6:
        project.redo()
    elif turn == 7 and len(bins) < 5:
        project.add_bin(f"Bin {number}", [f"/pictures/{number}.jpg"])
    elif turn == 7:
        project.rename_bin(bins[0], f"Bin {number}")
    else:
        project.put([f"/pictures/{number}-{i}.jpg" for i in range(turn + 1)], bins[-1])


def kill(path, rounds, seed):
    """Kill a child at random moments, again and again; prints what went wrong."""
    rng = random.Random(seed)
    faults, acknowledged, begun = [], 0, 0
    project = Project()
    for turn in range(rounds):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                _work(path, writer, begun)
            finally:
                os._exit(9)
        os.close(writer)
        told = _told(reader, child, rng.uniform(0.0, 0.03))
        file = ProjectFile.open(path)
        after = file.load()
        found = decisions(after)
        file.close()
        for number in range(begun, begun + told):
            operation(project, number)
        possible = [decisions(project)]
        operation(project, begun + told)
        possible.append(decisions(project))
        project = after
        if found not in possible:
            faults.append(f"round {turn}: neither {told} nor {told + 1} actions")
        begun += told + (found == possible[1])
        acknowledged += told
    print(json.dumps({"faults": faults, "acknowledged": acknowledged}))


def _work(path, writer, number):
    file = ProjectFile.open(path)
    project = file.load()
    keeper = project.journal = Keeper(file)
    while True:
        operation(project, number)
        while keeper.pending:
            time.sleep(0.001)
        os.write(writer, b".")
        number += 1


def _told(reader, child, seconds):
    """Bytes that a child wrote until it was killed, some time after its first one."""
    told = len(os.read(reader, 1))
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reader, 65_536):
        told += len(more)
    os.close(reader)
    return told


def race(path, rounds):
    """Two processes open one file at the same moment; prints who got what."""
    results = []
    for _ in range(rounds):
        gate, start = os.pipe()
        reader, writer = os.pipe()
        leave, stay = os.pipe()
        children = []
        for _ in range(2):
            child = os.fork()
            if child == 0:
                os.close(start)
                os.close(stay)
                try:
                    os.read(gate, 1)
                    os.write(writer, f"{_opened(path, leave, writer)}\n".encode())
                finally:
                    os._exit(0)
            children.append(child)
        for end in (gate, writer, leave):
            os.close(end)
        os.close(start)
        lines = b""
        while lines.count(b"\n") < 2:
            lines += os.read(reader, 1000)
        os.close(stay)
        for child in children:
            os.waitpid(child, 0)
        os.close(reader)
        results.append([children, sorted(lines.decode().split("\n")[:2])])
    print(json.dumps(results))


def _opened(path, leave, writer):
    try:
        file = ProjectFile.open(path)
    except ProjectInUse as error:
        return f"refused {error.holder.pid if error.holder else 0}"
    os.write(writer, f"writes {os.getpid()}\n".encode())
    os.read(leave, 1)
    file.close()
    return "left"


def label(path, count, network):
    """Label some images, on a disk that may fail; prints what was acknowledged."""
    disks.is_network = lambda _folder: bool(network)
    keeping.RETRY_S = 0.02
    keeping.CLOSING_RETRY_S = 0.05
    file = ProjectFile.open(path)
    project = file.load()
    keeper = project.journal = Keeper(file)
    troubles = set()
    keeper.on_state = lambda state: state.error and troubles.add(state.error.message)
    acknowledged = 0
    for number in range(count):
        operation(project, number)
        if not keeper.pending:
            acknowledged = number + 1
    closed = keeper.close(1.0)
    answer = {"acknowledged": acknowledged, "closed": closed, "troubles": sorted(troubles)}
    print(json.dumps(answer))


def look(path, user):
    """Open a file that may not be written to; prints what happened."""
    if os.geteuid() == 0:  # who may do everything
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    try:
        file = ProjectFile.open(path)
        answer = {"read_only": file.read_only, "labels": len(file.load().labels)}
        answer["notices"] = list(file.notices)
        file.close()
    except UserError as error:
        answer = {"error": type(error).__name__, "message": error.message}
    try:
        ProjectFile.create(path + ".new", Project())
        answer["created"] = True
    except UserError as error:
        answer["created"] = str(error)
    print(json.dumps(answer))


if __name__ == "__main__":
    name, path, *numbers = sys.argv[1:]
    {"kill": kill, "race": race, "label": label, "look": look}[name](path, *map(int, numbers))
