"""Killed at any moment, the program has everything that had been on screen."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fewshot_gui.project.file import ProjectFile
from tests.gui.killed_sitting import ACTIONS, expected, picture
from tests.pictures import make_picture

KILLS = 200
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pictures_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    make_picture(folder / "0.png", "red", seed=0)
    for number in range(1, 40):
        os.link(folder / "0.png", folder / f"{number}.png")
    return Path(os.path.realpath(folder))


@pytest.fixture(scope="module")
def server():
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.gui.killed_sitting"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    with process:
        yield process
        process.kill()


def cut_short(server, home: Path, folder: Path, seed: int, chance: random.Random):
    """Play a sitting, kill it; returns the project file and how many actions had returned."""
    server.stdin.write(f"{home}\t{folder}\t{seed}\n")
    pid = int(server.stdout.readline().split()[1])
    wanted = chance.randint(0, ACTIONS - 20)
    path, returned, killed = "", 0, False
    while (line := server.stdout.readline().strip()) != "end":
        word, _space, rest = line.partition(" ")
        if word == "path":
            path = rest
        elif word == "did":
            returned = int(rest)
        if path and returned >= wanted and not killed:
            time.sleep(chance.random() * 0.004)  # anywhere within an action, not only after one
            os.kill(pid, signal.SIGKILL)
            killed = True
    return path, returned


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL and no fork")
def test_every_action_that_had_returned_is_there_and_none_twice(
    server, pictures_folder, tmp_path, capsys
):
    chance = random.Random(7)
    paths = sorted(str(path) for path in pictures_folder.iterdir())
    cut, ahead = [], 0
    for seed in range(KILLS):
        path, returned = cut_short(server, tmp_path / str(seed), pictures_folder, seed, chance)
        file = ProjectFile.open(path)
        found = picture(file.load())
        file.close()
        states = expected(seed, paths, str(pictures_folder))
        # the action under way may be there already; it had not returned, but it is whole
        places = [place for place, state in enumerate(states) if state == found]
        told = f"sitting {seed}: {returned} actions had returned, {places} are there"
        assert found in states[returned : returned + 2], told
        ahead += found != states[returned]
        cut.append(returned)
    assert max(cut) > ACTIONS // 2
    assert min(cut) < ACTIONS // 4
    with capsys.disabled():
        print(f"\n{KILLS} sittings killed after {min(cut)} to {max(cut)} actions, {ahead} ahead")
