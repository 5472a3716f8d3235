"""Fetching a file over networks and disks as they are."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import random
import shutil
import socket
import threading
import time
from collections import namedtuple

import pytest

from fewshot_gui.backbones import download as module
from fewshot_gui.backbones.download import RemoteFile, download
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from tests.backbones.hub_server import Hub, running

CONTENT = random.Random(1).randbytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def hub():
    with running(Hub({"weights.bin": CONTENT})) as hub:
        yield hub


def remote(hub, content=CONTENT, name="weights.bin"):
    return RemoteFile(f"{hub.url}/{name}", len(content), hashlib.sha256(content).hexdigest())


def fetch(file, path, job=None, pauses=(0.0, 0.0), silence=5.0):
    download(file, path, job or Job(), "it", pauses, silence)


def leftovers(path):
    return [other for other in path.parent.iterdir() if other.suffix == ".part"]


def test_a_file_comes_whole_and_with_progress(hub, tmp_path):
    path, seen = tmp_path / "new" / "weights.bin", []
    fetch(remote(hub), path, Job(seen.append))
    assert path.read_bytes() == CONTENT
    assert seen[0].done == 0
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert "of 0.3 MB" in seen[-1].text
    assert leftovers(path) == []


def test_what_is_there_already_is_not_fetched_again(hub, tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(CONTENT)
    fetch(remote(hub), path)
    assert hub.requests == []
    path.write_bytes(CONTENT[:-1] + b"?")
    fetch(remote(hub), path)
    assert path.read_bytes() == CONTENT


def test_a_connection_that_breaks_is_taken_up_where_it_broke(hub, tmp_path):
    hub.break_after = [100_000, 50_000]
    path = tmp_path / "weights.bin"
    fetch(remote(hub), path)
    assert path.read_bytes() == CONTENT
    assert hub.gets("weights.bin") == ["", "bytes=100000-", "bytes=150000-"]
    assert hub.sent == len(CONTENT)


def test_many_breaks_do_not_matter_as_long_as_something_comes(hub, tmp_path):
    hub.break_after = [10_000] * 25
    path = tmp_path / "weights.bin"
    fetch(remote(hub), path, pauses=(0.0,))
    assert path.read_bytes() == CONTENT


def test_a_server_that_sends_nothing_is_given_up_and_the_rest_is_kept(hub, tmp_path):
    hub.break_after = [100_000, 0, 0, 0]
    path = tmp_path / "weights.bin"
    with pytest.raises(UserError, match="ended early"):
        fetch(remote(hub), path)
    assert not path.exists()
    fetch(remote(hub), path)
    assert path.read_bytes() == CONTENT
    assert hub.gets("weights.bin")[-1] == "bytes=100000-"


def test_cancelling_keeps_what_came_for_the_next_time(hub, tmp_path):
    hub.seconds_a_chunk = 0.005
    path = tmp_path / "weights.bin"
    job = Job(lambda progress: job.cancel() if progress.done > 10 else None)
    with pytest.raises(Cancelled):
        fetch(remote(hub), path, job)
    assert not path.exists()
    hub.seconds_a_chunk = 0.0
    fetch(remote(hub), path)
    assert path.read_bytes() == CONTENT
    assert int(hub.gets("weights.bin")[-1].removeprefix("bytes=").removesuffix("-")) > 10_000


def test_cancelling_does_not_wait_for_a_slow_server(hub, tmp_path):
    hub.seconds_a_chunk = 0.1
    job = Job()
    threading.Timer(0.3, job.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        fetch(remote(hub), tmp_path / "weights.bin", job)
    assert time.monotonic() - started < 5  # all of it would take half a minute


def test_a_server_that_falls_silent_is_asked_again(hub, tmp_path):
    hub.seconds_a_chunk = 3.0
    path = tmp_path / "weights.bin"
    threading.Timer(0.5, lambda: setattr(hub, "seconds_a_chunk", 0.0)).start()
    fetch(remote(hub), path, silence=0.3, pauses=(0.5, 0.5, 0.5))
    assert path.read_bytes() == CONTENT
    assert len(hub.gets("weights.bin")) > 1


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(hub, tmp_path):
    file = remote(hub)
    hub.files["weights.bin"] = CONTENT[:-1] + b"?"
    path = tmp_path / "weights.bin"
    with pytest.raises(UserError, match="damaged on the way"):
        fetch(file, path)
    assert not path.exists()
    assert leftovers(path) == []


def test_a_damaged_beginning_does_not_stay(hub, tmp_path):
    path = tmp_path / "weights.bin"
    partial = path.with_name(f"{path.name}.{SHA256[:16]}.part")
    partial.write_bytes(b"?" * 1000)
    with pytest.raises(UserError, match="damaged"):
        fetch(remote(hub), path)
    fetch(remote(hub), path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("size", [len(CONTENT) + 1, len(CONTENT)])
def test_more_than_the_file_was_left_by_something_else(hub, tmp_path, size):
    path = tmp_path / "weights.bin"
    partial = path.with_name(f"{path.name}.{SHA256[:16]}.part")
    partial.write_bytes((CONTENT + b"?")[:size])
    fetch(remote(hub), path)
    assert path.read_bytes() == CONTENT


def test_a_server_that_knows_no_parts_sends_all_again(hub, tmp_path):
    hub.ignores_ranges, hub.break_after = True, [100_000]
    path = tmp_path / "weights.bin"
    fetch(remote(hub), path)
    assert path.read_bytes() == CONTENT
    assert hub.sent == len(CONTENT) + 100_000


def test_a_file_that_became_shorter_is_told(hub, tmp_path):
    file = remote(hub)
    hub.files["weights.bin"] = CONTENT[:1000]
    with pytest.raises(UserError):
        fetch(file, tmp_path / "weights.bin")
    assert not (tmp_path / "weights.bin").exists()


def test_a_server_that_only_ever_sends_the_beginning_is_given_up(hub, tmp_path):
    hub.ignores_ranges, hub.break_after = True, [100_000] * 50
    with pytest.raises(UserError, match="ended early"):
        fetch(remote(hub), tmp_path / "weights.bin")
    assert len(hub.requests) < 10


def test_a_file_that_is_not_there_is_told(hub, tmp_path):
    with pytest.raises(UserError, match="no such model"):
        fetch(remote(hub, name="other.bin"), tmp_path / "weights.bin")


def test_a_server_that_refuses_is_told(hub, tmp_path):
    hub.statuses = [403]
    with pytest.raises(UserError, match="403"):
        fetch(remote(hub), tmp_path / "weights.bin")


def test_a_busy_server_is_asked_again(hub, tmp_path):
    hub.statuses = [503, 429]
    path = tmp_path / "weights.bin"
    fetch(remote(hub), path)
    assert path.read_bytes() == CONTENT


def test_no_network_is_told(tmp_path):
    with socket.socket() as taken:  # bound but not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        file = RemoteFile(f"http://127.0.0.1:{taken.getsockname()[1]}/x", 10, "0" * 64)
        with pytest.raises(UserError, match="cannot be reached") as caught:
            fetch(file, tmp_path / "weights.bin")
    assert "connection" in caught.value.hint


def test_a_disk_without_room_is_seen_before_anything_is_fetched(hub, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 1000, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(UserError, match="the disk has 0 MB"):
        fetch(remote(hub), tmp_path / "weights.bin")
    assert hub.requests == []


def test_a_disk_that_fills_up_on_the_way_is_told_and_cleared(hub, tmp_path, monkeypatch):
    write, count = module._write, [0]

    def filling(stream, data):
        count[0] += 1
        if count[0] > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(stream, data)

    monkeypatch.setattr(module, "_write", filling)
    path = tmp_path / "weights.bin"
    with pytest.raises(UserError, match="no room on the disk"):
        fetch(remote(hub), path)
    assert not path.exists()
    assert leftovers(path) == []


def test_two_downloads_of_one_file_do_not_mix(hub, tmp_path):
    hub.seconds_a_chunk = 0.02
    path, job = tmp_path / "weights.bin", Job()

    def fetch_until_cancelled():
        with contextlib.suppress(Cancelled):
            fetch(remote(hub), path, job)

    first = threading.Thread(target=fetch_until_cancelled)
    first.start()
    while not hub.requests:
        time.sleep(0.01)
    with pytest.raises(UserError, match="already"):
        fetch(remote(hub), path)
    job.cancel()
    first.join()
