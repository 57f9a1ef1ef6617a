"""What is kept no longer than it is needed."""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction

from openmai.people import limits
from openmai.people.actions.mail_proof import LIFETIME
from openmai.people.actions.rosters import drop_superseded_leaves
from openmai.people.models import CodeChallenge, MailProof, PublishedIndex


@transaction.atomic
def forget_expired(*, now: datetime) -> dict[str, int]:
    """Delete expired sessions, codes, requests, counts and roster files; return how many rows of each."""
    old = now.date() - LIFETIME - timedelta(days=1)
    waiting = MailProof.objects.filter(state=MailProof.State.WAITING, opened_on__lt=old)
    serial = PublishedIndex.objects.order_by("-serial").values_list("serial", flat=True).first() or 0
    return {
        "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
        "codes": CodeChallenge.objects.filter(expires_at__lt=now).delete()[0],
        "mail proofs": waiting.delete()[0],
        "counts": limits.forget_uses(now=now.date()),
        "leaves files": drop_superseded_leaves(now=now),
        "indexes": PublishedIndex.objects.filter(serial__lt=serial).delete()[0],
    }
