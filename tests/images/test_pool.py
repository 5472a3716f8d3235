"""The pool: a file that kills its worker costs itself, and nothing else, ever."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fewshot_gui.images import memory
from fewshot_gui.images import pool as pool_module
from fewshot_gui.images.files import FailureKind, ImageFailure
from fewshot_gui.images.pool import (
    Crop,
    DecodePool,
    DecodeRequest,
    Limits,
    default_workers,
)

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and locks")
linux_only = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the kernel limits the memory on Linux only"
)

CROP = Crop(64, 56, "bicubic")
FAULTY = [sys.executable, "-P", str(Path(__file__).with_name("faulty_worker.py"))]
WAIT = 60  # seconds; only a hanging pool would take so long
QUICK = Limits(decode_seconds=1.0)

Photo = Callable[[str], Path]


def request(path: Path) -> DecodeRequest:
    return DecodeRequest(str(path), CROP, 40)


@pytest.fixture
def faulty() -> Iterator[DecodePool]:
    with DecodePool(2, QUICK, command=FAULTY) as pool:
        yield pool


def test_a_file_is_decoded(pool, photo):
    path = photo("a.jpg")
    result = pool.submit(request(path)).result(WAIT)
    assert result.failure is None
    assert (result.crop.shape, result.crop.dtype) == ((56, 56, 3), np.uint8)
    assert (result.thumbnail.shape, result.thumbnail.dtype) == ((30, 40, 3), np.uint8)
    assert np.abs(result.crop.astype(int) - (200, 30, 40)).max() < 4
    assert (result.width, result.height) == (80, 60)
    status = path.stat()
    assert (result.size, result.mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert len(result.digest) == 16


def test_only_what_was_asked_for_is_given(pool, photo):
    path = str(photo("a.jpg"))
    only_crop = pool.submit(DecodeRequest(path, CROP)).result(WAIT)
    only_thumbnail = pool.submit(DecodeRequest(path, None, 40)).result(WAIT)
    neither = pool.submit(DecodeRequest(path)).result(WAIT)
    assert only_crop.crop is not None
    assert only_crop.thumbnail is None
    assert only_thumbnail.crop is None
    assert only_thumbnail.thumbnail is not None
    assert (neither.crop, neither.thumbnail, neither.width) == (None, None, 80)


def test_the_same_bytes_have_the_same_digest(pool, photo, tmp_path):
    one, other = photo("a.jpg"), tmp_path / "b.jpg"
    other.write_bytes(one.read_bytes())
    third = tmp_path / "c.jpg"
    third.write_bytes(one.read_bytes() + b"\0")
    digests = [pool.submit(request(path)).result(WAIT).digest for path in (one, other, third)]
    assert digests[0] == digests[1] != digests[2]


@posix_only
def test_names_that_are_not_text(pool, photo, tmp_path):
    name = os.path.join(os.fsencode(tmp_path), b"gro\xdf\n.jpg")
    os.rename(photo("a.jpg"), name)
    result = pool.submit(DecodeRequest(os.fsdecode(name), CROP)).result(WAIT)
    assert result.failure is None


def test_files_that_cannot_be_read(pool, tmp_path):
    (tmp_path / "empty.jpg").touch()
    outcome = {
        name: pool.submit(request(tmp_path / name)).result(WAIT).failure
        for name in ("missing.jpg", "empty.jpg", "")
    }
    assert outcome["missing.jpg"].kind is FailureKind.MISSING
    assert outcome["empty.jpg"] == ImageFailure(FailureKind.DAMAGED, "empty file")
    assert outcome[""].kind is FailureKind.UNREADABLE


@posix_only
def test_fifos_and_devices_are_never_read(pool, tmp_path):
    os.mkfifo(tmp_path / "fifo.jpg")
    for path in (tmp_path / "fifo.jpg", Path("/dev/zero")):
        failure = pool.submit(request(path)).result(WAIT).failure
        assert failure == ImageFailure(FailureKind.UNREADABLE, "not a regular file")


def test_files_beyond_the_limit_are_not_read(photo):
    path = photo("a.jpg")
    with DecodePool(1, Limits(file_bytes=path.stat().st_size)) as pool:
        assert pool.submit(request(path)).result(WAIT).failure is None
    with path.open("r+b") as sparse:
        sparse.truncate(1 << 40)  # a terabyte that takes no room
    with DecodePool(1) as pool:
        failure = pool.submit(request(path)).result(WAIT).failure
    assert failure.kind is FailureKind.TOO_LARGE


@posix_only
@pytest.mark.parametrize(
    ("fault", "kind", "detail"),
    [
        ("kill", FailureKind.STOPPED, "signal 9"),
        ("segv", FailureKind.STOPPED, "signal 11"),
        ("exit", FailureKind.STOPPED, "exit code 3"),
        ("hang", FailureKind.STOPPED, "took longer than 1 s"),
        ("nonsense", FailureKind.STOPPED, "senseless answer"),
        ("garbage", FailureKind.STOPPED, "senseless answer"),
        pytest.param("swell", FailureKind.STOPPED, "signal 6", marks=linux_only),
    ],
)
def test_a_deadly_file_is_tried_twice_and_then_given_up(faulty, photo, fault, kind, detail):
    path = photo(f"{fault}-1.jpg")
    result = faulty.submit(request(path)).result(WAIT)
    assert result.failure == ImageFailure(kind, detail)
    assert Path(f"{path}.tries").read_bytes() == b".."
    assert faulty.submit(request(photo("good.jpg"))).result(WAIT).failure is None
    # From now on it is known, and costs no worker any more: not before it is another file.
    assert faulty.submit(request(path)).result(WAIT).failure == result.failure
    assert Path(f"{path}.tries").read_bytes() == b".."
    os.utime(path, ns=(1, 1))
    faulty.submit(request(path)).result(WAIT)
    assert Path(f"{path}.tries").read_bytes() == b"...."


@posix_only
def test_a_second_try_waits_until_the_innocent_are_done(photo):
    """With one worker, the order in which files are opened shows it."""
    order = []
    with DecodePool(1, command=FAULTY) as pool:
        names = ["kill-1.jpg", "good-1.jpg", "good-2.jpg"]
        futures = [pool.submit(request(photo(name))) for name in names]
        for name, future in zip(names, futures, strict=True):
            future.add_done_callback(lambda _f, name=name: order.append(name))
        for future in futures:
            future.result(WAIT)
    assert order == ["good-1.jpg", "good-2.jpg", "kill-1.jpg"]


@posix_only
def test_deadly_files_cost_only_themselves(faulty, photo):
    words = ["kill", "segv", "exit", "hang", "nonsense", "garbage"]
    names = [f"good-{number}.jpg" for number in range(40)]
    for number, word in enumerate(words):
        names.insert(7 * number, f"{word}-1.jpg")
    futures = {name: faulty.submit(request(photo(name))) for name in names}
    results = {name: future.result(WAIT) for name, future in futures.items()}
    assert {name for name, result in results.items() if result.failure} == {
        f"{word}-1.jpg" for word in words
    }
    assert all(r.crop.shape == (56, 56, 3) for r in results.values() if r.failure is None)


@posix_only
def test_an_innocent_file_gets_its_second_chance(faulty, photo):
    path = photo("once-1.jpg")
    assert faulty.submit(request(path)).result(WAIT).failure is None
    assert Path(f"{path}.tries").read_bytes() == b".."


@linux_only
def test_a_file_that_eats_memory_meets_the_limit(faulty, photo):
    path = photo("memory-1.jpg")
    future = faulty.submit(request(path))
    # The fault raises MemoryError outside of the decoder's own guard: the worker ends.
    assert future.result(WAIT).failure == ImageFailure(FailureKind.STOPPED, "exit code 1")


@linux_only
def test_a_picture_that_needs_more_memory_than_allowed_is_too_large(tmp_path):
    Image.new("L", (7000, 7000)).save(tmp_path / "big.png")
    with DecodePool(1, Limits(memory_bytes=32 << 20)) as pool:
        failure = pool.submit(request(tmp_path / "big.png")).result(WAIT).failure
        assert failure.kind is FailureKind.TOO_LARGE
        Image.new("L", (70, 70)).save(tmp_path / "small.png")
        assert pool.submit(request(tmp_path / "small.png")).result(WAIT).failure is None


@posix_only
def test_where_the_kernel_sets_no_limit_the_pool_watches_the_memory(photo, monkeypatch):
    path = photo("hang-1.jpg")
    note = Path(f"{path}.pid")

    def swollen_inside_the_decoder(pid: int) -> int:
        return 2 << 30 if note.exists() and note.read_text(encoding="ascii") == str(pid) else 0

    monkeypatch.setattr(memory, "KERNEL_LIMITS", False)
    monkeypatch.setattr(memory, "resident_bytes", swollen_inside_the_decoder)
    with DecodePool(1, command=FAULTY) as pool:
        failure = pool.submit(request(path)).result(WAIT).failure
    assert failure == ImageFailure(FailureKind.TOO_LARGE, "needs too much memory")


@posix_only
def test_prints_do_not_disturb_the_answers(faulty, photo):
    assert faulty.submit(request(photo("print-1.jpg"))).result(WAIT).failure is None


def test_lower_numbers_go_first_and_equal_ones_in_order(photo):
    path = photo("a.jpg")
    order = []
    go_on, started = threading.Event(), threading.Event()

    def hold(_future):
        started.set()
        go_on.wait(WAIT)

    with DecodePool(1) as pool:
        pool.submit(request(path)).add_done_callback(hold)
        assert started.wait(WAIT)  # the only thread is busy now, the rest has to queue
        futures = []
        for name, priority in [("c", 5), ("a", -1), ("d", 5), ("b", 0)]:
            future = pool.submit(request(path), priority)
            future.add_done_callback(lambda _done, name=name: order.append(name))
            futures.append(future)
        go_on.set()
        for future in futures:
            future.result(WAIT)
    assert order == ["a", "b", "c", "d"]


@posix_only
def test_what_is_cancelled_before_its_turn_is_never_opened(photo):
    go_on, started = threading.Event(), threading.Event()

    def hold(_future):
        started.set()
        go_on.wait(WAIT)

    with DecodePool(1, command=FAULTY) as pool:
        pool.submit(request(photo("first.jpg"))).add_done_callback(hold)
        assert started.wait(WAIT)
        path = photo("cancelled.jpg")
        cancelled = pool.submit(request(path))
        last = pool.submit(request(photo("last.jpg")))
        assert cancelled.cancel()
        go_on.set()
        assert last.result(WAIT).failure is None
    assert not Path(f"{path}.tries").exists()


@posix_only
def test_closing_ends_a_hanging_worker_and_cancels_the_rest(photo, tmp_path):
    lock = tmp_path / "lock"
    pool = DecodePool(1, Limits(), command=[*FAULTY, "lock", str(lock)])
    pool.submit(request(photo("good.jpg"))).result(WAIT)
    futures = [pool.submit(request(photo(f"hang-{number}.jpg"))) for number in range(5)]
    pool.close()
    for future in futures:
        with pytest.raises(CancelledError):
            future.result(WAIT)
    assert released(lock)
    pool.close()  # again
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(request(photo("good.jpg")))


@posix_only
def test_closing_cancels_what_waits_for_its_second_try(photo):
    with DecodePool(1, command=FAULTY) as pool:
        suspect = pool.submit(request(photo("kill-1.jpg")))
        hanging = photo("hang-1.jpg")
        pool.submit(request(hanging))
        while not Path(f"{hanging}.pid").exists():  # the first one is in the queue again
            time.sleep(0.01)
    with pytest.raises(CancelledError):
        suspect.result(WAIT)


def released(lock: Path) -> bool:
    """Whether the worker that held the lock is gone, or goes soon."""
    import fcntl

    with lock.open("w") as file:
        waiting = threading.Thread(
            target=fcntl.flock, args=(file.fileno(), fcntl.LOCK_EX), daemon=True
        )
        waiting.start()
        waiting.join(WAIT)
        return not waiting.is_alive()


def test_closing_a_pool_that_never_worked():
    DecodePool(2).close()


PARENT = """
import os, signal, sys
from fewshot_gui.images import pool as pool_module
from fewshot_gui.images.pool import DecodePool, DecodeRequest, Limits
worker, lock, good, hanging = sys.argv[1:]
pool = DecodePool(1, Limits(decode_seconds=0.5),
                  command=[sys.executable, "-P", worker, "lock", lock])
