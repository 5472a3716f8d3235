"""An errand: one piece of work in a process of its own, with progress and cancellation.

For what needs torch and is asked for in the window, whose process never imports it. Request and
result are what JSON can hold.
"""

from __future__ import annotations

import contextlib
import json
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from fewshot_gui.children import lower_priority, own_pipes, running_child
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job, Progress

Request = Mapping[str, Any]
Work = Callable[[Request, Job], Any]
_PATIENCE_SECONDS = 10.0  # to tidy up once it is not wanted any more


class ProcessDiedError(RuntimeError):
    """The process has ended without a word."""


def run_errand(module: str, frozen_option: str, request: Request, job: Job) -> Any:
    """Have a process do something, and wait for its result.

    Args:
        module, frozen_option: What it runs; see ``child_command``. It calls ``serve_errand``.
        request: What it is told.
        job: Progress, notices and cancellation.

    Raises:
        UserError: What the work raised.
        Cancelled: The job was cancelled.
        ProcessDiedError: It was ended from outside, or the memory ran out.
        RuntimeError: It has a bug.
    """
    job.checkpoint()
    with running_child(module, frozen_option, _PATIENCE_SECONDS) as child:
        child.say(request)
        for answer in child.answers():
            job.checkpoint()
            if answer is None:
                continue
            kind, content = answer
            if kind == "done":
                return content
            _take(kind, content, job)
    raise ProcessDiedError("the process died")


def _take(kind: str, content: Any, job: Job) -> None:
    if kind == "progress":
        job.report(*content)
    elif kind == "notice":
        job.notice(content)
    elif kind == "refused":
        raise UserError(*content)
    else:
        raise RuntimeError(content)


def serve_errand(work: Work) -> int:
    """In the process: do one errand; it is cancelled when the other side closes its pipe.

    Args:
        work: Request and job -> result.

    Returns:
        The exit code.
    """
    source, sink = own_pipes()
    lower_priority()
    tell = _teller(sink)
    job = Job(lambda progress: tell("progress", _plain(progress)), lambda t: tell("notice", t))
    request = json.loads(source.readline())
    threading.Thread(target=_wait_for_end, args=(source, job), daemon=True).start()
    try:
        tell("done", work(request, job))
    except Cancelled:
        tell("cancelled", None)
    except UserError as error:
        tell("refused", [error.message, error.hint])
    except Exception:
        tell("bug", traceback.format_exc())
    return 0


def _teller(sink: BinaryIO) -> Callable[[str, object], None]:
    def tell(kind: str, content: object) -> None:
        # Who asked may be gone: then the other pipe is closed, too, and the job is cancelled.
        with contextlib.suppress(OSError):
            sink.write(json.dumps([kind, content]).encode() + b"\n")

    return tell


def _wait_for_end(source: BinaryIO, job: Job) -> None:
    source.read()
    job.cancel()


def _plain(progress: Progress) -> list[object]:
    return [progress.done, progress.total, progress.text]
