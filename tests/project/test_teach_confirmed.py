"""Confirmed images become examples, all at once."""

from __future__ import annotations

from fewshot_gui.project.model import Project
from fewshot_gui.project.values import UNKNOWN, Source


def test_they_become_examples_of_the_bins_they_were_confirmed_in():
    project = Project()
    project.add_bin("Lemon", ["a"])
    project.add_bin("Lime", ["b"])
    lemon, lime = (b.id for b in project.bins)
    project.confirm({"c": lemon, "d": lime, "e": UNKNOWN})
    assert project.confirmed == ("c", "d")
    edit = project.teach_confirmed()
    assert edit.changes_learning
    assert set(project.support(lemon)) == {"a", "c"}
    assert set(project.support(lime)) == {"b", "d"}
    assert project.label("e").source is Source.CONFIRMED
    assert project.confirmed == ()
    project.undo()
    assert project.confirmed == ("c", "d")
    assert set(project.support(lemon)) == {"a"}


def test_without_any_nothing_is_done():
    project = Project()
    project.add_bin("Lemon", ["a"])
    before = project.undo_text
    assert project.teach_confirmed() is None
    assert project.undo_text == before
