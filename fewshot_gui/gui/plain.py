"""Keeps strangers' words (file names, names of classes) from being taken for rich text."""

from __future__ import annotations

from html import escape


def plain_tip(text: str) -> str:
    """The text for a tool tip, which has no switch for plain text."""
    if "<" not in text:  # Qt takes nothing else for rich text
        return text
    return "<p>" + escape(text).replace("\n", "<br>") + "</p>"
