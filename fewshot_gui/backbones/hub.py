"""Where timm's models lie, and what a model hub says of them.

Any server that speaks like huggingface.co will do: ``HF_ENDPOINT`` names another one, and
``HF_HUB_OFFLINE`` keeps the program off the network, as for other programs.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import quote

from fewshot_gui.backbones.download import RemoteFile, fetch_small, first_headers
from fewshot_gui.backbones.timm_config import MOST_BYTES
from fewshot_gui.errors import UserError
from fewshot_gui.texts import _

_DEFAULT_ENDPOINT = "https://huggingface.co"
_WEIGHTS = "model.safetensors"
_CONFIG = "config.json"


@dataclass(frozen=True)
class HubModel:
    """A model as the hub has it now.

    Attributes:
        config: Content of its ``config.json``.
        weights: Its weights.
        source: Where it comes from, with the version.
    """

    config: bytes
    weights: RemoteFile
    source: str


def look_up(repository: str) -> HubModel:
    """What the hub says of a model; fetches a few kilobytes.

    Raises:
        UserError: There is no network or no such model, or it has no safetensors weights.
    """
    if os.environ.get("HF_HUB_OFFLINE", "0").upper() not in ("", "0", "FALSE", "NO", "OFF"):
        raise UserError(
            _("The network is switched off by HF_HUB_OFFLINE."),
            _("Unset that variable, or use a file of weights."),
        )
    config, headers = fetch_small(_url(repository, "main", _CONFIG), MOST_BYTES)
    # Config and weights of one version, whatever is put there meanwhile.
    commit = headers.get("x-repo-commit", "")
    revision = commit if re.fullmatch(r"[0-9a-f]{40}", commit) else "main"
    weights = _weights(_url(repository, revision, _WEIGHTS))
    return HubModel(config, weights, f"{_endpoint()}/{repository} ({revision[:12]})")


def _weights(url: str) -> RemoteFile:
    headers = first_headers(url)
    # Large files lie elsewhere: the hub's own headers tell their size and checksum.
    sha256 = (headers.get("x-linked-etag") or headers.get("etag") or "").removeprefix("W/")
    sha256 = sha256.strip('"')
    size = headers.get("x-linked-size") or headers.get("content-length") or ""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256) or not re.fullmatch(r"[1-9][0-9]{0,12}", size):
        raise UserError(
            _("The server does not say what the weights' checksum is, so they are not fetched."),
            _("Fetch them yourself, and use the file."),
        )
    return RemoteFile(url, int(size), sha256)


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or _DEFAULT_ENDPOINT).rstrip("/")


def _url(repository: str, revision: str, name: str) -> str:
    return f"{_endpoint()}/{quote(repository)}/resolve/{revision}/{quote(name)}"
