"""The program's texts in the user's language, as ``LANGUAGE`` or the locale's variables say.

Every text that a user reads goes through ``_`` or ``ngettext``, in the window and on the
command line alike. Catalogues lie in the resources as
``translations/<language>/LC_MESSAGES/fewshot_gui.mo``; where there is none for the user's
language, the texts are the English ones in the code.
"""

from __future__ import annotations

from gettext import translation

from fewshot_gui.paths import resource

__all__ = ["_", "ngettext"]

# Looked up once: the functions of the standard library search the disk at every call.
_catalogue = translation("fewshot_gui", resource("translations"), fallback=True)
_ = _catalogue.gettext
ngettext = _catalogue.ngettext
