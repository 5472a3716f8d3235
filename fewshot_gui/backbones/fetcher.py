"""The process that fetches backbones for the window: ``python -m fewshot_gui.backbones.fetcher``.

Whether weights can be used is found out by loading them, which needs torch; that must not
happen in the window's process. Requests and answers are lines of JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import BinaryIO

from fewshot_gui.backbones.install import find_offer, install_file, install_offer
from fewshot_gui.backbones.offers import Offer, offer_of
from fewshot_gui.children import lower_priority, own_pipes
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job, Progress
from fewshot_gui.texts import _

Tell = Callable[[str, object], None]


def main() -> int:
    """Answer one request. The job is cancelled when the other side closes its pipe."""
    source, sink = own_pipes()
    lower_priority()
    tell = _teller(sink)
    job = Job(lambda progress: tell("progress", _plain(progress)), lambda t: tell("notice", t))
    request = json.loads(source.readline())
    threading.Thread(target=_wait_for_end, args=(source, job), daemon=True).start()
    try:
        tell("done", _answer(request, job))
    except Cancelled:
        tell("cancelled", None)
    except UserError as error:
        tell("refused", [error.message, error.hint])
    except Exception:
        tell("bug", traceback.format_exc())
    return 0


def _teller(sink: BinaryIO) -> Tell:
    def tell(kind: str, content: object) -> None:
        sink.write(json.dumps([kind, content]).encode() + b"\n")

    return tell


def _wait_for_end(source: BinaryIO, job: Job) -> None:
    source.read()
    job.cancel()


def _plain(progress: Progress) -> list[object]:
    return [progress.done, progress.total, progress.text]


def _answer(request: Mapping[str, str], job: Job) -> object:
    if request["do"] == "add":
        return install_file(request["file"], request["key"], job).key
    offer = _offer(request["key"])
    offer, model = find_offer(offer)
    if request["do"] == "find":
        return [offer.name, offer.licence, offer.megabytes, model.source]
    if offer.licence != request["licence"]:
        raise UserError(
            _("The licence of this backbone is another one now."), _("Look at it once more.")
        )
    return install_offer(offer, model, job).key


def _offer(key: str) -> Offer:
    offer = offer_of(key)
    if offer is None:
        raise UserError(
            _("There is no backbone “{key}” to fetch.").format(key=key),
            _("Write “timm:” and the name of a model of the timm library."),
        )
    return offer


if __name__ == "__main__":
    sys.exit(main())
