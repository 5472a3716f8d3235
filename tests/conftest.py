"""What all tests share: places of their own, real data where it is, no display."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import settings

# Before anything imports Qt: tests open real windows on a screen that nobody sees.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

if "PYTEST_XDIST_WORKER" in os.environ:  # as many run as there are cores: one core for each
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")

settings.register_profile("untimed", deadline=None)  # speed is measured in benchmarks alone
settings.load_profile("untimed")

DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def own_places(tmp_path_factory, monkeypatch):
    """Settings, caches and logs of each test in a folder of its own."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.setenv("LOCALAPPDATA", str(home / "appdata"))
    return home


def _unpacked(name: str, factory: pytest.TempPathFactory) -> Path:
    archive = DATA / name
    if not archive.exists():
        pytest.skip(f"{name} is not in ../shared/data")
    folder = factory.mktemp(archive.stem)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def grocery(tmp_path_factory):
    """The Grocery Store data: 82 class folders of smartphone photos."""
    return _unpacked("grocery.zip", tmp_path_factory) / "grocery"


@pytest.fixture(scope="session")
def bad_images(tmp_path_factory):
    """The corpus of damaged, unusual and hostile images, with ``manifest.csv``."""
    return _unpacked("bad_images.zip", tmp_path_factory) / "bad_images"


@pytest.fixture(scope="session")
def learner_faults(tmp_path_factory):
    """Files that are no learners, or that mean harm."""
    return _unpacked("bad_learner_files.zip", tmp_path_factory) / "bad_learner_files"


@pytest.fixture(scope="session")
def grocery_table(grocery, tmp_path_factory):
    """All of the grocery data embedded once: the table, and the rows of each class."""
    from contextlib import closing

    import numpy as np

    from fewshot_gui.images.class_folders import find_class_folders
    from fewshot_gui.jobs import Job
    from fewshot_gui.workflow import Workbench

    with pytest.MonkeyPatch.context() as patch, closing(Workbench()) as workbench:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        table = workbench.new_table()
        classes = find_class_folders(grocery, Job())
        rows = {c.name: np.asarray(table.add(c.files), np.int64) for c in classes}
        workbench.embed(table, np.concatenate(list(rows.values())), Job())
    return table, rows
