"""What the menus let the user choose, and what comes of a choice."""

from __future__ import annotations

from fewshot_gui.gui import news
from fewshot_gui.gui.banner import Banners
from fewshot_gui.gui.grid_page import GridPage
from fewshot_gui.gui.menus import Choice, Choices
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.status import StatusLine
from fewshot_gui.texts import _


def window_choices(
    session: Session,
    preferences: Preferences,
    page: GridPage,
    status: StatusLine,
    banners: Banners,
) -> Choices:
    """The choices of a window with these parts."""

    def learn_with(key: object) -> None:
        if key in {info.key for info in session.backbones.learners}:
            if key != session.learner:
                session.use_trained(str(key))  # with its own network; not for new projects
        elif session.set_learner(str(key)):
            preferences.update(learner=str(key))
        status.show_facts()

    def trained() -> list[tuple[str, str]]:
        """The trained learners, once they were looked for; a folder must be there to sort."""
        if session.collection is None:
            return []
        return [(info.key, info.title) for info in session.backbones.learners]

    def compute_on(key: object) -> None:
        if key != preferences.now.device:
            preferences.update(device=str(key))
            text = _("This takes effect when the program is started the next time.")
            banners.show_message(Message(Kind.INFO, text))

    return Choices(
        learner=Choice(
            lambda: session.learner,
            learn_with,
            lambda: session.sorter.explanation,
            lambda: news.viewing_only() if session.read_only else "",
            trained,
            session.backbones.changed,
            session.backbones.look,
        ),
        device=Choice(lambda: preferences.now.device, compute_on),
        order=Choice(lambda: page.view.order, page.set_order),
        show=Choice(lambda: page.view.show, page.show_only),
        theme=Choice(lambda: preferences.now.theme, lambda key: preferences.update(theme=key)),
    )
