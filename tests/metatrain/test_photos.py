"""The learner for photographs that comes with the program."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.jobs import Job
from fewshot_gui.learners.registry import trained_learners
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.evaluation import evaluate
from fewshot_gui.metatrain.learner_file import load_learner
from fewshot_gui.metatrain.plan import EpisodePlan, Mode
from fewshot_gui.metatrain.shelf import trained


def test_it_comes_with_the_program_and_says_where_from() -> None:
    found = trained("photos")
    assert found.card.recommended
    assert all(one.difference.mean > one.difference.interval95 for one in found.card.results)
    assert "Grocery Store" in found.card.notice
    assert found.card.licence == "Apache-2.0"
    assert "photos" in [info.key for info in trained_learners()]


@pytest.fixture(scope="module")
def adapted(grocery_table) -> EmbeddingTable:
    """All of the groceries as the learner sees them."""
    table, _rows = grocery_table
    rows = np.arange(len(table))
    change = load_learner(trained("photos").path).network.change.detach().numpy()
    features = table.units(rows) + table.units(rows) @ change.T
    found = EmbeddingTable(table.width)
    found.add(table.file(row) for row in rows.tolist())
    units = features / np.linalg.norm(features, axis=1, keepdims=True)
    found.store_units(rows, units.astype(np.float16), table.digests(rows))
    return found


def unseen(rows: dict[str, NDArray[np.int64]]) -> ClassRows:
    """The classes that it has neither learned from nor been watched by."""
    names = sorted(trained("photos").card.classes["test"])
    return ClassRows(tuple(names), tuple(rows[name] for name in names))


@pytest.mark.accuracy
@pytest.mark.parametrize(("ways", "shots"), [(5, 1), (5, 5), (20, 1), (20, 5)])
def test_it_is_right_more_often_with_classes_that_it_never_saw(grocery_table, adapted, ways, shots):
    table, rows = grocery_table
    plan = EpisodePlan(ways=ways, shots=shots, targets=15)
    tables = {"lite0": table, "photos": adapted}
    before, after = evaluate(unseen(rows), tables, ["prototypes"], [plan], 60, Job())
    assert after.difference.mean > after.difference.interval95
    assert before.accuracy.mean < after.accuracy.mean


@pytest.mark.accuracy
def test_it_tells_strangers_apart_better(grocery_table, adapted):
    table, rows = grocery_table
    plan = EpisodePlan(ways=5, shots=5, targets=15, mode=Mode.STRANGERS)
    tables = {"lite0": table, "photos": adapted}
    before, after = evaluate(unseen(rows), tables, ["prototypes"], [plan], 60, Job())
    assert after.unknown_auroc.mean > before.unknown_auroc.mean + 0.01
    assert after.unknown_auroc.mean > 0.92
