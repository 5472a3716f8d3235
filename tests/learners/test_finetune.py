"""Fine-tuning from the command line: the same contract as every other learner."""

from __future__ import annotations

import csv
import json
from functools import partial

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from fewshot_gui import workflow
from fewshot_gui.cli import main
from fewshot_gui.learners.finetune import FineTune
from fewshot_gui.learners.registry import all_learners, image_learners

NAME = "test_byobnet.r160_in1k"


def picture(path, bright, seed):
    """Noise in one of two shades."""
    noise = np.random.default_rng(seed).integers(0, 60, (64, 64, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((noise + (150 if bright else 30)).astype(np.uint8)).save(path)


@pytest.fixture
def task(tmp_path, monkeypatch):
    """Class folders, targets and a network; a few steps are enough to see what happens."""
    monkeypatch.setattr(workflow, "FineTune", partial(FineTune, steps=5))
    torch.manual_seed(0)
    network = timm.create_model(NAME, pretrained=False)
    save_file(network.state_dict(), tmp_path / "net.safetensors")
    for number in range(3):
        picture(tmp_path / "support" / "light" / f"{number}.png", True, number)
        picture(tmp_path / "support" / "dark" / f"{number}.png", False, 10 + number)
        picture(tmp_path / "targets" / f"light{number}.png", True, 20 + number)
        picture(tmp_path / "targets" / f"dark{number}.png", False, 30 + number)
    (tmp_path / "targets" / "broken.png").write_bytes(b"nothing")
    return tmp_path


def classify(task, *more):
    return main(
        ["classify", "--support", str(task / "support"), "--targets", str(task / "targets")]
        + ["--output", str(task / "labels.csv"), "--device", "cpu", "--learner", "finetune"]
        + ["--backbone", f"timm:{NAME}={task / 'net.safetensors'}", "--json", *more]
    )


def test_a_folder_is_sorted(task, capsys):
    assert classify(task) == 0
    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert (summary["images"], summary["errors"], summary["learner"]) == (7, 1, "finetune")
    assert "fine-tun" in err.lower()
    with (task / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["path"]: row["label"] for row in rows if not row["error"]} == {
        **{f"light{i}.png": "light" for i in range(3)},
        **{f"dark{i}.png": "dark" for i in range(3)},
    }
    assert {row["learner"] for row in rows if not row["error"]} == {"finetune"}


def test_the_same_task_gives_the_same_bytes(task, capsys):
    classify(task)
    first = (task / "labels.csv").read_bytes()
    classify(task)
    assert (task / "labels.csv").read_bytes() == first


def test_one_example_a_class_is_sorted_without_tuning(task, capsys):
    for name in ("light", "dark"):
        for number in (1, 2):
            (task / "support" / name / f"{number}.png").unlink()
    assert classify(task) == 0
    assert "two examples" in capsys.readouterr().err


def test_a_single_readable_class_is_told(task, capsys):
    for path in (task / "support" / "dark").iterdir():
        path.write_bytes(b"nothing")
    assert classify(task) == 2
    assert "two classes" in capsys.readouterr().err


def test_it_is_not_offered_where_learners_read_embeddings():
    assert [info.reads for info in image_learners()] == ["images"]
    assert all(info.reads == "features" for info in all_learners())
