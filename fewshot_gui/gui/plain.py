"""Keeps strangers' words (file names, names of classes) from being taken for rich text."""

from __future__ import annotations

from html import escape
from textwrap import fill

TIP_WIDTH = 72  # letters in a line of a long tool tip


def long_tip(text: str) -> str:
    """Sentences of the program's own for a tool tip, which breaks no plain lines by itself."""
    return fill(text, TIP_WIDTH)


def plain_tip(text: str) -> str:
    """The text for a tool tip, which has no switch for plain text."""
    if "<" not in text:  # Qt takes nothing else for rich text
        return text
    return "<p>" + escape(text).replace("\n", "<br>") + "</p>"
