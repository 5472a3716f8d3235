"""Texts that look like what they are, whoever wrote them."""

from __future__ import annotations

import re
from typing import Any


def plain_text(text: str, most: int = 0) -> str:
    """A text with everything written out that is not seen: ``\\n``, ``\\u202e``, ``\\udcff``.

    Line ends, signs that move the cursor or turn the direction of writing, and bytes of names
    that are no text. What was written out already stays as it is.

    Args:
        text: Any text.
        most: Where it is longer than so many signs in the end, it is cut; 0 for never.
    """
    seen = text
    if not text.isprintable():
        seen = "".join(sign if sign.isprintable() else _written_out(sign) for sign in text)
    return seen if not 0 < most < len(seen) else seen[: most - 1] + "…"


def plain_texts(value: Any) -> Any:
    """The same for all texts in a value fit for JSON, names of objects included."""
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, dict):
        return {plain_texts(name): plain_texts(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain_texts(part) for part in value]
    return value


def without_folders(key: str) -> str:
    """What names a learner or a backbone, a file by its name alone: folders say who somebody is."""
    name, equals, file = key.rpartition("=")
    return name + equals + re.split(r"[/\\]", file)[-1]


def _written_out(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
