"""Every single write that can fail, disks that are full, places that are forbidden."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from fewshot_gui.atomic import check_writable
from fewshot_gui.errors import UserError
from fewshot_gui.exports.csv_file import write_csv
from fewshot_gui.exports.rows import ResultRow
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.keeper import Keeper
from fewshot_gui.project.keeping import Keeping
from fewshot_gui.project.model import Project
from tests.project.decisions import decisions, loaded, made
from tests.project.test_crashes import can_trace, fill, last_of, small_disk, states, until

ROOT = Path(__file__).parents[2]
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = 65534
AT = 60  # the call that fails, of each thread; what comes before it is made up

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks, signals and modes")

# -- the Nth call fails ----------------------------------------------------------------------

# The tracer counts the calls of each thread, so one tracer makes the Nth call fail for many
# N: child N first makes so many calls of no use that its Nth real one is number ``AT``.
FAILING = """
import json, os, sys
from concurrent.futures import ThreadPoolExecutor
from fewshot_gui.errors import UserError
from fewshot_gui.exports.csv_file import write_csv
from fewshot_gui.exports.rows import ResultRow
from fewshot_gui.project import disks, keeper as keeping
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.model import Project
from tests.project.crashing import operation

what, folder, call, at, first, last, network, patience = sys.argv[1:]
at, first, last = int(at), int(first), int(last)
keeping.RETRY_S = keeping.LONGEST_RETRY_S = keeping.CLOSING_RETRY_S = 0.01
disks.is_network = lambda _folder: network == "network"
of_no_use = os.open(os.path.join(folder, "of_no_use"), os.O_RDWR | os.O_CREAT)

def make_up(count):
    calls = {
        "pwrite64": lambda: os.pwrite(of_no_use, b"x", 0),
        "write": lambda: os.write(of_no_use, b"x"),
        "fdatasync": lambda: os.fdatasync(of_no_use),
        "fsync": lambda: os.fsync(of_no_use),
        "openat": lambda: os.close(os.open("/dev/null", os.O_RDONLY)),
        "rename": lambda: os.rename(folder + "/of_no_use", folder + "/of_no_use"),
    }
    for _ in range(count):
        calls[call]()

class Counted(ProjectFile):
    begun = False
    def did(self, *arguments):
        if not self.begun:  # in the keeper's thread
            self.begun = True
            make_up(at - number)
        super().did(*arguments)

def label(path):
    file = Counted.open(path)
    project = file.load()
    keeper = project.journal = keeping.Keeper(file)
    troubles, acknowledged = set(), 0
    keeper.on_state = lambda state: state.error and troubles.add(state.error.message)
    for turn in range(8):
        operation(project, turn)
        if not keeper.pending:
            acknowledged = turn + 1
    closed = keeper.close(float(patience))
    return {"acknowledged": acknowledged, "closed": closed, "troubles": sorted(troubles)}

def told(work):
    make_up(at - number)
    try:
        work()
    except UserError as error:
        return {"error": error.message, "hint": error.hint}
    return {"error": ""}

def create(path):
    project = Project()
    project.add_bin("A", [f"/{i}.jpg" for i in range(20)])
    return told(lambda: ProjectFile.create(path + ".new", project).close())

def copy(path):
    with ThreadPoolExecutor(1) as thread:  # whose calls are counted by themselves
        file = thread.submit(ProjectFile.open, path).result()
    answer = told(lambda: file.save_copy(path + ".copy"))
    file.let_go()
    return answer

def export(path):
    rows = [ResultRow(f"{i:05}.jpg", "new", source="support") for i in range(1500)]
    return told(lambda: write_csv(path + ".csv", rows))

def tell(answer):
    with open(f"{folder}/{number}.answer", "w") as stream:
        json.dump(answer, stream)

for number in range(first, last + 1):
    child = os.fork()
    if child == 0:
        try:
            path = f"{folder}/{number}.fewshot"
            answer = globals()[what](path)
            with ThreadPoolExecutor(1) as thread:  # where writing works
                thread.submit(tell, answer).result()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
