"""The process that fetches backbones for the window, against a hub on this machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fewshot_gui.backbones import fetching
from fewshot_gui.backbones.catalogue import all_backbones
from fewshot_gui.backbones.fetching import Found
from fewshot_gui.backbones.installed import place_of
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from tests.backbones.test_catalogue import KEY, NAME, hub, random_weights

__all__ = ["hub"]  # a fixture


def test_a_model_is_found_and_fetched_with_progress(hub):
    found = fetching.find(KEY, Job())
    assert (found.key, found.name, found.licence) == (KEY, NAME, "Apache-2.0")
    assert found.megabytes == pytest.approx(1.9, abs=0.1)
    assert found.source.startswith(hub.url)
    seen = []
    assert fetching.fetch(found, Job(seen.append)) == KEY
    assert KEY in [card.key for card in all_backbones()]
    assert any(" of 1.9 MB" in progress.text for progress in seen)


def test_what_is_wrong_is_said_in_the_users_words(hub):
    with pytest.raises(UserError, match="no backbone “nonsense” to fetch"):
        fetching.find("nonsense", Job())
    with pytest.raises(UserError, match="licence"):
        fetching.fetch(Found(KEY, NAME, "another", 1.9, hub.url), Job())
    hub.statuses = [404] * 9
    with pytest.raises(UserError, match="no such model"):
        fetching.find(KEY, Job())
    assert KEY not in [card.key for card in all_backbones()]


def test_a_stop_ends_it_at_once_and_what_came_is_kept(hub):
    found = fetching.find(KEY, Job())
    hub.elsewhere.seconds_a_chunk = 0.02
    job = Job(lambda progress: job.cancel() if 0 < progress.done < progress.total else None)
    with pytest.raises(Cancelled):
        fetching.fetch(found, job)
    assert KEY not in [card.key for card in all_backbones()]
    kept = sum(path.stat().st_size for path in place_of(KEY).iterdir())
    assert kept > 0
    hub.elsewhere.seconds_a_chunk = 0.0
    fetching.fetch(found, Job())
    assert any(part for part in hub.elsewhere.gets("model.safetensors"))  # the rest only
    assert KEY in [card.key for card in all_backbones()]


def test_a_file_is_added_and_a_bad_one_is_refused(tmp_path):
    good, bad = tmp_path / "good.safetensors", tmp_path / "bad.safetensors"
    good.write_bytes(random_weights()[1])
    bad.write_bytes(b"nothing of the kind")
    assert fetching.add(f"timm:{NAME}={good}", "mine", Job()) == "mine"
    assert "mine" in [card.key for card in all_backbones()]
    with pytest.raises(UserError, match=r"bad\.safetensors"):
        fetching.add(f"timm:{NAME}={bad}", "other", Job())
    assert not place_of("other").exists()


def test_it_needs_no_torch_here():
    code = "import sys, fewshot_gui.backbones.fetching; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
