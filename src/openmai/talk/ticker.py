"""The thread that writes each tick, aligned to the wall clock: one in the one process that serves the talk
site.

A database that cannot be reached costs nothing but time: what waits keeps waiting, pages are served from
memory, and the next tick tries again. When the process ends, what waits is lost on purpose
(openmai.talk.epoch).
"""

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

from django.db import connection

from openmai.platform.clock import next_tick
from openmai.talk.actions import write_tick
from openmai.talk.epoch import Epoch
from openmai.talk.rules import Rules

logger = logging.getLogger(__name__)


class Ticker(Thread):
    """Calls `write_tick` a moment after each tick, until `stop`."""

    def __init__(self, *, epoch: Epoch, rules: Rules, clock: Callable[[], datetime]) -> None:
        super().__init__(name="ticker", daemon=True)
        self._epoch = epoch
        self._rules = rules
        self._clock = clock
        self._stopped = Event()

    def run(self) -> None:
        while True:
            now = self._clock()
            pause = (next_tick(now, self._rules.tick_seconds) - now).total_seconds()
            if self._stopped.wait(pause):
                break
            self.tick(self._clock())

    def tick(self, now: datetime) -> None:
        """Write the tick of `now`; an error is told to the log without its text, and everything waits on."""
        try:
            report = write_tick(epoch=self._epoch, rules=self._rules, now=now)
        except Exception:  # the thread must outlive whatever a tick meets
            logger.exception("the tick was not written; %d posts wait for the next one", len(self._epoch))
        else:
            if report.dropped:
                logger.error("the database refused %d posts", report.dropped)
        finally:
            # A tick opens its own: ticks are minutes apart, and a connection that died would cost one.
            connection.close()

    def stop(self) -> None:
        """End the thread without writing; returns when it has ended."""
        self._stopped.set()
        self.join()
