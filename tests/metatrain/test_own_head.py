"""The head of a trained learner says what its algorithm says, from embeddings alone."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.backbones.runtime import InProcessRuntime
from fewshot_gui.backbones.torch_runtime import TorchRuntime
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import unit
from fewshot_gui.learners.registry import learner_info, make_learner
from fewshot_gui.metatrain.learner_card import (
    AdapterSettings,
    Conv4Settings,
    NetworkPart,
    TunedSettings,
)
from fewshot_gui.metatrain.learner_file import load_learner, save_learner
from tests.metatrain.small_learner import small_card, small_learner, small_parts

EMBEDDING = ("prototypical", "meta-baseline", "matching", "matching-contexts")
LABELS = np.asarray([7, -3, 7, 40, -3, 7])


def _rows(count: int, width: int = 8, seed: int = 0) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32))


@pytest.mark.parametrize("algorithm", EMBEDDING)
def test_it_answers_as_the_algorithm(algorithm: str, tmp_path: Path) -> None:
    path = small_learner(tmp_path / "a.safetensors", algorithm)
    support, targets = _rows(6), _rows(9, seed=1)
    found = make_learner(str(path)).fit(support, LABELS, Job()).predict(targets, Job())
    assert found.classes == (-3, 7, 40)
    trained = load_learner(path).algorithm
    owners = torch.from_numpy(np.searchsorted(found.classes, LABELS))
    logits = trained.answer_from_units(torch.tensor(support), owners, torch.tensor(targets))
    np.testing.assert_allclose(found.probs, torch.softmax(logits, 1).numpy(), atol=1e-5)


@pytest.mark.parametrize("algorithm", EMBEDDING)
def test_it_keeps_what_every_learner_promises(algorithm: str, tmp_path: Path) -> None:
    path = small_learner(tmp_path / "a.safetensors", algorithm)
    support, targets = _rows(6), _rows(9, seed=1)
    fitted = make_learner(str(path)).fit(support, LABELS, Job())
    first, again = fitted.predict(targets, Job()), fitted.predict(targets, Job())
    np.testing.assert_array_equal(first.probs, again.probs)
    np.testing.assert_allclose(first.probs.sum(axis=1), 1, atol=1e-5)
    alone = np.concatenate([fitted.predict(row[None], Job()).probs for row in targets])
    np.testing.assert_allclose(alone, first.probs, atol=1e-5)
    with pytest.raises(ValueError):
        fitted.predict(targets[:, :-1], Job())
    with pytest.raises(ValueError):
        fitted.predict(np.full((1, 8), np.nan, np.float32), Job())


def test_its_confidences_follow_the_law_on_the_card(tmp_path: Path) -> None:
    support, targets = _rows(6), _rows(9, seed=1)
    plain = small_learner(tmp_path / "plain.safetensors")
    soft = small_learner(tmp_path / "soft.safetensors", sharpness=(-2.0, 0.0, 0.0, 0.0))
    sure, unsure = (
        make_learner(str(path)).fit(support, LABELS, Job()).predict(targets, Job()).probs
        for path in (plain, soft)
    )
    np.testing.assert_array_equal(sure.argmax(axis=1), unsure.argmax(axis=1))
    tempered = np.log(sure) * np.exp(-2.0)
    tempered = np.exp(tempered) / np.exp(tempered).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(unsure, tempered, atol=1e-5)


def test_a_card_may_name_another_head(tmp_path: Path) -> None:
    path = small_learner(tmp_path / "a.safetensors", head="lda")
    info = learner_info(str(path))
    assert (info.title, info.backbone) == ("Small shapes", str(path))
    support, targets = _rows(6), _rows(9, seed=1)
    probs = [
        make_learner(key).fit(support, LABELS, Job()).predict(targets, Job()).probs
        for key in (str(path), "lda")
    ]
    np.testing.assert_array_equal(*probs)


def _embedded(path: Path, pixels: np.ndarray) -> np.ndarray:
    runtime = TorchRuntime(backbone_card(str(path)), "cpu")
    return unit(runtime.embed(pixels, Job()))


@pytest.mark.parametrize(("channels", "views"), [(1, 1), (3, 1), (1, 4)])
def test_its_network_is_a_backbone(channels: int, views: int, tmp_path: Path) -> None:
    network = NetworkPart("conv4", Conv4Settings(channels, 16, 8, views))
    path = small_learner(tmp_path / "a.safetensors", network=network)
    card = backbone_card(str(path))
    assert (card.width, card.preprocessing.crop.size) == (8 * views, 16)
    pixels = np.random.default_rng(0).integers(0, 256, (11, 16, 16, 3), np.uint8)
    found = _embedded(path, pixels)
    gray = np.rint(pixels @ np.asarray([0.299, 0.587, 0.114])) / 255
    planes = 1 - gray[:, None] if channels == 1 else np.moveaxis(pixels, 3, 1) / 127.5 - 1
    with torch.no_grad():
        expected = load_learner(path).network(torch.tensor(planes, dtype=torch.float32)).numpy()
    # float32 may round a gray value that lies between two whole ones the other way
    np.testing.assert_allclose(found, unit(expected), atol=1e-3)
    np.testing.assert_array_equal(found[3], _embedded(path, pixels[3:4])[0])


def test_other_weights_make_another_backbone(tmp_path: Path) -> None:
    path = small_learner(tmp_path / "a.safetensors")
    first = backbone_card(str(path))
    small_learner(path, title="Other shapes")
    assert backbone_card(str(path)).identity != first.identity
    with pytest.raises(UserError, match="changed meanwhile"):
        first.load()


def _on_backbone(settings: AdapterSettings | TunedSettings, kind: str, path: Path) -> Path:
    card = small_card(network=NetworkPart(kind, settings))
    with torch.random.fork_rng():
        network, algorithm = small_parts(card, seen=False)
        for weight in network.parameters():
            if weight.requires_grad:
                weight.data += 0.01 * torch.randn(weight.shape)
    save_learner(path, card, network, algorithm)
    return path


@pytest.mark.parametrize("kind", ["adapter", "tuned"])
def test_it_goes_on_from_a_backbone(kind: str, tmp_path: Path) -> None:
    base = backbone_card("lite0")
    facts = (base.key, base.weights_sha256, base.width)
    settings = AdapterSettings(*facts) if kind == "adapter" else TunedSettings(*facts, "last")
    path = _on_backbone(settings, kind, tmp_path / "a.safetensors")
    assert path.stat().st_size < 1e6 * base.megabytes  # what the backbone has is not in it
    card = backbone_card(str(path))
    assert card.preprocessing == base.preprocessing
    pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), np.uint8)
    plain = unit(TorchRuntime(base, "cpu").embed(pixels, Job()))
    cosines = (plain * _embedded(path, pixels)).sum(axis=1)
    assert ((cosines > 0.5) & (cosines < 0.9999)).all()
    if kind == "adapter":
        units = torch.tensor(plain)
        with torch.no_grad():
            expected = unit(load_learner(path).network(units).numpy())
        np.testing.assert_allclose(_embedded(path, pixels), expected, atol=1e-4)
        with closing(InProcessRuntime(base, "cpu")) as runtime:
            plain = unit(runtime.embed(pixels, Job()))
        with torch.no_grad():
            expected = unit(load_learner(path).network(torch.tensor(plain)).numpy())
        with closing(InProcessRuntime(card, "cpu")) as runtime:  # as the program runs it
            together = unit(runtime.embed(pixels, Job()))
            alone = unit(runtime.embed(pixels[:1], Job()))
        np.testing.assert_allclose(together, expected, atol=1e-5)
        np.testing.assert_array_equal(alone[0], together[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [({"backbone": "no-such-one"}, "is not here"), ({"weights_sha256": "0" * 64}, "another")],
)
def test_a_backbone_that_is_not_here_is_named(
    change: dict[str, str], message: str, tmp_path: Path
) -> None:
    base = backbone_card("lite0")
    settings = AdapterSettings(base.key, base.weights_sha256, base.width)
    path = _on_backbone(replace(settings, **change), "adapter", tmp_path / "a.safetensors")
    with pytest.raises(UserError, match=message):
        backbone_card(str(path))