pool.submit(DecodeRequest(good)).result()
if hanging:
    pool.submit(DecodeRequest(hanging))
    while not os.path.exists(hanging + ".tries"):
        pass
os.kill(os.getpid(), signal.SIGKILL)
"""


@posix_only
@pytest.mark.parametrize("name", ["", "hang-1.jpg"])
def test_workers_end_when_their_parent_was_killed(photo, tmp_path, name):
    """At once when idle, after their time limit when stuck in a decoder."""
    lock = tmp_path / "lock"
    hanging = str(photo(name)) if name else ""
    done = subprocess.run(
        [sys.executable, "-c", PARENT, FAULTY[-1], str(lock), str(photo("good.jpg")), hanging],
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == -9, done.stderr
    assert released(lock)


def test_workers_that_never_start_are_an_error_and_not_a_hang(photo):
    path = photo("a.jpg")
    with DecodePool(2, command=[sys.executable, "-c", "raise SystemExit(1)"]) as pool:
        futures = [pool.submit(request(path)) for _number in range(20)]
        for future in futures:
            with pytest.raises(RuntimeError, match="cannot be started"):
                future.result(WAIT)
        with pytest.raises(RuntimeError, match="cannot be started"):
            pool.submit(request(path)).result(WAIT)


def test_what_keeps_workers_from_starting_may_pass(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(pool_module, "BROKEN_SECONDS", 0.0)
    path = photo("a.jpg")
    repaired = tmp_path / "repaired"
    code = (
        "import pathlib, runpy, sys\n"
        f"pathlib.Path({str(repaired)!r}).exists() or sys.exit(1)\n"
        "runpy.run_module('fewshot_gui.images.worker', run_name='__main__')"
    )
    with DecodePool(1, command=[sys.executable, "-P", "-c", code]) as pool:
        with pytest.raises(RuntimeError, match="cannot be started"):
            pool.submit(request(path)).result(WAIT)
        repaired.touch()
        assert pool.submit(request(path)).result(WAIT).failure is None


@pytest.mark.parametrize(
    "command",
    [["/no/such/program"], [sys.executable, "-c", "print('hello, I am no worker', flush=True)"]],
)
def test_a_wrong_program_is_an_error_and_not_a_hang(photo, command):
    with (
        DecodePool(1, command=command) as pool,
        pytest.raises(RuntimeError, match="cannot be started"),
    ):
        pool.submit(request(photo("a.jpg"))).result(WAIT)


def test_a_program_that_never_greets_is_given_up(photo):
    command = [sys.executable, "-c", "import threading; threading.Event().wait()"]
    with (
        DecodePool(1, Limits(start_seconds=0.3), command=command) as pool,
        pytest.raises(RuntimeError, match="cannot be started"),
    ):
        pool.submit(request(photo("a.jpg"))).result(WAIT)


@posix_only
def test_workers_are_replaced_after_so_many_files(photo, tmp_path):
    lock = tmp_path / "lock"
    limits = Limits(files_per_worker=2)
    with DecodePool(1, limits, command=[*FAULTY, "lock", str(lock)]) as pool:
        paths = [photo(f"good-{number}.jpg") for number in range(5)]
        results = [pool.submit(request(path)).result(WAIT) for path in paths]
        assert all(result.failure is None for result in results)
        third = pool.submit(request(photo("good-6.jpg")))  # the sixth file: an even number
        assert third.result(WAIT).failure is None
        assert released(lock)


def test_a_module_in_the_current_folder_cannot_take_pillows_place(photo, tmp_path, monkeypatch):
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "PIL.py").write_text("raise SystemExit('caught')", encoding="ascii")
    (trap / "struct.py").write_text("raise SystemExit('caught')", encoding="ascii")
    path = photo("a.jpg")
    monkeypatch.chdir(trap)
    monkeypatch.setenv("PYTHONPATH", "")
    with DecodePool(1) as pool:
        assert pool.submit(request(path)).result(WAIT).failure is None


def test_workers_know_neither_qt_nor_torch_nor_numpy():
    code = (
        "import sys, fewshot_gui.images.worker, fewshot_gui.images.decode as d\n"
        "d.load_decoders()\n"
        "print(sorted({'PySide6', 'torch', 'numpy', 'fewshot_gui.cli'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.strip() == "[]"


def test_many_threads_may_submit_and_cancel(pool, photo):
    path = photo("a.jpg")
    outcomes: list[bool] = []

    def work(number: int) -> None:
        futures = [pool.submit(request(path), number) for _each in range(30)]
        wanted = [
            future for index, future in enumerate(futures) if index % 3 or not future.cancel()
        ]
        outcomes.extend(future.result(WAIT).failure is None for future in wanted)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert len(outcomes) >= 6 * 20
    assert all(outcomes)


def test_a_callback_that_raises_does_not_stop_the_pool(photo, caplog):
    path = photo("a.jpg")
    with DecodePool(1) as pool:
        first = pool.submit(request(path))
        first.add_done_callback(lambda _done: 1 / 0)
        first.result(WAIT)
        assert pool.submit(request(path)).result(WAIT).failure is None


def test_the_number_of_workers_fits_the_machine():
    assert 1 <= default_workers() <= 8
    assert default_workers(Limits(memory_bytes=1 << 60)) == 1
    with DecodePool(0) as pool:
        assert pool.workers == 1


@pytest.fixture(scope="module")
def shared() -> Iterator[DecodePool]:
    with DecodePool(2) as pool:
        yield pool


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.sampled_from(["jpg", "png", "gif", "tif", "webp"]), st.data()), max_size=3
    )
)
def test_hostile_bytes_never_disturb_the_pool(shared, tmp_path, mutants):
    futures = []
    for number, (ending, data) in enumerate(mutants):
        path = tmp_path / f"mutant{number}.{ending}"
        Image.new("RGB", (40, 30), (200, 30, 40)).save(path)
        content = bytearray(path.read_bytes())
        for _change in range(data.draw(st.integers(1, 8))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        futures.append(shared.submit(request(path)))
    for future in futures:
        result = future.result(WAIT)
        assert (result.failure is None) == (result.crop is not None)
        assert "stopped" not in (result.failure.detail if result.failure else "")
