"""Named daily limits. Each is counted per subject and day; a subject is known only by a keyed hash."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db import connection
from django.utils.translation import gettext_lazy as _

from openmai.people.conf import keyed_hash
from openmai.people.errors import Refused, Text
from openmai.people.models import DailyUse


@dataclass(frozen=True)
class Limit:
    """So many uses a day for each subject; `name` keeps the counts of different limits apart."""

    name: str
    per_day: int
    refusal: Text


CODES_PER_MEMBER: Final = Limit(
    "codes-per-member",
    10,
    _("You have asked for as many codes as one member may in a day. Try again tomorrow."),
)
CODES_PER_ADDRESS: Final = Limit(
    "codes-per-address", 5, _("As many codes as may go to one address in a day have gone to this one.")
)
CODES_PER_DAY: Final = Limit(
    "codes-per-day", 5_000, _("This site sends no more codes today. Try again tomorrow.")
)
MAIL_PROOFS_PER_MEMBER: Final = Limit(
    "mail-proofs-per-member", 10, _("You have started as many proofs by mail as one member may in a day.")
)
MAILS_PER_PROOF: Final = Limit(
    "mails-per-proof", 20, _("As many mails as are read for one proof in a day have come in.")
)
LOGINS_PER_MEMBER: Final = Limit(
    "logins-per-member", 10, _("You have begun as many log-ins at employers as one member may in a day.")
)
BADGES_PER_MEMBER: Final = Limit(
    "badges-per-member", 5, _("You have sent as many pictures as one member may in a day.")
)
BADGES_PER_DAY: Final = Limit(
    "badges-per-day", 500, _("This site takes no more pictures today. Try again tomorrow.")
)
ENROLMENTS_PER_MEMBER: Final = Limit(
    "enrolments-per-member", 50, _("This account has sent as many answers as are checked in a day.")
)
ALL: Final = (
    CODES_PER_MEMBER,
    CODES_PER_ADDRESS,
    CODES_PER_DAY,
    MAIL_PROOFS_PER_MEMBER,
    MAILS_PER_PROOF,
    LOGINS_PER_MEMBER,
    BADGES_PER_MEMBER,
    BADGES_PER_DAY,
    ENROLMENTS_PER_MEMBER,
)


class LimitReached(Refused):
    """A daily limit is used up."""

    code = "rate-limited"

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit.refusal)
        self.limit = limit


_COUNT: Final = """
    INSERT INTO people_dailyuse AS known (subject, day, uses) VALUES (%s, %s, 1)
    ON CONFLICT (subject) DO UPDATE SET
        uses = CASE WHEN known.day = excluded.day THEN known.uses + 1 ELSE 1 END,
        day = excluded.day
    RETURNING uses
"""


def take(limit: Limit, *, subject: bytes, on: date) -> int:
    """Use `limit` once for `subject`, return how often it was used on that day; raise `LimitReached`."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [keyed_hash("limit", limit.name.encode(), subject), on])
        uses: int = cursor.fetchone()[0]
    if uses > limit.per_day:
        raise LimitReached(limit)
    return uses


def forget_uses(*, now: date) -> int:
    """Drop the counts of days that are over; return how many."""
    return DailyUse.objects.filter(day__lt=now - timedelta(days=1)).delete()[0]