"""


def failing(folder, what, call, error, numbers, network="local", lasting=False):
    """Answers by number, and how many children really met the fault."""
    if not can_trace():
        pytest.skip("strace is not here, or may not trace")
    trace = folder / "trace"
    fault = f"{call}:error={error}:when={AT}{'+' if lasting else ''}"
    first, last = numbers
    tracer = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", str(trace), "-e", f"inject={fault}"]
    tracer += ["-e", f"trace={call}", "-e", "signal=none"]
    child = [sys.executable, "-c", FAILING, what, str(folder), call, str(AT)]
    # Where the fault lasts, all that time is waited in vain.
    child += [str(first), str(last), network, "0.1" if lasting else "120"]
    done = subprocess.run(
        [*tracer, *child], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    threads = {line.split()[0] for line in trace.read_text().splitlines() if "(INJECTED)" in line}
    answers = {}
    for number in range(first, last + 1):
        with contextlib.suppress(FileNotFoundError):
            answers[number] = json.loads((folder / f"{number}.answer").read_text())
    return answers, len(threads)


def copies(folder, numbers):
    """A project file for each number."""
    path = made(str(folder), Project(), "pattern")
    for number in range(numbers[0], numbers[1] + 1):
        shutil.copy(path, folder / f"{number}.fewshot")


LABELLING = [
    # call, error, numbers, disk, whether it goes on failing, least number of faults met
    ("pwrite64", "EIO", (1, 24), "local", False, 20),
    ("pwrite64", "ENOSPC", (1, 16), "local", True, 14),
    ("pwrite64", "ENOSPC", (1, 16), "network", False, 14),
    ("fdatasync", "EIO", (1, 14), "network", False, 10),
    ("openat", "EIO", (1, 10), "network", False, 6),
]


@pytest.mark.parametrize(
    ("call", "error", "numbers", "disk", "lasting", "least"),
    LABELLING,
    ids=[f"{c}-{e}-{d}" for c, e, _n, d, _l, _m in LABELLING],
)
def test_whichever_call_fails_no_acknowledged_action_is_lost(
    tmp_path, call, error, numbers, disk, lasting, least
):
    """What was acknowledged is in the file; after a single fault all is, by itself."""
    copies(tmp_path, numbers)
    answers, met = failing(tmp_path, "label", call, error, numbers, disk, lasting)
    assert met >= least
    assert sorted(answers) == list(range(numbers[0], numbers[1] + 1))
    possible = states(8)
    for number, answer in answers.items():
        found = last_of(possible, loaded(str(tmp_path / f"{number}.fewshot")))
        assert found >= answer["acknowledged"], number
        if lasting:
            assert found == 8 or (not answer["closed"] and answer["troubles"]), number
        else:
            assert (found, answer["closed"]) == (8, True), (number, answer)


MAKING = [
    ("create", "pwrite64", "ENOSPC", (1, 12), 8),
    ("create", "fsync", "EIO", (1, 3), 1),
    ("copy", "pwrite64", "EIO", (1, 10), 5),
    ("copy", "rename", "EIO", (1, 2), 1),
]


@pytest.mark.parametrize(
    ("what", "call", "error", "numbers", "least"),
    MAKING,
    ids=[f"{w}-{c}-{e}" for w, c, e, _n, _l in MAKING],
)
def test_a_project_is_made_or_copied_whole_or_not_at_all(
    tmp_path, what, call, error, numbers, least
):
    """After a fault there is a whole file or none under the name, and the user is told."""
    copies(tmp_path, numbers)
    answers, met = failing(tmp_path, what, call, error, numbers)
    assert met >= least
    assert sorted(answers) == list(range(numbers[0], numbers[1] + 1))
    told = 0
    for number, answer in answers.items():
        target = tmp_path / f"{number}.fewshot.{'new' if what == 'create' else 'copy'}"
        told += bool(answer["error"])
        if answer["error"]:
            assert answer["error"].startswith("The project cannot be saved: "), answer
            assert "Traceback" not in answer["error"]
        else:
            assert target.exists()
        if target.exists():
            loaded(str(target))
        assert not [p for p in tmp_path.iterdir() if p.name.endswith((".part", ".tmp"))]
    assert told >= 1


EXPORTING = [
    ("write", "ENOSPC", (1, 12), False, 7),
    ("write", "EIO", (1, 6), True, 6),
    ("fsync", "EIO", (1, 2), False, 2),
    ("rename", "EIO", (1, 1), False, 1),
    ("openat", "ENOSPC", (1, 2), False, 1),
]


@pytest.mark.parametrize(
    ("call", "error", "numbers", "lasting", "least"),
    EXPORTING,
    ids=[f"{c}-{e}" for c, e, _n, _l, _m in EXPORTING],
)
def test_an_export_that_fails_leaves_the_older_file(tmp_path, call, error, numbers, lasting, least):
    """Under the name lies the old file as it was or the new one whole, and no other."""
    old = b"precious\r\n"
    for number in range(numbers[0], numbers[1] + 1):
        (tmp_path / f"{number}.fewshot.csv").write_bytes(old)
    answers, met = failing(tmp_path, "export", call, error, numbers, lasting=lasting)
    assert met >= least
    assert sorted(answers) == list(range(numbers[0], numbers[1] + 1))
    for number, answer in answers.items():
        path = tmp_path / f"{number}.fewshot.csv"
        if answer["error"]:
            assert answer["error"] == f"“{path}” could not be written."
            full = "The disk is full. Free some space and try again."
            assert answer["hint"] == (full if error == "ENOSPC" else "Input/output error")
            assert path.read_bytes() == old
        else:
            with open(path, encoding="utf-8", newline="") as stream:
                assert [row["path"] for row in csv.DictReader(stream)] == [
                    f"{i:05}.jpg" for i in range(1500)
                ]
    assert sum(bool(answer["error"]) for answer in answers.values()) >= 1
    assert not list(tmp_path.glob(".*.part"))


# -- full disks ------------------------------------------------------------------------------


def rows(count, label="new"):
    return [ResultRow(f"{i:06}.jpg", label, label, 0.5, source="support") for i in range(count)]


@pytest.mark.parametrize("left", [0, 4096, 65_536, 262_144])
def test_a_csv_without_room_is_told_and_written_once_there_is_some(left):
    """The old file stays until the whole new one fits; nothing is left beside it."""
    with small_disk(2) as folder:
        path = Path(folder, "out.csv")
        write_csv(path, rows(20, "old"))
        before = path.read_bytes()
        ballast = fill(folder)
        os.truncate(ballast, os.path.getsize(ballast) - left)
        for _ in range(2):
            with pytest.raises(UserError) as caught:
                write_csv(path, rows(20_000))
            assert caught.value.hint == "The disk is full. Free some space and try again."
            assert path.read_bytes() == before
            assert sorted(os.listdir(folder)) == ["ballast", "out.csv"]
        os.unlink(ballast)
        write_csv(path, rows(20_000))
        assert path.read_bytes().count(b"\r\n") == 20_001


@pytest.mark.parametrize("left", [0, 8192, 65_536])
def test_a_project_goes_on_when_there_is_room_again(monkeypatch, left):
    """However much room there was: no action is lost, and closing after that is clean."""
    monkeypatch.setattr("fewshot_gui.project.keeper.RETRY_S", 0.02)
    monkeypatch.setattr("fewshot_gui.project.keeper.LONGEST_RETRY_S", 0.02)
    with small_disk(2) as folder:
        path = made(folder, Project())
        file = ProjectFile.open(path)
        project = file.load()
        keeper = project.journal = Keeper(file)
        project.add_bin("A")
        ballast = fill(folder)
        os.truncate(ballast, os.path.getsize(ballast) - left)
        number = 0
        while keeper.pending < 2:
            number += 1
            project.put([f"/{number}-{i}.jpg" for i in range(100)], project.bins[0].id)
        until(lambda: keeper.state.kind is Keeping.TROUBLE)
        assert "the disk is full" in keeper.state.error.message
        os.unlink(ballast)
        until(lambda: keeper.pending == 0 and keeper.state.kind is Keeping.SAVED)
        assert keeper.close()
        assert loaded(path) == decisions(project)


def test_a_full_disk_of_the_backups_is_no_trouble_of_the_project(tmp_path, monkeypatch):
    """The project is saved and closed although no backup could be made."""
    with small_disk(1) as folder:
        monkeypatch.setenv("XDG_DATA_HOME", folder)
        fill(folder)
        path = made(str(tmp_path), Project())
        file = ProjectFile.open(path)
        project = file.load()
        keeper = project.journal = Keeper(file)
        told = []
        keeper.on_state = told.append
        project.add_bin("A", [f"/{i}.jpg" for i in range(200)])
        assert keeper.close()
        assert not [state for state in told if state.error]
        assert loaded(path) == decisions(project)


# -- forbidden places ------------------------------------------------------------------------

PLAIN_USER = """
import json, os, sys
from fewshot_gui.atomic import check_writable
from fewshot_gui.errors import UserError
from fewshot_gui.exports.csv_file import write_csv
from fewshot_gui.exports.rows import ResultRow
from fewshot_gui.images.scan import scan
from fewshot_gui.images.worker import read_file
from fewshot_gui.jobs import Job
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.model import Project

