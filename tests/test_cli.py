"""The command line as a user runs it: a process, its output, its exit code."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from fewshot_gui import __version__
from fewshot_gui.learners.registry import DEFAULT_LEARNER, all_learners, image_learners
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
    assert "6 images of the folder" in summary.pop("explanation")
    assert summary == {
        "images": 6,
        "classified": 6,
        "unknown": 0,
        "errors": 0,
        "device": "cpu",
        "backbone": "lite0",
        "learner": DEFAULT_LEARNER,
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


def test_what_belongs_to_no_class_is_told_apart(folders):
    make_classes(folders / "support", 3)
    for name in ("green0", "green1", "green2"):
        (folders / "support" / "green" / f"{name[-1]}.png").unlink()
    (folders / "support" / "green").rmdir()

    def unknown(*more):
        done = classify(folders, "--json", *more)
        assert done.returncode == 0, done.stderr
        with open(folders / "labels.csv", newline="", encoding="utf-8") as stream:
            labels = {row["path"]: row["label"] for row in csv.DictReader(stream)}
        found = {path for path, label in labels.items() if label == "unknown"}
        assert json.loads(done.stdout)["unknown"] == len(found)
        return found

    assert unknown() == unknown("--unknown", "off") == set()
    assert unknown("--unknown", "auto") == {"green10.png", "green11.png"}
    assert len(unknown("--unknown", "0")) == 6
    done = classify(folders, "--unknown", "0")
    assert "6 images belong to no class." in done.stdout


@pytest.mark.parametrize("level", ["1.5", "-0.1", "nan", "some"])
def test_a_limit_that_makes_no_sense_is_a_user_error(folders, level):
    done = classify(folders, f"--unknown={level}")
    assert done.returncode == 2
    assert "off, auto or a number from 0 to 1" in done.stderr


def test_classify_tells_people_what_the_learner_chose(folders):
    done = classify(folders)
    assert done.returncode == 0, done.stderr
    assert "Compares each image with the average look" in done.stdout
    assert "6 images of the folder" in done.stdout


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
    terminal, end = os.openpty()  # there, progress is shown from the first picture on
    with open(terminal, "rb", buffering=0) as shown:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "fewshot_gui", "classify", "--device", "cpu"),
                *("--support", folders / "support", "--targets", folders / "targets"),
                *("--output", folders / "labels.csv"),
            ],
            stderr=end,
        )
        os.close(end)
        text = b""
        while b"Reading pictures" not in text:
            text += shown.read(100)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
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


def test_the_help_names_every_learner():
    words = re.findall(r"\w+", run("classify", "--help").stdout)
    assert {info.key for info in (*all_learners(), *image_learners())} <= set(words)


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


@pytest.fixture
def class_folders(tmp_path):
    make_classes(tmp_path / "classes", 8)
    return tmp_path / "classes"


def evaluate(folder, *more):
    return run("evaluate", folder, "--device", "cpu", "--episodes", 5, *more)


def test_evaluate_prints_json_as_agreed_and_writes_the_table(class_folders, tmp_path):
    done = evaluate(
        class_folders,
        *("--learner", "matching", "--learner", "prototypes", "--backbone", "lite0"),
        *("--ways", 2, "--shots", 3, "--targets", 4, "--seed", 7, "--mode", "strangers"),
        *("--json", "--csv", tmp_path / "table.csv"),
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["seed"] == 7
    assert [one["learner"] for one in found["results"]] == ["matching", "prototypes"]
    for one in found["results"]:
        assert (one["backbone"], one["mode"]) == ("lite0", "strangers")
        assert (one["ways"], one["shots"], one["targets"], one["episodes"]) == (2, 3, 4, 5)
        assert 0.9 <= one["accuracy"] <= 1.0
        for key in ("interval95", "ece", "unknown_auroc"):
            assert 0.0 <= one[key] <= 1.0
        assert one["seconds_per_task"] > 0
    with open(tmp_path / "table.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["accuracy"]) for row in rows] == [one["accuracy"] for one in found["results"]]


def test_evaluate_says_the_same_twice_and_something_else_with_another_seed(class_folders):
    def predictions(seed):
        done = evaluate(class_folders, "--learner", "prototypes", "--json", "--seed", seed)
        (result,) = json.loads(done.stdout)["results"]
        return result["calibration"], result["accuracy"]

    assert predictions(1) == predictions(1)
    assert predictions(1) != predictions(2)


def test_evaluate_tells_people_about_every_learner(class_folders):
    done = evaluate(class_folders, "--curve")
    assert done.returncode == 0, done.stderr
    assert "5 tasks (balanced) of 3 classes" in done.stdout
    assert "drawn from 3 classes with 24 pictures" in done.stdout
    for key in ("prototypes", "matching"):
        lines = [line.split() for line in done.stdout.splitlines() if line.startswith(key)]
        assert [line[2] for line in lines] == ["1", "2"]
    assert "note: Too few classes have pictures for 5, 10, 20 examples" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--learner", "magic"], "no learner called “magic”"),
        (["--backbone", "magic"], "no backbone called “magic”"),
        (["--mode", "magic"], "invalid choice"),
        (["--ways", "many"], "invalid int value"),
        (["--ways", "1"], "at least two classes"),
        (["--ways", "4"], "only 3 classes"),
        (["--shots", "0"], "at least one example"),
        (["--shots", "8"], "Ask for fewer examples"),
        (["--targets", "0"], "at least one target"),
        (["--targets", "4"], "3 targets of each class instead of 4"),
        (["--episodes", "0"], "At least one task"),
        (["--seed", "-1"], "seed must not be negative"),
        (["--mode", "strangers"], "no class left"),
        (["--device", "cuda:77"], "no device called"),
        (["--csv", "/nowhere/at/all.csv"], "does not exist"),
    ],
)
def test_evaluate_explains_what_cannot_be_done(class_folders, arguments, words):
    done = evaluate(class_folders, *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert done.stdout == ""


def test_evaluate_needs_class_folders(tmp_path):
    done = evaluate(tmp_path / "missing")
    assert (done.returncode, done.stdout) == (2, "")
    assert "missing" in done.stderr
    make_classes(tmp_path / "one" / "class", 2, flat=True)
    done = evaluate(tmp_path / "one")
    assert done.returncode == 2
    assert "only one class" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_an_interrupted_evaluation_exits_with_130(class_folders):
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "fewshot_gui", "evaluate", class_folders),
            *("--device", "cpu", "--episodes", "1000000"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr.readline()
    process.send_signal(signal.SIGINT)
    output, _errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert output == ""


def test_doctor_names_versions_and_places():
    done = run("doctor")
    assert done.returncode == 0, done.stderr
    for word in ("fewshot-gui", "Python", "torch", "cpu", "lite0", "Cache"):
        assert word in done.stdout


def test_a_mistyped_command_is_told_and_opens_nothing():
    done = run("clasify")
    assert done.returncode == 2
    assert "clasify" in done.stderr
