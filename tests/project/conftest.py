"""Project files of these tests lie in memory where that can be had.

They are killed, damaged and starved there as on a disk, but do not wait for one. What a
power cut does is not tested with processes that are killed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

MEMORY = "/dev/shm"


@pytest.fixture
def tmp_path(tmp_path, own_places, monkeypatch):
    """A folder of the test's own; backups lie beside it."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    root = tempfile.mkdtemp(prefix="fewshot-test-", dir=MEMORY)
    monkeypatch.setenv("XDG_DATA_HOME", os.path.join(root, "data"))
    folder = Path(root) / "work"
    folder.mkdir()
    yield folder
    shutil.rmtree(root, ignore_errors=True)
