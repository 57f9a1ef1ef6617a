"""The only place that reads the clock, and the arithmetic of ticks.

Ticks are aligned to the wall clock, floor(unix / tick), so that every process agrees on them without talking.
"""

from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """Now, in UTC. Only an outermost edge (a view, a command, a loop) calls this and passes the result on."""
    return datetime.now(UTC)


def tick_at(now: datetime, tick_seconds: int) -> datetime:
    """The latest tick that is not after `now`."""
    unix = int(now.timestamp())
    return datetime.fromtimestamp(unix - unix % tick_seconds, UTC)


def next_tick(now: datetime, tick_seconds: int) -> datetime:
    """The first tick that is after `now`."""
    return tick_at(now, tick_seconds) + timedelta(seconds=tick_seconds)


def whole_seconds_until(moment: datetime, now: datetime) -> int:
    """Seconds from `now` to `moment`, rounded down, never negative: the max-age of a page until its tick."""
    return max(0, int((moment - now).total_seconds()))


def iso_seconds(moment: datetime) -> str:
    """YYYY-MM-DDTHH:MM:SSZ, the form of every instant in our documents."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
