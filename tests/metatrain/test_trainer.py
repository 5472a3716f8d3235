"""The trainer: it learns, can be held, stopped and gone on with, and ends well when it fails."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.metatrain.algorithms.maml import Maml
from fewshot_gui.metatrain.algorithms.matching import Matching
from fewshot_gui.metatrain.algorithms.meta_baseline import Classifier, MetaBaseline
from fewshot_gui.metatrain.algorithms.prototypical import Prototypical
from fewshot_gui.metatrain.checkpoints import load_checkpoint
from fewshot_gui.metatrain.networks import Conv4
from fewshot_gui.metatrain.split import split_classes
from fewshot_gui.metatrain.store import ImageStore
from fewshot_gui.metatrain.trainer import Trainer
from fewshot_gui.metatrain.training_episodes import EpisodeSource
from fewshot_gui.metatrain.training_plan import BatchPlan, Control, Schedule, TrainerPlan
from tests.metatrain.toys import classes_of

CPU = torch.device("cpu")
SIDE = 16
WIDTH = 4
TURNED_CLASSES = 4 * 15  # half of the thirty are left to learn from
PLAN = TrainerPlan(steps=9, rate=0.01, watch_every=4, watch_episodes=6, precision="float32")
EPISODES = BatchPlan((4, 5), (1, 2), (2, 2), episodes=2, turned=True, bend=0.5)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def store() -> ImageStore:
    rng = np.random.default_rng(0)
    patterns = np.kron(rng.random((30, 1, 1, 4, 4)) * 160, np.ones((4, 4)))
    noisy = patterns + rng.random((30, 8, 1, SIDE, SIDE)) * 95
    return ImageStore(noisy.reshape(-1, 1, SIDE, SIDE).astype(np.uint8), classes_of([8] * 30))


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "training.safetensors"


def new_trainer(store, path, algorithm=Prototypical, plan=PLAN, episodes=EPISODES, seed=3):
    torch.manual_seed(0)
    split = split_classes(store.classes, 0.3, 0.2)
    training = EpisodeSource(store, split.training, episodes, seed, CPU)
    watching = EpisodeSource(store, split.validation, replace(episodes, turned=False), 1, CPU)
    network = Conv4(1, SIDE, WIDTH)
    built = algorithm()
    return Trainer(network, built, training, watching, plan, path, CPU), network, built


ALGORITHMS = {
    "prototypical": Prototypical,
    "matching": Matching,
    "maml": lambda: Maml(inner_steps=2),
}


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("broken_at", [1, 4, 6])
def test_a_resumed_training_has_the_losses_of_an_unbroken_one(name, broken_at, store, path):
    expected: list[tuple] = []
    trainer, network, _algorithm = new_trainer(store, path, ALGORITHMS[name])
    unbroken = trainer.run(Job(), on_step=lambda *step: expected.append(step))

    seen: list[tuple] = []
    job = Job()

    def stop(*step):
        seen.append(step)
        if len(seen) == broken_at:
            job.cancel()

    trainer, _network, _algorithm = new_trainer(store, path, ALGORITHMS[name])
    with pytest.raises(Cancelled):
        trainer.run(job, on_step=stop)
    torch.manual_seed(123)
    trainer, again, _algorithm = new_trainer(store, path, ALGORITHMS[name], seed=3)
    trainer.resume()
    resumed = trainer.run(Job(), on_step=lambda *step: seen.append(step))
    assert seen == expected
    assert resumed == unbroken
    for key, value in network.state_dict().items():
        assert torch.equal(value, again.state_dict()[key])


def test_a_look_can_be_cancelled_and_is_made_up_for(store, path):
    job = Job()
    trainer = new_trainer(store, path)[0]
    with pytest.raises(Cancelled):
        trainer.run(job, on_step=lambda step, *_rest: step == PLAN.watch_every and job.cancel())
    trainer = new_trainer(store, path)[0]
    trainer.resume()
    assert [look.step for look in trainer.run(Job()).looks] == [0, 4, 8, 9]


def test_a_killed_training_goes_on_from_its_last_look(store, path):
    expected: list[tuple] = []
    new_trainer(store, path)[0].run(Job(), on_step=lambda *step: expected.append(step))

    class Killed(BaseException):
        pass

    def kill(step, _loss, _accuracy):
        if step == 7:
            raise Killed

    with pytest.raises(Killed):
        new_trainer(store, path)[0].run(Job(), on_step=kill)
    trainer = new_trainer(store, path)[0]
    trainer.resume()
    seen: list[tuple] = []
    trainer.run(Job(), on_step=lambda *step: seen.append(step))
    assert seen == expected[4:]


def test_it_learns_and_leaves_the_best_weights(store, path):
    plan = replace(PLAN, steps=40, watch_every=10, watch_episodes=40, rate=0.02)
    trainer, network, algorithm = new_trainer(store, path, plan=plan)
    looks = []
    trained = trainer.run(Job(), on_look=looks.append)
    assert tuple(looks) == trained.looks
    assert [look.step for look in looks] == [0, 10, 20, 30, 40]
    assert trained.best.accuracy.mean == max(look.accuracy.mean for look in looks)
    assert trained.best.accuracy.mean > looks[0].accuracy.mean
    assert trained.best.accuracy.interval95 > 0
    # Judged anew by the same episodes, what was left is what was best.
    again = Trainer(
        network,
        algorithm,
        trainer_source(store),
        watching_source(store),
        replace(plan, steps=0),
        path.with_name("other"),
        CPU,
    ).run(Job())
    assert again.best.accuracy == trained.best.accuracy


def trainer_source(store):
    return EpisodeSource(store, split_classes(store.classes, 0.3, 0.2).training, EPISODES, 3, CPU)


def watching_source(store):
    chosen = split_classes(store.classes, 0.3, 0.2).validation
    return EpisodeSource(store, chosen, replace(EPISODES, turned=False), 1, CPU)


class Breaking(Prototypical):
    """Prototypes whose loss, or its gradient alone, is not finite from the sixth step on."""

    def __init__(self, gradient_only: bool) -> None:
        super().__init__()
        self.calls = 0
        self.gradient_only = gradient_only

    def loss(self, network, episodes):
        loss, accuracy = super().loss(network, episodes)
        self.calls += 1
        if self.calls >= 6:
            zero = loss - loss.detach()
            loss = loss + zero.sqrt() if self.gradient_only else loss * torch.nan
        return loss, accuracy


@pytest.mark.parametrize("gradient_only", [False, True])
def test_numbers_that_are_not_finite_end_it_and_keep_the_last_good_state(
    gradient_only, store, path
):
    trainer = new_trainer(store, path, lambda: Breaking(gradient_only))[0]
    with pytest.raises(UserError, match="step 6"):
        trainer.run(Job())
    good = new_trainer(store, path, lambda: Breaking(gradient_only))[0]
    good.resume()
    seen: list[int] = []
    good.run(Job(), on_step=lambda step, *_rest: seen.append(step))
    assert seen == [5, 6, 7, 8, 9]


def test_weights_that_are_not_finite_are_never_put_down(store, path):
    plan = replace(PLAN, rate=float("inf"), watch_every=1)
    with pytest.raises(UserError, match="no longer finite"):
        new_trainer(store, path, plan=plan)[0].run(Job())
    again = new_trainer(store, path, plan=plan)[0]
    again.resume()
    with pytest.raises(UserError, match="step 0 is kept"):
        again.run(Job())


def test_it_ends_early_when_it_gets_no_better(store, path):
    plan = replace(PLAN, steps=100, rate=0.0, watch_every=2, patience=3)
    frozen = new_trainer(store, path, plan=plan)[0]
    trained = frozen.run(Job())
    assert trained.steps < 100
    assert len([look for look in trained.looks if look.step > trained.best.step]) == 3


def test_while_held_nothing_is_learned_and_what_was_is_put_down(store, path):
    trainer = new_trainer(store, path)[0]
    control = Control()
    steps: list[int] = []
    arrived = threading.Event()

    def hold(step, _loss, _accuracy):
        steps.append(step)
        if step == 2:
            control.hold()
            path.unlink()
            arrived.set()

    thread = threading.Thread(target=lambda: trainer.run(Job(), control, hold))
    thread.start()
    assert arrived.wait(120)
    while thread.is_alive() and not path.exists():
        thread.join(0.05)
    thread.join(0.2)
    assert steps == [1, 2]
    assert path.exists()
    control.release()
    thread.join(30)
    assert steps == list(range(1, 10))


def test_held_training_can_be_cancelled(store, path):
    job, control = Job(), Control()
    control.hold()
    timer = threading.Timer(0.2, job.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        new_trainer(store, path)[0].run(job, control)
    assert path.exists()


def test_a_checkpoint_of_other_settings_is_refused(store, path):
    new_trainer(store, path)[0].run(Job())
    other = new_trainer(store, path, plan=replace(PLAN, rate=0.5))[0]
    with pytest.raises(UserError, match="other settings"):
        other.resume()


def test_what_is_loaded_does_not_lie_in_the_file(store, path):
    new_trainer(store, path)[0].run(Job())
    loaded = load_checkpoint(path)
    before = {name: tensor.clone() for name, tensor in loaded.tensors.items()}
    with path.open("r+b") as stream:  # not cut: a mapped file would then end the process
        stream.write(bytes(path.stat().st_size))
    assert all(torch.equal(loaded.tensors[name], tensor) for name, tensor in before.items())


@pytest.mark.parametrize("content", [None, b"", b"\xff" * 100, b"cut"])
def test_a_missing_or_damaged_checkpoint_is_refused(content, store, path):
    trainer = new_trainer(store, path)[0]
    if content == b"cut":
        trainer.run(Job())
        path.write_bytes(path.read_bytes()[:-10])
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match="not a training"):
        trainer.resume()


def test_low_precision_learns_as_well(store, path):
    plan = replace(PLAN, steps=40, watch_every=20, watch_episodes=40, rate=0.02)
    trainer = new_trainer(store, path, plan=replace(plan, precision="bfloat16"))[0]
    trained = trainer.run(Job())
    assert trained.best.accuracy.mean > trained.looks[0].accuracy.mean


def test_learning_rates_fall_as_planned():
    cosine = TrainerPlan(steps=100, rate=1.0)
    rates = [cosine.rate_at(step) for step in range(101)]
    assert rates[0] == 1.0
    assert rates[50] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0.0)
    assert rates == sorted(rates, reverse=True)
    halved = TrainerPlan(rate=1.0, schedule=Schedule.HALVED, halve_every=10)
    assert [halved.rate_at(step) for step in (0, 9, 10, 25)] == [1.0, 1.0, 0.5, 0.25]


def test_meta_baseline_goes_on_with_the_network_of_its_classifier(store, path):
    plan = replace(PLAN, steps=30, watch_every=15, watch_episodes=40, rate=0.02)
    first, network, _classifier = new_trainer(
        store, path, lambda: Classifier(WIDTH, TURNED_CLASSES), plan
    )
    classified = first.run(Job())
    second = Trainer(
        network,
        MetaBaseline(),
        trainer_source(store),
        watching_source(store),
        plan,
        path.with_name("second"),
        CPU,
    ).run(Job())
    # The second stage begins with what the first one left, and keeps the best of all.
    assert second.looks[0].accuracy.mean == classified.best.accuracy.mean
    assert second.best.accuracy.mean >= classified.best.accuracy.mean
