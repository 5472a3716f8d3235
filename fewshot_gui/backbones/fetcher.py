"""The process that fetches backbones for the window: ``python -m fewshot_gui.backbones.fetcher``.

Whether weights can be used is found out by loading them, which needs torch; that must not
happen in the window's process.
"""

from __future__ import annotations

import sys

from fewshot_gui.backbones.install import find_offer, install_file, install_offer
from fewshot_gui.backbones.offers import Offer, offer_of
from fewshot_gui.errands import Request, serve_errand
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.texts import _


def main() -> int:
    """Answer one request."""
    return serve_errand(_answer)


def _answer(request: Request, job: Job) -> object:
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