what, folder, user = sys.argv[1:]
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(user))
    os.setuid(int(user))

def said(work):
    try:
        work()
    except UserError as error:
        return [error.message, error.hint]
    return []

def source():
    files = scan(folder + "/pictures", Job()).files
    project = Project()
    project.add_folder(folder + "/pictures")
    project.add_bin("A", [file.path for file in files])
    ProjectFile.create(folder + "/open/a.fewshot", project).close()
    file = ProjectFile.open(folder + "/open/a.fewshot")
    labels = len(file.load().labels)
    file.close()
    return {"labels": labels, "read": [not read_file(f.path, 1 << 20).failure for f in files]}

def output():
    path = folder + "/pictures/out.csv"
    from pathlib import Path
    return {"before": said(lambda: check_writable(Path(path))),
            "said": said(lambda: write_csv(path, [ResultRow("a")]))}

def old_output():
    path = folder + "/pictures/old.csv"
    return {"said": said(lambda: write_csv(path, [ResultRow("a")])), "text": open(path).read()}

def picture():
    failure = read_file(folder + "/pictures/0.png", 1 << 20).failure
    listed = len(scan(folder + "/pictures", Job()).files)
    return {"kind": failure.kind.value, "listed": listed, "words": failure.describe()}

def sub_folder():
    found = scan(folder + "/pictures", Job())
    return {"unreadable": list(found.unreadable_folders), "listed": len(found.files)}

