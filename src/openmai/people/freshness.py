"""How fresh a verification is, when it is to be made again, and how a crowd's freshness may be told."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from openmai.anonymity.seasons import season_at
from openmai.people.models import Employment

# From then on the pages offer to verify again; the mail that says so goes out once.
RENEW_BEFORE: Final = timedelta(days=30)
REMIND_BEFORE: Final = timedelta(days=14)
HALF_YEAR: Final = timedelta(days=182)
SEASON, HALF, OLDER = "season", "half-year", "older"
# A band of fewer members than this could point at one of them, so it is told together with the next.
SMALLEST_BAND: Final = 5


def season_start(now: datetime) -> date:
    return datetime.fromtimestamp(season_at(int(now.timestamp())).starts, UTC).date()


def freshness(verified_on: date, now: datetime) -> str:
    """The band that a day of verification lies in: "season", "half-year" or "older"."""
    if verified_on >= season_start(now):
        return SEASON
    return HALF if verified_on > now.date() - HALF_YEAR else OLDER


def may_verify_again(employment: Employment, now: datetime) -> bool:
    """Whether it is time: once a season, and whenever it has run out or soon will."""
    soon = employment.valid_until - RENEW_BEFORE <= now.date()
    return soon or employment.verified_on < season_start(now)


def bands(days: Iterable[date], now: datetime) -> list[tuple[str, int]]:
    """How many of a crowd lie in each band, youngest first; none is ever told of 1 to `SMALLEST_BAND` − 1.

    A smaller band is counted with the next older one, a small rest with the one before, under the older name:
    what is told stays true, because "within six months" holds for this season too.
    """
    counted = Counter(freshness(day, now) for day in days)
    told: list[tuple[str, int]] = []
    waiting, name = 0, SEASON
    for band in (SEASON, HALF, OLDER):
        if counted[band]:
            waiting, name = waiting + counted[band], band
        if waiting >= SMALLEST_BAND:
            told.append((name, waiting))
            waiting = 0
    if waiting:
        before = told.pop()[1] if told else 0
        told.append((name, before + waiting))
    return told
