"""How an image becomes the network's input, and how often it is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace

from fewshot_gui.errors import UserError
from fewshot_gui.images.request import Crop
from fewshot_gui.texts import _

FLIP = "flip"  # the image and its mirror image
CROPS = "crops"  # its centre and its four corners
VIEWS = (FLIP, CROPS)


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the network's input.

    Attributes:
        crop: Geometry, done by the decode workers; gives uint8 RGB.
        mean: Subtracted from each channel after scaling to 0..1.
        std: Each channel is divided by this afterwards.
        views: Which of ``VIEWS``; the embeddings of all views are averaged.
        inner: Side of the squares cut out of the crop for ``crops``, else 0.
    """

    crop: Crop
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    views: tuple[str, ...] = ()
    inner: int = 0

    @property
    def size(self) -> int:
        """Side of what the network sees, in pixels."""
        return self.inner or self.crop.size

    @property
    def facts(self) -> tuple:
        """All that embeddings depend on; plain preprocessing says nothing of views."""
        plain = astuple(self.crop), self.mean, self.std
        return (*plain, self.views, self.inner) if self.views else plain

    def with_views(self, names: Iterable[str]) -> Preprocessing:
        """The same with these views, in whatever order they are named.

        Raises:
            UserError: A view is unknown, or there is no margin to cut crops out of.
        """
        asked = set(names)
        for name in sorted(asked.difference(VIEWS)):
            raise UserError(
                _("There is no view called “{name}”.").format(name=name),
                _("Choose one of: {known}.").format(known=", ".join(VIEWS)),
            )
        views = tuple(name for name in VIEWS if name in asked)
        if CROPS not in views:
            return replace(self, views=views)
        if self.crop.resize == self.crop.size:
            raise UserError(
                _("This backbone looks at whole pictures: there is nothing to crop."),
                _("Leave “{name}” out.").format(name=CROPS),
            )
        whole = Crop(self.crop.resize, self.crop.resize, self.crop.interpolation)
        return replace(self, crop=whole, views=views, inner=self.crop.size)
