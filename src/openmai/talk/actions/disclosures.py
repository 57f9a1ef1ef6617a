"""Saying how many requests for data were answered; the next tick logs it."""

from datetime import datetime
from typing import ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from openmai.anonymity.limits import MAX_INTEGER
from openmai.talk.errors import TalkError
from openmai.talk.models import Disclosures
from openmai.talk.queries.disclosures import answered_requests
from openmai.talk.rules import Rules


class CountRefused(TalkError):
    """The number is less than what was said before, or no number of requests."""

    code: ClassVar = "count-refused"


def count_requests(count: int, *, rules: Rules, now: datetime) -> None:
    """Say that so many requests for data were answered so far in this season. Raise `CountRefused`."""
    if not 0 <= count <= MAX_INTEGER:
        raise CountRefused(_("That is no number of requests."))
    season = rules.domain(now).season
    with transaction.atomic():
        said = answered_requests(season)
        if said is not None and count < said:
            raise CountRefused(_("You said %(said)d before, and the number only grows.") % {"said": said})
        Disclosures.objects.get_or_create(season=season, count=count)
