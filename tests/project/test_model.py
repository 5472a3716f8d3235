"""Bins, labels, and that any sequence of actions can be taken back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.errors import UserError
from fewshot_gui.project.model import Project
from fewshot_gui.project.values import Label, Source


def filled():
    project = Project()
    project.add_bins({"Lemon": ["/a", "/b"], "Lime": ["/c"]})
    return project, project.bin_named("lemon").id, project.bin_named("LIME").id


def state(project):
    support = {b.id: set(project.support(b.id)) for b in project.bins}
    return project.bins, dict(project.labels), support


def test_bins_keep_their_order_colours_and_examples():
    project, lemon, lime = filled()
    assert [b.name for b in project.bins] == ["Lemon", "Lime"]
    assert len({b.colour for b in project.bins}) == 2
    assert project.support(lemon) == ("/a", "/b")
    assert project.support(lime) == ("/c",)
    assert project.label("/a") == Label(lemon, Source.SUPPORT)


def test_an_image_moved_to_another_bin_leaves_the_first():
    project, lemon, lime = filled()
    project.put(["/a"], lime)
    assert project.support(lemon) == ("/b",)
    assert project.support(lime) == ("/c", "/a")


def test_dragging_a_wrong_one_counts_as_a_correction():
    project, lemon, lime = filled()
    project.put(["/x", "/y"], lime, predicted={"/x": lemon, "/y": lime})
    assert project.label("/x").source is Source.CORRECTED
    assert project.label("/y").source is Source.SUPPORT
    assert project.label("/x").is_support


def test_confirming_teaches_nothing_and_overrides_no_decision():
    project, lemon, lime = filled()
    before = project.revision
    edit = project.confirm({"/a": lime, "/z": lime})
    assert not edit.changes_learning
    assert project.revision == before
    assert project.label("/a").class_id == lemon
    assert project.label("/z") == Label(lime, Source.CONFIRMED)
    assert "/z" not in project.support(lime)


def test_every_change_is_counted_and_none_is_counted_back():
    project, lemon, lime = filled()
    counts = [project.edits]
    for act_ in (
        lambda: project.confirm({"/z": lime}),
        lambda: project.rename_bin(lemon, "Citron"),
        project.undo,
        project.redo,
        lambda: project.put(["/z"], lemon),
    ):
        act_()
        counts.append(project.edits)
    assert counts == sorted(set(counts))
    project.put(["/z"], lemon)
    assert project.edits == counts[-1]


def test_only_what_the_learner_sees_makes_a_new_revision():
    project, lemon, _lime = filled()
    before = project.revision
    project.rename_bin(lemon, "Citron")
    assert project.revision == before
    project.clear(["/a"])
    assert project.revision == before + 1


def test_deleting_a_bin_frees_its_images_and_undo_brings_all_back():
    project, lemon, _lime = filled()
    before = state(project)
    project.remove_bin(lemon)
    assert project.label("/a") is None
    assert project.undo_text == "Delete bin “Lemon”"
    project.undo()
    assert state(project) == before
    project.redo()
    assert project.bin_named("Lemon") is None


def test_ids_are_never_used_again():
    project, lemon, lime = filled()
    project.remove_bin(lime)
    project.add_bin("Orange")
    assert project.bin_named("Orange").id not in (lemon, lime)


def test_a_bin_of_that_name_is_filled_rather_than_doubled():
    project, lemon, _lime = filled()
    project.add_bin(" LEMON ", ["/n"])
    assert len(project.bins) == 2
    assert "/n" in project.support(lemon)


def test_doing_nothing_leaves_no_trace():
    project, lemon, _lime = filled()
    before = project.undo_text, project.revision
    assert project.put(["/a"], lemon) is None
    assert project.clear(["/nowhere"]) is None
    assert (project.undo_text, project.revision) == before


def test_filled_bins_are_those_with_examples():
    project, lemon, _lime = filled()
    project.add_bin("Empty")
    project.clear(["/a", "/b"])
    project.confirm({"/q": lemon})
    assert [b.name for b in project.filled_bins] == ["Lime"]


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 121, "bell\x07"])
def test_names_that_cannot_be_written_are_refused(name):
    with pytest.raises(UserError):
        Project().add_bin(name)


def test_renaming_onto_another_bin_is_refused():
    project, lemon, _lime = filled()
    with pytest.raises(UserError, match="Lime"):
        project.rename_bin(lemon, "LIME")
    assert project.rename_bin(lemon, "LEMON") is not None


def test_a_snapshot_stays_as_it_is_while_the_user_goes_on():
    project, lemon, lime = filled()
    project.undo()
    project.redo()
    before = state(project)
    snapshot = project.snapshot()
    assert state(snapshot) == before
    assert snapshot.revision == project.revision
    project.put(["/a"], lime)
    project.remove_bin(lemon)
    assert state(snapshot) == before


PATHS = st.sampled_from([f"/{c}" for c in "abcdefgh"])
ACTION = st.one_of(
    st.tuples(st.just("add"), st.sampled_from("XYZ"), st.lists(PATHS, max_size=3)),
    st.tuples(st.just("put"), st.integers(0, 2), st.lists(PATHS, max_size=3)),
    st.tuples(st.just("confirm"), st.integers(0, 2), st.lists(PATHS, max_size=3)),
    st.tuples(st.just("clear"), st.just(0), st.lists(PATHS, max_size=3)),
    st.tuples(st.just("remove"), st.integers(0, 2), st.just([])),
    st.tuples(st.just("rename"), st.integers(0, 2), st.just([])),
)


def act(project, action):
    kind, which, paths = action
    if kind == "add":
        return project.add_bin(which, paths)
    if kind == "clear":
        return project.clear(paths)
    if not project.bins:
        return None
    class_id = project.bins[which % len(project.bins)].id
    return {
        "put": lambda: project.put(paths, class_id, dict.fromkeys(paths, class_id)),
        "confirm": lambda: project.confirm(dict.fromkeys(paths, class_id)),
        "remove": lambda: project.remove_bin(class_id),
        "rename": lambda: project.rename_bin(class_id, f"Bin {class_id}"),
    }[kind]()


@given(st.lists(ACTION, max_size=25))
def test_as_many_undos_as_actions_give_every_earlier_state(actions):
    project = Project()
    states = [state(project)]
    for action in actions:
        if act(project, action) is not None:
            states.append(state(project))
        for b in project.bins:
            marked = {p for p, x in project.labels.items() if x.class_id == b.id and x.is_support}
            assert set(project.support(b.id)) == marked
    for expected in reversed(states[:-1]):
        project.undo()
        assert state(project) == expected
    assert project.undo() is None
    for expected in states[1:]:
        project.redo()
        assert state(project) == expected
    assert project.redo() is None


def test_the_history_of_two_images_that_became_one_goes_step_by_step():
    project = Project()
    project.add_bins({"A": [], "B": []})
    first, second = (b.id for b in project.bins)
    project.put(["/p/1"], first)
    project.put(["/p/2"], second)
    project.renamed({"/p/1": "/p/2"})
    assert dict(project.labels) == {"/p/2": Label(first, Source.SUPPORT)}
    steps = [change for edit in project.history[0] for change in edit.labels.values()]
    assert [before for before, _after in steps[1:]] == [after for _before, after in steps[:-1]]
    seen = [project.label("/p/2")]
    while project.undo() is not None:
        seen.append(project.label("/p/2"))
    while project.redo() is not None:
        pass
    assert project.label("/p/2") == seen[0]
    assert seen[-1] is None
