"""OpenVINO, which tells nobody that it is here.

Imported plainly, it reports to Google Analytics without having asked, and keeps a number for
this user in the home folder. It does neither where the package for that cannot be imported.
"""

from __future__ import annotations

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino as ov  # noqa: E402 - the line above has to come first
from openvino import opset13 as op  # noqa: E402

__all__ = ["op", "ov"]
