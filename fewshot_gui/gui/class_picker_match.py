"""Which class names fit what somebody types, the likeliest first."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_EXACT, _PREFIX, _WORD, _INSIDE, _INITIALS, _LETTERS = range(6)


def folded(text: str) -> str:
    """Text as it is compared: without case, accents and surrounding space."""
    apart = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))


def fit(typed: str, name: str) -> int | None:
    """How well a folded name fits folded typed text, 0 being best; None where it does not."""
    if name.startswith(typed):
        return _EXACT if len(name) == len(typed) else _PREFIX
    place = name.find(typed)
    if place >= 0:
        starts_word = any(
            not name[i - 1].isalnum() and name.startswith(typed, i)
            for i in range(place, len(name) - len(typed) + 1)
        )
        return _WORD if starts_word else _INSIDE
    letters = "".join(typed.split())
    if not letters:
        return None
    if _initials(name).startswith(letters):
        return _INITIALS
    rest = iter(name)
    return _LETTERS if all(letter in rest for letter in letters) else None


def ranked(typed: str, names: Sequence[str], recent: Sequence[int] = ()) -> list[int]:
    """Places of the names that fit, the likeliest first.

    Args:
        typed: What was typed; with an empty text every name fits.
        names: Folded names, in the order they are listed otherwise.
        recent: Places of the names that were used, the last one first: they come before
            others that fit just as well.
    """
    typed = folded(typed)
    used = {place: age for age, place in enumerate(recent)}
    fits = ((fit(typed, name) if typed else 0, place) for place, name in enumerate(names))
    found = [(how, used.get(place, len(names)), place) for how, place in fits if how is not None]
    return [place for _how, _age, place in sorted(found)]


def _initials(name: str) -> str:
    return "".join(
        c for i, c in enumerate(name) if c.isalnum() and (i == 0 or not name[i - 1].isalnum())
    )
