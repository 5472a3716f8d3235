"""The process that fine-tunes for the window: ``python -m fewshot_gui.metatrain.tuner``."""

from __future__ import annotations

import sys
from dataclasses import asdict

from fewshot_gui.errands import Request, serve_errand
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.fine_tuning import TuningOrder, fine_tune
from fewshot_gui.metatrain.plain import from_plain


def main() -> int:
    """Fine-tune as ordered."""
    return serve_errand(_tuned)


def _tuned(request: Request, job: Job) -> dict[str, int]:
    return asdict(fine_tune(from_plain(TuningOrder, request), job))


if __name__ == "__main__":
    sys.exit(main())
