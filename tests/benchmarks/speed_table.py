"""Everything that should be quick, in one table: ``python -m tests.benchmarks.speed_table``.

See README.md beside this file. With ``FEWSHOT_BENCH_FOLDER=DIR`` the pictures are kept for the
next run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fewshot_gui.console import Console
from fewshot_gui.jobs import Job
from tests.benchmarks.speed import beats, drops, folders, memory, runtimes, starts
from tests.benchmarks.speed.findings import Bench, Finding, Row, as_plain, table
from tests.benchmarks.speed.programs import ROOT, ProgramError

ROWS = (
    Row("ordinary", "sorting ordinary JPEGs", folders.ordinary),
    Row("large", "sorting JPEGs of 12 megapixels", folders.large),
    Row("again", "sorting the same folder again", folders.again),
    Row("same", "embeddings of the runtime for processors", runtimes.same),
    Row("gpu", "sorting with a graphics card", runtimes.graphics_card),
    Row("drop", "one more example", drops.drop),
    Row("window", "start of the window", starts.window),
    Row("help", "fewshot-gui --help", starts.help_text),
    Row("memory", "peak memory", memory.peak),
    Row("beats", "event loop while a folder is classified", beats.event_loop),
)
JSON = ROOT / "build" / "speed-table.json"


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is asked for, print the table and write the JSON."""
    given = _parser().parse_args(words)
    console = Console(sys.stderr)
    job = Job(on_notice=console.notice)
    found: list[tuple[str, Finding]] = []
    begun = machine()
    with tempfile.TemporaryDirectory() as own:
        bench = Bench(Path(os.environ.get("FEWSHOT_BENCH_FOLDER", own)), given.quick, job)
        bench.place.mkdir(parents=True, exist_ok=True)
        for row in given.rows:
            job.notice(f"{row.key}: {row.title}")
            found += [(row.key, one) for one in measured(row, bench)]
            # after every row: a run takes long, and what it found shall not get lost
            write(given.json, found, begun, given.quick)
    print(heading(begun, given.quick))
    print()
    for line in table(found):
        print(line)
    print(f"\nThe same with more numbers is in {given.json}")
    return 0


def measured(row: Row, bench: Bench) -> Sequence[Finding]:
    """The lines of a row; where a program failed, one that says so."""
    try:
        return row.measure(bench)
    except ProgramError as error:
        bench.job.notice(str(error))
        return [Finding(row.title, "", None, None, str(error).splitlines()[0])]


def machine() -> dict[str, object]:
    """What the numbers depend on."""
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_before": load,
    }


def heading(begun: dict[str, object], quick: bool) -> str:
    """One line about the run."""
    text = f"{begun['cores']} cores, {begun['system']}, Python {begun['python']}"
    if begun["load_before"] is not None:
        text += f"; load before it began {begun['load_before']}"
    if quick:
        text = f"QUICK RUN with few pictures and rounds: rough numbers. {text}"
    return text


def write(
    file: Path, found: Sequence[tuple[str, Finding]], begun: dict[str, object], quick: bool
) -> None:
    """All lines as JSON."""
    lines = [as_plain(key, one) for key, one in found]
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"quick": quick, "machine": begun, "lines": lines}
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def chosen(text: str) -> list[Row]:
    """The rows of a list of keys, in the table's order. Raises ``ArgumentTypeError``."""
    keys = [key.strip() for key in text.split(",")]
    known = {row.key for row in ROWS}
    for key in keys:
        if key not in known:
            raise argparse.ArgumentTypeError(
                f"no row {key!r}; there are {', '.join(sorted(known))}"
            )
    return [row for row in ROWS if row.key in keys]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="speed_table", description="Measure the speed.")
    keys = ",".join(row.key for row in ROWS)
    parser.add_argument("--rows", type=chosen, default=list(ROWS), metavar=keys)
    parser.add_argument("--quick", action="store_true", help="few pictures, few rounds")
    parser.add_argument("--json", type=Path, default=JSON, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
