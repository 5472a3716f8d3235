"""``fewshot-gui export`` as a user runs it."""

from __future__ import annotations

import contextlib
import csv
import json
import subprocess
import sys

import pytest

from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.model import Project
from tests.pictures import make_classes


def export(project, *more):
    return subprocess.run(
        [sys.executable, "-m", "fewshot_gui", "export", str(project), *map(str, more)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def work(tmp_path):
    """A folder of six pictures and a project that sorts them by two examples, beside it."""
    make_classes(tmp_path / "pictures", 3, flat=True)
    project = Project()
    project.add_folder(str(tmp_path / "pictures"))
    for colour in ("red", "blue"):
        project.add_bin(colour, [str(tmp_path / "pictures" / f"{colour}0.png")])
    ProjectFile.create(str(tmp_path / "work.fewshot"), project).close()
    return tmp_path


def test_the_result_and_a_summary_are_written_and_the_project_stays_as_it_is(work):
    before = (work / "work.fewshot").read_bytes()
    done = export(work / "work.fewshot", "--csv", work / "out.csv", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["images"], summary["errors"], summary["learner"]) == (9, 0, "auto")
    with open(work / "out.csv", newline="", encoding="utf-8") as stream:
        rows = {row["path"]: row for row in csv.DictReader(stream)}
    assert len(rows) == 9
    assert rows["red0.png"]["source"] == "support"
    assert rows["red2.png"]["label"] == "red"
    assert (work / "work.fewshot").read_bytes() == before


def test_without_json_it_tells_people(work):
    done = export(work / "work.fewshot", "--csv", work / "out.csv")
    assert done.returncode == 0, done.stderr
    assert "Wrote 9 rows to" in done.stdout


def test_a_folder_that_is_away_is_told_and_nothing_is_written(work):
    (work / "pictures").rename(work / "elsewhere")
    (work / "out.csv").write_text("precious")
    done = export(work / "work.fewshot", "--csv", work / "out.csv")
    assert done.returncode == 2
    assert "pictures” is not there" in done.stderr
    assert (work / "out.csv").read_text() == "precious"


def test_a_folder_that_lies_elsewhere_is_read_only_if_it_is_trusted(work, tmp_path_factory):
    make_classes(elsewhere := tmp_path_factory.mktemp("elsewhere"), 1, flat=True)
    project = Project()
    project.add_folder(str(elsewhere))
    for colour in ("red", "blue"):
        project.add_bin(colour, [str(elsewhere / f"{colour}0.png")])
    ProjectFile.create(str(work / "far.fewshot"), project).close()
    done = export(work / "far.fewshot", "--csv", work / "out.csv")
    assert done.returncode == 2
    assert str(elsewhere) in done.stderr
    assert "--trust" in done.stderr
    assert not (work / "out.csv").exists()
    assert export(work / "far.fewshot", "--csv", work / "out.csv", "--trust").returncode == 0


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:5000]), "work.fewshot"),
        (lambda file: file.unlink(), "work.fewshot"),
        (lambda file: file.write_bytes(b"no project"), "work.fewshot"),
    ],
)
def test_a_file_that_is_no_project_is_one_line(work, damage, words):
    damage(work / "work.fewshot")
    done = export(work / "work.fewshot", "--csv", work / "out.csv")
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_example_from_elsewhere_that_is_gone_is_told_and_left_out(work):
    make_classes(work / "more", 1, flat=True)
    project = Project()
    project.add_folder(str(work / "pictures"))
    for colour in ("red", "blue"):
        examples = [work / "pictures" / f"{colour}0.png", work / "more" / f"{colour}0.png"]
        project.add_bin(colour, map(str, examples))
    ProjectFile.create(str(work / "both.fewshot"), project).close()
    (work / "more" / "red0.png").unlink()
    done = export(work / "both.fewshot", "--csv", work / "out.csv")
    assert done.returncode == 0, done.stderr
    assert "1 example cannot be found" in done.stderr
    assert "red0.png" in done.stderr


def test_the_backbone_of_the_project_is_used_and_none_that_is_missing_or_a_file(work):
    for backbone, code in (("lite2+flip", 0), ("gone", 2), (str(work / "x.safetensors"), 2)):
        with contextlib.closing(ProjectFile.open(str(work / "work.fewshot"))) as file:
            project = file.load()
            project.set_backbone(backbone)
        ProjectFile.create(str(work / "other.fewshot"), project, replace=True).close()
        done = export(work / "other.fewshot", "--csv", work / "out.csv", "--json")
        assert done.returncode == code, done.stderr
        if code == 0:
            assert json.loads(done.stdout)["backbone"] == backbone
        else:
            assert "not on this computer" in done.stderr
