"""What an episode should be like. Imports nothing heavy: the command line offers the modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Mode(StrEnum):
    """Which targets an episode has.

    ``balanced``: the same number of each class, as in most papers.
    ``uneven``: some classes are frequent and some rare, as in most folders; the mix is
    drawn from a Dirichlet distribution with all parameters 2 (Veilleux et al. 2021,
    *Realistic Evaluation of Transductive Few-Shot Learning*, arXiv:2204.11181).
    ``strangers``: uneven, and one target in five is of a class without examples.
    ``folder``: examples of all classes, and everything else is to be sorted.
    """

    BALANCED = "balanced"
    UNEVEN = "uneven"
    STRANGERS = "strangers"
    FOLDER = "folder"


@dataclass(frozen=True)
class EpisodePlan:
    """What all episodes of a sampler have in common.

    Attributes:
        ways: Classes with examples; in ``folder`` mode all there are, whatever this says.
        shots: Examples of each class.
        targets: Targets of each class, on the average; in ``folder`` mode all that is left.
        mode: Which targets.
        within_groups: All classes of an episode are of one group.
        reserve: Pictures of each class that are never targets, if more than ``shots``:
            plans that differ in their shots alone, and reserve as many, have the same
            classes and targets, and the examples of fewer shots are among those of more.
        seed: Other seeds give other episodes; not negative.
    """

    ways: int = 5
    shots: int = 5
    targets: int = 15
    mode: Mode = Mode.BALANCED
    within_groups: bool = False
    reserve: int = 0
    seed: int = 0

    @property
    def kept(self) -> int:
        """Pictures of each class that are no targets."""
        return max(self.shots, self.reserve)

    @property
    def needed(self) -> int:
        """Pictures that a class must have to take part."""
        return self.kept + (1 if self.mode is Mode.FOLDER else self.targets)


def learning_curve(plan: EpisodePlan, shots: Sequence[int]) -> list[EpisodePlan]:
    """The plan with these numbers of examples, on the same classes and targets."""
    return [replace(plan, shots=k, reserve=max(shots)) for k in shots]
