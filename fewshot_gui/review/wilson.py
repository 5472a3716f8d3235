"""A share that was counted, and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z95 = 1.959964


@dataclass(frozen=True)
class Rate:
    """``right`` of ``tested``.

    Attributes:
        tested: How many were looked at.
        right: How many of them were right.
    """

    tested: int
    right: int

    @property
    def share(self) -> float | None:
        """From 0 to 1; None where nothing was looked at."""
        return self.right / self.tested if self.tested else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share (Wilson 1927); from 0 to 1 where nothing was tested."""
        if not self.tested:
            return 0.0, 1.0
        n, share, z = self.tested, self.right / self.tested, Z95
        middle = share + z * z / (2 * n)
        half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
        return max(0.0, low), min(1.0, high)
