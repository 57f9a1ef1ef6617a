"""A process of a site as `openmai` starts it, on the clock of the simulation.

`python -m tests.adversary.process serve talk …` takes the operator's own arguments. What differs: the clock,
and in a positive control the leaks that ADVERSARY_LEAKS names. Nothing of it is part of the product.
"""

import asyncio
import os
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from tests.adversary.clock import ClockEvent, SharedClock

CLOCK: Final = "ADVERSARY_CLOCK"
LEAKS: Final = "ADVERSARY_LEAKS"
_REQUEUE_SECONDS: Final = 30
_NAP: Final = 60.0


def install_clock() -> SharedClock:
    """Exchange every function that tells the time; before anything else of the product is imported."""
    clock = SharedClock(Path(os.environ[CLOCK]))
    time.time = clock.now
    import django.utils.timezone

    from openmai.platform import clock as ours

    ours.utc_now = clock.utc_now
    django.utils.timezone.now = clock.utc_now
    return clock


def hash_quickly() -> None:
    """Before the people site's application is built."""
    import django
    from django.conf import settings

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmai.sites.people.settings")
    django.setup()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def leaks() -> frozenset[str]:
    return frozenset(filter(None, os.environ.get(LEAKS, "").split(",")))


def prepare_talk(clock: SharedClock) -> None:
    """The ticker, before the application is built and starts it."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmai.sites.talk.settings")
    django.setup()
    from openmai.talk import ticker

    ticker.Event = partial(ClockEvent, clock, nap=0.004)


def prepare_workers(clock: SharedClock) -> None:
    from openmai.people import worker as people
    from openmai.talk import worker as talk

    people.asyncio = SimpleNamespace(**{**vars(asyncio), "sleep": partial(_sleep, clock)})
    talk.Event = _Impatient


class _Impatient(threading.Event):
    """The clock stands while something happens: who waits for it looks again after a moment."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(None if timeout is None else 0.2)


async def _sleep(clock: SharedClock, seconds: float) -> None:
    """The loop for epochs naps, looks at the clock, and naps again. Stalled jobs are the database's time."""
    if seconds == _REQUEUE_SECONDS:
        await asyncio.sleep(seconds)
        return
    until = clock.last_read + seconds
    await asyncio.sleep(0.05)
    while seconds > _NAP and clock.now() < until:
        await asyncio.sleep(0.3)


def main() -> None:
    from granian import server

    clock = install_clock()
    prepare_workers(clock)
    real: Any = server.Server
    # Only the module that is served differs: it exchanges the clock in granian's own worker, too.
    server.Server = lambda target, **options: real(
        "tests.adversary.served_people:application"
        if ".people." in target
        else "tests.adversary.served_talk:application",
        **options,
    )
    if leaks():
        from tests.adversary.leaks import leak_in_worker

        leak_in_worker(leaks(), clock)
    from openmai.cli.main import app

    app()


if __name__ == "__main__":
    main()
