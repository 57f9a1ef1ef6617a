"""At which moment each post of a thread was sent."""

from collections.abc import Callable
from datetime import datetime, timedelta

from openmai.demo.community.threads import Thread
from openmai.demo.seed.timeline import Timeline


class TooLateToAnswer(Exception):
    """A thread is so young, and the tick so long, that its last replies would lie in the future."""


def moments(
    thread: Thread, when: Timeline, *, tick: timedelta, uniform: Callable[[], float]
) -> list[datetime]:
    """Of the opening, then of each reply; one tick apart at least, so that all answer what is published.

    Most replies come soon. `uniform` draws from [0, 1). Raises `TooLateToAnswer`.
    """
    opened = when.ago(thread.hours)
    spread = when.span(thread.spread)
    drawn = sorted(uniform() ** 2 for _ in thread.replies)
    times = [opened, *(opened + spread * share for share in drawn)]
    for place in range(1, len(times)):
        times[place] = max(times[place], times[place - 1] + tick)
    if times[-1] + tick > when.now:
        raise TooLateToAnswer(thread.title)
    return times
