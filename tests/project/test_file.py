"""The project file: what goes in comes out, undo and redo included."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fewshot_gui.errors import UserError
from fewshot_gui.project.edits import HISTORY_LENGTH, NoJournal
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.identity import KnownImage
from fewshot_gui.project.model import Project
from fewshot_gui.project.problems import (
    DamagedProject,
    NotAProject,
    ProjectInUse,
    ReadOnlyProject,
)
from fewshot_gui.project.summary import read_summary
from tests.project.decisions import decisions, kept, loaded, made, sample

POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="names of POSIX systems")


def test_a_whole_project_comes_back_with_its_history(tmp_path):
    project = sample(str(tmp_path))
    assert loaded(made(str(tmp_path), project)) == decisions(project)


def test_a_new_file_is_empty_and_an_existing_one_is_refused(tmp_path):
    path = str(tmp_path / "a.fewshot")
    file = ProjectFile.create(path)
    assert decisions(file.load()) == decisions(Project())
    file.close()
    with pytest.raises(UserError, match=r"already a file “a.fewshot”"):
        ProjectFile.create(path)
    assert loaded(path) == decisions(Project())


def test_replacing_a_file_gives_another_project(tmp_path):
    path = made(str(tmp_path))
    before = read_summary(path).uuid
    ProjectFile.create(path, Project(), replace=True).close()
    assert loaded(path) == decisions(Project())
    assert read_summary(path).uuid != before


def test_a_closed_project_is_one_file(tmp_path):
    path = made(str(tmp_path))
    file, project = kept(path)
    project.add_bin("Orange")
    file.close()
    assert {p.name for p in tmp_path.iterdir()} <= {"a.fewshot", ".a.fewshot.lock"}


def test_a_new_action_forgets_what_could_be_redone(tmp_path):
    path = made(str(tmp_path))
    file, project = kept(path)
    assert project.redo_text
    project.add_bin("Orange", ["/o"])
    expected = decisions(project)
    file.close()
    assert loaded(path) == expected
    assert not expected[3][1]


def test_undo_at_the_limit_agrees_with_the_model(tmp_path):
    path = made(str(tmp_path), Project())
    file, project = kept(path)
    project.add_bin("A")
    class_id = project.bins[0].id
    for number in range(HISTORY_LENGTH + 5):
        project.put([f"/{number}"], class_id)
    assert len(project.history[0]) == HISTORY_LENGTH
    file.close()
    file, again = kept(path)
    assert decisions(again) == decisions(project)
    project.journal = NoJournal()
    while again.undo() is not None:
        project.undo()
    assert set(again.labels) == {f"/{n}" for n in range(5)}
    file.close()
    assert loaded(path) == decisions(project)


def test_an_id_is_not_used_again_after_its_action_was_forgotten(tmp_path):
    path = made(str(tmp_path), Project())
    file, project = kept(path)
    project.add_bin("A")
    first = project.bins[0].id
    project.undo()
    project.add_bin("B")  # forgets the action that made A
    file.close()
    file, project = kept(path)
    project.add_bin("C")
    assert first not in {b.id for b in project.bins}
    file.close()


def test_a_history_of_too_many_labels_is_cut_from_the_old_end(tmp_path, monkeypatch):
    monkeypatch.setattr("fewshot_gui.project.edits.HISTORY_CHANGES", 10)
    path = made(str(tmp_path), Project())
    file, project = kept(path)
    project.add_bin("A", [f"/a{i}" for i in range(6)])
    for part in "bcd":
        project.put([f"/{part}{i}" for i in range(4)], project.bins[0].id)
    assert [len(edit.labels) for edit in project.history[0]] == [4, 4]
    file.close()
    file, again = kept(path)
    assert decisions(again) == decisions(project)
    again.undo()
    again.undo()
    assert again.undo() is None
    expected = decisions(again)
    file.close()
    assert loaded(path) == expected


def test_a_step_is_never_taken_twice(tmp_path):
    file, project = kept(made(str(tmp_path), Project()))
    project.add_bin("A", ["/a"])
    done = file.step
    edit = project.history[0][-1]
    file.did(edit, done)
    file.did(edit, done - 1)
    assert decisions(file.load()) == decisions(project)
    file.close()


def test_what_images_were_like_is_remembered(tmp_path):
    path = made(str(tmp_path))
    file, project = kept(path)
    facts = {
        "/elsewhere/y.jpg": KnownImage(12, 1_700_000_000_123_456_789, 2**64 - 1, b"d" * 16),
        next(iter(project.labels)): KnownImage(0, -5, 0, b""),
    }
    before = decisions(project)
    file.note(facts)
    file.note({"/elsewhere/y.jpg": facts["/elsewhere/y.jpg"]})
    file.close()
    file = ProjectFile.open(path)
    assert file.known() == facts
    assert decisions(file.load()) == before
    file.close()


def test_read_only_takes_no_step(tmp_path):
    path = made(str(tmp_path))
    file = ProjectFile.open(path, read_only=True)
    project = file.load()
    project.journal = file
    with pytest.raises(ReadOnlyProject):
        project.add_bin("X")
    file.close()
    assert [p.name for p in tmp_path.iterdir() if "wal" in p.name or "shm" in p.name] == []


def test_a_project_that_is_being_written_can_be_read(tmp_path):
    path = made(str(tmp_path))
    file, project = kept(path)
    project.add_bin("Orange", ["/o"])
    other = ProjectFile.open(path, read_only=True)
    assert decisions(other.load()) == decisions(project)
    project.add_bin("Peach")
    other.close()
    project.add_bin("Plum")
    expected = decisions(project)
    file.close()
    assert loaded(path) == expected


def test_the_summary_says_what_a_list_shows(tmp_path):
    project = sample(str(tmp_path))
    path = made(str(tmp_path), project)
    file, project = kept(path)
    project.put(["/new"], project.bins[0].id)
    for _ in ("open", "closed"):
        summary = read_summary(path)
        assert summary.labels == len(project.labels)
        assert summary.bins == len(project.bins)
        assert summary.folders == tuple(f.path for f in project.folders)
        assert summary.changed == pytest.approx(file.changed)
        file.close()
    with pytest.raises(NotAProject):
        read_summary(str(tmp_path))


# -- odd names ---------------------------------------------------------------------------

ODD_NAMES = [
    b"gro\xdf.jpg",
    b"\xff\xfe",
    b"line\nbreak.jpg",
    b"tab\there.jpg",
    b'quote".jpg',
    "\u202egpj.exe".encode(),
    "e\u0301 and \u00e9.jpg".encode(),
    b"-rf",
    b"=1+1",
    b"C:foo.jpg",
    b"a\\..\\b.jpg",
    b"%2e%2e",
    b"..jpg",
    b"...",
    b" ",
    "😀.png".encode(),
    b"x" * 255,
    b"<img src=x>.jpg",
    b"'; DROP TABLE label; --.jpg",
]


@POSIX_ONLY
def test_odd_file_names_come_back_byte_for_byte(tmp_path):
    folder = f"{tmp_path}/{os.fsdecode(bytes([0xE4]))}ordner\n"
    names = [os.fsdecode(name) for name in ODD_NAMES]
    project = Project()
    project.add_folder(folder)
    project.add_bin("A", [f"{folder}/{name}" for name in names])
    project.add_bin("B", [f"/outside/{name}" for name in names])
    project.set_picture(project.bins[0].id, f"{folder}/{names[0]}")
    path = made(str(tmp_path), project)
    assert loaded(path) == decisions(project)
    copy = str(tmp_path / os.fsdecode(b"odd \xe4?#%41\n.fewshot"))
    file = ProjectFile.open(path)
    file.save_copy(copy)
    file.close()
    assert loaded(copy) == decisions(project)


@pytest.mark.parametrize("path", ["//x//y.jpg", "/a/./b.jpg", "/p/../p/c.jpg", "/p//d.jpg", "/p/"])
@POSIX_ONLY
def test_paths_that_are_not_in_their_plain_form_are_no_trouble(tmp_path, path):
    project = Project()
    project.add_folder("/p")
    project.add_bin("A", ["/p/ok.jpg"])
    file_path = made(str(tmp_path), project)
    file, project = kept(file_path)
    try:
        project.put([path], project.bins[0].id)
    finally:
        file.close()
    if "/../" not in path:
        assert loaded(file_path) == decisions(project)


NAMES = ["Ω", "a\u202eb", "=1+1", "x" * 120, "con", "😀", '"', "'", "..", "e\u0301", "\udcff"]


@pytest.mark.parametrize("name", NAMES)
def test_odd_class_names_come_back(tmp_path, name):
    project = Project()
    project.add_bin(name, ["/a"])
    project.describe_bin(project.bins[0].id, name * 3)
    assert loaded(made(str(tmp_path), project)) == decisions(project)


# -- other places --------------------------------------------------------------------------


def moved_set(tmp_path):
    """A folder that holds a project, pictures below it and pictures beside it."""
    old = tmp_path / "old"
    for folder in ("work/pictures", "beside", "single"):
        (old / folder).mkdir(parents=True)
    (old / "single" / "s.jpg").write_bytes(b"s")
    project = Project()
    project.add_folder(str(old / "work" / "pictures"))
    project.add_folder(str(old / "beside"))
    single = str(old / "single" / "s.jpg")
    project.add_bin("A", [f"{old}/work/pictures/1.jpg", f"{old}/beside/2.jpg", single])
    project.set_picture(project.bins[0].id, f"{old}/beside/2.jpg")
    project.undo()
    return old, project, made(str(old / "work"), project)


def test_a_project_that_was_moved_with_its_pictures_finds_them(tmp_path):
    old, project, path = moved_set(tmp_path)
    new = tmp_path / "new"
    os.rename(old, new)
    text = repr(decisions(project)).replace(str(old), str(new))
    for _ in range(2):
        assert repr(loaded(path.replace(str(old), str(new)))) == text


def test_a_project_that_was_moved_alone_still_knows_where_its_pictures_are(tmp_path):
    _old, project, path = moved_set(tmp_path)
    (tmp_path / "other").mkdir()
    target = str(tmp_path / "other" / "b.fewshot")
    os.rename(path, target)
    assert loaded(target) == decisions(project)
    # and finds them by the new way there when all of it moves again
    os.rename(tmp_path, f"{tmp_path}-again")
    text = repr(decisions(project)).replace(str(tmp_path), f"{tmp_path}-again")
    try:
        assert repr(loaded(f"{tmp_path}-again/other/b.fewshot")) == text
    finally:
        os.rename(f"{tmp_path}-again", tmp_path)


def test_a_copied_project_keeps_to_the_pictures_that_are_still_there(tmp_path):
    old, project, path = moved_set(tmp_path)
    shutil.copytree(old, tmp_path / "copy")
    assert loaded(path.replace(str(old), str(tmp_path / "copy"))) == decisions(project)


def test_a_copy_is_another_project_with_the_same_decisions(tmp_path):
    path = made(str(tmp_path))
    (tmp_path / "deep" / "er").mkdir(parents=True)
    copy = str(tmp_path / "deep" / "er" / "copy.fewshot")
    file, project = kept(path)
    project.add_bin("Orange", ["/o"])
    file.save_copy(copy)
    project.add_bin("Later")
    assert read_summary(copy).uuid != file.uuid
    file.close()
    expected = decisions(project)
    assert loaded(path) == expected
    file, other = kept(copy)
    assert other.bin_named("Orange") is not None
    assert other.bin_named("Later") is None
    other.undo()
    assert other.bin_named("Orange") is None
    file.close()


def test_a_copy_replaces_another_file_but_not_one_that_is_open(tmp_path):
    path, target = made(str(tmp_path)), made(str(tmp_path), Project(), "b.fewshot")
    file = ProjectFile.open(path)
    expected = decisions(file.load())
    holder = ProjectFile.open(target)
    with pytest.raises(UserError, match="open already"):
        file.save_copy(target)
    with pytest.raises(UserError):
        file.save_copy(path)
    with pytest.raises(UserError, match="is not there"):
        file.save_copy(str(tmp_path / "nowhere" / "c.fewshot"))
    holder.close()
    file.save_copy(target)
    file.close()
    assert loaded(target) == expected
    assert not list(tmp_path.glob(".*.part*"))


def test_a_located_folder_takes_all_its_images_along(tmp_path):
    project = Project()
    for folder in ("/p", "/p/sub", "/pp"):
        project.add_folder(folder)
    project.add_bin("A", ["/p/1", "/p/sub/2", "/pp/3", "/q/4"])
    project.set_picture(project.bins[0].id, "/p/1")
    project.put(["/p/5"], 0)
    project.undo()
    path = made(str(tmp_path), project)
    file, kept_project = kept(path)
    folder = kept_project.folders[0].id
    for new in ("/elsewhere/deep", "/q", "/p"):
        for each in (project, kept_project):
            each.relocated(folder, new)
        file.relocate(folder, new)
        assert decisions(file.load()) == decisions(project)
    kept_project.redo()
    project.redo()
    file.close()
    assert loaded(path) == decisions(project)


def test_renamed_files_keep_labels_and_history(tmp_path):
    project = Project()
    project.add_folder("/p")
    project.add_bins({"A": ["/p/1", "/p/2"], "B": ["/x/3"]})
    project.set_picture(project.bins[0].id, "/p/1")
    project.clear(["/p/2"])
    project.undo()
    path = made(str(tmp_path), project)
    for names in ({"/p/1": "/y/one"}, {"/x/3": "/p/3", "/p/2": "/y/one", "/y/one": "/p/2"}):
        file, _project = kept(path)
        file.renamed(names)
        file.close()
        project.renamed(names)
        assert loaded(path) == decisions(project)


def test_two_images_that_become_one_have_one_label(tmp_path):
    project = Project()
    project.add_bins({"A": ["/1"], "B": ["/2"], "C": ["/3"]})
    ids = [b.id for b in project.bins]
    project.put(["/2"], ids[0])
    project.clear(["/2"])
    path = made(str(tmp_path), project)
    file = ProjectFile.open(path)
    file.renamed({"/1": "/2", "/3": "/2"})
    file.close()
    file, project = kept(path)
    assert set(project.labels) == {"/2"}
    states = [decisions(project)[:3]]
    while project.undo() is not None:
        states.append(decisions(project)[:3])
    assert project.labels == {}
    for expected in reversed(states[:-1]):
        project.redo()
        assert decisions(project)[:3] == expected
    file.close()
    assert loaded(path)[:3] == states[0]


def test_folders_that_nobody_chose_here_are_named(tmp_path):
    project = Project()
    for folder in (f"{tmp_path}/below", "/strange", "/known/sub", "/knownish"):
        project.add_folder(folder)
    project.add_bin("A", ["/single/x.jpg", "/single/y.jpg", "/strange/z.jpg"])
    project.remove_folder(project.folders[1].id)
    file = ProjectFile.open(made(str(tmp_path), project))
    assert file.folders_outside() == ("/strange", "/known/sub", "/knownish", "/single")
    assert file.folders_outside({"/known", "/strange"}) == ("/knownish", "/single")
    assert file.folders_outside({"/"}) == ()
    file.close()


# -- any sequence ------------------------------------------------------------------------------

PATHS = st.lists(
    st.sampled_from([f"/p/{c}" for c in "abcd"] + ["/p/s/e", "/q/f", "/x/g"]), max_size=3
)
WHICH = st.integers(0, 3)
STEP = st.one_of(
    st.tuples(st.just("add"), st.sampled_from("XYZW"), PATHS),
    st.tuples(st.sampled_from(["put", "confirm", "clear", "strangers"]), WHICH, PATHS),
    st.tuples(
        st.sampled_from(
            [
                "remove",
                "rename",
                "describe",
                "recolour",
                "picture",
                "move",
                "sort",
                "merge",
                "folder",
                "unfolder",
                "learner",
                "unknown",
                "relocate",
            ]
        ),
        WHICH,
        PATHS,
    ),
    st.tuples(st.sampled_from(["undo", "undo", "redo", "restart"]), WHICH, PATHS),
)


def act(project, step):
    kind, which, paths = step
    bins = [b.id for b in project.bins]
    one = bins[which % len(bins)] if isinstance(which, int) and bins else None
    plain = {
        "add": lambda: project.add_bin(which, paths),
        "clear": lambda: project.clear(paths),
        "strangers": lambda: project.put(paths, 0),
        "sort": project.sort_bins,
        "folder": lambda: project.add_folder(["/p", "/p/s", "/q", "/r"][which]),
        "unfolder": lambda: project.folders and project.remove_folder(project.folders[0].id),
        "learner": lambda: project.set_learner(f"learner {which}"),
        "unknown": lambda: project.set_unknown(which / 3),
        "undo": project.undo,
        "redo": project.redo,
    }
    with_bin = {
        "put": lambda: project.put(paths, one, dict.fromkeys(paths[:1], bins[0])),
        "confirm": lambda: project.confirm(dict.fromkeys(paths, one)),
        "remove": lambda: project.remove_bin(one),
        "rename": lambda: project.rename_bin(one, f"Bin {one}"),
        "describe": lambda: project.describe_bin(one, f"words {which}"),
        "recolour": lambda: project.recolour_bin(one, which),
        "picture": lambda: project.set_picture(one, paths[0] if paths else ""),
        "move": lambda: project.move_bin(one, which),
        "merge": lambda: project.merge_bins(bins[:2], one),
    }
    if kind in plain:
        plain[kind]()
    elif kind in with_bin and one is not None:
        with_bin[kind]()


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, max_size=30))
def test_any_sequence_with_restarts_is_as_without(tmp_path, steps):
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        path = made(folder, Project())
        file, project = kept(path)
        twin = Project()
        for step in steps:
            if step[0] == "restart":
                file.close()
                file, project = kept(path)
            elif step[0] == "relocate" and project.folders:
                target = project.folders[0].id
                file.relocate(target, f"/moved{step[1]}")
                project.relocated(target, f"/moved{step[1]}")
                twin.relocated(target, f"/moved{step[1]}")
            else:
                act(project, step)
                act(twin, step)
            assert decisions(project) == decisions(twin)
        for turn in (Project.undo, Project.redo):
            file.close()
            file, project = kept(path)
            while turn(twin) is not None:
                turn(project)
                assert decisions(project) == decisions(twin)
            assert turn(project) is None
            assert decisions(file.load()) == decisions(twin)
        file.close()


PATH = st.sampled_from([f"/p/{c}" for c in "abc"] + ["/x/f"])
PATHS = st.lists(PATH, min_size=1, max_size=3, unique=True)
RENAMING = st.one_of(
    st.tuples(st.sampled_from(["put", "confirm"]), st.integers(0, 2), PATHS),
    st.tuples(st.sampled_from(["clear", "undo", "redo"]), st.none(), PATHS),
    st.tuples(st.just("renamed"), st.dictionaries(PATH, PATH, min_size=1, max_size=3), PATHS),
)


def in_no_order(project):
    """The decisions; which of a bin's examples comes first is not asked."""
    setup, labels, support, history, next_id = decisions(project)
    return setup, labels, {k: set(v) for k, v in support.items()}, history, next_id


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@example(  # an action on two images, of which one becomes a third one later
    steps=[
        ("put", 1, ["/p/b"]),
        ("confirm", 1, ["/p/a", "/p/c"]),
        ("put", 2, ["/p/c"]),
        ("clear", None, ["/p/b"]),
        ("renamed", {"/p/a": "/p/b"}, []),
    ],
    looks=False,
)
@given(steps=st.lists(RENAMING, max_size=15), looks=st.booleans())
def test_whatever_is_renamed_memory_and_file_agree(tmp_path, steps, looks):
    """Whether or not the file is read, and with that put right, after each step."""
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        start = Project()
        start.add_folder("/p")
        start.add_bins({"A": [], "B": []})
        start = Project(start.setup)  # undoing stops at labels
        file, project = kept(made(folder, start))
        classes = [0, *(b.id for b in project.bins)]
        for kind, what, paths in steps:
            if kind == "put":
                project.put(paths, classes[what])
            elif kind == "confirm":
                project.confirm(dict.fromkeys(paths, classes[what]))
            elif kind == "clear":
                project.clear(paths)
            elif kind == "renamed":
                names = {old: new for old, new in what.items() if old != new}
                project.renamed(names)
                file.renamed(names)
            else:
                getattr(project, kind)()
            if looks:
                assert in_no_order(file.load()) == in_no_order(project)
        file.close()
        file, again = kept(file.path)
        assert in_no_order(again) == in_no_order(project)
        file.close()


