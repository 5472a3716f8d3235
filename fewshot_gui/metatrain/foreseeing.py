"""What would go wrong in the end, found out before the long work."""

from __future__ import annotations

from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.final_test import plans_for_test
from fewshot_gui.metatrain.learner_file import load_learner
from fewshot_gui.metatrain.learning import watched
from fewshot_gui.metatrain.split import ClassSplit
from fewshot_gui.metatrain.team import Team
from fewshot_gui.metatrain.training_episodes import episode_pools
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.texts import _


def check_rival(order: TrainingOrder) -> None:
    """Whether what the new learner is to be compared with is there.

    Raises:
        UserError: It is missing, damaged, or goes on from a backbone that is not there.
    """
    file = order.compared_file
    if file is not None and order.test_episodes:
        load_learner(file)


def check_team(order: TrainingOrder, team: Team) -> None:
    """Whether there is work for every process. Raises ``UserError`` where there is not."""
    if order.episodes < team.size:
        raise UserError(
            _("{episodes} episodes a step are too few for {count} processes.").format(
                episodes=order.episodes, count=team.size
            ),
            _("Ask for more episodes a step, or start fewer processes."),
        )


def check_parts(order: TrainingOrder, split: ClassSplit) -> None:
    """Whether every part has the classes and pictures for what is done with it.

    Raises:
        UserError: One has not; the first one.
    """
    episode_pools(split.training, order.batches)
    watched(order, split)
    if order.test_episodes:
        plans_for_test(split.test, order.within_groups, order.seed)
