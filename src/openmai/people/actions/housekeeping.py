"""What is kept no longer than it is needed."""

from datetime import datetime, timedelta
from typing import Final

from django.contrib.sessions.models import Session
from django.db import OperationalError, connection, transaction

from openmai.people import limits, mails
from openmai.people.actions.badge import withdraw_stale
from openmai.people.actions.mail_proof import LIFETIME
from openmai.people.actions.rosters import drop_superseded_leaves
from openmai.people.conf import config
from openmai.people.freshness import REMIND_BEFORE
from openmai.people.models import CodeChallenge, Employment, LoginProof, MailProof, PublishedIndex

# So many mails a run at most; the next run comes in ten minutes.
REMINDERS_AT_ONCE: Final = 500


@transaction.atomic
def remind_members(*, now: datetime) -> int:
    """Write once to every member whose employment will soon run out; return to how many."""
    due = Employment.objects.select_for_update(of=["self"], skip_locked=True).filter(
        ended_on=None,
        reminded_on=None,
        member__is_active=True,
        valid_until__gt=now.date(),
        valid_until__lte=now.date() + REMIND_BEFORE,
    )
    rows = list(due.select_related("member").order_by("valid_until")[:REMINDERS_AT_ONCE])
    for employment in rows:
        employment.reminded_on = now.date()
        employment.save(update_fields=["reminded_on"])
        page = f"{config().people_origin}/{employment.member.language}/employment/"
        mails.remind_to_verify(employment.member, until=employment.valid_until, page=page)
    return len(rows)


# Tables whose rows live for minutes or days. A deleted row's bytes stay in its table's file until the page is
# used again; these tables are therefore written anew every day, and left out of backups.
SHORT_LIVED: Final = (
    "django_session",
    "people_codechallenge",
    "people_dailyuse",
    "people_loginproof",
    "people_mailproof",
    "procrastinate_jobs",
    "procrastinate_events",
    "procrastinate_workers",
    "procrastinate_periodic_defers",
)
_LOCK_SECONDS: Final = 2


@transaction.atomic
def forget_expired(*, now: datetime) -> dict[str, int]:
    """Delete expired sessions, codes, requests, counts and roster files; return how many rows of each."""
    old = now.date() - LIFETIME - timedelta(days=1)
    waiting = MailProof.objects.filter(state=MailProof.State.WAITING, opened_on__lt=old)
    serial = PublishedIndex.objects.order_by("-serial").values_list("serial", flat=True).first() or 0
    return {
        "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
        "codes": CodeChallenge.objects.filter(expires_at__lt=now).delete()[0],
        "badges": withdraw_stale(on=now.date()),
        "log-ins": LoginProof.objects.filter(expires_at__lt=now).delete()[0],
        "mail proofs": waiting.delete()[0],
        "counts": limits.forget_uses(now=now.date()),
        "leaves files": drop_superseded_leaves(now=now),
        "indexes": PublishedIndex.objects.filter(serial__lt=serial).delete()[0],
    }


def rewrite_short_lived() -> list[str]:
    """Write the short-lived tables anew, without the bytes of deleted rows; return those that were in use.

    Outside a transaction, as VACUUM FULL demands. A table is locked for as long as its copy takes.
    """
    left = []
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
        try:
            for table in SHORT_LIVED:
                try:
                    cursor.execute(f"VACUUM (FULL) {table}")
                except OperationalError:
                    left.append(table)
        finally:
            cursor.execute("RESET lock_timeout")
    return left
