"""Evidence: the right examples, for the image that is looked at and no other."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fewshot_gui import workflow
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.gui.collection import Collection
from fewshot_gui.gui.evidence import (
    CAUSES,
    SIMILAR,
    Evidence,
    EvidenceFinder,
    EvidenceLane,
    Question,
)
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.images.scan import scan
from fewshot_gui.jobs import Job
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.project.model import Project
from tests.gui.fakes import FakeWorkbench
from tests.pictures import make_classes


@pytest.fixture
def table(tmp_path):
    """Embeddings of 24 pictures: blue0.png … red7.png."""
    make_classes(tmp_path, 8, flat=True)
    bench = FakeWorkbench()
    table = bench.new_table()
    rows = np.asarray(table.add(scan(tmp_path, Job()).files, as_targets=True), np.int64)
    bench.embed(table, rows, Job())
    bench.close()
    return table


@pytest.fixture
def project(table):
    project = Project()
    names = {name: [p for p in paths(table) if name.lower() in p] for name in ("Red", "Blue")}
    project.add_bins({name: found[:3] for name, found in names.items()})
    return project


@pytest.fixture
def runner(qapp):
    runner = JobRunner()
    yield runner
    runner.shutdown()


def paths(table) -> list[str]:
    return [table.file(row).path for row in range(len(table))]


def row_of(table, name: str) -> int:
    return next(row for row in range(len(table)) if table.file(row).relative == name)


def names(table, near) -> list[str]:
    return [table.file(n.row).relative for n in near]


def ask(finder, project, table, name: str, class_id: int) -> Evidence:
    question = Question(project, table, np.arange(len(table)), row_of(table, name), class_id)
    return finder(question, Job())


def test_the_causes_are_examples_of_that_class_the_nearest_first(project, table):
    red = project.bin_named("Red").id
    evidence = ask(EvidenceFinder(), project, table, "red6.png", red)
    assert set(names(table, evidence.causes)) == {"red0.png", "red1.png", "red2.png"}
    cosines = [near.cosine for near in evidence.causes]
    assert cosines == sorted(cosines, reverse=True)
    assert 0.9 < cosines[0] <= 1.0
    assert evidence.class_id == red


def test_similar_pictures_are_of_the_same_colour_and_not_itself(project, table):
    evidence = ask(EvidenceFinder(), project, table, "green3.png", NO_CLASS)
    assert evidence.causes == ()
    assert len(evidence.similar) == SIMILAR
    first = names(table, evidence.similar)[:7]
    assert sorted(first) == [f"green{i}.png" for i in (0, 1, 2, 4, 5, 6, 7)]


def test_an_example_is_no_evidence_for_itself(project, table):
    evidence = ask(EvidenceFinder(), project, table, "red0.png", project.bin_named("Red").id)
    assert set(names(table, evidence.causes)) == {"red1.png", "red2.png"}


def test_no_more_than_there_is_room_for(project, table):
    project.put([p for p in paths(table) if "red" in p], project.bin_named("Red").id)
    evidence = ask(EvidenceFinder(), project, table, "green0.png", project.bin_named("Red").id)
    assert len(evidence.causes) == CAUSES


def test_what_is_not_read_has_no_evidence(project, table):
    pending = EmbeddingTable(table.width)
    pending.add([table.file(0)])
    question = Question(project, pending, np.arange(1), 0, project.bin_named("Red").id)
    assert EvidenceFinder()(question, Job()) == Evidence(0, question.class_id)


def test_the_examples_are_gathered_once_until_they_change(project, table, monkeypatch):
    gathered = []
    real = workflow.support_set
    monkeypatch.setattr(workflow, "support_set", lambda *args: gathered.append(args) or real(*args))
    finder, red = EvidenceFinder(), project.bin_named("Red").id
    for name in ("red5.png", "red6.png", "red7.png"):
        ask(finder, project, table, name, red)
    assert len(gathered) == 1
    project.put([table.file(row_of(table, "red7.png")).path], red)
    evidence = ask(finder, project.snapshot(), table, "red6.png", red)
    assert "red7.png" in names(table, evidence.causes)


class SlowFinder:
    """Answers when the test lets it."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[tuple[int, int]] = []

    def __call__(self, question: Question, job: Job) -> Evidence:
        self.asked.append((question.row, question.class_id))
        while not self.gate.wait(0.005):
            job.checkpoint()
        if question.row < 0:
            raise ValueError("no such row")
        return Evidence(question.row, question.class_id)


@pytest.fixture
def finder():
    finder = SlowFinder()
    yield finder
    finder.gate.set()


@pytest.fixture
def lane(runner, finder):
    lane = EvidenceLane(runner, finder)
    lane.answers = []
    lane.found.connect(lane.answers.append)
    yield lane
    lane.forget()


@pytest.fixture
def collection(table):
    return Collection(table)


def test_a_held_key_asks_once_for_where_it_stopped(lane, finder, collection, project, qtbot):
    for row in range(10):
        lane.ask(collection, project, row, 1)
    qtbot.waitUntil(lambda: lane.answers == [Evidence(9, 1)])
    assert finder.asked == [(9, 1)]
    assert not lane.busy


def test_an_answer_for_another_picture_is_dropped(lane, finder, collection, project, qtbot):
    finder.gate.clear()
    lane.ask(collection, project, 1, 1)
    qtbot.waitUntil(lambda: finder.asked == [(1, 1)])
    lane.ask(collection, project, 2, 1)
    finder.gate.set()
    qtbot.waitUntil(lambda: not lane.busy)
    assert lane.answers == [Evidence(2, 1)]


def test_news_of_the_same_picture_do_not_starve_the_answer(
    lane, finder, collection, project, qtbot
):
    finder.gate.clear()
    lane.ask(collection, project, 1, 1)
    qtbot.waitUntil(lambda: finder.asked == [(1, 1)])
    for class_id in (1, 1, 2):
        lane.ask(collection, project, 1, class_id)
    finder.gate.set()
    qtbot.waitUntil(lambda: not lane.busy)
    assert lane.answers == [Evidence(1, 1), Evidence(1, 2)]


def test_after_forgetting_nothing_comes(lane, finder, collection, project, qtbot):
    finder.gate.clear()
    lane.ask(collection, project, 1, 1)
    qtbot.waitUntil(lambda: finder.asked == [(1, 1)])
    lane.forget()
    with qtbot.assertNotEmitted(lane.found, wait=200):
        finder.gate.set()
    assert not lane.busy


def test_an_unexpected_error_is_told(lane, collection, project, qtbot):
    with qtbot.waitSignal(lane.failed) as failed:
        lane.ask(collection, project, -1, 1)
    assert isinstance(failed.args[0], ValueError)
    assert not lane.busy
