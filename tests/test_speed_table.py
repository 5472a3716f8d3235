"""The table of speeds tells what was found. What was found is measured elsewhere."""

from __future__ import annotations

import argparse
import json
from ast import literal_eval
from pathlib import Path

import pytest
from PIL import Image

from fewshot_gui.jobs import Job
from tests.benchmarks.speed.findings import Bench, Finding, Row, Target, alternating, table
from tests.benchmarks.speed.photos import Kind, linked, task
from tests.benchmarks.speed.programs import ProgramError, environment, run
from tests.benchmarks.speed_table import ROWS, chosen, heading, measured, write

SIX_TIMES = Target(6, " ×", at_least=True)
WITHIN = Target(150, " ms more", at_least=False, places=0)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, True, Job())


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize(
    ("target", "value", "shown", "verdict"),
    [
        (SIX_TIMES, 6.0, "6.0 ×", "met"),
        (SIX_TIMES, 5.99, "6.0 ×", "missed"),
        (SIX_TIMES, float("nan"), "nan ×", "missed"),
        (WITHIN, 150.0, "150 ms more", "met"),
        (WITHIN, 151.0, "151 ms more", "missed"),
        (WITHIN, -3.0, "-3 ms more", "met"),
    ],
)
def test_a_line_says_whether_the_target_was_met(target, value, shown, verdict):
    lines = table([("row", Finding("what", "other", target, value, "5 and 1 s"))])
    assert cells(lines[2]) == ["row", "what", "other", str(target), shown, verdict]
    assert lines[-1] == "row: 5 and 1 s"


def test_targets_say_which_way_they_point():
    assert (str(SIX_TIMES), str(WITHIN)) == ("≥ 6 ×", "≤ 150 ms more")


def test_what_was_not_measured_says_why():
    lines = table([("gpu", Finding("what", "other", SIX_TIMES, None, "no GPU"))])
    assert cells(lines[2]) == ["gpu", "what", "other", "≥ 6 ×", "—", "not measured: no GPU"]
    assert len(lines) == 3


def test_columns_stand_below_one_another():
    found = [("a", Finding("x", "y", WITHIN, 1.0)), ("long", Finding("xyz", "", SIX_TIMES, 12.0))]
    heads, rule, *rest = table(found)
    places = [i for i, character in enumerate(heads) if character == "|"]
    for line in (rule, *rest):
        assert [i for i, character in enumerate(line) if character == "|"] == places


def test_a_program_that_fails_costs_its_row_only(bench):
    def fails(_bench):
        run(["-c", "import sys; sys.exit('no room')"], environment(bench.place))

    (line,) = measured(Row("x", "the thing", fails), bench)
    assert line.verdict == "not measured"
    assert "ended with 1" in line.note
    assert cells(table([("x", line)])[2])[:4] == ["x", "the thing", "", "—"]


def test_a_program_tells_what_it_printed_last(bench):
    done = run(["-c", "print('first'); print('{\"seconds\": 2}')"], environment(bench.place))
    assert done.json() == {"seconds": 2}
    with pytest.raises(ProgramError, match="no room"):
        run(["-c", "import sys; sys.exit('no room')"], environment(bench.place))


def test_programs_have_caches_of_their_own_and_keep_what_python_compiles(bench, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    words = "XDG_CACHE_HOME", "LOCALAPPDATA", "PYTHONDONTWRITEBYTECODE"
    script = f"import os; print([os.environ.get(word, '') for word in {words}])"
    cache, windows, unkept = literal_eval(run(["-c", script], environment(bench.place)).printed)
    assert (Path(cache).parent, Path(windows).parent) == (bench.place, bench.place)
    assert unkept == ""


def test_sides_take_turns():
    seen = []
    sides = [lambda: seen.append("a") or 1.0, lambda: seen.append("b") or 2.0]
    assert alternating(sides, 2, warm_up=True) == [[1.0, 1.0], [2.0, 2.0]]
    assert "".join(seen) == "ababab"


def test_pictures_are_all_different_and_made_once(tmp_path):
    kind = Kind("small", (60, 40), (2, 1))
    made = task(tmp_path, kind, 3)
    files = [*made.files(), *made.few.rglob("*.jpg"), *made.support.rglob("*.jpg")]
    assert len(made.files()) == made.count == 3
    assert len({file.read_bytes() for file in files}) == len(files)
    for file in made.files():
        with Image.open(file) as picture:
            assert picture.size == (60, 40)
    before = [file.stat().st_mtime_ns for file in files]
    assert task(tmp_path, kind, 3) == made
    assert [file.stat().st_mtime_ns for file in files] == before


def test_very_many_pictures_are_links(tmp_path):
    base = task(tmp_path, Kind("small", (60, 40), (1, 1)), 2)
    many = linked(tmp_path, base, 5)
    assert [file.name for file in many.files()] == [f"image{i}.jpg" for i in range(5)]
    assert all(file.samefile(base.files()[i % 2]) for i, file in enumerate(many.files()))


def test_rows_are_chosen_by_their_keys():
    assert [row.key for row in chosen("help,drop")] == ["drop", "help"]
    assert len({row.key for row in ROWS}) == len(ROWS)
    with pytest.raises(argparse.ArgumentTypeError, match="no row 'hepl'"):
        chosen("hepl")


def test_the_file_has_all_that_the_table_has(tmp_path):
    file, begun = tmp_path / "new" / "speed.json", {"cores": 2, "load_before": 0.1}
    found = [
        ("help", Finding("what", "other", WITHIN, 200.0, "", {"ours_s": [0.2]})),
        ("gpu", Finding("what", "other", SIX_TIMES, None, "no GPU")),
    ]
    write(file, found, begun, quick=True)
    read = json.loads(file.read_text("utf-8"))
    assert read["quick"] is True
    assert read["machine"] == begun
    help_, gpu = read["lines"]
    assert (help_["row"], help_["value"], help_["verdict"]) == ("help", 200.0, "missed")
    assert (help_["target"]["limit"], help_["details"]) == (150, {"ours_s": [0.2]})
    assert (gpu["value"], gpu["verdict"], gpu["note"]) == (None, "not measured", "no GPU")


def test_a_quick_run_says_so():
    begun = {"cores": 2, "system": "Linux", "python": "3.12", "load_before": None}
    assert heading(begun, quick=True).startswith("QUICK RUN")
    assert "QUICK" not in heading(begun, quick=False)
