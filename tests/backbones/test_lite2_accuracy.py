"""What the second built-in backbone is for: it sorts real photos better than the first."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.jobs import Job
from fewshot_gui.learners.support import SupportSet, fit
from fewshot_gui.workflow import Workbench

pytestmark = [pytest.mark.accuracy, pytest.mark.slow]

IMAGES, WAYS = 12, 20


def embedded(grocery, backbone):
    """A table with the first images of each class, and their rows, class by class."""
    with closing(Workbench(backbone)) as workbench:
        table = workbench.new_table()
        classes = [c.files[:IMAGES] for c in find_class_folders(grocery, Job())]
        rows = [np.asarray(table.add(c), np.int64) for c in classes if len(c) == IMAGES]
        workbench.embed(table, np.concatenate(rows), Job())
    return table, [table.ready(part) for part in rows]


def accuracy(table, rows, shots, seed):
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(rows[i]) for i in rng.choice(len(rows), WAYS, replace=False)]
    support = np.concatenate([order[:shots] for order in orders])
    targets = np.concatenate([order[shots:] for order in orders])
    answers = np.repeat(np.arange(WAYS), [len(order) - shots for order in orders])
    examples = SupportSet(tuple(range(WAYS)), support, np.repeat(np.arange(WAYS), shots))
    found = fit("prototypes", examples, table, Job()).predict(table, targets, Job()).best
    return (found == answers).mean()


def test_lite2_is_more_accurate_on_twenty_classes(grocery):
    means = {}
    for backbone in ("lite0", "lite2"):
        table, rows = embedded(grocery, backbone)
        for shots in (1, 5):
            found = [accuracy(table, rows, shots, seed) for seed in range(60)]
            means[backbone, shots] = np.mean(found)
            print(f"{backbone}, {shots} examples: {100 * np.mean(found):.2f} %")
    assert means["lite2", 1] >= means["lite0", 1] + 0.01
    assert means["lite2", 5] >= means["lite0", 5]
