"""The evidence below the large picture: as many small pictures as there is room for."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from fewshot_gui.gui.collection import CORRECTED, SUPPORT
from fewshot_gui.gui.evidence import CAUSES, SIMILAR, Evidence, Near
from fewshot_gui.gui.evidence_tile import CAPTION, EDGE, EvidenceTile
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.preview_facts import Facts, worn_by
from fewshot_gui.gui.preview_parts import ElidedLine
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.texts import _

SMALL, MEDIUM, LARGE = 64, 84, 108  # sides of the pictures
GAP = 8
MARGIN = 16
BETWEEN = 28  # of the two halves
TITLE = 22
CAUSES_SHARE = 0.4  # of the room, where both halves want more than there is


class TileRow(QWidget):
    """A title and a row of tiles, or words where there is none.

    Attributes:
        tiles: All tiles; those without room or use are hidden.
        used: How many of them show something.
    """

    def __init__(
        self, theme: Theme, icons: Icons, thumbnails: Thumbnails, count: int, example: bool
    ) -> None:
        super().__init__()
        self.title = ElidedLine(theme, bold=True)
        self.words = ElidedLine(theme, tone="muted")
        self.tiles = [EvidenceTile(theme, icons, thumbnails, example) for _place in range(count)]
        self.used = 0
        self._room = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.title.setFixedHeight(TITLE)
        for line in (self.title, self.words):
            line.setContentsMargins(EDGE, 0, 0, 0)  # in line with the pictures
        layout.addWidget(self.title)
        row = QHBoxLayout()
        row.setSpacing(GAP - 2 * EDGE)
        row.addWidget(self.words, 1)
        for tile in self.tiles:
            row.addWidget(tile)
        row.addStretch(0)
        layout.addLayout(row)
        layout.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.words.hide()

    def use(self, count: int, words: str = "") -> None:
        """Show that many tiles, or words where it is none."""
        self.used = min(count, len(self.tiles))
        self.words.say(words)
        self.words.setVisible(not self.used and bool(words))
        self._show_tiles()

    def set_room(self, count: int, side: int) -> None:
        """Show no more than ``count`` tiles, with pictures of this side."""
        self._room = count
        for tile in self.tiles:
            tile.set_side(side)
        self._show_tiles()

    @property
    def shown(self) -> list[EvidenceTile]:
        """The tiles that are seen."""
        return self.tiles[: min(self.used, self._room)]

    def _show_tiles(self) -> None:
        count = len(self.shown)
        for place, tile in enumerate(self.tiles):
            tile.setVisible(place < count)
            # one stop for the tab key; arrows go on from there
            first = place == 0 and tile.row >= 0
            tile.setFocusPolicy(Qt.FocusPolicy.TabFocus if first else Qt.FocusPolicy.NoFocus)


class EvidenceStrip(QWidget):
    """The examples behind a class, and the images most like this one.

    Attributes:
        causes, similar: The two rows.

    Signals:
        row_asked: Row of the table that the user wants to see large.
        take_out_asked: Path of an example that the user wants out of its bin.
        left: The keys go back to the picture.
    """

    row_asked = Signal(int)
    take_out_asked = Signal(str)
    left = Signal()

    def __init__(
        self, session: Session, theme: Theme, icons: Icons, thumbnails: Thumbnails
    ) -> None:
        super().__init__()
        self._session = session
        self._evidence: Evidence | None = None
        self._side = MEDIUM
        self.causes = TileRow(theme, icons, thumbnails, CAUSES, example=True)
        self.similar = TileRow(theme, icons, thumbnails, SIMILAR, example=False)
        self.similar.title.say(_("Most similar pictures"))
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(MARGIN - EDGE, 10, MARGIN - EDGE, 8)
        self._layout.setSpacing(BETWEEN)
        self._layout.addWidget(self.causes)
        self._layout.addWidget(self.similar)
        for tile in self._tiles:
            tile.go_asked.connect(self.row_asked)
            tile.take_out_asked.connect(self.take_out_asked)
            tile.moved.connect(self._on_moved)
        self.setAccessibleName(_("Evidence"))
        thumbnails.ready.connect(self._on_thumbnail)
        self.set_side(MEDIUM)

    @property
    def _tiles(self) -> list[EvidenceTile]:
        return [*self.causes.tiles, *self.similar.tiles]

    @property
    def shown(self) -> list[EvidenceTile]:
        """The tiles that are seen, from left to right."""
        return [*self.causes.shown, *self.similar.shown]

    @property
    def evidence(self) -> Evidence | None:
        """What is shown, None while it is looked for."""
        return self._evidence

    # -- what it shows -------------------------------------------------------------------

    def wait(self, facts: Facts) -> None:
        """Another picture, whose evidence is on its way: empty frames until then."""
        self._evidence = None
        if not facts.name:
            self._say("")
        elif facts.reason:
            self._say(_("A picture that cannot be read is like no other."))
        elif not facts.read:
            self._say(_("This picture has not been read yet."))
        else:
            self.causes.show()
            self.similar.title.show()
            for row in (self.causes, self.similar):
                for tile in row.tiles:
                    tile.show_nothing()
                row.use(len(row.tiles))
            self._tell_cause(facts)
        self._share()

    def show_evidence(self, evidence: Evidence, facts: Facts) -> None:
        """Show what was found; shown once more, what others wear is told anew."""
        self._evidence = evidence
        self.causes.show()
        self.similar.title.show()
        causes = evidence.causes if evidence.class_id == facts.cause else ()
        self._fill(self.causes, causes, self._no_causes(facts))
        self._fill(self.similar, evidence.similar, _("No other picture has been read yet."))
        self._tell_cause(facts)
        self._share()

    def set_side(self, side: int) -> None:
        """Set the side of the small pictures."""
        self._side = side
        self.setFixedHeight(10 + TITLE + 4 + side + CAPTION + 2 * EDGE + 8)
        self._share()

    def hold(self, reason: str) -> None:
        """Keep examples in their bins for a reason; an empty one lets it go again."""
        for tile in self._tiles:
            tile.hold(reason)

    def take_focus(self) -> bool:
        """Go to the first picture by key; False where there is none."""
        for tile in self.shown:
            if tile.row >= 0:
                tile.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return True
        return False

    def _fill(self, row: TileRow, found: tuple[Near, ...], words: str) -> None:
        collection = self._session.collection
        if collection is None:
            return
        table, project = collection.table, self._session.project
        found = tuple(near for near in found if near.row < len(table))
        for tile, near in zip(row.tiles, found, strict=False):
            file = table.file(near.row)
            worn = worn_by(collection, project, near.row)
            name = file.relative.rpartition("/")[2]
            tile.show_image(near.row, file.path, name, worn, near.cosine)
        for tile in row.tiles[len(found) :]:
            tile.show_nothing()
        row.use(len(found), words)

    def _say(self, words: str) -> None:
        """Words in place of all evidence; empty for nothing at all."""
        self.causes.hide()
        self.similar.title.hide()
        self.causes.use(0)
        self.similar.use(0, words)

    def _tell_cause(self, facts: Facts) -> None:
        own = facts.worn.source in (SUPPORT, CORRECTED)
        if facts.cause == facts.worn.class_id != NO_CLASS and not own:
            self.causes.title.say(_("Because of these examples"))
        else:
            self.causes.title.say(_("Nearest examples"))

    def _no_causes(self, facts: Facts) -> str:
        if not facts.worn.name and self._session.project.filled_bins:
            return _("It has no class yet.")
        if not self._session.project.filled_bins:
            return _("Give two bins an example each.")
        return _("There is no other example of this class.")

    # -- room ----------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._share()
        super().resizeEvent(event)

    def _share(self) -> None:
        """Give each half as many tiles as there is room for, and the first one its words."""
        step = self._side + GAP
        room = self.width() - 2 * (MARGIN - EDGE) - BETWEEN
        total = max(2, (room + 2 * GAP - 4 * EDGE) // step)
        most = max(1, total - self.similar.used, round(total * CAUSES_SHARE))
        first = min(max(self.causes.used, 1), most)
        words = self.causes.title.sizeHint().width()
        if not self.causes.used:
            words = max(words, self.causes.words.sizeHint().width())
        width = max(first * step - GAP + 2 * EDGE, min(words, room // 2))
        self.causes.set_room(first, self._side)
        self.causes.setFixedWidth(width)
        left = room - (width if self.causes.isVisibleTo(self) else -BETWEEN)
        self.similar.set_room(max(1, (left + GAP - 2 * EDGE) // step), self._side)

    def sizeHint(self) -> QSize:
        return QSize(480, self.height())

    # -- news ----------------------------------------------------------------------------

    def _on_moved(self, step: int) -> None:
        tiles = [tile for tile in self.shown if tile.row >= 0]
        here = self.sender()
        if step == 0 or here not in tiles:
            self.left.emit()
            return
        place = tiles.index(here) + step
        if 0 <= place < len(tiles):
            tiles[place].setFocus(Qt.FocusReason.TabFocusReason)

    def _on_thumbnail(self, path: str) -> None:
        for tile in self.shown:
            if tile.path == path:
                tile.update()