def test_an_action_done_again_after_two_images_became_one_is_in_the_file(tmp_path):
    start = Project()
    start.add_folder("/p")
    start.add_bins({"A": [], "B": []})
    file, project = kept(made(str(tmp_path), Project(start.setup)))
    a, b = (bin.id for bin in project.bins)
    project.put(["/p/1"], a)
    project.put(["/p/0"], b)
    project.clear(["/p/0"])
    project.renamed({"/p/1": "/p/0"})
    file.renamed({"/p/1": "/p/0"})
    project.undo()
    project.redo()
    file.close()
    file, again = kept(file.path)
    assert dict(again.labels) == dict(project.labels) != {}
    file.close()


def test_errors_name_the_file_that_they_speak_of(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    path = str(tmp_path / "real" / "a.fewshot")
    asked = str(tmp_path / "link" / "a.fewshot")
    file = ProjectFile.create(path, Project())
    with pytest.raises(ProjectInUse) as caught:
        ProjectFile.open(asked)
    assert caught.value.path == path
    assert caught.value.holder is not None
    file.close()
    with open(path, "r+b") as stream:
        stream.seek(4096)
        stream.write(b"?" * (os.path.getsize(path) - 4096))
    with pytest.raises(DamagedProject) as found:
        ProjectFile.open(asked)
    assert found.value.path == path
    assert not found.value.backups
