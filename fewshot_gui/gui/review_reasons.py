"""Why images are suggested, in a few words each."""

from __future__ import annotations

from fewshot_gui.gui.collection import Collection
from fewshot_gui.project.model import Project
from fewshot_gui.review.suggest import Reason, Suggestions
from fewshot_gui.texts import _


def reason_notes(
    suggestions: Suggestions, collection: Collection, project: Project
) -> dict[int, str]:
    """A phrase for each suggested row, such as “between Lemon and Lime”."""
    names = {known.id: known.name for known in project.bins}
    return {
        row: _words(reason, names.get(best, ""), names.get(second, ""))
        for row, reason, best, second in zip(
            suggestions.rows.tolist(),
            suggestions.reasons,
            collection.best[suggestions.rows].tolist(),
            collection.runner_up[suggestions.rows].tolist(),
            strict=True,
        )
    }


def _words(reason: Reason, best: str, second: str) -> str:
    if reason is Reason.TYPICAL:
        return _("typical of many")
    if reason is Reason.NEW:
        return _("unlike what you showed")
    if best and second:
        return _("between {first} and {second}").format(first=best, second=second)
    return _("in doubt")
