"""Replacing a lost key: once a season, logged, and never quicker than a ban that could be its holder's.

The people site cannot know whose a ban is. So the new commitment enters the rosters only when nothing holds
any more that the old one proved, and every ban that was in force until then has ended (docs/adr/0020).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openmai.anonymity.seasons import season_at
from openmai.people import mails
from openmai.people.conf import config
from openmai.people.errors import Refused
from openmai.people.models import Enrolment, MailProof, Replacement, RosterLeaf
from openmai.people.queries.replacements import quarantine
from openmai.platform.clock import next_tick


class NothingToReplace(Refused):
    """The member has registered no key this season."""

    code = "nothing-to-replace"


class ReplacedBefore(Refused):
    """The one replacement of this season was used."""

    code = "replaced-before"


@transaction.atomic
def replace_key(*, member_id: UUID, now: datetime) -> None:
    """Give up the member's key of this season; raise `NothingToReplace` or `ReplacedBefore`.

    It leaves the rosters with their next epoch. The member is told by mail, and may register another one.
    """
    season = season_at(int(now.timestamp())).id
    keys = (
        Enrolment.objects.select_for_update().select_related("member").filter(member=member_id, season=season)
    )
    if any(key.replaced_on for key in keys):
        raise ReplacedBefore(_("A key can be replaced once a season, and yours has been."))
    if not keys:
        raise NothingToReplace(_("You have registered no key this season."))
    lost = keys[0]
    lost.replaced_on = now.date()
    lost.save(update_fields=["replaced_on"])
    Replacement.objects.create(enrolment=lost)
    # They would be evidence for the key that is gone.
    MailProof.objects.filter(member=member_id, season=season, state=MailProof.State.WAITING).delete()
    page = f"{config().people_origin}/{lost.member.language}/enrol/"
    mails.tell_key_replaced(lost.member, page=page)


@transaction.atomic
def advance_replacements(*, bans: Iterable[str] | None, now: datetime) -> int:
    """Let every replacement wait on or clear it; return how many were cleared.

    `bans` are those in force at `now`, as `ban_list.bans_in_force` names them; None if they could not be
    learnt, and then nothing is cleared.
    """
    season = season_at(int(now.timestamp())).id
    open_ones = Replacement.objects.filter(cleared_on=None, enrolment__season=season)
    waiting = open_ones.select_for_update(of=("self",)).select_related("enrolment")
    in_force = None if bans is None else sorted(bans)
    return sum(_advance(each, in_force, now) for each in waiting)


def _advance(waiting: Replacement, in_force: list[str] | None, now: datetime) -> bool:
    if waiting.left_at is None:
        lost = waiting.enrolment
        leaves = RosterLeaf.objects.filter(roster__season=lost.season, commitment=bytes(lost.commitment))
        if leaves.filter(removed_epoch=None).exists():
            return False
        # No finer than an epoch, whenever this runs, and not before the epoch that took the key out.
        waiting.left_at = next_tick(now - timedelta(microseconds=1), config().epoch_seconds)
    if in_force is not None:
        _judge(waiting, in_force, now)
    if waiting.judged and not waiting.bans:
        waiting.cleared_on = now.date()
    waiting.save()
    return waiting.cleared_on is not None


def _judge(waiting: Replacement, in_force: list[str], now: datetime) -> None:
    """Every ban of the wait counts, new ones too: it may be for what the lost key said. Then only those."""
    if waiting.judged:
        waiting.bans = [each for each in waiting.bans if each in in_force]
        return
    waiting.bans = in_force
    waiting.judged = waiting.left_at is not None and now >= waiting.left_at + quarantine()
