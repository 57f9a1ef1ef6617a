"""Telling members that a season ends, and that the next one needs a key of its own."""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from openmai.anonymity.seasons import Season, season_at
from openmai.people import mails
from openmai.people.conf import config
from openmai.people.models import Enrolment, Member, SeasonReminder
from openmai.people.queries.seasons import LAST_DAYS

# Whoever has made a new key by then need not be told; later, the season is no longer new.
FIRST_DAYS: Final = timedelta(days=2), timedelta(days=9)


@transaction.atomic
def remind_of_season(*, now: datetime) -> int:
    """Send what is due at `now`, once, and all together; return how many mails that were."""
    season = season_at(int(now.timestamp()))
    begins, ends = (datetime.fromtimestamp(moment, UTC) for moment in (season.starts, season.ends))
    if now >= ends - LAST_DAYS:
        return _send(season, SeasonReminder.Kind.ENDING, _with_key(season.id), now)
    if begins + FIRST_DAYS[0] <= now < begins + FIRST_DAYS[1]:
        before = season_at(season.starts - 1).id
        without = _with_key(before).exclude(id__in=_with_key(season.id))
        return _send(season, SeasonReminder.Kind.BEGUN, without, now)
    return 0


def _with_key(season: str) -> QuerySet[Member]:
    keys = Enrolment.objects.filter(member=OuterRef("id"), season=season)
    return Member.objects.filter(Exists(keys), is_active=True)


def _send(season: Season, kind: SeasonReminder.Kind, members: QuerySet[Member], now: datetime) -> int:
    # The row is the lock: of two workers one sends.
    _row, first = SeasonReminder.objects.get_or_create(
        season=season.id, kind=kind, defaults={"sent_on": now.date()}
    )
    if not first:
        return 0
    ends = datetime.fromtimestamp(season.ends, UTC).date()
    count = 0
    for member in members.order_by("id").iterator():
        page = f"{config().people_origin}/{member.language}/enrol/"
        if kind == SeasonReminder.Kind.ENDING:
            mails.tell_season_ending(member, ends=ends, page=page)
        else:
            mails.tell_season_begun(member, page=page)
        count += 1
    return count
