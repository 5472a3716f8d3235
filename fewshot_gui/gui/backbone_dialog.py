"""The window in which backbones are fetched, added and deleted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.backbones.catalogue import (
    TIMM,
    BackboneCard,
    Speed,
    bundled,
    key_with_views,
)
from fewshot_gui.backbones.fetching import Found
from fewshot_gui.backbones.offers import Offer, all_offers
from fewshot_gui.errors import UserError
from fewshot_gui.gui.backbone_fetcher import Fetcher
from fewshot_gui.gui.backbones import Backbones
from fewshot_gui.gui.dialogs import Dialogs
from fewshot_gui.gui.session import Session
from fewshot_gui.jobs import Progress
from fewshot_gui.texts import _

_KEY = Qt.ItemDataRole.UserRole
_STEPS = 1000


class BackboneDialog(QDialog):
    """Non-modal; what is being fetched goes on when it is closed.

    Attributes:
        table: What there is, and what can be fetched.
        words: What to know of the one that is chosen.
        name: Name of any other model.
        use_button, fetch_button, delete_button, add_button, stop_button: What can be done.
        bar: How far it has come.
    """

    def __init__(
        self, parent: QWidget, session: Session, fetcher: Fetcher, dialogs: Dialogs
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Backbones"))
        self._session = session
        self._backbones: Backbones = session.backbones
        self._fetcher = fetcher
        self._dialogs = dialogs
        self._build()
        self._backbones.changed.connect(self._fill)
        session.folder_changed.connect(self._fill)
        fetcher.found.connect(self._on_found)
        fetcher.progressed.connect(self._on_progress)
        fetcher.ready.connect(self._on_ready)
        fetcher.removed.connect(self._on_removed)
        fetcher.refused.connect(self._on_refused)
        fetcher.busy_changed.connect(self._enable)
        self._fill()

    def open_up(self) -> None:
        """Show what there is now."""
        self._backbones.look()
        self.show()
        self.raise_()
        self.activateWindow()

    # -- layout ------------------------------------------------------------------------

    def _build(self) -> None:
        intro = QLabel(
            _(
                "A backbone turns a picture into what its learner compares. Another one may tell "
                "your classes apart better; all pictures are then looked at again."
            )
        )
        intro.setWordWrap(True)
        self.table = QTreeWidget()
        self.table.setRootIsDecorated(False)
        self.table.setAccessibleName(_("Backbones"))
        self.table.setHeaderLabels([_("Backbone"), _("Size"), _("Speed"), _("Licence"), _("Where")])
        self.table.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.currentItemChanged.connect(self._enable)
        self.table.itemActivated.connect(lambda _item: self._activate())
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.words.setMinimumHeight(2 * self.words.fontMetrics().lineSpacing())
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(10)
        layout.addWidget(intro)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.words)
        layout.addLayout(self._progress_row())
        layout.addLayout(self._other_row())
        layout.addLayout(self._button_row())
        self.resize(780, 460)

    def _progress_row(self) -> QHBoxLayout:
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(_("Progress"))
        self.stop_button = QPushButton(_("&Stop"))
        self.stop_button.setAutoDefault(False)  # Enter in the field below must not press it
        self.stop_button.clicked.connect(self._fetcher.stop)
        row = QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop_button)
        return row

    def _other_row(self) -> QHBoxLayout:
        label = QLabel(_("&Another model of the timm library:"))
        self.name = QLineEdit()
        self.name.setPlaceholderText("vit_small_patch14_reg4_dinov2.lvd142m")
        self.name.setAccessibleName(_("Name of a model of the timm library"))
        self.name.textChanged.connect(self._enable)
        self.name.returnPressed.connect(self._fetch)
        label.setBuddy(self.name)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.name, 1)
        return row

    def _button_row(self) -> QHBoxLayout:
        self.use_button = QPushButton(_("&Use in this project"))
        self.use_button.clicked.connect(self._use)
        self.fetch_button = QPushButton(_("&Fetch"))
        self.fetch_button.clicked.connect(self._fetch)
        self.delete_button = QPushButton(_("&Delete"))
        self.delete_button.clicked.connect(self._delete)
        self.add_button = QPushButton(_("Add a f&ile…"))
        self.add_button.setToolTip(_("Weights in a .safetensors file"))
        self.add_button.clicked.connect(self._add)
        row = QHBoxLayout()
        for button in (self.fetch_button, self.add_button, self.delete_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch()
        self.use_button.setProperty("role", "primary")
        self.use_button.setAutoDefault(False)
        row.addWidget(self.use_button)
        return row

    # -- what there is ------------------------------------------------------------------

    def _fill(self) -> None:
        chosen = self._chosen() or key_with_views(self._session.backbone.key)[0]
        built_in = {card.key for card in bundled()}
        self.table.clear()
        for card in self._backbones.cards:
            where = _("built in") if card.key in built_in else _("on this computer")
            if card.key == key_with_views(self._session.backbone.key)[0]:
                where = _("in use")
            self._add_line(card, where)
        present = {card.key for card in self._backbones.cards}
        for offer in all_offers():
            if offer.key not in present:
                self._add_line(offer, _("can be fetched"))
        self._choose(chosen)
        self._enable()

    def _add_line(self, of: BackboneCard | Offer, where: str) -> None:
        size = _("{size:.0f} MB").format(size=of.megabytes) if of.megabytes else ""
        item = QTreeWidgetItem([of.title, size, _speed(of.speed), of.licence, where])
        item.setData(0, _KEY, of.key)
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.table.addTopLevelItem(item)

    def _choose(self, key: str) -> None:
        for place in range(self.table.topLevelItemCount()):
            item = self.table.topLevelItem(place)
            if item.data(0, _KEY) == key:
                self.table.setCurrentItem(item)

    def _chosen(self) -> str:
        """Key of the line that is chosen; empty for none."""
        item = self.table.currentItem()
        return item.data(0, _KEY) if item is not None else ""

    def _card(self) -> BackboneCard | None:
        return next((c for c in self._backbones.cards if c.key == self._chosen()), None)

    def _offer(self) -> Offer | None:
        return next((o for o in all_offers() if o.key == self._chosen()), None)

    def _to_fetch(self) -> str:
        """Key of what *Fetch* would fetch; empty for nothing."""
        name = self.name.text().strip()
        if name:
            return name if name.startswith(TIMM) else TIMM + name
        return self._chosen() if self._card() is None else ""

    def _enable(self) -> None:
        session, card, busy = self._session, self._card(), self._fetcher.busy
        used = key_with_views(session.backbone.key)[0]
        may = session.collection is not None and not session.read_only
        self.use_button.setEnabled(card is not None and card.key != used and may)
        self.fetch_button.setEnabled(not busy and bool(self._to_fetch()))
        self.add_button.setEnabled(not busy)
        fetched = card is not None and card not in bundled()
        self.delete_button.setEnabled(not busy and fetched and card.key != used)
        self.stop_button.setVisible(busy)
        self.bar.setVisible(busy)
        if not busy:
            self.bar.setValue(0)
            known = card or self._offer()
            self._tell(known.warning if known is not None else "")

    def _tell(self, text: str, tone: str = "muted") -> None:
        self.words.setText(text)
        self.words.setProperty("tone", tone)
        self.words.style().polish(self.words)

    # -- what is asked for ---------------------------------------------------------------

    def _activate(self) -> None:
        """Enter or a double click on a line does what is likeliest to be wanted."""
        if self.use_button.isEnabled():
            self._use()
        elif self.fetch_button.isEnabled() and not self.name.text().strip():
            self._fetch()

    def _use(self) -> None:
        self._session.set_backbone(self._chosen())

    def _fetch(self) -> None:
        key = self._to_fetch()
        if key and not self._fetcher.busy:
            self._tell(_("Asking what it is…"))
            self._fetcher.find(key)

    def _delete(self) -> None:
        self._fetcher.remove(self._chosen())

    def _add(self) -> None:
        file = self._dialogs.open_weights(self, _("Add a backbone"), str(Path.home()))
        if not file:
            return
        taken = {card.key.lower() for card in self._backbones.cards}
        key = _free_name(Path(file).stem, taken | {o.key for o in all_offers()})
        name = self.name.text().strip().removeprefix(TIMM)
        self._tell(_("Trying the file…"))
        self._fetcher.add(f"{TIMM}{name}={file}" if name else file, key)

    # -- what comes of it ---------------------------------------------------------------

    def _on_found(self, found: Found) -> None:
        if found.warning and not self._dialogs.licence(self, found.name, found.warning):
            self._tell(_("Nothing was fetched."))
            return
        text = _("{name}, {size:.0f} MB, from {source}")
        self._fetcher.fetch(found)
        self._tell(text.format(name=found.name, size=found.megabytes, source=found.source))

    def _on_progress(self, progress: Progress) -> None:
        if progress.total:
            self.bar.setValue(_STEPS * progress.done // progress.total)
        if progress.text:
            self._tell(progress.text)

    def _on_ready(self, key: str) -> None:
        self.name.clear()
        self._backbones.look()
        self._backbones.changed.connect(
            lambda: self._choose(key), Qt.ConnectionType.SingleShotConnection
        )

    def _on_removed(self, _key: str) -> None:
        self._backbones.look()

    def _on_refused(self, error: UserError) -> None:
        self._tell(f"{error.message} {error.hint}".strip(), "error")


def _speed(speed: Speed | None) -> str:
    words = {Speed.FAST: _("fast"), Speed.MEDIUM: _("medium"), Speed.SLOW: _("slow")}
    return words[speed] if speed is not None else ""


def _free_name(stem: str, taken: Iterable[str]) -> str:
    """A key for a file: letters, digits and a few signs, and nobody else's."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip(".-_")[:50] or "backbone"
    names = [plain, *(f"{plain}-{number}" for number in range(2, 1000))]
    used = set(taken)
    return next(name for name in names if name.lower() not in used)
