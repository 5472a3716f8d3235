"""The process that trains for the window: ``python -m fewshot_gui.metatrain.training_child``.

The first line that it reads is the order, further ones what is wanted of it; it writes
events. All are lines of JSON.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import traceback
from typing import Any, BinaryIO

from fewshot_gui.children import lower_priority, own_pipes
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job, Progress
from fewshot_gui.metatrain.plain import from_plain
from fewshot_gui.metatrain.training_events import (
    Failed,
    Noticed,
    Preparing,
    TrainingEvent,
    event_to_plain,
)
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.metatrain.training_plan import Control


def main() -> int:
    """Make one training. It is cancelled when the other side closes its pipe."""
    source, sink = own_pipes()
    lower_priority()
    teller = _Teller(sink)
    request = json.loads(source.readline())
    order, resume = from_plain(TrainingOrder, request["order"]), bool(request["resume"])
    job, control = Job(teller.progress, lambda text: teller.event(Noticed(text))), Control()
    threading.Thread(target=_listen, args=(source, job, control), daemon=True).start()
    try:
        from fewshot_gui.metatrain.training_run import train

        train(order, job, teller.event, control, resume)
    except Cancelled:
        pass  # it was told
    except UserError as error:
        teller.event(Failed(error.message, error.hint))
    except Exception:
        teller.say(["Bug", traceback.format_exc()])
    return 0


class _Teller:
    """Writes lines; events may come from several threads."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._lock = threading.Lock()

    def event(self, event: TrainingEvent) -> None:
        self.say(event_to_plain(event))

    def progress(self, progress: Progress) -> None:
        self.event(Preparing(progress.text, progress.done, progress.total, progress.seconds_left))

    def say(self, content: list[Any]) -> None:
        # who asked may be gone: then the other pipe is closed, too, and the job is cancelled
        with self._lock, contextlib.suppress(OSError):
            self._sink.write(json.dumps(content).encode() + b"\n")


def _listen(source: BinaryIO, job: Job, control: Control) -> None:
    try:
        for line in source:
            wish = json.loads(line)
            if wish["finishing"]:
                control.finish()
            elif wish["held"]:
                control.hold()
            else:
                control.release()
            if wish["cancelled"]:
                break
    except ValueError:
        pass  # who asked died in the middle of a line
    finally:
        job.cancel()


if __name__ == "__main__":
    sys.exit(main())
