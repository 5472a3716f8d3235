"""A whole training, in this process: what it tells, writes, and how it goes on."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.metatrain.choices import Freedom, SplitBy
from fewshot_gui.metatrain.learner_card import OWN_HEAD, LearnerCard, card_to_plain
from fewshot_gui.metatrain.learner_file import load_learner
from fewshot_gui.metatrain.resuming import resumable
from fewshot_gui.metatrain.shelf import keep_learner
from fewshot_gui.metatrain.training_events import (
    Done,
    ExampleEpisode,
    FinalTest,
    Looked,
    Prepared,
    Stepped,
    Stopped,
)
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.metatrain.training_plan import Control
from fewshot_gui.metatrain.training_run import train
from tests.metatrain.drawings import SIDE, draw_classes

CLASSES, PICTURES = 16, 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return draw_classes(tmp_path_factory.mktemp("drawings"), CLASSES, PICTURES)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def order(folder, tmp_path) -> TrainingOrder:
    return TrainingOrder(
        folder=str(folder),
        output=str(tmp_path / "learner.safetensors"),
        network="conv4",
        freedom=Freedom.WHOLE,
        ways=(2, 3),
        shots=(1, 2),
        targets=(2, 2),
        episodes=2,
        steps=4,
        rate=0.01,
        watch_every=2,
        watch_episodes=4,
        patience=0,
        side=SIDE,
        gray=True,
        validation=0.25,
        test=0.25,
        device="cpu",
        test_episodes=0,
    )


def card_of(order: TrainingOrder) -> LearnerCard:
    return load_learner(Path(order.output)).card


def stopping(job: Job, after: int):
    """Cancels the job when so many steps were told of."""

    def tell(event):
        if isinstance(event, Stepped) and event.step >= after:
            job.cancel()

    return tell


def test_it_tells_what_happens_and_writes_a_learner(order):
    events = []
    done = train(order, Job(), events.append)
    prepared = events[0]
    assert isinstance(prepared, Prepared)
    assert (len(prepared.training), len(prepared.validation), len(prepared.test)) == (8, 4, 4)
    assert (prepared.pictures, prepared.unreadable) == (CLASSES * PICTURES, 1)
    looks = [event for event in events if isinstance(event, Looked)]
    assert [look.step for look in looks] == [0, 2, 4]
    assert done == events[-1]
    assert done.validation.mean == max(look.accuracy.mean for look in looks)
    card = card_of(order)
    assert card.title == "learner"
    assert (card.sharpness is not None) == (card.head == OWN_HEAD)
    assert card.classes["test"].keys() == set(prepared.test)
    assert card.algorithm.kind == "prototypical"
    assert str(order.folder) not in json.dumps(card_to_plain(card))
    assert not order.checkpoint.exists()
    assert not list(Path(order.output).parent.glob("*.part"))


def test_the_gallery_shows_pictures_of_classes_that_are_not_learned_from(order):
    events = []
    train(order, Job(), events.append)
    prepared = events[0]
    shown = [event for event in events if isinstance(event, ExampleEpisode)]
    assert [episode.step for episode in shown] == [0, 2, 4]
    assert len({episode.support for episode in shown}) == 1
    for picture in (*shown[0].support, *shown[0].targets):
        name = shown[0].classes[picture.label]
        assert name in prepared.validation
        assert Path(picture.path).parent.name == name
    assert all(picture.answer == -1 for picture in shown[0].support)
    assert all(0 <= p.answer < len(shown[0].classes) for p in shown[0].targets)


@pytest.mark.parametrize("classifying", [0, 3])
@pytest.mark.parametrize("broken_at", [1, 5])
def test_one_that_was_stopped_goes_on_to_the_same_learner(order, tmp_path, classifying, broken_at):
    if classifying:
        order = replace(order, algorithm="meta-baseline", classifying=classifying)
    else:
        broken_at = min(broken_at, order.steps - 1)
    unbroken = replace(order, output=str(tmp_path / "unbroken.safetensors"))
    train(unbroken, Job(), lambda _event: None)
    job, told = Job(), []

    def tell(event):
        told.append(event)
        stopping(job, broken_at)(event)

    # Steps are told of ten times a second at most: a look comes in any case.
    def tell_looks(event):
        tell(event)
        if isinstance(event, Looked) and event.step >= broken_at:
            job.cancel()

    with pytest.raises(Cancelled):
        train(order, job, tell_looks)
    assert told[-1] == Stopped(str(order.checkpoint))
    assert resumable(order.output) == replace(order, device="auto")
    assert not Path(order.output).exists()
    train(order, Job(), told.append, resume=True)
    expected, found = load_file(unbroken.output), load_file(order.output)
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        assert torch.equal(tensor, found[name]), name
    assert resumable(order.output) is None


def test_a_finish_keeps_what_was_learned(order):
    control, events = Control(), []
    order = replace(order, steps=10_000, watch_every=10_000)

    def tell(event):
        events.append(event)
        if isinstance(event, Stepped):
            control.finish()

    done = train(order, Job(), tell, control)
    assert 0 < done.steps < 10_000
    assert card_of(order).settings["steps_made"] == done.steps


def test_a_time_limit_ends_it(order):
    order = replace(order, steps=1_000_000, watch_every=1_000_000, minutes=0.3 / 60)
    done = train(order, Job(), lambda _event: None)
    assert 0 < done.steps < 1_000_000


def test_an_adapter_learns_and_is_compared_with_the_old_learner(order):
    order = replace(
        order,
        network="lite0",
        freedom=Freedom.ADAPTER,
        gray=False,
        mirror=True,
        steps=2,
        test_episodes=3,
        compare="prototypes",
    )
    events = []
    done = train(order, Job(), events.append)
    assert isinstance(events[-2], FinalTest)
    assert done.tested == events[-2]
    assert {(c.ways, c.episodes) for c in done.tested.comparisons} == {(4, 3)}
    assert "prototypes" in done.tested.old
    card = card_of(order)
    assert card.network.settings.backbone == "lite0"
    assert card.licence == "Apache-2.0"
    assert card.recommended == done.tested.recommended
    assert [result.new for result in card.results] == [c.new for c in done.tested.comparisons]
    assert load_file(order.output)["network.change"].shape == (1280, 1280)


def test_a_learner_file_can_be_the_old_learner(order, tmp_path):
    old = replace(order, output=str(tmp_path / "old.safetensors"))
    train(old, Job(), lambda _event: None)
    new = replace(order, compare=old.output, test_episodes=4)
    done = train(new, Job(), lambda _event: None)
    # The same training makes the same learner: not a target is answered in another way.
    assert done.tested.old == "“old.safetensors”"
    assert [found.difference.mean for found in done.tested.comparisons] == [0.0]
    assert not done.tested.recommended
    named = replace(new, compare=keep_learner(old.output, "earlier"))
    done = train(named, Job(), lambda _event: None)
    assert done.tested.old == "“earlier”"
    assert [found.difference.mean for found in done.tested.comparisons] == [0.0]
    Path(old.output).write_bytes(b"something else")
    with pytest.raises(UserError, match="not a learner file"):
        train(new, Job(), lambda _event: None)


def test_a_network_of_turned_classes_can_look_from_all_sides(order):
    done = train(replace(order, turned=True, steps=2), Job(), lambda _event: None)
    loaded = load_learner(Path(order.output))
    assert loaded.card.network.settings.views in (1, 4)
    assert loaded.network.width == 64 * loaded.card.network.settings.views
    assert done.steps == 2


def test_nothing_but_a_learner_is_replaced(order):
    output = Path(order.output)
    output.write_bytes(b"my holiday")
    with pytest.raises(UserError, match="is not a learner"):
        train(order, Job(), lambda _event: None)
    assert output.read_bytes() == b"my holiday"
    output.unlink()
    train(order, Job(), lambda _event: None)
    again = train(replace(order, seed=1), Job(), lambda _event: None)
    assert isinstance(again, Done)
    assert card_of(order).seed == 1


def test_other_pictures_are_not_gone_on_with(order, tmp_path):
    job = Job()
    with pytest.raises(Cancelled):
        train(order, job, lambda event: isinstance(event, Looked) and job.cancel())
    other = replace(order, folder=str(draw_classes(tmp_path / "other", 20, PICTURES)))
    with pytest.raises(UserError, match="other classes or pictures"):
        train(other, Job(), lambda _event: None, resume=True)
    assert resumable(order.output) is not None


def test_what_cannot_work_is_said_before_the_work(order, tmp_path):
    few = draw_classes(tmp_path / "few", 4, 2)
    with pytest.raises(UserError, match="too few to learn from"):
        train(replace(order, folder=str(few)), Job(), lambda _event: None)
    with pytest.raises(UserError, match="not a training that can be gone on with"):
        train(order, Job(), lambda _event: None, resume=True)
    listed = replace(order, split=SplitBy.FILE, classes_file=str(tmp_path / "none.csv"))
    with pytest.raises(UserError, match="cannot be read"):
        train(listed, Job(), lambda _event: None)


def test_cancelled_while_pictures_are_read_nothing_is_left(order):
    job, events = Job(), []
    job.cancel()
    with pytest.raises(Cancelled):
        train(order, job, events.append)
    assert events == [Stopped("")]
    assert not order.checkpoint.exists()


def test_a_disk_that_is_full_is_told_and_the_last_checkpoint_can_be_gone_on_from(
    order, monkeypatch
):
    good: list[bytes] = []

    def full(_handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def tell(event):
        if isinstance(event, Stepped) and order.checkpoint.exists() and not good:
            good.append(order.checkpoint.read_bytes())
            monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(UserError, match="full"):
        train(order, Job(), tell)
    assert order.checkpoint.read_bytes() == good[0]
    assert [path.name for path in order.checkpoint.parent.iterdir()] == [order.checkpoint.name]
    monkeypatch.undo()
    assert resumable(order.output) == replace(order, device="auto")
    assert train(order, Job(), lambda _event: None, resume=True).steps == order.steps
    assert Path(order.output).exists()
