"""The order in which people expect file names: 9 comes before 10."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(r"[0-9]+")


def natural_key(path: str) -> tuple[str, str]:
    """A sort key for relative paths with ``/``, compared folder by folder.

    Numbers count by their value and case does not matter; the path itself decides between
    names that are equal otherwise, so the order never depends on the file system.
    """
    path = composed(path)
    # A folder's own content comes before names that merely begin like it: "a/z" < "a b".
    folded = path.casefold().replace("/", "\0")
    return _NUMBER.sub(_by_value, folded), path


def composed(path: str) -> str:
    """The same path in Unicode's composed form, however the file system writes it."""
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def _by_value(match: re.Match[str]) -> str:
    """Digits such that text comparison gives numeric order: more digits, larger number.

    The leading "0" keeps a number where a digit stands among the other characters.
    """
    digits = match.group().lstrip("0")
    return f"0{chr(len(digits) + 1)}{digits}"
