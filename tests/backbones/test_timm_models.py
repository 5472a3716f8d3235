"""Any timm model from a file: the same embeddings as timm itself, and nothing hostile."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from fewshot_gui.backbones.catalogue import BackboneCard, backbone_card, card_to_plain
from fewshot_gui.backbones.timm_config import model_of, parse_config
from fewshot_gui.backbones.torch_runtime import TorchRuntime
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.workflow import Workbench

SMALL = "test_resnet.r160_in1k"


def random_model(name, seed=0, **arguments):
    """A model with weights that no two layers share, batch statistics included."""
    torch.manual_seed(seed)
    network = timm.create_model(name, pretrained=False, **arguments)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network.eval()


def saved(network, path, metadata=None, **changes):
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    tensors.update(changes)
    save_file({k: v for k, v in tensors.items() if v is not None}, path, metadata)
    return path


@pytest.fixture
def weights(tmp_path):
    return saved(random_model(SMALL), tmp_path / "weights.safetensors")


def config(name=SMALL, **changes):
    facts = timm.get_pretrained_cfg(name).to_dict()
    return {"architecture": name.partition(".")[0], "pretrained_cfg": facts | changes}


def pictures(size, count=3):
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3)).astype(np.uint8)


def embedded(card: BackboneCard, pixels):
    return TorchRuntime(card, "cpu").embed(pixels, Job())


def by_timm(network, pixels, card):
    """What timm's own preprocessing and the network without classes make of pictures."""
    batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(v)[:, None, None] for v in facts_of(card))
    with torch.inference_mode():
        return network((batch - mean) / std).numpy()


def facts_of(card):
    return card.preprocessing.mean, card.preprocessing.std


@pytest.mark.parametrize(
    "name",
    [
        "test_resnet.r160_in1k",  # 160 pixels
        "test_efficientnet.r160_in1k",
        "test_vit.r160_in1k",  # class token
        "test_vit3.r160_in1k",  # attention pooling
        "mobilenetv4_conv_small.e2400_r224_in1k",  # wider than timm's num_features says
    ],
)
def test_embeddings_are_those_of_timm(name, tmp_path):
    network = random_model(name)
    path = saved(network, tmp_path / "w.safetensors")
    card = backbone_card(f"timm:{name}={path}")
    cfg = timm.get_pretrained_cfg(name)
    assert card.preprocessing.size == cfg.input_size[1]
    assert card.preprocessing.mean == cfg.mean
    pixels = pictures(card.preprocessing.crop.size)
    network.reset_classifier(0)
    expected = by_timm(network, pixels, card)
    assert card.width == expected.shape[1]
    np.testing.assert_allclose(embedded(card, pixels), expected, rtol=1e-3, atol=1e-4)


def test_dinov2_is_used_at_224_pixels_with_its_registers_and_class_token(tmp_path):
    name = "vit_small_patch14_reg4_dinov2.lvd142m"
    network = random_model(name, num_classes=0)  # at 518 pixels, as its weights are
    with torch.no_grad():
        network.pos_embed.normal_()
        network.reg_token.normal_()
        network.cls_token.normal_()
    path = saved(network, tmp_path / "w.safetensors")
    card = backbone_card(f"timm:{name}={path}")
    assert (card.width, card.preprocessing.crop.size) == (384, 224)
    overlay = {"file": str(path)}
    same = timm.create_model(
        name, pretrained=True, pretrained_cfg_overlay=overlay, num_classes=0, img_size=224
    ).eval()
    pixels = pictures(224)
    vectors = embedded(card, pixels)
    np.testing.assert_allclose(vectors, by_timm(same, pixels, card), rtol=1e-3, atol=1e-3)
    tokens = same.forward_features(torch.zeros(1, 3, 224, 224))
    assert tokens.shape[1] == 1 + 4 + 16 * 16


