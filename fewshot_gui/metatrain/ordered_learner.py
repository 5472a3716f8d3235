"""What a training order asks for, and what came of it, as a learner file's card says it."""

from __future__ import annotations

from dataclasses import asdict, astuple
from datetime import UTC, datetime
from typing import Any

from fewshot_gui import __version__
from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.learners.sharpness import SharpnessLaw
from fewshot_gui.metatrain.choices import Freedom
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.learner_card import (
    ALGORITHMS,
    AdapterSettings,
    AlgorithmPart,
    Conv4Settings,
    LearnerCard,
    NetworkPart,
    ResNet12Settings,
    TestResult,
    TunedSettings,
)
from fewshot_gui.metatrain.split import ClassSplit
from fewshot_gui.metatrain.training_events import Done
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.plain_text import plain_text, without_folders

INTERPOLATION = "bilinear"  # for networks from scratch
# Folders say who somebody is, and what was learned does not depend on the others.
_NOT_TOLD = ("folder", "output", "classes_file", "device", "seed")
_MAY_BE_FILES = ("compare", "compare_backbone")
_MOST_LISTED = 2000  # classes of a part: a card is read whenever learners are listed
_LONGEST_NAME = 100


def network_part(order: TrainingOrder, views: int = 1) -> NetworkPart:
    """The network, which looks at pictures from so many sides.

    Raises:
        UserError: There is no such backbone.
    """
    channels = 1 if order.gray else 3
    if order.network == "conv4":
        return NetworkPart("conv4", Conv4Settings(channels, order.side, views=views))
    if order.network == "resnet12":
        return NetworkPart("resnet12", ResNet12Settings(channels, order.side, views=views))
    card = backbone_card(order.network)
    facts = (card.key, card.weights_sha256, card.width)
    if order.freedom == Freedom.ADAPTER:
        return NetworkPart("adapter", AdapterSettings(*facts))
    return NetworkPart("tuned", TunedSettings(*facts, order.freedom.value))


def algorithm_part(order: TrainingOrder) -> AlgorithmPart:
    """The algorithm, with its usual settings."""
    return AlgorithmPart(order.algorithm, ALGORITHMS[order.algorithm]())


def finished_card(
    order: TrainingOrder, split: ClassSplit, done: Done, views: int, law: SharpnessLaw | None
) -> LearnerCard:
    """The card of a learner that was trained as ordered.

    Args:
        order: What was asked for.
        split: The classes.
        done: How it ended.
        views: From how many sides it looks at a picture.
        law: How sharp its own answers must be made; None where they are not used.
    """
    network = network_part(order, views)
    scratch = order.network_choice.from_scratch
    licence = "" if scratch else backbone_card(order.network).licence
    tested = done.tested
    return LearnerCard(
        title=plain_text(order.name, _LONGEST_NAME),
        algorithm=algorithm_part(order),
        network=network,
        interpolation=INTERPOLATION,
        head=done.head,
        sharpness=None if law is None else astuple(law),
        classes={
            "training": _counted(split.training),
            "validation": _counted(split.validation),
            "test": _counted(split.test),
        },
        settings=_settings(order, split, done),
        seed=order.seed,
        validation=done.validation,
        results=tuple(TestResult(**vars(found)) for found in tested.comparisons) if tested else (),
        compared_with=plain_text(tested.old, 2 * _LONGEST_NAME) if tested else "",
        recommended=bool(tested and tested.recommended),
        licence=plain_text(licence, _LONGEST_NAME),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        program=__version__,
    )


def _settings(order: TrainingOrder, split: ClassSplit, done: Done) -> dict[str, Any]:
    told = {name: value for name, value in asdict(order).items() if name not in _NOT_TOLD}
    named = {name: without_folders(told[name]) for name in _MAY_BE_FILES}
    counts = [len(part) for part in (split.training, split.validation, split.test)]
    made = {"steps_made": done.steps, "best_step": done.best_step, "classes": counts}
    return {**told, **named, **made}


def _counted(classes: ClassRows) -> dict[str, int]:
    counted: dict[str, int] = {}
    names, sizes = classes.names[:_MOST_LISTED], classes.sizes[:_MOST_LISTED].tolist()
    for name, size in zip(names, sizes, strict=True):
        shown = plain_text(name, _LONGEST_NAME)
        counted[shown] = counted.get(shown, 0) + size
    return counted
