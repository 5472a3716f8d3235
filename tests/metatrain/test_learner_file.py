"""Learner files: what is written is read again, and nothing else is."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open

from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.learner_file import load_learner, read_card, save_learner
from tests.metatrain.small_learner import ALGORITHMS, small_card, small_learner, small_parts

MUTATIONS = 1000


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small sound learner."""
    return small_learner(tmp_path_factory.mktemp("good") / "shapes.safetensors")


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_loaded_learner_answers_as_the_saved_one(algorithm: str, tmp_path: Path) -> None:
    card = small_card(algorithm)
    network, trained = small_parts(card)
    save_learner(tmp_path / "a.safetensors", card, network, trained)
    loaded = load_learner(tmp_path / "a.safetensors")
    assert loaded.card == card
    support, targets = torch.rand(5, 1, 16, 16), torch.rand(3, 1, 16, 16)
    labels = torch.tensor([0, 1, 2, 0, 1])
    expected = trained.answer(network, support, labels, targets)
    answer = loaded.algorithm.answer(loaded.network, support, labels, targets)
    torch.testing.assert_close(answer, expected, rtol=0, atol=0)


def test_it_is_an_ordinary_safetensors_file(good: Path) -> None:
    with safe_open(good, "np") as file:
        assert "network.blocks.0.convolution.weight" in file.keys()  # noqa: SIM118
        assert file.get_tensor("algorithm.log_scale").shape == ()


def test_the_same_learner_is_the_same_file(good: Path, tmp_path: Path) -> None:
    again = small_learner(tmp_path / "again.safetensors")
    assert again.read_bytes() == good.read_bytes()


def test_reading_the_card_imports_no_torch(good: Path) -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from fewshot_gui.metatrain.learner_file import read_card;"
        f"print(read_card(Path({str(good)!r})).title); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Small shapes"


def test_a_card_of_another_network_is_not_written(tmp_path: Path) -> None:
    network, algorithm = small_parts(small_card("prototypical"))
    with pytest.raises(ValueError, match="another network or algorithm"):
        save_learner(tmp_path / "a.safetensors", small_card("maml"), network, algorithm)
    assert not list(tmp_path.iterdir())


