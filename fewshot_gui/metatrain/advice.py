"""Which training suits a folder of class folders, and why. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fewshot_gui.metatrain.choices import Freedom, algorithm_choice, network_choice
from fewshot_gui.metatrain.folder_report import FolderReport, PictureKind, tasks_in_words
from fewshot_gui.metatrain.parts import LEAST_CLASSES
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.texts import _

FEW = 30  # classes; with fewer, expect little
FROM_SCRATCH = 50  # classes of drawings from which on a network of their own pays
LAST_LAYERS = 200  # classes of photos from which on more than an adapter may learn
WHOLE = 1000
ADAPTER_RATE = 1e-4  # it begins well, and little is to be added
MANY_WAYS = 100
FEW_WAYS = 5
LEFT_OUT = 0.1  # share of the classes that may have too few pictures for an episode


@dataclass(frozen=True)
class Advice:
    """A training that suits a folder.

    Attributes:
        order: What to ask for; it is whole even where there is an obstacle.
        obstacle: Why nothing can be learned from this folder; ``""`` where it can.
        reasons: Why these choices, a sentence each.
        warnings: What not to expect, a sentence each.
    """

    order: TrainingOrder
    obstacle: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def advise(report: FolderReport, output: str, accelerated: bool = False) -> Advice:
    """Choose a training.

    Args:
        report: What the folder holds.
        output: The learner file to write.
        accelerated: There is a graphics card to compute on.
    """
    gray = report.kind == PictureKind.DRAWINGS
    order = replace(TrainingOrder(report.folder, output, gray=gray), **_tasks(report))
    if gray and len(report.data) >= FROM_SCRATCH:
        order, reasons = _drawings(order, report)
    else:
        order, reasons = _photos(order, len(report.data), accelerated)
    if len(report.data) < LEAST_CLASSES:
        return Advice(order, _obstacle(report), (), ())
    return Advice(order, "", (*reasons, tasks_line(report, order)), tuple(_warnings(report, order)))


def _tasks(report: FolderReport) -> dict:
    """Sizes of episodes that most classes have enough pictures for."""
    sizes = np.sort(report.data.sizes)
    usual = int(sizes[int(LEFT_OUT * len(sizes))])
    shots = max(1, min(5, usual // 2))
    targets = max(1, min(10, usual - shots))
    # The smallest part of the classes must have enough of them for a task, too.
    least = max(2, min(5, round(0.15 * len(sizes))))
    ways = max(least, min(20, len(sizes) // 2))
    return {"ways": (least, ways), "shots": (1, shots), "targets": (targets, targets)}


def _drawings(order: TrainingOrder, report: FolderReport) -> tuple[TrainingOrder, tuple[str, ...]]:
    """Many classes at once, as every pair of them is a lesson; one example is the hardest."""
    ways = min(MANY_WAYS, len(report.data) // 2)
    chosen = replace(
        with_network(order, "conv4"),
        ways=(ways, ways),
        shots=(1, 1),
        targets=(min(2, order.targets[1]),) * 2,
        episodes=1,
        steps=6000,
        rate=5e-3,
        watch_every=500,
        turned=True,
        bend=0.8,
        gathered=0.5 if report.grouped else 0.0,
    )
    return chosen, (
        _("The pictures are small and gray: a small network learns them from scratch."),
        _("Turned pictures count as further classes, as characters are others when turned."),
    )


def _photos(
    order: TrainingOrder, classes: int, accelerated: bool
) -> tuple[TrainingOrder, tuple[str, ...]]:
    if accelerated and classes >= WHOLE:
        whole = with_network(order, order.network, Freedom.WHOLE)
        return whole, (_("There are very many classes: the whole network learns."),)
    if accelerated and classes >= LAST_LAYERS:
        last = with_network(order, order.network, Freedom.LAST)
        return last, (_("There are many classes: the network's last layers learn."),)
    return with_network(order, order.network, Freedom.ADAPTER), (
        _(
            "The network knows photographs already and stays as it is; a small layer on top "
            "of it learns. Every picture goes through the network only once."
        ),
    )


def tasks_line(report: FolderReport, order: TrainingOrder) -> str:
    """A sentence of how many different tasks a folder gives."""
    ways, shots = order.ways[0], order.shots[1]
    return _("{tasks} different tasks of {ways} classes can be made of them.").format(
        tasks=tasks_in_words(report.tasks(ways, shots, order.targets[1])), ways=ways
    )


def _obstacle(report: FolderReport) -> str:
    classes = len(report.data)
    return _(
        "There are {classes} classes: that makes {tasks} different tasks of 2, too few to learn "
        "from. {least} classes are the least, {few} or more are better."
    ).format(classes=classes, tasks=report.tasks(2, 1), least=LEAST_CLASSES, few=FEW)


def _warnings(report: FolderReport, order: TrainingOrder):
    if len(report.data) < FEW:
        yield _(
            "{classes} classes are few: the new learner may be no better than the one that there "
            "is. The test at the end says so."
        ).format(classes=len(report.data))
    needed = order.shots[1] + order.targets[1]
    small = int(np.count_nonzero(report.data.sizes < needed))
    if small:
        yield _("{count} classes have less than {needed} pictures and take no part.").format(
            count=small, needed=needed
        )


def with_network(
    order: TrainingOrder, network: str, freedom: Freedom | None = None
) -> TrainingOrder:
    """The order with another network, and what goes with it.

    Raises:
        UserError: There is no such network.
    """
    choice = network_choice(network)
    freedom = freedom or choice.freedoms[0]
    order = replace(order, network=network, freedom=freedom)
    if choice.from_scratch:
        # Everything is still to be learned.
        side = 28 if order.gray else 84
        return replace(
            order, side=side, rate=1e-3, episodes=2, steps=4000, watch_every=250, patience=6
        )
    adapter = freedom == Freedom.ADAPTER
    rates = {Freedom.ADAPTER: ADAPTER_RATE, Freedom.LAST: 1e-4, Freedom.WHOLE: 2e-5}
    return replace(
        order,
        rate=rates[freedom],
        episodes=4 if adapter else 2,
        steps=400 if adapter else 2000,
        watch_every=50 if adapter else 100,
        patience=4,
        turned=False,
        gathered=0.0,
        bend=0.0,
        mirror=not adapter and not order.gray,
    )


def with_algorithm(order: TrainingOrder, algorithm: str) -> TrainingOrder:
    """The order with another algorithm, and what goes with it: another network, if need be.

    Raises:
        UserError: There is no such algorithm.
    """
    choice = algorithm_choice(algorithm)
    if choice.small_only and not order.network_choice.from_scratch:
        order = with_network(order, "conv4")
    order = replace(order, algorithm=algorithm, classifying=0)
    if algorithm == "meta-baseline":
        return replace(order, classifying=order.steps // 2)
    if choice.by_descent:
        # Each class of a task costs them more than it does others.
        low, high = order.ways
        return replace(
            order,
            ways=(min(low, FEW_WAYS), min(high, 4 * FEW_WAYS)),
            episodes=4,
            rate=min(order.rate, 1e-3),
            gathered=0.0,
        )
    return order
