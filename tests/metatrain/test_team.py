"""Several processes train as one does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from fewshot_gui.metatrain.team import Team
from tests.metatrain.team_member import ALGORITHMS, trained

ROOT = Path(__file__).parents[2]
SIZE = 2


@pytest.fixture(scope="module")
def team(tmp_path_factory) -> Path:
    """What two processes made, each in a folder of its own."""
    folder = tmp_path_factory.mktemp("team")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    members = [_started(folder / str(rank), rank, port) for rank in range(SIZE)]
    try:
        for member in members:
            _out, errors = member.communicate(timeout=60)
            assert member.returncode == 0, errors.decode()
    finally:
        for member in members:
            member.kill()
            member.communicate()
    return folder


def _started(folder: Path, rank: int, port: int) -> subprocess.Popen[bytes]:
    """A process with the environment that torchrun gives."""
    told = {"RANK": rank, "WORLD_SIZE": SIZE, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.metatrain.team_member", str(folder)],
        cwd=ROOT,
        env={**os.environ, **{name: str(value) for name, value in told.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("name", ALGORITHMS)
def test_two_processes_learn_what_one_learns(name, team, tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    alone = trained(name, tmp_path, Team())
    torch.set_num_threads(before)
    for rank in range(SIZE):
        together = load_file(team / str(rank) / f"{name}.safetensors")
        assert together.keys() == alone.keys()
        for key, value in alone.items():
            torch.testing.assert_close(together[key], value, rtol=1e-4, atol=1e-5, msg=key)


def test_only_the_first_one_puts_the_training_down(team):
    assert (team / "0" / "maml.training").exists()
    assert not (team / "1" / "maml.training").exists()
