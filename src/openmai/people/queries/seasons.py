"""What a member should know of the season: that it ends soon, or that it has begun and needs a new key."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from openmai.anonymity.seasons import season_at
from openmai.people.models import Enrolment
from openmai.people.queries.membership import current_enrolment

# The season's last days, in which its end is told.
LAST_DAYS: Final = timedelta(days=7)


@dataclass(frozen=True)
class SeasonNews:
    """`ends`: in the last days, for a member with a key. `renew`: last season's key has no successor."""

    ends: datetime | None
    renew: bool


def season_news(*, member_id: UUID, now: datetime) -> SeasonNews:
    season = season_at(int(now.timestamp()))
    ends = datetime.fromtimestamp(season.ends, UTC)
    enrolled = current_enrolment(member_id=member_id, season=season.id) is not None
    before = season_at(season.starts - 1).id
    had_one = not enrolled and Enrolment.objects.filter(member=member_id, season=before).exists()
    return SeasonNews(ends if enrolled and now >= ends - LAST_DAYS else None, had_one)
