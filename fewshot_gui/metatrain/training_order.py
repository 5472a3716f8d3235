"""What a user asks of a meta-training, in plain values. Imports nothing heavy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.errors import UserError
from fewshot_gui.learners.registry import all_learners, learner_info
from fewshot_gui.metatrain.choices import (
    AlgorithmChoice,
    Freedom,
    NetworkChoice,
    SplitBy,
    algorithm_choice,
    network_choice,
)
from fewshot_gui.metatrain.learner_file import read_card
from fewshot_gui.metatrain.learner_format import ENDING
from fewshot_gui.metatrain.shelf import trained
from fewshot_gui.metatrain.training_plan import BatchPlan, Range
from fewshot_gui.texts import _

SMALLEST_SIDE, LARGEST_SIDE = 16, 512
MOST_EPISODES = 1000  # of a step: all of them are in memory together
MOST_SEED = 2**63 - 1024  # what every generator of numbers takes, with what is added to it


@dataclass(frozen=True)
class TrainingOrder:
    """A whole meta-training: from a folder of class folders to a learner file.

    ``advised`` in ``advice`` makes one that suits a folder; ``dataclasses.replace`` changes
    it; ``checked`` says what is wrong with it.

    Attributes:
        folder: Holds class folders.
        output: The learner file to write.
        algorithm: Key of an ``AlgorithmChoice``.
        network: Key of a ``NetworkChoice``.
        freedom: How much of the network learns.
        ways, shots, targets: Of an episode, each from the least to the most, both included.
        episodes: Episodes of a step.
        steps: Steps at most.
        minutes: The training ends after so many, sooner than ``steps``; 0 for no limit. Where
            it is given, the result depends on how fast the computer is.
        rate: Learning rate at the beginning.
        classifying: Steps that learn all classes at once, before the episodes; only for the
            algorithm ``meta-baseline``.
        watch_every: Steps between two looks at classes that are not learned from.
        watch_episodes: Episodes of a look.
        patience: Looks in a row without a better one that end it; 0 for never.
        within_groups: All classes of an episode lie in the same folder.
        gathered: Share of the steps whose classes come from few folders, which makes them hard
            to tell apart.
        turned: Pictures turned by quarters are further classes: for characters.
        bend: Strength of slight turns, stretches and shifts, 0 to 1.
        mirror: Half of the pictures are mirrored.
        side: Height and width of the pictures for a network from scratch, in pixels.
        gray: They are gray for a network from scratch.
        split: What the classes are dealt out by.
        classes_file: For ``SplitBy.FILE``: see ``read_parts``.
        validation, test: Share of the classes (or groups) to watch by, and to test with.
        seed: Of everything that is drawn.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        test_episodes: Episodes of each kind of the final test; 0 for no test.
        compare: What the new learner is compared with: the key of a learner, which works on
            the embeddings of ``compare_backbone``, or the name or file of a trained one, which
            brings a network of its own.
        compare_backbone: Key of a backbone.
    """

    folder: str
    output: str
    algorithm: str = "prototypical"
    network: str = "lite0"
    freedom: Freedom = Freedom.ADAPTER
    ways: Range = (5, 5)
    shots: Range = (1, 5)
    targets: Range = (10, 10)
    episodes: int = 8
    steps: int = 2000
    minutes: float = 0.0
    rate: float = 1e-3
    classifying: int = 0
    watch_every: int = 100
    watch_episodes: int = 200
    patience: int = 5
    within_groups: bool = False
    gathered: float = 0.0
    turned: bool = False
    bend: float = 0.0
    mirror: bool = False
    side: int = 28
    gray: bool = False
    split: SplitBy = SplitBy.CLASS
    classes_file: str = ""
    validation: float = 0.15
    test: float = 0.2
    seed: int = 0
    device: str = "auto"
    test_episodes: int = 600
    compare: str = "auto"
    compare_backbone: str = "lite0"

    @property
    def algorithm_choice(self) -> AlgorithmChoice:
        return algorithm_choice(self.algorithm)

    @property
    def network_choice(self) -> NetworkChoice:
        return network_choice(self.network)

    @property
    def batches(self) -> BatchPlan:
        """What the episodes to learn from are like."""
        return BatchPlan(
            ways=self.ways,
            shots=self.shots,
            targets=self.targets,
            episodes=self.episodes,
            within_groups=self.within_groups,
            gathered=self.gathered,
            turned=self.turned,
            bend=self.bend,
            mirror=self.mirror,
        )

    @property
    def compared_file(self) -> Path | None:
        """The trained learner that it is compared with; None for one that any backbone suits.

        Raises:
            UserError: A learner of that name is damaged.
        """
        if self.compare.endswith(ENDING):
            return Path(self.compare).expanduser()
        if any(info.key == self.compare for info in all_learners()):
            return None
        found = trained(self.compare)
        return None if found is None else found.path

    @property
    def name(self) -> str:
        """What the learner is called: as its file."""
        return Path(self.output).name.removesuffix(ENDING) or _("Learner")

    @property
    def checkpoint(self) -> Path:
        """Where the training is put down while it lasts."""
        return checkpoint_of(self.output)


def checkpoint_of(output: str | Path) -> Path:
    """The checkpoint that lies beside a learner file that is being trained."""
    output = Path(output)
    return output.with_name(output.name + ".training")


def checked(order: TrainingOrder) -> TrainingOrder:
    """The same order, if it makes sense; neither the folder nor the output is looked at.

    A learner file to compare with is read; so this may take a moment.

    Raises:
        UserError: It does not; the first thing that is wrong.
    """
    algorithm, network = order.algorithm_choice, order.network_choice
    compared = order.compared_file
    if compared is not None:
        read_card(compared)
    else:
        learner_info(order.compare)
        backbone_card(order.compare_backbone)
    for message, hint in _problems(order, algorithm, network):
        raise UserError(message, hint)
    return order


def _problems(order: TrainingOrder, algorithm: AlgorithmChoice, network: NetworkChoice):
    """What is wrong, as (message, hint)."""
    if order.freedom not in network.freedoms:
        yield (
            _("“{network}” cannot be trained in the way “{freedom}”.").format(
                network=network.key, freedom=order.freedom.value
            ),
            _("Choose one of: {known}.").format(known=", ".join(network.freedoms)),
        )
    if algorithm.small_only and not network.from_scratch:
        yield (
            _("“{algorithm}” is only for networks from scratch.").format(algorithm=algorithm.key),
            _("Choose conv4, or another algorithm."),
        )
    if algorithm.by_descent and not network.from_scratch and order.freedom != Freedom.ADAPTER:
        yield (
            _("“{algorithm}” is too slow for so large a network.").format(algorithm=algorithm.key),
            _("Let only a small layer on top of it learn (adapter), or choose conv4."),
        )
    if order.turned and order.freedom == Freedom.ADAPTER:
        yield _("Turned classes need a network that sees them: not an adapter alone."), ""
    if order.classifying and algorithm.key != "meta-baseline":
        yield (
            _("Only “meta-baseline” begins with all classes at once."),
            _("Choose that algorithm, or leave the number of steps for it out."),
        )
    yield from _problems_of_tasks(order)
    yield from _problems_of_numbers(order)
    if order.split == SplitBy.FILE and not order.classes_file:
        yield _("The file that says which classes to learn from is missing."), ""
    if not order.output.endswith(ENDING):
        yield (
            _("A learner file's name ends in “{ending}”.").format(ending=ENDING),
            _("Write “{name}”.").format(name=order.output + ENDING),
        )


def _problems_of_tasks(order: TrainingOrder):
    for name, (low, high), least in (
        (_("classes"), order.ways, 2),
        (_("examples"), order.shots, 1),
        (_("targets"), order.targets, 1),
    ):
        if low < least:
            text = _("The number of {what} of an episode must be {least} at least.")
            yield text.format(what=name, least=least), ""
        elif low > high:
            text = _("The number of {what} of an episode cannot be from {low} to {high}.")
            yield text.format(what=name, low=low, high=high), _("Write the smaller one first.")


def _problems_of_numbers(order: TrainingOrder):
    if not 0 < order.rate <= 1:
        yield _("The learning rate must lie between 0 and 1."), _("Usual are 0.0001 to 0.01.")
    for name, value, least in (
        (_("episodes of a step"), order.episodes, 1),
        (_("steps"), order.steps, 1),
        (_("steps between two looks"), order.watch_every, 1),
        (_("episodes of a look"), order.watch_episodes, 2),
        (_("minutes"), order.minutes, 0),
        (_("steps for all classes at once"), order.classifying, 0),
        (_("patience"), order.patience, 0),
        (_("episodes of the test"), order.test_episodes, 0),
        (_("seed"), order.seed, 0),
    ):
        if not math.isfinite(value) or value < least:
            yield _("{what}: {least} is the least.").format(what=name, least=least), ""
    for name, value, most in (
        (_("episodes of a step"), order.episodes, MOST_EPISODES),
        (_("seed"), order.seed, MOST_SEED),
    ):
        if value > most:
            yield _("{what}: {most} is the most.").format(what=name, most=most), ""
    if not SMALLEST_SIDE <= order.side <= LARGEST_SIDE:
        text = _("Pictures are kept with {low} to {high} pixels.")
        yield text.format(low=SMALLEST_SIDE, high=LARGEST_SIDE), ""
    if not 0 <= order.gathered <= 1 or (order.gathered and order.within_groups):
        yield (
            _("The share of steps with classes of few folders lies between 0 and 1."),
            _("Leave it out where all classes of an episode lie in the same folder."),
        )
    if not 0 <= order.bend <= 1:
        yield _("The strength of bending lies between 0 and 1."), ""
    shares = (order.validation, order.test)
    if order.split != SplitBy.FILE and not (min(shares) > 0 and sum(shares) < 1):
        yield (
            _("The shares of the classes to watch by and to test with leave none to learn from."),
            _("Usual are 0.15 and 0.2."),
        )
