"""The command line as a user runs it: a process, its output, its exit code."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys

import pytest

from fewshot_gui import __version__
from tests.pictures import make_classes


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "fewshot_gui", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )


@pytest.fixture
def folders(tmp_path):
    make_classes(tmp_path / "support", 2)
    make_classes(tmp_path / "targets", 2, first=10, flat=True)
    return tmp_path


def classify(folders, *more):
    return run(
        *("classify", "--support", folders / "support", "--targets", folders / "targets"),
        *("--output", folders / "labels.csv", "--device", "cpu", *more),
    )


def test_classify_writes_the_csv_and_a_summary(folders):
    done = classify(folders, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary.pop("seconds") > 0
    assert summary.pop("images_per_second") > 0
    assert summary == {
        "images": 6,
        "classified": 6,
        "unknown": 0,
        "errors": 0,
        "device": "cpu",
        "backbone": "lite0",
        "learner": "prototypes",
    }
    with open(folders / "labels.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["path"] for row in rows] == sorted(os.listdir(folders / "targets"))
    assert all(row["path"].startswith(row["label"]) for row in rows)


def test_classify_without_json_tells_people(folders):
    (folders / "targets" / "broken.png").write_bytes(b"x")
    done = classify(folders, "--learner", "matching")
    assert done.returncode == 0, done.stderr
    assert "Sorted 7 images" in done.stdout
    assert "1 could not be read" in done.stdout
    assert "labels.csv" in done.stdout


def test_user_errors_are_one_line_and_exit_code_2(folders):
    done = classify(folders, "--learner", "magic")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip().startswith("error: There is no learner called “magic”.")
    assert "prototypes" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--backbone", "magic"], "no backbone called"),
        (["--device", "cuda:77"], "no device called"),
        (["--output", "/nowhere/at/all.csv"], "does not exist"),
    ],
)
def test_other_user_errors(folders, arguments, words):
    done = classify(folders, *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr


def test_a_result_that_cannot_be_written_is_told_before_the_work(folders):
    (folders / "labels.csv").mkdir()
    done = classify(folders)
    assert done.returncode == 2
    assert "labels.csv" in done.stderr
    assert "Reading pictures" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_an_interrupted_run_exits_with_130_and_leaves_the_older_file(folders):
    (folders / "labels.csv").write_text("precious")
    make_classes(folders / "targets", 200, first=100, flat=True)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "fewshot_gui", "classify", "--device", "cpu"),
            *("--support", folders / "support", "--targets", folders / "targets"),
            *("--output", folders / "labels.csv"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    # The first line of progress says that the work has begun.
    assert process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert (folders / "labels.csv").read_text() == "precious"


def test_help_and_version_import_nothing_heavy(tmp_path):
    for option in ("--help", "--version"):
        done = run(option)
        assert done.returncode == 0
    assert __version__ in done.stdout
    code = (
        "import sys\n"
        "from fewshot_gui.cli import build_parser\n"
        "build_parser().format_help()\n"
        "heavy = {'torch', 'numpy', 'PIL', 'PySide6', 'timm'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_option_is_a_user_error():
    assert run("classify", "--nonsense").returncode == 2


def test_a_file_called_torch_in_the_current_folder_is_not_imported(folders):
    for name in ("torch.py", "PIL.py", "numpy.py"):
        (folders / name).write_text("raise SystemExit('hijacked')")
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "fewshot_gui", "classify", "--device", "cpu"),
            *("--support", "support", "--targets", "targets", "--output", "labels.csv"),
        ],
        cwd=folders,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_demo_prints_a_table_and_the_place_of_the_csv(tmp_path):
    done = run("demo", "--headless", "--output", tmp_path / "demo.csv", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "Class" in done.stdout
    assert str(tmp_path / "demo.csv") in done.stdout
    assert (tmp_path / "demo.csv").stat().st_size > 1000


@pytest.mark.skipif(os.name != "posix", reason="only there a screen can be missing")
def test_without_a_screen_the_demo_is_headless_and_the_window_says_so(tmp_path):
    bare = {**os.environ, "DISPLAY": ":7431"}
    for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY"):
        bare.pop(name, None)
    done = run("demo", "--output", tmp_path / "demo.csv", "--device", "cpu", env=bare)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "demo.csv").exists()
    done = run(tmp_path, env=bare)
    assert done.returncode == 2
    assert "no screen" in done.stderr


def test_a_console_of_few_characters_is_enough(tmp_path):
    plain = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run(
        "demo", "--headless", "--output", tmp_path / "demo.csv", "--device", "cpu", env=plain
    )
    assert done.returncode == 0, done.stderr


def test_doctor_names_versions_and_places():
    done = run("doctor")
    assert done.returncode == 0, done.stderr
    for word in ("fewshot-gui", "Python", "torch", "cpu", "lite0", "Cache"):
        assert word in done.stdout


def test_a_mistyped_command_is_told_and_opens_nothing():
    done = run("clasify")
    assert done.returncode == 2
    assert "clasify" in done.stderr
