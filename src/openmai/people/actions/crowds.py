"""What the companies' pages may tell of their verified staff: written with the epochs, and never finer."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from openmai.companies.actions import forget_crowd, record_crowd
from openmai.people.conf import config
from openmai.people.freshness import bands
from openmai.people.models import Employment, Enrolment, Roster, RosterEpoch, RosterLeaf


def tell_crowds(rosters: Iterable[Roster], *, now: datetime) -> None:
    """Bring up to date what is told of the companies of these rosters."""
    for company_id, season in {(each.company_id, each.season) for each in rosters if each.company_id}:
        _tell(company_id, season, now)


def _tell(company_id: UUID, season: str, now: datetime) -> None:
    current = list(
        RosterEpoch.objects.filter(
            roster__company=company_id, roster__season=season, superseded_at=None
        ).select_related("roster")
    )
    attested = [epoch for epoch in current if epoch.roster.kind == Roster.Kind.ATTESTED]
    if sum(epoch.settled for epoch in attested) < config().floor:
        forget_crowd(company_id=company_id)
        return
    days = [day for epoch in attested for day in _days(epoch.roster)]
    shares = {band: _in_tens(count, len(days)) for band, count in bands(days, now)}
    record_crowd(
        company_id=company_id,
        live=sum(epoch.live for epoch in attested),
        provable=sum(epoch.live for epoch in current if epoch.roster.kind == Roster.Kind.PROVABLE),
        shares=shares,
        on=now.date(),
    )


def _days(roster: Roster) -> list[date]:
    """When each live leaf's employment was verified last."""
    live = RosterLeaf.objects.filter(roster=roster, removed_epoch=None).values("commitment")
    members = Enrolment.objects.filter(season=roster.season, commitment__in=live).values("member")
    employments = Employment.objects.filter(member__in=members, company=roster.company_id, ended_on=None)
    return list(employments.values_list("verified_on", flat=True))


def _in_tens(count: int, total: int) -> int:
    """A percentage in steps of ten, and never none of somebody."""
    return min(100, max(10, round(10 * count / total) * 10))
