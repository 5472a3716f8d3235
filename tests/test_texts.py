"""Texts come in the user's language where there is a catalogue for it."""

from __future__ import annotations

import ast
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import fewshot_gui

PACKAGE = Path(fewshot_gui.__file__).parent


def write_catalogue(path: Path, texts: dict[str, str]) -> None:
    """A compiled catalogue: the format is described in GNU gettext's manual."""
    texts = {"": "Content-Type: text/plain; charset=UTF-8\n", **texts}
    keys = sorted(texts)
    originals, translations, data = [], [], b""
    start = 28 + 16 * len(keys)
    for table, words in ((originals, keys), (translations, [texts[key] for key in keys])):
        for word in words:
            encoded = word.encode()
            table += [len(encoded), start + len(data)]
            data += encoded + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, start)
    tables = struct.pack(f"<{4 * len(keys)}I", *originals, *translations)
    path.parent.mkdir(parents=True)
    path.write_bytes(header + tables + data)


def test_a_catalogue_in_the_resources_is_used(tmp_path):
    copy = tmp_path / "fewshot_gui"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "gui"))
    write_catalogue(
        tmp_path / "resources/translations/eo/LC_MESSAGES/fewshot_gui.mo",
        {"A bin needs a name.": "Ujo bezonas nomon."},
    )
    code = "from fewshot_gui.project.model import Project\nProject().add_bin('')"
    for language, words in (("eo", "Ujo bezonas nomon."), ("xx", "A bin needs a name.")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, "LANGUAGE": language, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert words in done.stderr


def calls(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node


def test_every_translated_text_is_a_literal_that_a_translator_can_be_given():
    """A text that is put together first is never found in a catalogue."""
    found = 0
    for path in PACKAGE.rglob("*.py"):
        for call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if call.func.id not in ("_", "ngettext"):
                continue
            texts = call.args[: 1 if call.func.id == "_" else 2]
            assert all(isinstance(t, ast.Constant) for t in texts), f"{path.name}:{call.lineno}"
            found += 1
    assert found > 200


def test_user_errors_are_always_translated():
    for path in PACKAGE.rglob("*.py"):
        for call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if call.func.id == "UserError" and call.args:
                first = call.args[0]
                assert not isinstance(first, (ast.Constant, ast.JoinedStr)), (
                    f"{path.name}:{call.lineno} is not translated"
                )
