"""What can be trained, and how: names, titles and a sentence each. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from fewshot_gui.backbones.catalogue import all_backbones
from fewshot_gui.errors import UserError
from fewshot_gui.texts import _


class Freedom(StrEnum):
    """How much of a network learns.

    ``adapter``: the backbone stays as it is, and a small layer on its embeddings learns; so
    every picture goes through the backbone only once.
    ``last``: its last layers learn as well.
    ``whole``: all of it learns.
    """

    ADAPTER = "adapter"
    LAST = "last"
    WHOLE = "whole"


class SplitBy(StrEnum):
    """What classes are dealt out by: each alone, with the folder it lies in, or as a file says."""

    CLASS = "class"
    GROUP = "group"
    FILE = "file"


@dataclass(frozen=True)
class AlgorithmChoice:
    """A way to learn to learn.

    Attributes:
        key: Name on the command line and in learner files.
        title: Name on screen.
        explanation: One sentence.
        by_descent: It learns each task by steps of gradient descent.
        small_only: Only for networks from scratch: others have too many features for it.
    """

    key: str
    title: str
    explanation: str
    by_descent: bool = False
    small_only: bool = False


@dataclass(frozen=True)
class NetworkChoice:
    """A network that can be trained.

    Attributes:
        key: Name on the command line and in learner files: ``conv4``, ``resnet12`` or the key
            of a backbone.
        title: Name on screen.
        explanation: One sentence.
        freedoms: How much of it can learn, the default first.
    """

    key: str
    title: str
    explanation: str
    freedoms: tuple[Freedom, ...]

    @property
    def from_scratch(self) -> bool:
        """It knows nothing at the start."""
        return self.freedoms == (Freedom.WHOLE,)


_Choice = TypeVar("_Choice", AlgorithmChoice, NetworkChoice)


def all_algorithms() -> tuple[AlgorithmChoice, ...]:
    """Every algorithm, the default first."""
    return (
        AlgorithmChoice(
            "prototypical",
            _("Prototypical networks"),
            _("A class is the mean of its examples. Simple, quick and good."),
        ),
        AlgorithmChoice(
            "meta-baseline",
            _("Classes first, then tasks"),
            _("First all classes at once, then tasks: often best with many pictures of a class."),
        ),
        AlgorithmChoice(
            "matching",
            _("Matching networks"),
            _("A picture is what the examples are that it resembles most."),
        ),
        AlgorithmChoice(
            "matching-contexts",
            _("Matching networks with full contexts"),
            _("The same, and every example is seen in the light of the others. Slower."),
            small_only=True,
        ),
        AlgorithmChoice(
            "maml",
            _("MAML"),
            _("A starting point that learns a task in a few steps. Exact, and slow."),
            by_descent=True,
        ),
        AlgorithmChoice(
            "maml-first-order",
            _("MAML, first order"),
            _("As MAML, with a shortcut: about twice as fast."),
            by_descent=True,
        ),
        AlgorithmChoice(
            "anil",
            _("ANIL"),
            _("As MAML, but only the last layer learns a task: faster."),
            by_descent=True,
        ),
        AlgorithmChoice(
            "reptile",
            _("Reptile"),
            _("A starting point near to what each task needs; simpler than MAML."),
            by_descent=True,
            small_only=True,
        ),
    )


def algorithm_choice(key: str) -> AlgorithmChoice:
    """The algorithm with this key. Raises ``UserError`` naming the keys there are."""
    return _chosen(
        key, all_algorithms(), _("There is no training algorithm called “{key}”.").format(key=key)
    )


def all_networks() -> tuple[NetworkChoice, ...]:
    """Every network: the backbones that can be used at once, then those from scratch."""
    return tuple(_backbone(card.key, card.title) for card in all_backbones()) + (
        NetworkChoice(
            "conv4",
            _("Conv4, from scratch"),
            _("Four small layers that know nothing yet: for characters, icons and signs."),
            (Freedom.WHOLE,),
        ),
        NetworkChoice(
            "resnet12",
            _("ResNet-12, from scratch"),
            _("Twelve layers that know nothing yet: wants many classes and a graphics card."),
            (Freedom.WHOLE,),
        ),
    )


def network_choice(key: str) -> NetworkChoice:
    """The network with this key. Raises ``UserError`` naming the keys there are."""
    return _chosen(key, all_networks(), _("There is no network called “{key}”.").format(key=key))


def _backbone(key: str, title: str) -> NetworkChoice:
    text = _("Knows photographs already; trained further, or with a small layer on top of it.")
    return NetworkChoice(key, title, text, (Freedom.ADAPTER, Freedom.LAST, Freedom.WHOLE))


def _chosen(key: str, choices: tuple[_Choice, ...], message: str) -> _Choice:
    for choice in choices:
        if choice.key == key:
            return choice
    known = ", ".join(choice.key for choice in choices)
    raise UserError(message, _("Choose one of: {known}.").format(known=known))
