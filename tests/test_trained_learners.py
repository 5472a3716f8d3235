"""Trained learners from files at work: sorting, evaluating, in projects."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from fewshot_gui.cli import main
from fewshot_gui.errors import UserError
from fewshot_gui.evaluate import Question, evaluate_folder
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.learner_card import Conv4Settings, NetworkPart
from fewshot_gui.metatrain.shelf import keep_learner, learners_folder, trained
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.model import Project
from fewshot_gui.project_sort import sort_project
from fewshot_gui.workflow import Workbench, backbone_for, sort_folder
from tests.metatrain.small_learner import small_learner
from tests.pictures import make_classes

COLOUR = NetworkPart("conv4", Conv4Settings(channels=3, side=16, features=16))


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Examples and targets of three colours."""
    make_classes(tmp_path / "support", 3)
    make_classes(tmp_path / "targets", 3, first=10, flat=True)
    return tmp_path


def _sorted(folders: Path, learner: str, backbone: str | None = None):
    with contextlib.closing(Workbench(backbone_for(learner, backbone), "cpu")) as workbench:
        return sort_folder(folders / "support", folders / "targets", learner, workbench, Job())


def _project_sorted(folders: Path):
    with contextlib.closing(Workbench(device="cpu")) as workbench:
        return sort_project(str(folders / "work.fewshot"), workbench, Job())


@pytest.mark.parametrize("algorithm", ["prototypical", "matching-contexts", "maml"])
def test_a_learner_file_sorts_a_folder(algorithm: str, folders: Path) -> None:
    path = small_learner(folders / "colours.safetensors", algorithm, network=COLOUR)
    found = _sorted(folders, str(path))
    assert len(found.rows) == 9
    assert all(row.path.startswith(row.label) for row in found.rows)
    assert all(0.3 < row.confidence <= 1 for row in found.rows)
    summary = found.summary()
    assert (summary["learner"], summary["backbone"]) == ("colours.safetensors",) * 2


def test_other_learners_work_on_its_embeddings(folders: Path) -> None:
    path = small_learner(folders / "colours.safetensors", network=COLOUR)
    found = _sorted(folders, "lda", str(path))
    assert all(row.path.startswith(row.label) for row in found.rows)


def test_it_takes_no_other_network(folders: Path) -> None:
    path = small_learner(folders / "colours.safetensors", network=COLOUR)
    with pytest.raises(UserError, match="network of its own"):
        backbone_for(str(path), "lite2")


def test_the_command_line_takes_it_and_names_what_is_wrong(folders: Path, capsys) -> None:
    path = small_learner(folders / "colours.safetensors", network=COLOUR)
    command = ["classify", "--support", str(folders / "support"), "--targets"]
    command += [str(folders / "targets"), "--output", str(folders / "out.csv")]
    assert main([*command, "--learner", str(path), "--device", "cpu"]) == 0
    assert "colours.safetensors" in (folders / "out.csv").read_text().splitlines()[1]
    path.write_bytes(path.read_bytes()[:-1])
    assert main([*command, "--learner", str(path)]) == 2
    assert main([*command, "--learner", str(folders / "absent.safetensors")]) == 2
    errors = capsys.readouterr().err
    assert "“colours.safetensors” is not a learner file, or is damaged" in errors
    assert "There is no learner file" in errors


def test_learners_and_files_are_tried_on_the_same_episodes(folders: Path) -> None:
    first = small_learner(folders / "a.safetensors", network=COLOUR)
    second = small_learner(folders / "b.safetensors", "matching", network=COLOUR)
    learners = (str(first), "prototypes", str(second))
    question = Question(learners, ("lite0",), ways=3, shots=1, targets=2, episodes=4)
    found = evaluate_folder(folders / "support", question, "cpu", Job())
    # other learners are tried with every network, trained ones with their own
    assert [(r.learner, r.backbone) for r in found.results] == [
        (str(first), str(first)),
        ("prototypes", str(first)),
        ("prototypes", "lite0"),
        ("prototypes", str(second)),
        (str(second), str(second)),
    ]
    assert found.results[0].difference is None
    gain = found.results[4].accuracy.mean - found.results[0].accuracy.mean
    assert found.results[4].difference.mean == pytest.approx(gain)


def test_a_file_that_adapts_to_every_task_is_not_evaluated(folders: Path) -> None:
    path = small_learner(folders / "a.safetensors", "anil", network=COLOUR)
    question = Question((str(path),), ("lite0",))
    with pytest.raises(UserError, match="changes the network anew"):
        evaluate_folder(folders / "support", question, "cpu", Job())


def test_a_project_names_a_kept_learner(folders: Path) -> None:
    path = small_learner(folders / "colours.safetensors", network=COLOUR)
    key = keep_learner(path)
    path.unlink()  # the project does not need it where it was
    project = Project()
    project.add_folder(str(folders / "targets"))
    for colour in ("red", "green", "blue"):
        project.add_bin(colour, [str(folders / "targets" / f"{colour}10.png")])
    project.use_trained(key)
    ProjectFile.create(str(folders / "work.fewshot"), project).close()
    found = _project_sorted(folders)
    assert (found.learner, found.backbone) == ("colours", "colours")
    assert all(row.path.startswith(row.label) for row in found.rows)
    (learners_folder() / "colours.safetensors").unlink()
    with pytest.raises(UserError, match="“colours” of this project is not on this computer"):
        _project_sorted(folders)


def test_a_project_never_names_a_file(folders: Path) -> None:
    path = small_learner(folders / "colours.safetensors", network=COLOUR)
    project = Project()
    project.add_folder(str(folders / "targets"))
    for colour in ("red", "green"):
        project.add_bin(colour, [str(folders / "targets" / f"{colour}10.png")])
    project.use_trained(str(path))
    ProjectFile.create(str(folders / "work.fewshot"), project).close()
    with pytest.raises(UserError, match="is not on this computer"):
        _project_sorted(folders)


def test_only_sound_learners_with_good_names_are_kept(tmp_path: Path) -> None:
    path = small_learner(tmp_path / "my colours.safetensors")
    assert keep_learner(path) == "my-colours"
    assert trained("my-colours").card.title == "Small shapes"
    for name in ("auto", "lite0", "../evil", ".hidden"):
        with pytest.raises(UserError):
            keep_learner(path, name)
    path.write_bytes(b"x" * 100)
    with pytest.raises(UserError, match="damaged"):
        keep_learner(path, "other")
    assert [p.name for p in learners_folder().iterdir()] == ["my-colours.safetensors"]
