"""Freed memory is kept for a while, and given back then."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import pytest

from fewshot_gui.metatrain.memory import freed_memory_kept

SIZE = 200 << 20
# In a program of its own: what other tests have freed would be taken again unseen.
PROGRAM = """
import json, sys
from pathlib import Path
from fewshot_gui.metatrain.memory import freed_memory_kept

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

size = int(sys.argv[1])
before = resident()
with freed_memory_kept():
    b"x" * size
    within = resident() - before
print(json.dumps([within, resident() - before]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these settings")
def test_memory_stays_only_as_long_as_it_is_asked_for():
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(SIZE)], capture_output=True, text=True, check=True
    )
    within, after = json.loads(ran.stdout)
    assert within > 0.8 * SIZE
    assert after < 0.3 * SIZE


def test_an_error_within_goes_through():
    with pytest.raises(KeyError), freed_memory_kept():
        raise KeyError
