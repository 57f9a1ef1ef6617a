"""How far the filling is, and how long it will still take."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

WIDTH: Final = 24
FULL: Final = "█"
EMPTY: Final = "░"
EVERY_SECONDS: Final = 2.0
Item = TypeVar("Item")


def metered(
    items: Iterable[Item],
    *,
    total: int,
    what: str,
    report: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Item]:
    """Pass `items` on; every two seconds, and at both ends, `report` a bar and the time that is left."""
    first = reported = clock()
    if total:
        report(_line(what, 0, total, None))
    for done, item in enumerate(items, 1):
        now = clock()
        # The first one also waited for everything to be loaded, and says nothing about the others.
        if done == 1:
            first = now
        elif done == total or now - reported >= EVERY_SECONDS:
            report(_line(what, done, total, (now - first) / (done - 1) * (total - done)))
            reported = now
        yield item


def _line(what: str, done: int, total: int, left: float | None) -> str:
    filled = WIDTH * done // max(total, 1)
    bar = FULL * filled + EMPTY * (WIDTH - filled)
    ending = "" if left is None or done == total else f", about {left:.0f} s left"
    return f"{bar}  {what}: {done} of {total}{ending}"