def test_weights_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    network, algorithm = small_parts(small_card())
    with torch.no_grad():
        algorithm.log_scale.fill_(float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        save_learner(tmp_path / "a.safetensors", small_card(), network, algorithm)
    assert not list(tmp_path.iterdir())


def _refused(path: Path) -> bool:
    """Whether it is refused with one clear line."""
    try:
        load_learner(path)
    except UserError as error:
        return path.name in error.message and "\n" not in error.message and bool(error.hint)
    return False


def test_files_that_are_not_learners_are_refused(learner_faults: Path) -> None:
    files = [path for path in learner_faults.rglob("*") if path.suffix in (".pt", ".safetensors")]
    assert len(files) > 30
    accepted = [path.name for path in files if not _refused(path)]
    assert accepted == []


def test_a_damaged_learner_is_refused(good: Path, tmp_path: Path) -> None:
    sound, rng = good.read_bytes(), random.Random(0)
    path, accepted = tmp_path / "mutated.safetensors", []
    for number in range(MUTATIONS):
        mutated = _MUTATORS[number % len(_MUTATORS)](sound, rng)
        path.write_bytes(mutated)
        if mutated != sound and not _refused(path):
            accepted.append(number)
    assert accepted == []


def _bit(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(8 * len(data))
    changed = bytearray(data)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _longer(data: bytes, rng: random.Random) -> bytes:
    return data + rng.randbytes(rng.randrange(1, 100))


def _hole(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 50) :]


def _moved(data: bytes, rng: random.Random) -> bytes:
    """Two stretches of the weights change places."""
    begin = 8 + int.from_bytes(data[:8], "little")
    first, second = sorted(rng.sample(range(begin, len(data) - 64, 4), 2))
    parts = bytearray(data)
    parts[first : first + 32] = data[second : second + 32]
    parts[second : second + 32] = data[first : first + 32]
    return bytes(parts)


def _length(data: bytes, rng: random.Random) -> bytes:
    """The header claims another length."""
    return rng.choice([0, 1, 1 << 20, 1 << 40, (1 << 64) - 1, rng.randrange(1 << 16)]).to_bytes(
        8, "little"
    ) + bytes(data[8:])


def _digit(data: bytes, rng: random.Random) -> bytes:
    """A digit of the header, that of a shape or an offset, becomes another."""
    end = 8 + int.from_bytes(data[:8], "little")
    places = [i for i in range(8, end) if 48 <= data[i] < 58]
    changed = bytearray(data)
    changed[rng.choice(places)] = rng.choice(b"0123456789")
    return bytes(changed)


def _header_text(data: bytes, rng: random.Random) -> bytes:
    """The header as another text, with its new length."""
    size = int.from_bytes(data[:8], "little")
    header, rest = data[8 : 8 + size], data[8 + size :]
    deep = b"[" * 50_000 + b"]" * 50_000
    edits = [
        header.replace(b'"shape":[', b'"shape":[1099511627776,', 1),
        header.replace(b'"F32"', b'"F64"', 1),
        header.replace(b'"F32"', b'"__import__"', 1),
        header.replace(b'"shape":', b'"shape":[1],"shape":', 1),
        header.replace(b'"data_offsets":[0,', b'"data_offsets":[-1,', 1),
        header.replace(b'"data_offsets":[0,', b'"data_offsets":[NaN,', 1),
        header.replace(b'"data_offsets":[0,', b'"data_offsets":[1e400,', 1),
        header.replace(b'"data_offsets":[0,', b'"data_offsets":[' + b"9" * 9000 + b",", 1),
        header.rstrip()[:-1] + b',"x":' + deep + b"}",
        b" " * rng.randrange(1, 9) + header,
        header.swapcase(),
        deep,
    ]
    changed = rng.choice(edits)
    return len(changed).to_bytes(8, "little") + changed + rest


_MUTATORS = (_bit, _bit, _bit, _cut, _longer, _hole, _moved, _length, _digit, _header_text)


def _resealed(good: Path, path: Path, change: Callable[[dict[str, Any], bytearray], None]) -> Path:
    """A file with a right checksum, made by somebody who knows the format and means no good.

    ``change`` gets the header, its card in plain values, and the weights.
    """
    data = good.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, weights = json.loads(data[8 : 8 + size]), bytearray(data[8 + size :])
    texts = header["__metadata__"]
    texts["few-shot-learner"] = json.loads(texts["few-shot-learner"])
    change(header, weights)
    texts["few-shot-learner"] = json.dumps(texts["few-shot-learner"], sort_keys=True)
    texts["checksum"] = "0" * 64
    texts["checksum"] = hashlib.sha256(_packed(header) + weights).hexdigest()
    path.write_bytes(_packed(header) + weights)
    return path


def _packed(header: dict[str, Any]) -> bytes:
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def test_a_resealed_file_is_read_where_nothing_is_wrong_with_it(good: Path, tmp_path: Path) -> None:
    def retitle(header: dict[str, Any], _weights: bytearray) -> None:
        header["__metadata__"]["few-shot-learner"]["title"] = "Another"

    path = _resealed(good, tmp_path / "a.safetensors", retitle)
    assert load_learner(path).card.title == "Another"


def _card(name: str, value: object) -> Callable[[dict[str, Any], bytearray], None]:
    """Something else stands on the card; ``name`` is a path with dots."""

    def change(header: dict[str, Any], _weights: bytearray) -> None:
        place = header["__metadata__"]["few-shot-learner"]
        *outer, last = name.split(".")
        for step in outer:
            place = place[step]
        place[last] = value

    return change


def _weight(value: float) -> Callable[[dict[str, Any], bytearray], None]:
    def change(_header: dict[str, Any], weights: bytearray) -> None:
        weights[-4:] = np.float32(value).tobytes()

    return change


def _renamed(header: dict[str, Any], _weights: bytearray) -> None:
    header["network.other"] = header.pop("network.blocks.3.norm.weight")


def _turned_shape(header: dict[str, Any], _weights: bytearray) -> None:
    header["network.blocks.1.convolution.weight"]["shape"] = [8, 3, 8, 3]


def _without_one(header: dict[str, Any], weights: bytearray) -> None:
    entry = header.popitem()[1]
    del weights[entry["data_offsets"][0] :]


@pytest.mark.parametrize(
    "change",
    [
        _weight(float("nan")),
        _weight(float("-inf")),
        _renamed,
        _turned_shape,
        _without_one,
        _card("title", 5),
        _card("title", "x" * 100_000),
        _card("format", "1"),
        _card("network.kind", "os.system"),
        _card("network.settings.side", 1 << 40),
        _card("network.settings.features", 512),
        _card("network.settings.features", True),
        _card("network.settings.channels", 10**400),
        _card("algorithm.kind", "matching-contexts"),
        _card("algorithm.settings", {"reads": 5}),
        _card("validation.mean", "high"),
        _card("validation.mean", 10**400),
        _card("classes", {"training": {"a": -1}}),
        _card("classes", {"evil": {}}),
        _card("settings", {"a": {"b": 1}}),
        _card("surprise", 1),
    ],
)
def test_a_resealed_file_is_refused_where_something_is_wrong(
    change: Callable[[dict[str, Any], bytearray], None], good: Path, tmp_path: Path
) -> None:
    assert _refused(_resealed(good, tmp_path / "a.safetensors", change))


def test_a_newer_format_is_called_that(good: Path, tmp_path: Path) -> None:
    path = _resealed(good, tmp_path / "a.safetensors", _card("format", 2))
    with pytest.raises(UserError, match="newer version"):
        read_card(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no learner file"):
        read_card(tmp_path / "absent.safetensors")
    assert _refused(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_without_a_writer_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    assert _refused(tmp_path / "pipe.safetensors")


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are those of Linux")
def test_refusing_takes_little_memory_and_time(good: Path, tmp_path: Path) -> None:
    data = good.read_bytes()
    size = int.from_bytes(data[:8], "little")
    huge = tmp_path / "huge.safetensors"  # one sparse file of the largest size allowed
    with huge.open("wb") as stream:
        stream.write(data[: 8 + size])
        stream.truncate(512 << 20)
    deep = tmp_path / "deep.safetensors"
    deep.write_bytes((8 << 20).to_bytes(8, "little") + b"[" * (8 << 20))
    code = """
import resource, sys
from pathlib import Path
from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.learner_file import load_learner
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), used + (1 << 30)))
for path in sys.argv[1:]:
    before = resource.getrusage(resource.RUSAGE_SELF)
    try:
        load_learner(Path(path))
    except UserError:
        after = resource.getrusage(resource.RUSAGE_SELF)
        assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
        print("refused")
"""
    paths = [str(huge), str(deep)]
    command = [sys.executable, "-c", code, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["refused"] * len(paths), done.stderr[-2000:]
