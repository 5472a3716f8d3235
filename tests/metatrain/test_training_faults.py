"""What goes wrong around a training: disks, pictures, checkpoints, and other processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from fewshot_gui.errors import UserError
from fewshot_gui.images import class_folders
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.metatrain.choices import Freedom, SplitBy
from fewshot_gui.metatrain.learner_file import read_card
from fewshot_gui.metatrain.resuming import ordered, resumable
from fewshot_gui.metatrain.scratch import only_training
from fewshot_gui.metatrain.training_events import Looked, Prepared, Stepped
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.metatrain.training_process import train_in_process
from fewshot_gui.metatrain.training_run import train
from tests.metatrain.drawings import SIDE, draw_classes

CLASSES, PICTURES = 16, 4
PATIENCE = 60.0  # seconds for another process
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def folder(tmp_path) -> Path:
    return draw_classes(tmp_path / "drawings", CLASSES, PICTURES)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def order(folder, tmp_path) -> TrainingOrder:
    (tmp_path / "out").mkdir()
    return TrainingOrder(
        folder=str(folder),
        output=str(tmp_path / "out" / "learner.safetensors"),
        network="conv4",
        freedom=Freedom.WHOLE,
        ways=(2, 2),
        shots=(1, 1),
        targets=(1, 1),
        steps=4,
        watch_every=2,
        watch_episodes=2,
        patience=0,
        side=SIDE,
        gray=True,
        validation=0.25,
        test=0.25,
        device="cpu",
        test_episodes=0,
    )


class Told:
    """A job that keeps what it is told."""

    def __init__(self) -> None:
        self.stages: set[str] = set()
        self.notices: list[str] = []
        self.job = Job(lambda progress: self.stages.add(progress.text), self.notices.append)

    @property
    def pictures_were_read(self) -> bool:
        return "Reading pictures" in self.stages


def _ignore(_event: object) -> None:
    pass


def stopped(order: TrainingOrder) -> Path:
    """The checkpoint of a training that was stopped at its first look."""
    job = Job()
    with pytest.raises(Cancelled):
        train(order, job, lambda event: isinstance(event, Looked) and job.cancel())
    return order.checkpoint


# -- disks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["conv4", "lite0"])
def test_too_little_room_is_told_before_a_picture_is_read(order, network, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(9e6, 9e6, 10_000))
    freedom = Freedom.WHOLE if network == "conv4" else Freedom.ADAPTER
    order = replace(order, network=network, freedom=freedom)
    told = Told()
    with pytest.raises(UserError, match="disk is too full") as error:
        train(order, told.job, _ignore)
    assert str(order.checkpoint.parent) in error.value.message
    assert not told.pictures_were_read
    assert not list(order.checkpoint.parent.iterdir())


@pytest.mark.parametrize("algorithm", ["prototypical", "meta-baseline", "anil", "reptile"])
def test_as_much_room_is_asked_for_as_two_checkpoints_take(order, algorithm, monkeypatch):
    more = {"classifying": 2} if algorithm == "meta-baseline" else {}
    order = replace(order, algorithm=algorithm, **more)
    job = Job()
    with pytest.raises(Cancelled):  # once all that is kept of a weight is there
        train(order, job, lambda event: isinstance(event, Stepped) and job.cancel())
    size = order.checkpoint.stat().st_size
    # One of the two is there already.
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(0, 0, size // 2))
    with pytest.raises(UserError, match="disk is too full"):
        train(order, Job(), _ignore, resume=True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(0, 0, size))
    assert train(order, Job(), _ignore, resume=True).steps


# -- pictures ----------------------------------------------------------------------------------


def _after_listing(monkeypatch, change: Callable[[], None]) -> None:
    """Something happens to the folder when it was listed and no picture was read yet."""
    scan = class_folders.scan

    def listed(*args):
        found = scan(*args)
        change()
        return found

    monkeypatch.setattr(class_folders, "scan", listed)


@pytest.mark.parametrize("listed_in_a_file", [False, True])
def test_classes_that_vanish_are_told_of_and_left_out(
    order, folder, tmp_path, monkeypatch, listed_in_a_file
):
    if listed_in_a_file:
        parts = ["training"] * 8 + ["validation"] * 4 + ["test"] * 4
        lines = "".join(f"letter {number},{part}\n" for number, part in enumerate(parts))
        (tmp_path / "parts.csv").write_text(lines)
        order = replace(order, split=SplitBy.FILE, classes_file=str(tmp_path / "parts.csv"))
    _after_listing(monkeypatch, lambda: shutil.rmtree(folder / "alphabet 1" / "letter 5"))
    told, events = Told(), []
    train(order, told.job, events.append)
    prepared = events[0]
    assert isinstance(prepared, Prepared)
    names = (*prepared.training, *prepared.validation, *prepared.test)
    assert len(names) == CLASSES - 1
    assert "letter 5" not in names
    assert any(f"{PICTURES + 1} pictures cannot be read" in text for text in told.notices)
    assert any("1 class has no picture that can be used" in text for text in told.notices)
    assert "letter 5" in " ".join(told.notices)


def test_too_few_classes_that_are_left_are_an_error(order, folder, monkeypatch):
    def vanish():
        for alphabet in (1, 2, 3):
            shutil.rmtree(folder / f"alphabet {alphabet}")

    _after_listing(monkeypatch, vanish)
    with pytest.raises(UserError, match="4 classes are too few") as error:
        train(order, Job(), _ignore)
    assert error.value.hint
    assert not order.checkpoint.exists()


def test_a_folder_that_vanishes_whole_is_an_error(order, folder, monkeypatch):
    _after_listing(monkeypatch, lambda: shutil.rmtree(folder))
    with pytest.raises(UserError, match="None of the 65 pictures can be read"):
        train(order, Job(), _ignore)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_pictures_that_become_something_else_are_left_out(order, folder, monkeypatch):
    names = ["letter 4", "letter 5", "letter 6"]
    first, second, third = (folder / "alphabet 1" / name / "0.png" for name in names)

    def change():
        for path in (first, second, third):
            path.unlink()
        first.mkdir()
        os.mkfifo(second)
        third.symlink_to(folder / "nowhere")

    _after_listing(monkeypatch, change)
    told = Told()
    assert train(order, told.job, _ignore).steps == order.steps
    assert any("4 pictures cannot be read" in text for text in told.notices)


def _compared(order: TrainingOrder, kind: str) -> TrainingOrder:
    """With a last test against a learner that reads the pictures for itself."""
    order = replace(order, test_episodes=3, compare="prototypes")
    if kind == "file":
        old = replace(order, output=order.output.replace("learner", "old"), test_episodes=0)
        train(old, Job(), _ignore)
        order = replace(order, compare=old.output)
    return order


@pytest.mark.parametrize("kind", ["backbone", "file"])
def test_a_class_that_vanishes_before_the_last_test_is_left_out_of_it(order, folder, kind):
    order, told = _compared(order, kind), Told()

    def tell(event):
        if isinstance(event, Prepared):
            (lost,) = folder.rglob(event.test[0])
            shutil.rmtree(lost)

    done = train(order, told.job, tell)
    assert {found.ways for found in done.tested.comparisons} == {3}
    assert any("cannot be read" in text for text in told.notices)


@pytest.mark.parametrize("kind", ["backbone", "file"])
def test_what_was_learned_is_kept_when_it_can_no_longer_be_tested(order, folder, kind):
    order, told = _compared(order, kind), Told()

    def tell(event):
        if isinstance(event, Prepared):
            shutil.rmtree(folder)

    done = train(order, told.job, tell)
    assert done.tested is None
    assert not read_card(Path(order.output)).recommended
    assert any("could not be tested" in text for text in told.notices)


# -- checkpoints -------------------------------------------------------------------------------


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _other(path: Path) -> None:
    save_file({"a": torch.zeros(1)}, path, {"format": "pt"})


def _noted(path: Path, **changes: object) -> None:
    """The same tensors with other notes."""
    with safe_open(path, "pt") as file:
        header = file.metadata()
    notes = json.dumps({**json.loads(header["notes"]), **changes})
    save_file(load_file(path), path, {**header, "notes": notes})


def _without_step(path: Path) -> None:
    _noted(path, step="many")


def _with_setting(path: Path) -> None:
    _noted(path, order={"surprise": 1})


@pytest.mark.parametrize("spoil", [_cut, _empty, _other, _without_step, _with_setting])
def test_a_spoiled_checkpoint_is_refused_at_once_and_stays(order, spoil):
    checkpoint = stopped(order)
    spoil(checkpoint)
    spoiled, told = checkpoint.read_bytes(), Told()
    with pytest.raises(UserError, match="not a training that can be gone on with") as error:
        ordered(order.output)
    assert str(checkpoint) in error.value.message
    assert "delete it" in error.value.hint
    if spoil is not _with_setting:  # what is ordered is known here
        with pytest.raises(UserError, match="not a training that can be gone on with"):
            train(order, told.job, _ignore, resume=True)
    with pytest.raises(UserError, match="It cannot be gone on with: delete"):
        train(order, told.job, _ignore)
    assert not told.pictures_were_read
    assert checkpoint.read_bytes() == spoiled


def test_a_checkpoint_of_a_newer_version_is_called_that(order):
    checkpoint = stopped(order)
    with safe_open(checkpoint, "pt") as file:
        header = file.metadata()
    save_file(load_file(checkpoint), checkpoint, {**header, "format": "few-shot-training-2"})
    whole = checkpoint.read_bytes()
    for begin in (lambda: ordered(order.output), lambda: train(order, Job(), _ignore, resume=True)):
        with pytest.raises(UserError, match="newer version") as error:
            begin()
        assert "Install the newest version" in error.value.hint
    assert checkpoint.read_bytes() == whole


def test_a_training_that_was_stopped_is_not_begun_anew_over_it(order):
    checkpoint = stopped(order)
    whole = checkpoint.read_bytes()
    with pytest.raises(UserError, match="stopped before its end"):
        train(order, Job(), _ignore)
    assert checkpoint.read_bytes() == whole


def test_other_classes_are_refused_before_their_pictures_are_read(order, folder):
    checkpoint = stopped(order)
    whole, told = checkpoint.read_bytes(), Told()
    (folder / "alphabet 0" / "letter 0").rename(folder / "alphabet 0" / "renamed")
    with pytest.raises(UserError, match="other classes or pictures"):
        train(order, told.job, _ignore, resume=True)
    assert not told.pictures_were_read
    assert checkpoint.read_bytes() == whole


@pytest.mark.parametrize("change", ["settings", "pictures"])
def test_what_differs_from_the_training_that_was_stopped_is_told(order, folder, change):
    checkpoint = stopped(order)
    whole = checkpoint.read_bytes()
    if change == "settings":
        order = replace(order, rate=0.02)
    else:
        (folder / "alphabet 2" / "letter 8" / "1.png").unlink()
    with pytest.raises(UserError, match=f"other .*{change}") as error:
        train(order, Job(), _ignore, resume=True)
    assert "begin anew with another output" in error.value.hint
    assert checkpoint.read_bytes() == whole


# -- other processes ---------------------------------------------------------------------------


def test_a_second_training_for_the_same_output_is_refused(order):
    refusals = []

    def tell(event):
        if isinstance(event, Looked):
            for resume in (False, True):
                with pytest.raises(UserError, match="being trained at this moment") as error:
                    train(order, Job(), _ignore, resume=resume)
                refusals.append(error.value.hint)

    assert train(order, Job(), tell).steps == order.steps
    assert all("another file" in hint for hint in refusals)
    assert refusals
    assert [path.name for path in order.checkpoint.parent.iterdir()] == [Path(order.output).name]


ENDLESS = {"steps": 1_000_000, "watch_every": 1_000_000}


def test_a_killed_child_is_a_clear_line_and_can_be_gone_on_from(order, monkeypatch):
    started = []
    real = subprocess.Popen.__init__

    def start(self, *args, **more):
        real(self, *args, **more)
        started.append(self)

    monkeypatch.setattr(subprocess.Popen, "__init__", start)

    def tell(event):
        if isinstance(event, Stepped):
            started[0].kill()

    with pytest.raises(UserError, match="ended all of a sudden") as error:
        train_in_process(replace(order, **ENDLESS), Job(), tell)
    assert "you can go on from there" in error.value.hint
    earlier = resumable(order.output)
    assert earlier is not None
    job = Job()
    with pytest.raises(Cancelled):
        train(earlier, job, lambda event: isinstance(event, Stepped) and job.cancel(), resume=True)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing is killed like that here")
def test_when_the_parent_is_killed_the_child_puts_itself_down(order):
    plain = {**asdict(replace(order, **ENDLESS)), "freedom": "whole", "split": "class"}
    code = f"""
import sys
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.plain import from_plain
from fewshot_gui.metatrain.training_events import Stepped
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.metatrain.training_process import train_in_process
tell = lambda event: isinstance(event, Stepped) and print(event.step, flush=True)
train_in_process(from_plain(TrainingOrder, {plain!r}), Job(), tell)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        step = int(parent.stdout.readline())
        parent.kill()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            with only_training(Path(order.output)):  # its child has ended
                break
        except UserError:
            time.sleep(0.05)
    with safe_open(order.checkpoint, "np") as file:
        assert json.loads(file.metadata()["notes"])["step"] >= step
    assert resumable(order.output) is not None
    assert [path.name for path in order.checkpoint.parent.iterdir()] == [order.checkpoint.name]
