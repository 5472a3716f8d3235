"""``fewshot-gui train`` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from fewshot_gui.cli import EXIT_INTERRUPTED, EXIT_USER_ERROR, main
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.scratch import only_training
from tests.metatrain.drawings import SIDE, draw_classes


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return draw_classes(tmp_path_factory.mktemp("drawings"), 12, 5)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def output(tmp_path) -> Path:
    return tmp_path / "letters.safetensors"


def command(folder: Path, output: Path, *more: str) -> list[str]:
    """A short training of a small network."""
    options = {
        "--network": "conv4",
        "--side": str(SIDE),
        "--ways": "2",
        "--shots": "1-2",
        "--targets": "2",
        "--steps": "3",
        "--watch-episodes": "10",
        "--test-episodes": "0",
        "--device": "cpu",
    }
    given = [part for option in options.items() for part in option]
    return ["train", str(folder), "--output", str(output), *given, *more]


def test_the_result_is_on_standard_output_and_the_rest_is_not(folder, output, capsys):
    assert main(command(folder, output)) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == f"The learner is in {output}"
    assert "12 classes with 61 pictures" in told.err
    assert "1 cannot be read" in told.err
    assert "step 3:" in told.err


def test_json_says_all_of_it(folder, output, capsys):
    more = ("--json", "--test-episodes", "3", "--compare", "prototypes", "--seed", "7")
    assert main(command(folder, output, *more)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["path"] == str(output)
    assert found["steps"] == 3
    assert (found["order"]["seed"], found["order"]["shots"]) == (7, [1, 2])
    (comparison,) = found["tested"]["comparisons"]
    assert comparison["episodes"] == 3
    gain = comparison["new"]["mean"] - comparison["old"]["mean"]
    assert comparison["difference"]["mean"] == pytest.approx(gain)
    assert isinstance(found["tested"]["recommended"], bool)


def test_ctrl_c_keeps_what_was_learned_and_resume_goes_on(folder, output, capsys, monkeypatch):
    plain = output.with_name("unbroken.safetensors")
    assert main(command(folder, plain)) == 0
    # The signal comes as cancellation, at the first checkpoint after the first look is down.
    whole = Job.checkpoint

    def interrupted(job):
        if output.with_name(output.name + ".training").exists():
            job.cancel()
        whole(job)

    with monkeypatch.context() as patch:
        patch.setattr(Job, "checkpoint", interrupted)
        assert main(command(folder, output)) == EXIT_INTERRUPTED
    assert "--resume goes on" in capsys.readouterr().err
    assert not output.exists()
    # It is not written over, and not gone on with in another way than it was begun.
    assert main(command(folder, output)) == EXIT_USER_ERROR
    assert "Go on with it by --resume" in capsys.readouterr().err
    assert main(command(folder, output, "--resume", "--shots", "2")) == EXIT_USER_ERROR
    assert "begun with “--shots 1-2”, not 2" in capsys.readouterr().err
    assert main(command(folder, output, "--resume")) == 0
    expected, found = load_file(plain), load_file(output)
    assert all(bool((expected[name] == found[name]).all()) for name in expected)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--resume"], "no training to go on with"),
        (["--algorithm", "magic"], "Choose one of: prototypical"),
        (["--network", "magic"], "Choose one of: lite0"),
        (["--freedom", "adapter"], "cannot be trained in the way"),
        (["--steps", "0"], "steps: 1 is the least"),
        (["--classes", "none.csv"], "cannot be read"),
        (["--compare", "magic"], "no learner called"),
        (["--ways", "5-3"], "cannot be from 5 to 3"),
        (["--seed", str(2**64)], "is the most"),
        (["--episodes", "2000000"], "is the most"),
    ],
)
def test_what_is_wrong_is_one_line_and_code_2(folder, output, capsys, more, words):
    assert main(command(folder, output, *more)) == EXIT_USER_ERROR
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("error:")
    assert words in last


def test_of_several_processes_only_the_first_one_tells(folder, output, capsys, monkeypatch):
    told = []
    for rank in range(2):
        monkeypatch.setenv("WORLD_SIZE", "2")
        monkeypatch.setenv("RANK", str(rank))
        assert main(command(folder, output, "--steps", "0")) == EXIT_USER_ERROR
        told.append(capsys.readouterr().err)
    assert "12 classes with 61 pictures" in told[0]
    assert told[1].startswith("error: steps")


def test_what_is_wrong_with_the_pictures_is_told_once(tmp_path, output, capsys):
    small = draw_classes(tmp_path / "small", 8, 4)  # all of them are opened
    assert main(command(small, output, "--steps", "0")) == EXIT_USER_ERROR
    told = capsys.readouterr().err
    assert told.count("cannot be read") == 1
    assert "28 different tasks of 2 classes" in told


def test_too_few_classes_are_told_before_anything_is_learned(tmp_path, output, capsys):
    few = draw_classes(tmp_path / "few", 4, 3)
    assert main(command(few, output)) == EXIT_USER_ERROR
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert "4 classes: that makes 6 different tasks of 2, too few to learn from" in last


def test_a_file_that_is_no_learner_is_not_replaced(folder, output, capsys):
    output.write_text("my holiday")
    assert main(command(folder, output)) == EXIT_USER_ERROR
    assert "is not a learner" in capsys.readouterr().err
    assert output.read_text() == "my holiday"


@pytest.mark.parametrize("text", ["five", "5-", "-5", "5-x"])
def test_a_range_that_is_none_is_refused(folder, output, text):
    with pytest.raises(SystemExit):
        main([*command(folder, output), "--ways", text])


def test_two_commands_for_one_learner_are_kept_apart(folder, output, capsys, monkeypatch):
    checkpoint = output.with_name(output.name + ".training")
    checkpoint.write_bytes(b"being written by the other one")
    for more in ([], ["--resume"]):
        with only_training(output):
            assert main(command(folder, output, *more)) == EXIT_USER_ERROR
        last = capsys.readouterr().err.strip().splitlines()[-1]
        assert "is being trained at this moment" in last
    assert checkpoint.read_bytes() == b"being written by the other one"
