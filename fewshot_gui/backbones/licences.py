"""What the licences of weights ask of the user, in plain words."""

from __future__ import annotations

from fewshot_gui.texts import _

# As model hubs write them -> as SPDX does; these ask for nothing but that they are kept.
_FREE = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "cc0-1.0": "CC0-1.0",
    "cc-by-4.0": "CC-BY-4.0",
}


def licence_name(stated: str) -> str:
    """A licence under its SPDX name where it has one."""
    return _FREE.get(stated.lower(), stated)


def licence_warning(licence: str) -> str:
    """What to know before using weights under this licence; ``""`` where it is free."""
    name = licence.lower()
    if name in _FREE:
        return ""
    if name.startswith("dinov3"):
        return _(
            "DINOv3 licence: you may use it, also for business, but not for military, weapons, "
            "nuclear or espionage purposes. Whatever you derive from it, a learner for example, "
            "stays under this licence and has to be passed on with a copy of it."
        )
    if name.startswith("apple-amlr"):
        return _(
            "Apple's model licence: for research only. It must not be used in products or for "
            "business."
        )
    if name.startswith("fair-noncommercial"):
        return _("Meta's research licence: for research only, not for business.")
    if "-nc" in name or "noncommercial" in name or "non-commercial" in name:
        return _("{licence}: not for business.").format(licence=licence)
    if not name or name in ("other", "unknown"):
        return _("No licence is stated: find out first whether you may use these weights.")
    return _("{licence}: read it before you use these weights.").format(licence=licence)
