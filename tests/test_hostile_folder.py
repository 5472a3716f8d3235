"""Two thousand damaged, odd and hostile files in one folder with fifty good photos."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections import Counter

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sorted_folder(grocery, bad_images, tmp_path_factory):
    """The CSV that ``classify`` makes of it, what is known of each file, and the process."""
    root = tmp_path_factory.mktemp("hostile")
    classes = ["Fruit/Banana", "Fruit/Kiwi", "Vegetables/Carrots", "Fruit/Lemon", "Fruit/Lime"]
    good = {}
    for name in classes:
        photos = sorted((grocery / name).rglob("*.jpg"))
        for photo in photos[:3]:
            copy = root / "support" / name.split("/")[1] / photo.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(photo, copy)
        for photo in photos[3:13]:
            relative = f"good/{name.split('/')[1]}_{photo.name}"
            (root / "targets" / "good").mkdir(parents=True, exist_ok=True)
            shutil.copy(photo, root / "targets" / relative)
            good[relative] = name.split("/")[1]
    with open(bad_images / "manifest.csv", newline="", encoding="utf-8") as stream:
        manifest = {f"bad/{row['file']}": row for row in csv.DictReader(stream)}
    for relative, row in manifest.items():
        place = root / "targets" / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(bad_images / row["file"], place)
    done = classify(root, root / "targets", root / "labels.csv")
    return read(root / "labels.csv"), good, manifest, done, root


def classify(root, targets, output):
    """By a learner that does not look at the folder: what lies in it must not matter."""
    return subprocess.run(
        [
            *(sys.executable, "-P", "-m", "fewshot_gui", "classify", "--device", "cpu"),
            *("--learner", "prototypes"),
            *("--support", root / "support", "--targets", targets, "--output", output),
        ],
        env={**os.environ, "XDG_CACHE_HOME": str(root / "cache")},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )


def read(path):
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as stream:
        return {row["path"]: row for row in csv.DictReader(stream)}


def test_no_file_is_dropped_and_nothing_is_said_twice(sorted_folder):
    rows, good, manifest, done, _root = sorted_folder
    assert done.returncode == 0, done.stderr
    assert set(rows) == set(good) | set(manifest)


def test_every_good_photo_is_classified_as_if_the_others_were_not_there(sorted_folder):
    rows, good, _manifest, _done, root = sorted_folder
    shutil.rmtree(root / "cache")
    classify(root, root / "targets" / "good", root / "alone.csv")
    alone = {
        f"good/{path}": {**row, "path": f"good/{path}"}
        for path, row in read(root / "alone.csv").items()
    }
    assert {path: rows[path] for path in good} == alone
    assert all(row["label"] and not row["error"] for row in alone.values())


def test_every_other_file_has_a_result_or_a_reason(sorted_folder):
    rows, _good, manifest, _done, _root = sorted_folder
    for path in manifest:
        row = rows[path]
        assert bool(row["label"]) != bool(row["error"])
        assert row["error"].split(":")[0] in ("", "damaged", "not supported", "too large")


def test_the_reasons_are_in_line_with_the_manifest(sorted_folder):
    rows, _good, manifest, _done, _root = sorted_folder
    outcomes = Counter(
        (row["app_expect"], rows[path]["error"].split(":")[0] or "shown")
        for path, row in manifest.items()
    )
    assert all(what == "shown" for expected, what in outcomes if expected == "show")
    assert all(
        what == "not supported" for expected, what in outcomes if expected == "blocked-format"
    )
    # Two with broken metadata, one odd TIFF and a huge JPEG come out better than expected.
    better = sum(outcomes[e, "shown"] for e in ("broken", "unsupported", "too-large"))
    assert better <= 4
    assert outcomes["too-large", "damaged"] <= 1
    assert outcomes["unsupported", "damaged"] <= 20
