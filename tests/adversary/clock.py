"""One clock for all processes of a simulated site: a number in a shared file, set by the simulation.

It exists in the tests alone. A site has no setting that would change its clock; `tests.adversary.process`
starts the very same programs with the functions that read the clock exchanged.
"""

import mmap
import struct
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_REAL: Final = time.time
_FORM: Final = struct.Struct("=d")


class SharedClock:
    """Unix seconds in a file that every process maps. Only the simulation sets it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_FORM.pack(_REAL()))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _FORM.size)
        self._read = threading.local()

    def now(self) -> float:
        moment: float = _FORM.unpack(self._memory[: _FORM.size])[0]
        self._read.last = moment
        return moment

    def set(self, moment: float) -> None:
        self._memory[: _FORM.size] = _FORM.pack(moment)

    def utc_now(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    @property
    def last_read(self) -> float:
        """What this thread was told last: a pause that was computed from it is counted from it."""
        return getattr(self._read, "last", None) or self.now()


class ClockEvent(threading.Event):
    """An event whose `wait` counts seconds of the shared clock."""

    def __init__(self, clock: SharedClock, *, nap: float) -> None:
        super().__init__()
        self._clock, self._nap = clock, nap

    def wait(self, timeout: float | None = None) -> bool:
        until = None if timeout is None else self._clock.last_read + timeout
        while not super().wait(self._nap):
            if until is not None and self._clock.now() >= until:
                return self.is_set()
        return True