def root():
    return {"said": said(lambda: scan(folder + "/pictures", Job()))}

print(json.dumps(globals()[what]()))
"""


@pytest.fixture
def plain():
    """A folder with three pictures that a plain user can reach, and one open to all."""
    folder = Path(tempfile.mkdtemp(prefix="fewshot-plain-"))
    os.chmod(folder, 0o755)
    (folder / "pictures" / "inner").mkdir(parents=True)
    for name in ("0.png", "1.png", "inner/2.png"):
        (folder / "pictures" / name).write_bytes(b"\x89PNG")
    (folder / "open").mkdir()
    os.chmod(folder / "open", 0o777)
    yield folder
    for place, _folders, _files in [(folder, (), ()), *os.walk(folder)]:
        with contextlib.suppress(OSError):
            os.chmod(place, 0o700)
    shutil.rmtree(folder, ignore_errors=True)


def as_plain_user(what, folder):
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_USER, what, str(folder), str(NOBODY)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_pictures_of_a_read_only_folder_are_labelled_all_the_same(plain):
    """Nothing is ever written beside the pictures."""
    for place in (plain / "pictures", plain / "pictures" / "inner"):
        os.chmod(place, 0o555)
    assert as_plain_user("source", plain) == {"labels": 3, "read": [True] * 3}
    assert sorted(os.listdir(plain / "pictures")) == ["0.png", "1.png", "inner"]


def test_a_read_only_output_folder_is_told_before_the_work(plain):
    """Before and after in the same words, with what to do."""
    os.chmod(plain / "pictures", 0o555)
    answer = as_plain_user("output", plain)
    assert answer["before"] == answer["said"]
    assert answer["said"][1] == "You may not write there. Choose another folder."


def test_an_older_export_in_a_read_only_folder_is_kept(plain):
    """The older file is whole and the user is told."""
    (plain / "pictures" / "old.csv").write_text("precious")
    os.chmod(plain / "pictures", 0o555)
    answer = as_plain_user("old_output", plain)
    assert answer["text"] == "precious"
    assert answer["said"][1] == "You may not write there. Choose another folder."


def test_a_picture_that_may_not_be_read_is_listed_and_told(plain):
    """It is not left out, and its reason is not that it is damaged."""
    os.chmod(plain / "pictures" / "0.png", 0)
    answer = as_plain_user("picture", plain)
    assert (answer["kind"], answer["listed"]) == ("unreadable", 3)
    assert answer["words"] == "The file cannot be opened (Permission denied)"


@pytest.mark.parametrize("mode", [0, 0o111, 0o444])
def test_a_folder_inside_that_may_not_be_entered_is_named(plain, mode):
    """The others are listed; of a folder that can be listed only, the names are."""
    os.chmod(plain / "pictures" / "inner", mode)
    answer = as_plain_user("sub_folder", plain)
    assert answer["unreadable"] == ([] if mode == 0o444 else ["inner"])
    assert answer["listed"] == (3 if mode == 0o444 else 2)


def test_a_source_folder_that_may_not_be_read_is_the_users_error(plain):
    """It is not an empty folder."""
    os.chmod(plain / "pictures", 0)
    message, hint = as_plain_user("root", plain)["said"]
    assert "cannot be read: Permission denied" in message
    assert hint


@contextlib.contextmanager
def immutable(path):
    """A file or folder that not even root changes."""
    if not IS_ROOT or shutil.which("chattr") is None:
        pytest.skip("only root makes a file immutable")
    if subprocess.run(["chattr", "+i", path], capture_output=True, check=False).returncode:
        pytest.skip("this file system has no immutable files")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


def test_an_immutable_export_stays_and_is_told(plain):
    """Nothing is left of the new one."""
    path = plain / "open" / "out.csv"
    path.write_text("precious")
    with immutable(path), pytest.raises(UserError, match="could not be written") as caught:
        write_csv(path, rows(3))
    assert caught.value.hint == "You may not write there. Choose another folder."
    assert path.read_text() == "precious"
    assert os.listdir(plain / "open") == ["out.csv"]


def test_an_immutable_project_opens_for_viewing(plain):
    """With all its labels, and a notice."""
    path = made(str(plain / "open"))
    labels = len(loaded(path)[1])
    with immutable(path):
        file = ProjectFile.open(path)
        assert file.read_only
        assert len(file.load().labels) == labels
        assert file.notices == ("This project can only be viewed: you may not write to it.",)
        file.close()


def test_on_a_disk_that_became_read_only_a_project_is_viewed_and_an_export_told():
    """And both can be written again when the disk can."""
    with small_disk(4) as folder, small_disk(2) as out:
        path = made(folder, Project())
        file = ProjectFile.open(path)
        project = file.load()
        keeper = project.journal = Keeper(file)
        project.add_bin("A", ["/first.jpg"])
        keeper.close()
        assert loaded(path) == decisions(project)
        write_csv(Path(out, "out.csv"), rows(2))
        remount = ["mount", "-o", "remount,ro", out]
        if subprocess.run(remount, capture_output=True, check=False).returncode:
            pytest.skip("no disk can be made read-only here")
        with pytest.raises(UserError, match="could not be written") as caught:
            check_writable(Path(out, "out.csv"))
        assert caught.value.hint == "You may not write there. Choose another folder."
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        viewed = ProjectFile.open(path)
        assert viewed.read_only
        assert decisions(viewed.load()) == decisions(project)
        viewed.close()
        for place in (folder, out):
            subprocess.run(["mount", "-o", "remount,rw", place], check=True)
        write_csv(Path(out, "out.csv"), rows(3))
        file = ProjectFile.open(path)
        assert not file.read_only
        project = file.load()
        project.journal = file
        project.add_bin("B", ["/second.jpg"])
        file.close()
        assert loaded(path) == decisions(project)
