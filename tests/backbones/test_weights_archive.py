"""Weights read without torch."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
import torch

from fewshot_gui.backbones.catalogue import bundled
from fewshot_gui.backbones.lite_weights import checked_weights
from fewshot_gui.backbones.weights_archive import MAGIC, read_weights


@pytest.mark.parametrize("card", bundled(), ids=lambda card: card.key)
def test_the_bundled_weights_are_what_torch_reads(card):
    data = checked_weights(card)
    ours, theirs = read_weights(data), torch.load(io.BytesIO(data), weights_only=True)
    assert list(ours) == list(theirs)
    for name, tensor in theirs.items():
        np.testing.assert_array_equal(ours[name], tensor.numpy())


def saved(tensors):
    stream = io.BytesIO()
    torch.save(tensors, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def test_views_of_one_storage_are_told_apart():
    whole = torch.arange(24.0).reshape(4, 6)
    tensors = {"whole": whole, "row": whole[2], "turned": whole.T, "count": torch.tensor(7)}
    found = read_weights(saved(tensors))
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor.numpy())


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.99])
def test_a_file_that_is_cut_short_is_refused(cut):
    data = saved({"a": torch.ones(100)})
    with pytest.raises((ValueError, EOFError, pickle.UnpicklingError)):
        read_weights(data[: int(len(data) * cut)])


class Trap:
    """What a stranger might put into a pickle."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return open, (str(self.place), "w")


def test_no_code_of_a_file_is_run(tmp_path):
    parts = [MAGIC, 1001, {}, {"a": Trap(tmp_path / "trace")}]
    with pytest.raises(ValueError, match="not part of a weights file"):
        read_weights(b"".join(pickle.dumps(part, 2) for part in parts))
    assert not (tmp_path / "trace").exists()


def test_another_format_is_refused():
    with pytest.raises(ValueError, match="old format"):
        read_weights(pickle.dumps({"a": 1}))
