"""How an employment begins, is tied to a work address, and ends."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from openmai.anonymity.seasons import season_at
from openmai.people import mails
from openmai.people.conf import config
from openmai.people.errors import Refused
from openmai.people.models import AddressClaim, Employment, Member


class AddressTaken(Refused):
    """The address verifies another account, or did so earlier in this season."""

    code = "address-taken"


class AlreadyEnded(Refused):
    """The employment has ended before."""

    code = "already-ended"


def validity(method: Employment.Method) -> timedelta:
    """How long an employment holds that was verified so."""
    provable = method in {Employment.Method.DKIM, Employment.Method.OIDC}
    return timedelta(days=config().proof_valid_days if provable else config().word_valid_days)


def begin_employment(
    *, member: Member, company_id: UUID, claims: Sequence[bytes], method: Employment.Method, on: date
) -> Employment:
    """Verify an employment, or the active one again; raise `AddressTaken`. Inside a transaction.

    `claims` are keyed hashes of the addresses or log-ins that it rests on. A weaker method never shortens
    what a stronger one gave.
    """
    active = Employment.objects.select_for_update().filter(member=member, company=company_id, ended_on=None)
    employment = active.first() or Employment(member=member, company_id=company_id, valid_until=on)
    employment.method, employment.verified_on, employment.reminded_on = method, on, None
    employment.valid_until = max(employment.valid_until, on + validity(method))
    employment.save()
    for claim in claims:
        _claim_address(claim, employment, on)
    return employment


def _claim_address(claim: bytes, employment: Employment, on: date) -> None:
    held = AddressClaim.objects.select_for_update().select_related("employment").filter(address=claim).first()
    if held is None:
        try:
            with transaction.atomic():
                AddressClaim.objects.create(address=claim, employment=employment)
        except IntegrityError as error:
            raise AddressTaken(_("This address already verifies another account.")) from error
        return
    free = held.held_until is not None and held.held_until < on
    if held.employment.member_id != employment.member_id and not free:
        raise AddressTaken(_("This address already verifies another account."))
    held.employment, held.held_until = employment, None
    held.save(update_fields=["employment", "held_until"])


def address_is_free(*, claim: bytes, member_id: UUID, on: date) -> bool:
    """Whether `member_id` could verify with this address now."""
    held = AddressClaim.objects.select_related("employment").filter(address=claim).first()
    if held is None or held.employment.member_id == member_id:
        return True
    return held.held_until is not None and held.held_until < on


@transaction.atomic
def end_employment(*, employment_id: UUID, by: str, now: datetime) -> None:
    """End an employment ("member" or "operator"): its labels go with the next epoch. Raise `AlreadyEnded`.

    A member whose employment the operator ends is told by mail.
    """
    employment = Employment.objects.select_for_update().select_related("member").get(id=employment_id)
    if employment.ended_on is not None:
        raise AlreadyEnded(_("This employment has ended before."))
    employment.ended_on = max(now.date(), employment.verified_on)
    employment.ended_by = Employment.Ended(by)
    employment.save(update_fields=["ended_on", "ended_by"])
    # Until the season is over the address stays with its account: a second account would be a second voice.
    season_ends = datetime.fromtimestamp(season_at(int(now.timestamp())).ends, UTC).date()
    employment.addresses.update(held_until=season_ends)
    if by == Employment.Ended.OPERATOR:
        mails.tell_employment_ended(employment.member, page=_page(employment.member))


def _page(member: Member) -> str:
    """URL of the member's employments, in the member's language."""
    return f"{config().people_origin}/{member.language}/employment/"