def test_dinov3_is_pooled_by_its_class_token(tmp_path):
    name = "vit_small_patch16_dinov3.lvd1689m"
    network = random_model(name, num_classes=0)
    card = backbone_card(f"timm:{name}={saved(network, tmp_path / 'w.safetensors')}")
    pixels = pictures(256, 1)
    batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(v)[:, None, None] for v in facts_of(card))
    with torch.inference_mode():
        tokens = network.forward_features((batch - mean) / std)
        first = network.fc_norm(tokens[:, 0]) if hasattr(network, "fc_norm") else tokens[:, 0]
    vector = embedded(card, pixels)
    cosine = torch.nn.functional.cosine_similarity(torch.from_numpy(vector), first)
    assert cosine.item() > 0.999
    assert "military" in card.warning


def test_a_config_beside_the_weights_says_what_they_are(weights):
    weights.with_name("config.json").write_text(json.dumps(config(mean=[0.1, 0.2, 0.3])))
    card = backbone_card(str(weights))
    assert card.architecture == "test_resnet"
    assert card.preprocessing.mean == (0.1, 0.2, 0.3)
    weights.with_suffix(".json").write_text(json.dumps(config(mean=[0.4, 0.2, 0.3])))
    other = backbone_card(str(weights))
    assert other.preprocessing.mean == (0.4, 0.2, 0.3)
    assert other.identity != card.identity


def test_metadata_in_the_weights_say_what_they_are(tmp_path):
    path = saved(random_model(SMALL), tmp_path / "w.safetensors", {"architecture": SMALL})
    assert backbone_card(str(path)).architecture == "test_resnet"


def test_weights_that_say_nothing_are_told(weights):
    with pytest.raises(UserError, match="does not say") as caught:
        backbone_card(str(weights))
    assert "timm:NAME=FILE" in caught.value.hint


def test_other_weights_are_another_backbone(tmp_path):
    cards = []
    for seed in (0, 1):
        path = saved(random_model(SMALL, seed), tmp_path / "w.safetensors")
        cards.append(backbone_card(f"timm:{SMALL}={path}"))
    assert cards[0].identity != cards[1].identity


def test_weights_that_change_under_way_are_refused(weights):
    card = backbone_card(f"timm:{SMALL}={weights}")
    saved(random_model(SMALL, 1), weights)
    with pytest.raises(UserError, match="were changed"):
        card.load()


def test_halves_are_read_as_well(tmp_path):
    network = random_model(SMALL)
    halves = {n: t.half() for n, t in network.state_dict().items() if t.is_floating_point()}
    path = saved(network, tmp_path / "w.safetensors", **halves)
    card = backbone_card(f"timm:{SMALL}={path}")
    network.reset_classifier(0)
    pixels = pictures(card.preprocessing.crop.size)
    got, expected = embedded(card, pixels), by_timm(network, pixels, card)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, rtol=0.05, atol=0.02)


def damage(kind, network):
    first = network.state_dict()["conv1.0.weight"]
    return {
        "missing": {"conv1.0.weight": None},
        "additional": {"hidden.weight": torch.zeros(2)},
        "shape": {"conv1.0.weight": first[:, :, :1].contiguous()},
        "kind": {"conv1.0.weight": first.to(torch.int32)},
        "not finite": {"conv1.0.weight": torch.full_like(first, float("nan"))},
        "infinite": {"bn1.running_var": torch.full_like(network.bn1.running_var, float("inf"))},
    }[kind]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "conv1.0.weight” is missing"),
        ("additional", "hidden.weight” has no place"),
        ("shape", "instead of"),
        ("kind", "of the kind I32"),
        ("not finite", "not finite"),
        ("infinite", "not finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path, kind, words):
    network = random_model(SMALL)
    path = saved(network, tmp_path / "w.safetensors", **damage(kind, network))
    with pytest.raises(UserError, match=words):
        backbone_card(f"timm:{SMALL}={path}")


def test_weights_of_another_network_are_refused(weights):
    with pytest.raises(UserError, match="do not fit the network “test_vit”"):
        backbone_card(f"timm:test_vit={weights}")


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"\xff" * 100, b"{}" * 20])
def test_only_safetensors_are_opened(tmp_path, content):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match="safetensors"):
        backbone_card(f"timm:{SMALL}={path}")


