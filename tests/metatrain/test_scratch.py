"""The file of pictures on the disk, and one training for one output."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.metatrain.scratch import mapped, only_training, place_for_pixels, scratch_folder

SHAPE = (40, 3, 16, 16)
WAITS = "import sys; print('ready', flush=True); sys.stdin.read()"


def run_and_wait(code: str) -> subprocess.Popen:
    """A process that does something and then waits, with what it did in force."""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("reserving", [True, False])
def test_a_mapped_file_is_zeros_that_take_room(tmp_path, monkeypatch, reserving):
    if not reserving:  # as on systems that cannot
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    file = tmp_path / "pixels.npy"
    pixels = mapped(file, SHAPE, Job())
    assert pixels.shape == SHAPE
    assert not pixels.any()
    if hasattr(os.stat_result, "st_blocks"):
        assert 512 * file.stat().st_blocks >= pixels.nbytes
    pixels[3] = 7
    pixels.flush()
    assert np.array_equal(np.load(file), pixels)


def test_a_full_disk_is_told_of_and_leaves_no_file(tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(UserError, match="disk is full: 1 MB are needed") as told:
        mapped(tmp_path / "pixels.npy", SHAPE, Job())
    assert str(tmp_path) in told.value.message
    assert not list(tmp_path.iterdir())


def test_reserving_can_be_cancelled(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        mapped(tmp_path / "pixels.npy", SHAPE, job)


def test_the_place_is_empty_in_the_end_whatever_happened():
    with pytest.raises(ZeroDivisionError), place_for_pixels() as file:
        file.write_bytes(b"pixels" * (1 // 0))
    assert not list(scratch_folder().iterdir())


def test_a_place_that_cannot_be_made_is_told_of():
    scratch_folder().parent.mkdir(parents=True)
    scratch_folder().write_text("in the way")
    with pytest.raises(UserError, match="cannot be kept"), place_for_pixels():
        pass


def test_what_a_killed_training_left_is_deleted_by_the_next_one():
    code = f"""
from fewshot_gui.metatrain.scratch import place_for_pixels
with place_for_pixels() as file:
    file.write_bytes(b"pixels")
    {WAITS}
"""
    process = run_and_wait(code)
    with place_for_pixels() as own:
        assert len(list(scratch_folder().rglob("pixels.npy"))) == 1  # the other one lives
        assert own.parent.is_dir()
    process.kill()
    process.communicate()
    assert list(scratch_folder().rglob("pixels.npy"))
    with place_for_pixels():
        assert not list(scratch_folder().rglob("pixels.npy"))
    assert not list(scratch_folder().iterdir())


def test_one_output_has_one_training_until_its_process_ends(tmp_path):
    output = tmp_path / "learner.safetensors"
    code = f"""
from pathlib import Path
from fewshot_gui.metatrain.scratch import only_training
with only_training(Path({str(output)!r})):
    {WAITS}
"""
    process = run_and_wait(code)
    for same in (output, tmp_path / "." / "learner.safetensors"):
        with pytest.raises(UserError, match="at this moment") as told, only_training(same):
            pass
        assert told.value.hint
    with only_training(tmp_path / "other.safetensors"):
        pass
    process.send_signal(signal.SIGTERM)
    process.communicate()
    with only_training(output):
        pass
    assert not list(tmp_path.iterdir())


def test_where_nothing_can_be_locked_it_is_trained_all_the_same(tmp_path):
    scratch_folder().parent.mkdir(parents=True)
    scratch_folder().write_text("in the way")
    with only_training(tmp_path / "learner.safetensors"):
        pass
