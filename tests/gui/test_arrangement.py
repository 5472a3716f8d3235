"""Filters and orders of the grid."""

from __future__ import annotations

import numpy as np
import pytest

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.backbones.units import to_units
from fewshot_gui.gui.arrangement import Chosen, Keys, Order, Show, View, arrange
from fewshot_gui.gui.collection import Collection
from fewshot_gui.images.files import FailureKind, ImageFailure, ImageFile
from fewshot_gui.learners.predictions import NO_CLASS, Predictions
from fewshot_gui.project.values import UNKNOWN, Label, Source


@pytest.fixture
def collection():
    """Six images: 0 and 1 predicted as class 7, 2 and 3 as 9, 4 confirmed as 9, 5 damaged."""
    table = EmbeddingTable(2)
    rows = table.add(ImageFile(f"/p/{i}.png", f"{i}.png", 1, 1, 1) for i in range(6))
    made = Collection(table)
    made.set_targets(np.asarray(rows, np.int64))
    ready = np.arange(5)
    table.store_units(ready, to_units(np.zeros((5, 2), np.float16)), np.zeros((5, 16), np.uint8))
    table.fail(5, ImageFailure(FailureKind.DAMAGED))
    made.set_predictions(
        ready,
        Predictions(
            np.array([7, 7, 9, 9, 7]),
            np.array([0.9, 0.5, 0.7, 0.99, 0.6], np.float32),
            np.array([9, 9, 7, 7, 9]),
            np.array([0.1, 0.5, 0.3, 0.01, 0.4], np.float32),
            np.array([0.1, 0.2, 0.9, 0.1, 0.9], np.float32),
        ),
    )
    made.set_labels({"/p/4.png": Label(9, Source.CONFIRMED)})
    return made


@pytest.mark.parametrize(
    ("view", "rows"),
    [
        (View(), [0, 1, 2, 3, 4, 5]),
        (View(Show.CLASS, 7), [0, 1]),
        (View(Show.CLASS, 9), [2, 3, 4]),
        (View(Show.UNLABELLED), [0, 1, 2, 3]),
        (View(Show.UNSURE), [1]),
        (View(Show.UNREADABLE), [5]),
        (View(Show.CONFIRMED), [4]),
        (View(Show.CORRECTED), []),
        (View(Show.EXAMPLES), []),
        (View(Show.CHANGED), []),
        (View(order=Order.LEAST_SURE), [1, 2, 0, 3, 4, 5]),
        (View(order=Order.MOST_SURE), [3, 0, 2, 1, 4, 5]),
    ],
)
def test_filters_and_orders(collection, view, rows):
    assert arrange(collection, view, [7, 9]).rows.tolist() == rows


def test_what_fits_no_bin_is_unknown_unless_the_user_said_otherwise(collection):
    collection.level = 0.5
    assert arrange(collection, View(Show.CLASS, UNKNOWN), [7, 9]).rows.tolist() == [2]
    assert arrange(collection, View(Show.CLASS, 9), [7, 9]).rows.tolist() == [3, 4]
    assert arrange(collection, View(order=Order.LEAST_SURE), []).rows.tolist()[:3] == [1, 0, 3]
    grouped = arrange(collection, View(order=Order.GROUPED), [7, 9])
    assert grouped.heads == {0: (7, 2), 2: (9, 2), 4: (UNKNOWN, 1), 5: (NO_CLASS, 1)}


def test_chosen_images_keep_their_order(collection):
    chosen = Chosen("Alike", np.array([3, 0, 4]))
    view = View(Show.CHOSEN, order=Order.GIVEN, chosen=chosen)
    assert arrange(collection, view, []).rows.tolist() == [3, 0, 4]
    by_doubt = View(Show.CHOSEN, order=Order.LEAST_SURE, chosen=chosen)
    assert arrange(collection, by_doubt, []).rows.tolist() == [0, 3, 4]


def test_orders_by_name_and_date_and_the_search_use_what_was_found_out(collection):
    keys = Keys(name=np.array([5, 4, 3, 2, 1, 0]), time=np.array([1, 2, 3, 4, 5, 0]))
    assert arrange(collection, View(order=Order.NAME), [], keys).rows.tolist() == [5, 4, 3, 2, 1, 0]
    assert arrange(collection, View(order=Order.DATE), [], keys).rows.tolist() == [4, 3, 2, 1, 0, 5]
    hits = Keys(hits=np.array([True, False, True]))  # what came later is no hit
    assert arrange(collection, View(), [], hits).rows.tolist() == [0, 2]
    assert arrange(collection, View(order=Order.NAME), []).rows.tolist() == [0, 1, 2, 3, 4, 5]


def test_groups_follow_the_bins_and_start_with_the_users_own(collection):
    arrangement = arrange(collection, View(order=Order.GROUPED), [9, 7])
    assert arrangement.rows.tolist() == [4, 3, 2, 0, 1, 5]
    assert arrangement.heads == {0: (9, 3), 3: (7, 2), 5: (NO_CLASS, 1)}


def test_a_prediction_of_a_deleted_bin_is_not_sorted(collection):
    arrangement = arrange(collection, View(order=Order.GROUPED), [9])
    assert arrangement.heads == {0: (9, 3), 3: (NO_CLASS, 3)}


def test_nothing_to_arrange():
    empty = Collection(EmbeddingTable(2))
    for order in Order:
        assert len(arrange(empty, View(order=order), []).rows) == 0


def test_counts_and_unknown_paths(collection):
    assert collection.sorted_counts() == {7: 2, 9: 3}
    rows, unknown = collection.set_labels({"/elsewhere.png": Label(7, Source.SUPPORT)})
    assert len(rows) == 0
    assert unknown == ("/elsewhere.png",)
