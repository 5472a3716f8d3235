"""How long the event loop is held."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QElapsedTimer, Qt, QTimer

HEARTBEAT_MS = 5


class Heartbeat:
    """A timer of 5 ms, and how late it comes."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self._clock = QElapsedTimer()
        self._timer = QTimer(interval=HEARTBEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Begin a new measurement."""
        self.late = []
        self._clock.start()
        self._timer.start()

    def stop(self) -> np.ndarray:
        """Milliseconds that each beat was late."""
        self._timer.stop()
        return np.asarray(self.late or [0.0])

    def _beat(self) -> None:
        self.late.append(max(0.0, self._clock.nsecsElapsed() / 1e6 - HEARTBEAT_MS))
        self._clock.start()
