"""When it all happened: a few past days in which members joined, rosters came out and people talked."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from openmai.anonymity.seasons import season_at

HISTORY: Final = timedelta(days=5)
SHORTEST: Final = timedelta(hours=2)
_HOURS: Final = HISTORY / timedelta(hours=1)


class SeasonTooYoung(Exception):
    """The keys of the season before are of no use, and this one has hardly any past."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """`joined` are the two moments at which members came and rosters were published; at `settled` they were
    published once more, and from `talk` on people talked, up to `now`."""

    began: datetime
    now: datetime

    @property
    def joined(self) -> tuple[datetime, datetime]:
        return self.began, self._at(0.03)

    @property
    def settled(self) -> datetime:
        return self._at(0.06)

    @property
    def talk(self) -> datetime:
        return self._at(0.08)

    def ago(self, hours: float) -> datetime:
        """The moment so many hours ago; in a young season, all of the past is shorter in proportion."""
        return self.now - self.span(hours)

    def span(self, hours: float) -> timedelta:
        return (self.now - self.began) * (hours / _HOURS)

    def _at(self, share: float) -> datetime:
        return self.began + (self.now - self.began) * share


def timeline(now: datetime) -> Timeline:
    """The last five days, or what there is of this season. Raises `SeasonTooYoung`."""
    season = datetime.fromtimestamp(season_at(int(now.timestamp())).starts, UTC)
    if now - season < SHORTEST:
        raise SeasonTooYoung(
            "A new season of keys began less than two hours ago, too little past for a demo. Try again later."
        )
    return Timeline(max(now - HISTORY, season), now)
