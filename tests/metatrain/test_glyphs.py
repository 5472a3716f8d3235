"""The learner for characters and signs that comes with the program."""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

import pytest

from fewshot_gui.doctor import report
from fewshot_gui.evaluate import Question, evaluate_folder
from fewshot_gui.jobs import Job
from fewshot_gui.learners.registry import trained_learners
from fewshot_gui.metatrain.shelf import trained
from fewshot_gui.workflow import Workbench, backbone_for, sort_folder
from tests.conftest import DATA
from tests.pictures import make_classes

ALPHABET = "omniglot/images_evaluation/Angelic/"  # none of its characters was learned from


@pytest.fixture(scope="module")
def alphabet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty characters of one alphabet, six drawings each."""
    archive = DATA / "omniglot.zip"
    if not archive.exists():
        pytest.skip("omniglot.zip is not in ../shared/data")
    place = tmp_path_factory.mktemp("omniglot")
    with zipfile.ZipFile(archive) as packed:
        names = [name for name in packed.namelist() if name.startswith(ALPHABET)]
        packed.extractall(place, [n for n in names if "01" <= n[-6:-4] <= "06"])
    return place / ALPHABET


def test_it_comes_with_the_program_and_says_where_from() -> None:
    found = trained("glyphs")
    assert found.card.recommended is False  # it was compared with nothing
    assert "Omniglot" in found.card.notice
    assert found.card.licence
    assert found.megabytes < 1
    assert "glyphs" in [info.key for info in trained_learners()]
    assert any("glyphs" in value for _name, value in report())


def test_it_sorts_anything_by_its_name(tmp_path: Path) -> None:
    make_classes(tmp_path / "support", 2)
    make_classes(tmp_path / "targets", 1, first=10, flat=True)
    with contextlib.closing(Workbench(backbone_for("glyphs", None), "cpu")) as workbench:
        found = sort_folder(tmp_path / "support", tmp_path / "targets", "glyphs", workbench, Job())
    assert (found.learner, found.backbone, len(found.rows)) == ("glyphs", "glyphs", 3)
    assert sum(row.confidence for row in found.rows) > 1


@pytest.mark.accuracy
def test_it_tells_characters_apart_that_it_never_saw(alphabet: Path) -> None:
    question = Question(("glyphs",), ("lite0",), ways=20, shots=1, targets=4, episodes=40)
    (result,) = evaluate_folder(alphabet, question, "cpu", Job()).results
    assert result.accuracy.mean > 0.85
    assert result.calibration.ece < 0.08
