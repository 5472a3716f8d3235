"""What to choose for a plan where the user left it open, so that most classes can take part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.metatrain.plan import EpisodePlan, Mode

MOST = 0.9  # share of the classes that should take part


def fitting_targets(sizes: NDArray[np.int64], plan: EpisodePlan) -> int:
    """The most targets of each class, up to the plan's, that leave out few classes.

    Args:
        sizes: int64 ``(n,)`` pictures of each class.
        plan: What is asked for; its targets are the most that are wanted.

    Returns:
        From 1 to ``plan.targets``; 1 where nothing helps, so that the error names the least
        that is needed.
    """
    able = np.sort(sizes[sizes > plan.kept])[::-1]
    if len(able) < plan.ways:
        return 1
    part = max(plan.ways, int(np.ceil(MOST * len(able))))
    return int(np.clip(able[part - 1] - plan.kept, 1, plan.targets))


def fitting_shots(
    sizes: NDArray[np.int64], shots: Sequence[int], plan: EpisodePlan, least_targets: int
) -> tuple[int, ...]:
    """Those of ``shots`` for which most classes have enough pictures.

    Args:
        sizes: int64 ``(n,)`` pictures of each class.
        shots: Numbers of examples.
        plan: Its shots do not count.
        least_targets: Targets that must be left of each class.
    """
    left = 1 if plan.mode is Mode.FOLDER else least_targets
    wanted = max(2 if plan.mode is Mode.FOLDER else plan.ways, int(np.ceil(MOST * len(sizes))))
    return tuple(k for k in shots if np.count_nonzero(sizes >= k + left) >= wanted)
