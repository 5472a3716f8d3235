"""Class folders on the disk to results, with the real backbone."""

from __future__ import annotations

import shutil

import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.evaluate import Question, evaluate_folder
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.plan import Mode
from tests.pictures import make_classes

QUESTION = Question(learners=("prototypes", "matching"), backbones=("lite0",), episodes=10)


@pytest.fixture
def colours(tmp_path):
    """Three classes of nine pictures each, one of them a copy and one no picture at all."""
    made = make_classes(tmp_path, 8)
    shutil.copy(made[0], made[0].with_name("copy.png"))
    (made[-1].parent / "broken.png").write_bytes(b"x")
    return tmp_path


def ask(folder, question):
    return evaluate_folder(folder, question, "cpu", Job())


def test_whatever_is_left_open_is_chosen_so_that_it_works(colours):
    notices: list[str] = []
    job = Job(on_notice=notices.append)
    found = evaluate_folder(colours, QUESTION, "cpu", job)
    assert found.data.names == ("blue", "green", "red")
    assert found.data.sizes.tolist() == [8, 8, 8]
    assert [r.learner for r in found.results] == ["prototypes", "matching"]
    for result in found.results:
        assert (result.ways, result.plan.shots, result.plan.targets) == (3, 5, 3)
        assert result.accuracy.mean > 0.95  # colours are easily told apart
    assert "1 picture cannot be read and is left out." in notices
    assert any(n.startswith("1 picture is there more than once") for n in notices)
    assert any(n.startswith("Each task has 3 targets of each class") for n in notices)


def test_the_curve_ends_where_pictures_do(colours):
    notices: list[str] = []
    job = Job(on_notice=notices.append)
    question = Question(("prototypes",), ("lite0",), episodes=4, curve=True, targets=3)
    found = evaluate_folder(colours, question, "cpu", job)
    assert [r.plan.shots for r in found.results] == [1, 2, 5]
    assert {r.plan.targets for r in found.results} == {3}
    text = "Too few classes have pictures for 10, 20 examples; the curve ends before."
    assert text in notices


def test_in_folder_mode_everything_is_sorted(colours):
    question = Question(("prototypes",), ("lite0",), shots=2, mode=Mode.FOLDER)
    (result,) = ask(colours, question).results
    assert (result.ways, result.targets, result.episodes) == (3, 18, 20)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (Question(("magic",), ("lite0",)), "no learner called “magic”"),
        (Question(("finetune",), ("lite0",)), "changes the network anew for every task"),
        (Question(("prototypes",), ("magic",)), "no backbone called “magic”"),
        (Question(("prototypes",), ("lite0",), shots=9), "none have at least 10"),
        (Question(("prototypes",), ("lite0",), ways=4), "There are only 3 classes"),
        (Question(("prototypes",), ("lite0",), ways=4, curve=True), "There are only 3 classes"),
        (Question(("prototypes",), ("lite0",), episodes=0), "At least one task"),
        (Question(("prototypes",), ("lite0",), mode=Mode.STRANGERS), "no class left"),
    ],
)
def test_questions_that_cannot_be_answered(colours, question, words, own_places):
    with pytest.raises(UserError, match=words):
        ask(colours, question)
    assert not list(own_places.rglob("*.embeddings"))  # told before the long work


def test_too_few_pictures_that_can_be_read(tmp_path):
    for path in make_classes(tmp_path, 3)[1::3]:
        path.write_bytes(b"x")
    question = Question(("prototypes",), ("lite0",), shots=2)
    with pytest.raises(UserError, match="Of 3 classes that are needed, none have at least 3"):
        ask(tmp_path, question)


def test_folders_that_hold_no_classes(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        ask(tmp_path / "missing", QUESTION)
    with pytest.raises(UserError, match="no image"):
        ask(tmp_path, QUESTION)
    made = make_classes(tmp_path / "all", 2)
    with pytest.raises(UserError, match="only one class"):
        ask(made[0].parent, QUESTION)


@pytest.mark.slow
@pytest.mark.accuracy
def test_a_dozen_classes_of_photos(grocery, tmp_path):
    """Folders in folders, one of them under a name that another one has, too."""
    shutil.copytree(grocery / "Vegetables", tmp_path / "Vegetables")
    question = Question(("prototypes",), ("lite0",), mode=Mode.STRANGERS, episodes=100)
    found = ask(tmp_path, question)
    assert len(found.data) >= 12
    assert len(set(found.data.names)) == len(found.data)
    (result,) = found.results
    print(f"accuracy {result.accuracy}, unknown AUROC {result.unknown_auroc}")
    assert result.accuracy.mean >= 0.92
    assert result.unknown_auroc.mean >= 0.85
