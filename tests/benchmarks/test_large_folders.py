"""What 10,000, 100,000 and (when asked for) 1,000,000 images cost in the window.

See README.md beside this file. Nothing is asserted about speed: the table is the result.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SIZES = [10_000, 100_000]
MILLION = "FEWSHOT_BENCH_MILLION"
if os.environ.get(MILLION):
    SIZES.append(1_000_000)


def run(script: str, *arguments: object, cache: Path) -> str:
    """Run a script beside this file in a process of its own; returns what it prints."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)}
    environment["LOCALAPPDATA"] = str(cache)
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{script} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Where the folders lie: of this run, or kept from run to run."""
    kept = os.environ.get("FEWSHOT_BENCH_FOLDER")
    return Path(kept) if kept else tmp_path_factory.mktemp("large")


def test_large_folders(place, capsys):
    columns = {}
    for count in SIZES:
        folder, cache = place / f"{count}", place / f"{count}.cache"
        run("make_folder.py", count, folder, cache=cache)
        columns[count] = json.loads(run("measure_window.py", folder, count, cache=cache))
    with capsys.disabled():
        print("\n" + table_of(columns))


def table_of(columns: dict[int, dict[str, float]]) -> str:
    """One line for each thing that was measured, one column for each size."""
    lines = [f"{'images':<26}" + "".join(f"{count:>14,}" for count in columns)]
    for name in next(iter(columns.values())):
        values = "".join(f"{found[name]:>14,.2f}" for found in columns.values())
        lines.append(f"{name:<26}" + values)
    counts = list(columns)
    for few, many in pairwise(counts):
        more = columns[many]["peak MB"] - columns[few]["peak MB"]
        without = more - columns[many]["embeddings MB"] + columns[few]["embeddings MB"]
        lines.append(
            f"from {few:,} to {many:,}: {1e6 * more / (many - few):,.0f} bytes an image, "
            f"{1e6 * without / (many - few):,.0f} of them not for its embedding"
        )
    return "\n".join(lines)
