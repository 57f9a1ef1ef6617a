"""Starts services, restarts those that die, stops all; one thread, one loop."""

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

TICK: Final = 0.1
SHORTEST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 10.0
SETTLED_AFTER: Final = 20.0
LOG_LINES: Final = 15


class ServiceFailed(Exception):
    """A service ended, or gave no answer in time, while starting; the text holds the end of its log."""


class Stopped(Exception):
    """A signal asked us to stop while services were being started."""


@dataclass(frozen=True)
class Service:
    """What to run. `start` returns a new child in a session of its own; `is_ready` answers at once."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    is_ready: Callable[[], bool]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 40.0
    """Seconds until the first answer, after which the start has failed."""
    grace: float = 5.0
    """Seconds from the stop signal to SIGKILL."""


@dataclass
class _Running:
    service: Service
    process: subprocess.Popen[bytes]
    started: float
    pause: float = SHORTEST_PAUSE
    again_at: float | None = None


@dataclass
class Supervisor:
    """Owns the services. SIGINT, SIGTERM and SIGHUP end `watch`, and make `add` raise `Stopped`."""

    say: Callable[[str], None]
    _groups: list[list[_Running]] = field(default_factory=list)
    _stopping: bool = False

    def handle_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def check(self) -> None:
        """Raise `Stopped` if a signal has come; for long steps between services."""
        if self._stopping:
            raise Stopped

    def add(self, *services: Service) -> None:
        """Start these together and return when all are ready; raises `ServiceFailed` or `Stopped`."""
        fresh = [_Running(service, service.start(), time.monotonic()) for service in services]
        self._groups.append(fresh)
        waiting = deque(fresh)
        while waiting:
            self.check()
            running = waiting[0]
            if running.process.poll() is not None:
                raise ServiceFailed(self._post_mortem(running, "stopped while starting"))
            if running.service.is_ready():
                waiting.popleft()
            elif time.monotonic() - running.started > running.service.patience:
                raise ServiceFailed(self._post_mortem(running, "gave no answer"))
            else:
                time.sleep(TICK / 2)

    def watch(self) -> None:
        """Restart whatever dies, until a signal asks to stop."""
        while not self._stopping:
            for running in self._all():
                self._look_after(running)
            time.sleep(TICK)

    def stop(self) -> None:
        """Stop all, the last group first; whoever does not go in time is killed."""
        while self._groups:
            group = self._groups.pop()
            for running in group:
                with contextlib.suppress(ProcessLookupError):
                    running.process.send_signal(running.service.stop_signal)
            for running in group:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    running.process.wait(running.service.grace)
                _kill_group(running.process)

    def process_ids(self) -> dict[str, int]:
        return {running.service.name: running.process.pid for running in self._all()}

    def _all(self) -> list[_Running]:
        return [running for group in self._groups for running in group]

    def _ask_to_stop(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _look_after(self, running: _Running) -> None:
        now = time.monotonic()
        if running.again_at is None:
            code = running.process.poll()
            if code is None:
                return
            # A killed server leaves its workers, which would keep the port.
            _kill_group(running.process)
            settled = now - running.started > SETTLED_AFTER
            running.pause = SHORTEST_PAUSE if settled else min(running.pause * 2, LONGEST_PAUSE)
            running.again_at = now + running.pause
            self.say(f"{running.service.name} {_ended(code)}; starting it again (log: {running.service.log})")
        elif now >= running.again_at:
            try:
                running.process = running.service.start()
            except Exception as error:  # whatever it is, the others must go on running
                running.pause = min(running.pause * 2, LONGEST_PAUSE)
                running.again_at = now + running.pause
                self.say(f"{running.service.name} could not be started again: {error}")
            else:
                running.started, running.again_at = now, None

    def _post_mortem(self, running: _Running, what: str) -> str:
        return f"{running.service.name} {what}. {end_of_log(running.service.log)}"


def end_of_log(log: Path) -> str:
    """The last lines of a log, with its name, for whoever must be told why something failed."""
    lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
    return "\n".join([f"The end of {log}:", *lines])


def _ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child's session, and collect the child."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
