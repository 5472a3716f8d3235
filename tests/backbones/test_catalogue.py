"""What backbones there are: built in, fetched, added; and what is said of the others."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save

from fewshot_gui.backbones.catalogue import all_backbones, backbone_card, bundled
from fewshot_gui.backbones.installed import backbones_folder, place_of
from fewshot_gui.backbones.licences import licence_warning
from fewshot_gui.backbones.offers import all_offers, offer_of
from fewshot_gui.backbones.torch_runtime import TorchRuntime
from fewshot_gui.cli import main
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from tests.backbones.hub_server import COMMIT, Hub, running

NAME = "test_resnet.r160_in1k"
KEY = f"timm:{NAME}"


def random_weights(name=NAME):
    torch.manual_seed(0)
    network = timm.create_model(name, pretrained=False).eval()
    return network, save(network.state_dict())


def config(name=NAME, **changes):
    facts = timm.get_pretrained_cfg(name).to_dict()
    model = {"architecture": name.partition(".")[0], "num_features": 7}
    return json.dumps(model | {"pretrained_cfg": facts | changes}).encode()


@pytest.fixture
def hub(monkeypatch):
    """A hub that hands large files out by another server, as the real one does."""
    _network, weights = random_weights()
    with running(Hub({"model.safetensors": weights})) as store:
        files = {"config.json": config(), "model.safetensors": weights}
        with running(Hub(files, elsewhere=store)) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.url + "/")
            monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
            yield hub


def test_the_catalogue_needs_no_torch():
    code = (
        "import sys; from fewshot_gui.backbones.catalogue import all_backbones, backbone_card;"
        "from fewshot_gui.backbones.offers import all_offers;"
        "all_backbones(), all_offers(), backbone_card('lite2+flip');"
        "print('torch' in sys.modules, 'timm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_built_in_backbones_need_nothing_and_ask_nothing():
    assert [card.key for card in bundled()] == ["lite0", "lite2"]
    assert [card.warning for card in bundled()] == ["", ""]


def test_lite2_looks_at_more_pixels_and_tells_images_apart():
    card = backbone_card("lite2")
    assert card.preprocessing.crop.size == 260
    pixels = np.random.default_rng(0).integers(0, 256, (2, 260, 260, 3)).astype(np.uint8)
    pixels[1] //= 4
    vectors = TorchRuntime(card, "cpu").embed(pixels, Job())
    assert vectors.shape == (2, 1280)
    assert np.isfinite(vectors).all()
    assert np.abs(vectors[0] - vectors[1]).max() > 0.1


def test_a_fetched_backbone_is_there_for_good(hub, capsys):
    assert main(["backbones", "download", KEY]) == 0
    out = capsys.readouterr().out
    assert "1.9 MB, licence Apache-2.0" in out
    assert COMMIT[:12] in out
    card = backbone_card(KEY)
    assert card in all_backbones()
    assert card.architecture == "test_resnet"
    assert COMMIT[:12] in card.source
    network, _weights = random_weights()
    network.reset_classifier(0)
    size = card.preprocessing.crop.size
    pixels = np.random.default_rng(0).integers(0, 256, (2, size, size, 3)).astype(np.uint8)
    batch = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 * 2 - 1
    with torch.inference_mode():
        expected = network(batch).numpy()
    got = TorchRuntime(card, "cpu").embed(pixels, Job())
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)
    asked = len(hub.requests)
    assert main(["backbones", "download", KEY]) == 0
    assert len(hub.requests) == asked


def test_a_fetched_backbone_is_listed_and_can_be_removed(hub, capsys):
    main(["backbones", "download", KEY])
    capsys.readouterr()
    assert main(["backbones", "list"]) == 0
    present, offered, trained = capsys.readouterr().out.split("\n\n")
    assert KEY in present
    assert "dinov2-s" in offered
    assert "photos" in trained
    assert main(["backbones", "remove", KEY]) == 0
    with pytest.raises(UserError, match="not on this computer"):
        backbone_card(KEY)
    assert list(backbones_folder().iterdir()) == []
    assert main(["backbones", "remove", KEY]) == 2
    assert main(["backbones", "remove", "lite0"]) == 2


def test_weights_that_are_not_fetched_are_told_with_the_command(capsys):
    with pytest.raises(UserError) as caught:
        backbone_card("dinov2-s+flip")
    assert "backbones download dinov2-s" in caught.value.hint
    with pytest.raises(UserError, match="no backbone called"):
        backbone_card("nothing")


def test_a_licence_that_binds_has_to_be_accepted(hub, capsys):
    hub.files["config.json"] = config(license="dinov3-license")
    assert main(["backbones", "download", KEY]) == 2
    assert "military" in capsys.readouterr().err
    assert not any("safetensors" in path for way, path, _part in hub.requests if way == "GET")
    assert main(["backbones", "download", KEY, "--accept-licence"]) == 0
    assert "military" in backbone_card(KEY).warning


def test_a_licence_that_the_hub_does_not_state_is_that_of_timm(hub, capsys):
    hub.files["config.json"] = config(license=None)
    assert main(["backbones", "download", KEY]) == 0
    assert backbone_card(KEY).licence == "Apache-2.0"


def test_unusable_weights_are_not_kept(hub, capsys):
    hub.files["config.json"] = config("test_vit.r160_in1k")
    assert main(["backbones", "download", KEY]) == 2
    assert "do not fit" in capsys.readouterr().err
    assert not place_of(KEY).exists()


def test_a_model_that_is_not_there_is_told(hub, capsys):
    hub.files.clear()
    assert main(["backbones", "download", "timm:resnet18"]) == 2
    assert "no such model" in capsys.readouterr().err
    assert main(["backbones", "download", "unheard-of"]) == 2
    assert "dinov2-s" in capsys.readouterr().err


def test_weights_without_a_checksum_are_not_fetched(hub, capsys):
    hub.elsewhere, hub.tells_checksums = None, False
    assert main(["backbones", "download", KEY]) == 2
    assert "checksum" in capsys.readouterr().err
    assert not any("safetensors" in path for way, path, _part in hub.requests if way == "GET")


def test_the_network_can_be_switched_off(hub, monkeypatch, capsys):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(["backbones", "download", KEY]) == 2
    assert hub.requests == []
    assert "HF_HUB_OFFLINE" in capsys.readouterr().err


def test_a_download_that_was_interrupted_goes_on(hub, capsys):
    hub.elsewhere.break_after = [100_000, *[0] * 9]
    name = hub.elsewhere
    import fewshot_gui.backbones.install as install

    offer, model = install.find_offer(offer_of(KEY))
    from fewshot_gui.backbones.download import download

    with pytest.raises(UserError, match="ended early"):
        download(model.weights, place_of(KEY) / "weights.safetensors", Job(), pauses=(0.0, 0.0))
    name.break_after = []
    card = install.install_offer(offer, model, Job())
    assert name.gets("model.safetensors")[-1] == "bytes=100000-"
    assert card == backbone_card(KEY)


def test_weights_that_were_changed_on_the_disk_are_refused(hub, capsys):
    main(["backbones", "download", KEY])
    card = backbone_card(KEY)
    path = place_of(KEY) / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match="were changed"):
        card.load()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"format": 2}', b"\xff"])
def test_a_damaged_card_hides_only_its_own_backbone(hub, content, capsys):
    main(["backbones", "download", KEY])
    (place_of(KEY) / "card.json").write_bytes(content)
    assert [card.key for card in all_backbones()] == ["lite0", "lite2"]


def test_a_card_says_neither_what_to_run_nor_where_the_weights_are(hub, capsys):
    main(["backbones", "download", KEY])
    path = place_of(KEY) / "card.json"
    content = json.loads(path.read_text())
    assert {"factory", "weights"}.isdisjoint(content["card"])
    content["card"] |= {"factory": "os:system", "weights": "/etc/passwd"}
    path.write_text(json.dumps(content))
    card = backbone_card(KEY)
    assert card.factory.startswith("fewshot_gui.")
    assert card.weights == str(place_of(KEY) / "weights.safetensors")


def test_a_file_can_be_kept_under_a_name(tmp_path, capsys):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(random_weights()[1])
    assert main(["backbones", "add", f"timm:{NAME}={path}", "--name", "my-own"]) == 0
    path.unlink()
    card = backbone_card("my-own")
    assert card.load()(torch.zeros(1, 3, 160, 160)).shape == (1, card.width)
    path.write_bytes(random_weights()[1])
    for taken in ("my-own", "MY-OWN", "lite0", "dinov2-s", "a/b", "", "x.safetensors"):
        assert main(["backbones", "add", f"timm:{NAME}={path}", "--name", taken]) == 2
    assert main(["backbones", "add", str(path), "--name", "other"]) == 2
    assert [card.key for card in all_backbones()] == ["lite0", "lite2", "my-own"]


def test_keys_never_share_a_folder():
    keys = ("a-b", "a_b", "a:b", "A-B", "timm:a-b", "a.b", "..", "con", "a" * 300, "a" * 301)
    folders = {place_of(key) for key in keys}
    assert len(folders) == len(keys)
    assert all(folder.parent == backbones_folder() for folder in folders)
    assert all(folder.name.strip(".") for folder in folders)


def test_offers_name_models_of_timm_and_their_licences():
    for offer in all_offers():
        facts = timm.get_pretrained_cfg(offer.name, allow_unregistered=False)
        assert facts.license.lower() == offer.licence.lower()
        assert facts.hf_hub_id == offer.repository
        assert offer_of(f"timm:{offer.name}") == offer


@pytest.mark.parametrize(
    ("licence", "words"),
    [
        ("dinov3-license", "military"),
        ("apple-amlr", "research"),
        ("fair-noncommercial-research-license", "not for business"),
        ("cc-by-nc-4.0", "not for business"),
        ("other", "No licence is stated"),
        ("", "No licence is stated"),
        ("some-licence", "read it"),
    ],
)
def test_licences_that_bind_are_told_in_plain_words(licence, words):
    assert words in licence_warning(licence)


@pytest.mark.parametrize("licence", ["Apache-2.0", "apache-2.0", "mit", "bsd-3-clause"])
def test_free_licences_are_not_warned_of(licence):
    assert licence_warning(licence) == ""


def test_doctor_names_the_backbones_that_are_there(hub, capsys):
    main(["backbones", "download", KEY])
    capsys.readouterr()
    main(["doctor"])
    out = capsys.readouterr().out
    for key in ("lite0", "lite2", KEY):
        assert f"{key}:" in out


def test_the_same_weights_have_the_same_identity_wherever_they_came_from(hub, tmp_path, capsys):
    main(["backbones", "download", KEY])
    weights = random_weights()[1]
    (tmp_path / "w.safetensors").write_bytes(weights)
    card = backbone_card(f"{KEY}={tmp_path / 'w.safetensors'}")
    assert card.weights_sha256 == hashlib.sha256(weights).hexdigest()
    assert card.identity == backbone_card(KEY).identity
    assert os.sep not in card.identity
