"""The built wheel, installed away from the checkout, does what the checkout does."""

import csv
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import fewshot_gui

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MINUTE = 60


def run(*command, cwd, environment=None, timeout=5 * MINUTE):
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        timeout=timeout,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def pip(*arguments, cwd):
    result = run(sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, cwd=cwd)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built as a user's pip would, but with the build backend installed here."""
    pytest.importorskip("hatchling", reason="the test extra is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    pip(
        *("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"),
        *("--wheel-dir", folder, ROOT),
        cwd=folder,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder that holds the installed program and nothing of what it depends on."""
    folder = tmp_path_factory.mktemp("installed")
    pip(
        *("install", "--quiet", "--no-deps", "--no-index", "--no-compile"),
        *("--target", folder, wheel),
        cwd=folder,
    )
    return folder


@pytest.fixture
def elsewhere(installed, tmp_path):
    """Environment and working directory of a user who has never seen the program."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "PYTHONPATH")
        and not name.startswith("XDG_")
    }
    places = {name: tmp_path / name.lower() for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR")}
    for place in places.values():
        place.mkdir()
    environment.update({name: str(place) for name, place in places.items()})
    environment["PYTHONPATH"] = str(installed)
    environment["PYTHONIOENCODING"] = "utf-8"
    work = tmp_path / "work"
    work.mkdir()
    return work, environment


def command(installed):
    """The installed console script, started by this Python."""
    name = "fewshot-gui.exe" if os.name == "nt" else "fewshot-gui"
    script = installed / ("Scripts" if os.name == "nt" else "bin") / name
    return [script] if os.name == "nt" else [sys.executable, script]


def test_wheel_carries_the_program_and_its_resources(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "fewshot_gui/cli.py" in names
    assert "fewshot_gui/_resources/sample/answers.csv" in names
    bundled = {name for name in names if name.startswith("fewshot_gui/_resources/sample/")}
    sample = ROOT / "resources" / "sample"
    assert len(bundled) == sum(path.is_file() for path in sample.rglob("*"))
    assert "fewshot_gui/_resources/icons/fewshot-gui.svg" in names
    for learner in ("glyphs", "photos"):
        assert f"fewshot_gui/_resources/learners/{learner}.safetensors" in names


def test_wheel_carries_the_licences(wheel):
    names = {Path(name).name for name in zipfile.ZipFile(wheel).namelist() if "licenses" in name}
    assert {"LICENSE", "THIRD_PARTY_NOTICES.md"} <= names


def test_wheel_carries_nothing_else(wheel):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"fewshot_gui", f"fewshot_gui-{fewshot_gui.__version__}.dist-info"}
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if "__pycache__" in name]


def test_wheel_has_the_version_of_the_package(wheel):
    metadata = f"fewshot_gui-{fewshot_gui.__version__}.dist-info/METADATA"
    fields = Parser().parsestr(zipfile.ZipFile(wheel).read(metadata).decode("utf-8"))
    assert fields["Version"] == fewshot_gui.__version__
    assert fields["License-Expression"] == "Apache-2.0"


def test_changelog_knows_the_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{fewshot_gui.__version__}]" in changelog


def test_notices_name_every_dependency():
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8").lower()
    names = [re.match(r"[\w-]+", requirement)[0] for requirement in PROJECT["dependencies"]]
    assert not [name for name in names if name.lower() not in notices]


def test_desktop_entry_starts_an_installed_command():
    entry = (ROOT / "packaging" / "fewshot-gui.desktop").read_text(encoding="utf-8")
    started = re.search(r"^Exec=(\S+)", entry, re.MULTILINE)[1]
    assert started in PROJECT["scripts"] | PROJECT["gui-scripts"]


def test_version_from_another_folder(installed, elsewhere):
    work, environment = elsewhere
    result = run(*command(installed), "--version", cwd=work, environment=environment)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().endswith(fewshot_gui.__version__)


def test_the_installed_copy_is_the_one_that_runs(installed, elsewhere):
    work, environment = elsewhere
    code = "import fewshot_gui.paths as p; print(p.resource('sample', 'targets'))"
    result = run(sys.executable, "-c", code, cwd=work, environment=environment)
    assert Path(result.stdout.strip()) == installed / "fewshot_gui/_resources/sample/targets"


@pytest.mark.slow
def test_demo_from_another_folder(installed, elsewhere):
    work, environment = elsewhere
    result = run(*command(installed), "demo", "--headless", cwd=work, environment=environment)
    assert result.returncode == 0, result.stderr
    for folder in (installed / "fewshot_gui/_resources/sample/examples").iterdir():
        assert folder.name in result.stdout
    (path,) = re.findall(r"\S+\.csv", result.stdout)
    with Path(path).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    targets = installed / "fewshot_gui/_resources/sample/targets"
    assert {row["path"] for row in rows} == {file.name for file in targets.iterdir()}
    assert all(row["label"] and not row["error"] for row in rows)
    assert not list(work.iterdir()), "the demo must leave the user's folder alone"


def test_scripts_are_installed_next_to_this_python():
    # Only where the program was installed, as `make test` does it.
    scripts = Path(sysconfig.get_path("scripts"))
    if not list(scripts.glob("fewshot-gui*")):
        pytest.skip("fewshot-gui is not installed in this environment")
    suffix = ".exe" if os.name == "nt" else ""
    for name in PROJECT["scripts"] | PROJECT["gui-scripts"]:
        assert (scripts / f"{name}{suffix}").exists()