def test_a_pickle_is_not_run(tmp_path):
    trap, path = tmp_path / "sprung", tmp_path / "w.safetensors"

    class Trap:
        def __reduce__(self):
            return Path.touch, (trap,)

    torch.save({"weight": Trap()}, path)
    with pytest.raises(UserError):
        backbone_card(f"timm:{SMALL}={path}")
    assert not trap.exists()


def test_a_file_cut_short_is_refused(weights):
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(UserError, match="safetensors"):
        backbone_card(f"timm:{SMALL}={weights}")


@pytest.mark.parametrize("name", ["no_such_net", "hf-hub:timm/resnet18", "../x", "local-dir:/tmp"])
def test_only_networks_of_timm_are_built(weights, name):
    with pytest.raises(UserError, match="no network called"):
        backbone_card(f"timm:{name}={weights}")


def test_a_file_that_is_missing_is_told(tmp_path):
    with pytest.raises(UserError, match="There is no file"):
        backbone_card(str(tmp_path / "w.safetensors"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"input_size": [3, 224]}, "input_size"),
        ({"input_size": [1, 224, 224]}, "input_size"),
        ({"input_size": [3, 10**9, 10**9]}, "input_size"),
        ({"input_size": [3, 224.0, 224.0]}, "input_size"),
        ({"mean": [0.5, 0.5]}, "mean"),
        ({"mean": "abc"}, "mean"),
        ({"mean": [float("nan")] * 3}, "number"),
        ({"std": [0.0, 0.5, 0.5]}, "std"),
        ({"std": [True, True, True]}, "number"),
        ({"crop_pct": 7}, "crop_pct"),
        ({"classifier": 3}, "classifier"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(change, words):
    with pytest.raises(UserError, match=words):
        parse_config(json.dumps(config(**change)).encode(), "config.json")


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"3", b"{", b"{}", b'{"architecture": 3}', b"\xff", b"[" * 100_000]
    + [b'{"architecture": "a/b", "pretrained_cfg": {}}', b'{"architecture": "x"}']
    + [json.dumps(config() | {"model_args": {"x": 1}}).encode(), b" " * (2 << 20)],
)
def test_a_config_that_is_none_is_refused(data):
    with pytest.raises(UserError, match="does not describe a backbone"):
        parse_config(data, "config.json")


def test_a_licence_cannot_give_orders_to_a_terminal():
    assert model_of(config(license="x\x1b[2J\n")).licence == "x[2J"


def test_the_card_of_a_file_goes_to_the_engine_whole(weights):
    from fewshot_gui.backbones.catalogue import card_from_plain

    card = backbone_card(f"timm:{SMALL}={weights}+flip+crops")
    assert card_from_plain(json.loads(json.dumps(card_to_plain(card)))) == card


def test_a_folder_is_sorted_with_a_file_of_weights(weights, tmp_path):
    from PIL import Image

    from fewshot_gui.workflow import sort_folder

    for name, colour in (("red", (200, 0, 0)), ("blue", (0, 0, 200))):
        (tmp_path / "support" / name).mkdir(parents=True)
        (tmp_path / "targets").mkdir(exist_ok=True)
        for shade in range(3):
            picture = Image.new("RGB", (64, 64), tuple(c + shade for c in colour))
            picture.save(tmp_path / "support" / name / f"{shade}.png")
            picture.rotate(90).resize((80, 80)).save(tmp_path / "targets" / f"{name}{shade}.png")
    workbench = Workbench(f"timm:{SMALL}={weights}", "cpu")
    try:
        result = sort_folder(
            tmp_path / "support", tmp_path / "targets", "prototypes", workbench, Job()
        )
    finally:
        workbench.close()
    assert [row.label for row in result.rows] == ["blue"] * 3 + ["red"] * 3
